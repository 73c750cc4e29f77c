"""A sample of what a rule sends: its text filled with plausible facts of a project it speaks about.

In: a rule, its texts, the workspace. Out: the rendered text, or none where the rule sends none. The facts are made from
the catalogue's types and the project's own file; nothing of the record is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from rules.engine.standing import client_record, organisation_record, project_record
from rules.facts.calendar import local_to_utc
from rules.facts.catalogue import OBJECTS, Field
from rules.facts.duration import Duration
from rules.facts.event import Record
from rules.facts.money import Money, format_money, quantize
from rules.facts.project import Client, Project, Workspace
from rules.language.model import ActionSpec, Around, Rule, Text
from rules.language.reach import in_scope
from rules.language.texts import Rendered, TextError, render
from rules.language.variables import read_variable
from rules.language.wording import choose

DAY: Final = date(2026, 9, 21)
_LINK: Final = "https://accord.example/a/…"


def sample(
    rule: Rule, texts: Mapping[str, Mapping[str, Text]], workspace: Workspace, locale: str
) -> tuple[ActionSpec, Rendered] | None:
    """The first text of the rule that exists in the language, with the entry that sends it."""
    project = _project(rule, workspace, locale)
    if project is None:
        return None
    names = _names(rule, project, workspace, locale)
    for spec in rule.do:
        text = choose(texts.get(str(spec.keys.get("text")), {}), locale)
        if text is not None:
            try:
                return spec, render(text, names, locale, project.time_zone)
            except TextError:
                continue
    return None


def _project(rule: Rule, workspace: Workspace, locale: str) -> Project | None:
    """A project that the rule speaks about, of a client who reads the language where there is one."""
    found = in_scope(rule.scope, workspace)
    speaking = [
        p for p in found if workspace.clients[p.client].locale.partition("-")[0] == locale.partition("-")[0]
    ]
    return next(iter(speaking or found), None)


def _names(rule: Rule, project: Project, workspace: Workspace, locale: str) -> dict[str, Any]:
    client = workspace.clients[project.client]
    facts = _Facts(project, client, workspace, chinese=locale.lower().startswith("zh"))
    found: dict[str, Any] = {noun: facts.record(noun) for noun in OBJECTS}
    found["organisation"] = organisation_record(workspace)
    found["client"] = client_record(client)
    found["project"] = {**found["project"], **facts.project_fields()}
    found |= {
        "today": DAY,
        "now": facts.now,
        "link": _LINK,
        "vars": {**rule.vars, **workspace.vars_for(project)},
    }
    found |= _bound(rule, workspace, project)
    return found


def _bound(rule: Rule, workspace: Workspace, project: Project) -> dict[str, Any]:
    """What the rule binds: its middle level, the first of its offsets; what a correction note knows."""
    bound: dict[str, Any] = {"told": {"value": Decimal("0.81"), "day": DAY}}
    bound["next"] = {"level": Decimal(1), "again_level": Decimal("0.8"), "rearm_below": Decimal("0.78")}
    if isinstance(rule.trigger, Around):
        bound["offset"] = min(rule.trigger.offsets, key=lambda o: abs(o.amount)) or rule.trigger.offsets[0]
    if rule.wait is not None:
        bound["elapsed"] = rule.wait.lengths[0]
    if rule.counts is not None:
        bound["count"] = rule.counts.at_least
    if rule.crosses is not None:
        given = rule.crosses.levels
        if not isinstance(given, tuple):
            named = {**rule.vars, **workspace.vars_for(project)}.get(given.text.removeprefix("vars.")) or [1]
            given = tuple(read_variable(one) for one in named)
        level = sorted(given)[len(given) // 2]
        bound |= {"level": level, "value": level + Decimal("0.01")}
    return bound


class _Facts:
    """Plausible values for every field of the catalogue."""

    def __init__(self, project: Project, client: Client, workspace: Workspace, *, chinese: bool) -> None:
        self.project = project
        self.client = client
        self.workspace = workspace
        self.chinese = chinese
        self.now = local_to_utc(DAY, datetime.min.time().replace(hour=10), client.time_zone)

    def record(self, noun: str) -> Record:
        found = {f.name: self._value(f) for f in OBJECTS[noun].values()}
        special: Callable[[], Record] | None = getattr(self, f"_{noun}", None)
        return {**found, **(special() if special else {})}

    def project_fields(self) -> Record:
        lead = self.workspace.people.get(self.project.lead)
        kept = {"status": "active", "mode": "live", "activated_at": self.now - timedelta(days=90)}
        return project_record(self.project, kept, lead)

    def _value(self, field: Field) -> Any:
        by_type: dict[str, Any] = {
            "money": Money(Decimal(8000), self.project.currency),
            "date": DAY + timedelta(days=14),
            "time": self.now,
            "duration": Duration(5, "wd"),
            "number": Decimal("0.81"),
            "int": 5,
            "bool": False,
            "list": [],
            "any": None,
        }
        return by_type.get(field.type, field.name.replace("_", " "))

    def _share(self, of: str) -> Money:
        return quantize(self.project.budget.total * Decimal(of), self.project.rounding)

    def _budget(self) -> Record:
        total = self.project.budget.total
        return {
            "total": total,
            "spent": self._share("0.81"),
            "remaining": self._share("0.19"),
            "used": Decimal("0.81"),
        }

    def _forecast(self) -> Record:
        return {
            "at_completion": self._share("1.08"),
            "overrun": self._share("0.08"),
            "exhausted_on": DAY + timedelta(23),
        }

    def _entry(self) -> Record:
        amount = quantize(self._share("0.06"), self.project.rounding)
        return {
            "kind": "bill", "amount": amount, "base_amount": amount, "currency": amount.currency, "number": "INV-208",
            "work_date": DAY - timedelta(days=3), "party": "示例供应商" if self.chinese else "Example Supplies",
            "title": self._title(),
        }  # fmt: skip

    def _issue(self) -> Record:
        home = self.project.home
        return {"title": self._title(), "key": home[1] if home else "APO-7", "estimate": Duration(40, "h")}

    def _change(self) -> Record:
        milestone = self._plan()
        return {
            "number": "CR-7", "title": self._title(), "amount": self._share("0.08"), "days": 5,
            "new_total": self._share("1.08"), "milestone_title": milestone[0], "new_due": milestone[1] + timedelta(7),
        }  # fmt: skip

    def _approval(self) -> Record:
        words = (
            ("变更内容：", "影响：+5 个工作日，+")
            if self.chinese
            else ("Change: ", "Effect: +5 working days, +")
        )
        lines = [f"{words[0]}{self._title()}", f"{words[1]}{format_money(self._share('0.08'))}"]
        return {
            "lines": lines,
            "text": "\n".join(lines),
            "about": "change",
            "status": "sent",
            "text_sha256": "4f1c…",
        }

    def _decision(self) -> Record:
        approvers = self.workspace.holders("approver", self.project, DAY)
        name = approvers[0].name if approvers else self.client.name
        return {"by_name": name, "outcome": "approved", "remark": None}

    def _milestone(self) -> Record:
        title, due = self._plan()
        plan = self.project.milestones[0] if self.project.milestones else None
        criteria = [
            {"kind": c.kind, "text": c.text, "at_least": c.at_least, "met": False}
            for c in (plan.criteria if plan else ())
        ]
        return {
            "title": title, "due": due, "criteria": criteria, "criteria_total": len(criteria), "criteria_met": 0,
            "handed_over_at": None, "waiting_on": None, "forecast_date": None,
        }  # fmt: skip

    def _baseline(self) -> Record:
        return {"total": self.project.budget.total}

    def _event(self) -> Record:
        return {"type": "ledger.posted"}

    def _plan(self) -> tuple[str, date]:
        plan = self.project.milestones[0] if self.project.milestones else None
        return (
            (plan.title, plan.due)
            if plan
            else ("上线" if self.chinese else "Launch", DAY + timedelta(days=28))
        )

    def _title(self) -> str:
        return "增加导出功能" if self.chinese else "Export to a spreadsheet"
