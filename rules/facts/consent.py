"""The exact text of what somebody is asked to decide on besides a change: records in, canonical text out.

Each line ended by LF, Unicode NFC, Chinese for locales zh*, else English: what is shown, agreed to and hashed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rules.facts.event import Record
from rules.facts.evidence import canonical_text
from rules.facts.money import Money, format_money
from rules.facts.project import Project


def acceptance_text(milestone: Record, project: Project, locale: str) -> str:
    """Accepting a milestone: which one, its date, what has to be true, and what silence would mean, where it does."""
    criteria = [_criterion(c) for c in milestone.get("criteria") or ()]
    title, due = _plain(milestone["title"]), milestone["due"].isoformat()
    if _chinese(locale):
        return _lines(
            f"验收 {project.name} 的里程碑：{title}（第 {milestone['round']} 轮）",
            f"计划日期：{due}",
            f"验收标准：{'；'.join(criteria) or '无'}",
            *_silence(milestone, project, "如 {day} 前（含当日）未收到答复，按合同第 {clause} 条视同验收。"),
        )
    return _lines(
        f"Acceptance of a milestone of {project.name}: {title} (round {milestone['round']})",
        f"Planned for: {due}",
        f"Criteria: {'; '.join(criteria) or 'none'}",
        *_silence(
            milestone,
            project,
            "Without an answer by the end of {day} it counts as accepted under clause {clause} of the contract.",
        ),
    )


def budget_text(baseline: Record, project: Project, locale: str) -> str:
    """Agreeing to a budget: its total, its lines, its reserve."""
    total = _money(baseline["total"], project)
    lines = [f"{name} {_money(amount, project)}" for name, amount in sorted(baseline["lines"].items())]
    reserve = _money(baseline["reserve"], project) if baseline.get("reserve") else None
    if _chinese(locale):
        named = [
            f"{_CLASSES[name]} {_money(amount, project)}"
            for name, amount in sorted(baseline["lines"].items())
        ]
        return _lines(
            f"{project.name} 的预算（第 {baseline['version']} 版）：{total}",
            f"明细：{'；'.join(named) or '无'}",
            f"其中应急预备金：{reserve or '无'}",
        )
    return _lines(
        f"Budget of {project.name}, version {baseline['version']}: {total}",
        f"Lines: {'; '.join(lines) or 'none'}",
        f"Reserve within it: {reserve or 'none'}",
    )


def expense_text(entry: Record, project: Project, locale: str) -> str:
    """Approving an expense: what it is, how much, when."""
    what = _plain(entry.get("title") or entry.get("number") or entry["id"])
    amount, day = _money(entry["amount"], project), entry["work_date"].isoformat()
    if _chinese(locale):
        return _lines(f"费用：{what}", f"金额：{amount}", f"日期：{day}")
    return _lines(f"Expense: {what}", f"Amount: {amount}", f"Date: {day}")


def reserve_text(draw: Record, project: Project, locale: str) -> str:
    """Agreeing to draw on the reserve: how much, and what for."""
    what, amount = _plain(draw.get("reason") or draw["title"]), _money(draw["amount"], project)
    if _chinese(locale):
        return _lines(f"动用应急预备金：{amount}", f"用途：{what}", f"项目：{project.name}")
    return _lines(f"Draw on the reserve: {amount}", f"For: {what}", f"Project: {project.name}")


def scope_text(scope: Record, project: Project, locale: str) -> str:
    """Confirming the scope: its goals with how and when they are met, what is delivered, what is left out."""
    goals = [_goal(g) for g in scope["goals"]]
    delivered, excluded = ([_plain(t) for t in scope[name]] for name in ("deliverables", "excluded"))
    if _chinese(locale):
        return _lines(
            f"{project.name} 的项目范围",
            f"目标：{'；'.join(goals) or '无'}",
            f"交付成果：{'；'.join(delivered) or '无'}",
            f"不包括：{'；'.join(excluded) or '无'}",
        )
    return _lines(
        f"Scope of {project.name}",
        f"Goals: {'; '.join(goals) or 'none'}",
        f"Delivered: {'; '.join(delivered) or 'none'}",
        f"Left out: {'; '.join(excluded) or 'none'}",
    )


def _goal(goal: Mapping[str, Any]) -> str:
    said = [_plain(goal["measure"])] if goal.get("measure") else []
    said += [goal["by"].isoformat()] if goal.get("by") else []
    return _plain(goal["text"]) + (f" ({', '.join(said)})" if said else "")


_CLASSES = {
    "staff": "人工",
    "material": "材料",
    "equipment": "设备",
    "subcontract": "分包",
    "travel": "差旅",
    "other": "其他",
}


def _silence(milestone: Record, project: Project, words: str) -> list[str]:
    """What silence means by the contract, so that it is announced wherever this text goes."""
    day = milestone.get("deemed_on")
    if day is None or not project.deemed_clause:
        return []
    return [words.format(day=day.isoformat(), clause=project.deemed_clause)]


def _criterion(criterion: Mapping[str, Any]) -> str:
    bounds = ((" ≥ ", criterion.get("at_least")), (" ≤ ", criterion.get("at_most")))
    return _plain(criterion["text"]) + "".join(
        f"{sign}{bound:f}" for sign, bound in bounds if bound is not None
    )


def _money(amount: Money, project: Project) -> str:
    return format_money(amount, rounding=project.rounding)


def _plain(text: object) -> str:
    return " ".join(str(text).split())


def _chinese(locale: str) -> bool:
    return locale.lower().startswith("zh")


def _lines(*lines: str) -> str:
    return canonical_text("".join(f"{line}\n" for line in lines))
