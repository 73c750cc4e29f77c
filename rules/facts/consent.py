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
    criteria = [_criterion(c, locale) for c in milestone.get("criteria") or ()]
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
    asked = [_asker(draw, locale)] if draw.get("by_name") else []
    if _chinese(locale):
        return _lines(f"动用应急预备金：{amount}", f"用途：{what}", f"项目：{project.name}", *asked)
    return _lines(f"Draw on the reserve: {amount}", f"For: {what}", f"Project: {project.name}", *asked)


def reopening_text(wish: Record, project: Project, locale: str) -> str:
    """Opening closed books again: from when on, why, and who asks."""
    day = wish["day"].isoformat() if wish.get("day") else None
    reason = _plain(wish.get("reason") or "")
    if _chinese(locale):
        return _lines(
            f"重新打开 {project.name} 的账期",
            f"此后关账至：{day or '不再关账'}",
            f"原因：{reason or '未填写'}",
            _asker(wish, locale),
        )
    return _lines(
        f"Opening the books of {project.name} again",
        f"Closed from then on up to: {day or 'no day'}",
        f"Reason: {reason or 'none given'}",
        _asker(wish, locale),
    )


def rebase_text(wish: Record, project: Project, locale: str) -> str:
    """Setting a baseline to what the file says: each value with the one on record, why, and who asks."""
    reason = _plain(wish.get("reason") or "")
    values = [
        f"{_plan_name(name, project, locale)} {_plan_value(was, project)} -> {_plan_value(now, project)}"
        for name, was, now in wish["values"]
    ]
    if _chinese(locale):
        return _lines(
            f"将 {project.name} 的基线改为文件所写内容",
            *values,
            f"原因：{reason or '未填写'}",
            _asker(wish, locale),
        )
    return _lines(
        f"Setting the baseline of {project.name} to what its file says",
        *values,
        f"Reason: {reason or 'none given'}",
        _asker(wish, locale),
    )


def _asker(wish: Mapping[str, Any], locale: str) -> str:
    """Who asks, and whether anybody checked that it was them."""
    name, account = _plain(wish.get("by_name") or wish.get("by") or "-"), wish.get("declared")
    if _chinese(locale):
        return f"申请人：{name}" + (
            f"（由系统账号 {_plain(account)} 在命令行中声明，未核实身份）" if account else ""
        )
    said = f" (declared on the command line by the system account {_plain(account)}; nobody checked it)"
    return f"Asked for by: {name}" + (said if account else "")


def _plan_name(name: str, project: Project, locale: str) -> str:
    """`budget.lines.staff` or `milestones.m1.due` as people say it."""
    noun, _, path = name.partition(".")
    zh = _chinese(locale)
    if noun == "milestones":
        key = path.removesuffix(".due")
        title = next((m.title for m in project.milestones if m.id == key), key)
        return f"里程碑 {_plain(title)}" if zh else f"Milestone {_plain(title)}"
    if path.startswith("lines."):
        line = path.removeprefix("lines.")
        return f"{_CLASSES.get(line, line)}预算" if zh else f"Line {line}"
    if path.startswith("retainer."):
        return _TERMS[path.removeprefix("retainer.")][zh]
    words = {"total": ("Total", "预算总额"), "reserve": ("Reserve", "应急预备金")}
    return words.get(path, (path, path))[zh]


_TERMS = {
    "allotment": ("Retainer: allotment", "包量：每期"),
    "unit": ("Retainer: unit", "包量：单位"),
    "period": ("Retainer: period", "包量：周期"),
    "carry": ("Retainer: carried over", "包量：期满结转"),
    "cap": ("Retainer: carried over at most", "包量：结转上限"),
    "expiry": ("Retainer: periods until it expires", "包量：结转有效期数"),
    "deficit": ("Retainer: what is used beyond", "包量：超出部分"),
    "rate": ("Retainer: rate beyond", "包量：超出单价"),
    "starts": ("Retainer: first day", "包量：起始日"),
    "pool": ("Retainer: further projects", "包量：共用项目"),
    "settles_after": ("Retainer: working days for late entries", "包量：补录工作日数"),
}


def _plan_value(value: Any, project: Project) -> str:
    if isinstance(value, Money):
        return _money(value, project)
    if isinstance(value, list | tuple):
        return ", ".join(_plain(v) for v in value) or "-"
    return "-" if value is None else _plain(value.isoformat() if hasattr(value, "isoformat") else value)


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


_SIDES = {"client": ("the client", "客户"), "team": ("the team", "团队")}
_FIGURES = {
    "coverage": ("test coverage", "测试覆盖率"),
    "defects_open": ("open defects", "未解决缺陷数"),
    "tests_failed": ("failed tests", "未通过测试数"),
    "reopened_rate": ("share of issues reopened", "重新打开率"),
    "rework_rate": ("share of rework", "返工率"),
}
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


def _criterion(criterion: Mapping[str, Any], locale: str) -> str:
    """What has to be true, as people say it: whose approval, which figure with its bound, or the item as written."""
    kind, text, zh = criterion.get("kind"), _plain(criterion["text"]), _chinese(locale)
    if kind == "approval":
        whose = _SIDES.get(text, (text, text))[zh]
        return f"{whose}同意" if zh else f"approval of {whose}"
    named = _FIGURES.get(text, (text, text))[zh] if kind == "metric" else text
    bounds = ((" ≥ ", criterion.get("at_least")), (" ≤ ", criterion.get("at_most")))
    return named + "".join(f"{sign}{bound:f}" for sign, bound in bounds if bound is not None)


def _money(amount: Money, project: Project) -> str:
    return format_money(amount, rounding=project.rounding)


def _plain(text: object) -> str:
    return " ".join(str(text).split())


def _chinese(locale: str) -> bool:
    return locale.lower().startswith("zh")


def _lines(*lines: str) -> str:
    return canonical_text("".join(f"{line}\n" for line in lines))
