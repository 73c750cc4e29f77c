"""How a project is, in one word with its reasons: figures and records in, green, amber, red or none out.

Money, dates, risks and what people complain of each have a word; the worst one is the project's. A risk over the limit
without a plan keeps a project from being green, however well it looks. None: it has not begun, or is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from rules.facts.calendar import WorkCalendar, working_days_late
from rules.facts.risk import needs_plan

Colour = Literal["green", "amber", "red", "none"]

_RUNNING: Final = frozenset({"active", "on_hold", "closing"})
_SETTLED: Final = frozenset({"accepted", "deemed_accepted", "cancelled"})
_VERY_LATE: Final = 5
_FAR_OVER: Final = Decimal("1.1")
_NEARLY: Final = Decimal("0.9")


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that keeps a project from being green. what: a code; of: what it is about (a title, a count)."""

    what: str
    colour: Literal["amber", "red"]
    of: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """What there is to know of a project on a day; figures are none before it has a baseline."""

    status: str
    today: date
    cals: Sequence[WorkCalendar]
    budget: Mapping[str, Any] | None = None
    forecast: Mapping[str, Any] | None = None
    milestones: Sequence[Mapping[str, Any]] = ()
    risks: Sequence[Mapping[str, Any]] = ()
    complaints: Sequence[Mapping[str, Any]] = ()
    findings: Sequence[Mapping[str, Any]] = ()
    risk_limit: int = 12


def health(condition: Condition) -> tuple[Colour, tuple[Reason, ...]]:
    """The word and what it rests on, the worst reasons first."""
    if condition.status not in _RUNNING:
        return "none", ()
    found = [*_money(condition), *_dates(condition), *_risks(condition), *_people(condition)]
    reasons = tuple(sorted(found, key=lambda r: r.colour == "amber"))
    return (reasons[0].colour if reasons else "green"), reasons


def _money(known: Condition) -> Iterable[Reason]:
    budget, forecast = known.budget, known.forecast or {}
    if budget is None:
        return
    used, total, end = budget.get("used"), budget["total"], forecast.get("at_completion")
    if used is not None and used > 1:
        yield Reason("budget_over", "red")
    elif end is not None and total and end / total >= _FAR_OVER:
        yield Reason("forecast_far_over", "red")
    elif end is not None and end > total:
        yield Reason("forecast_over", "amber")
    elif used is not None and used >= _NEARLY and known.status == "active" and _open(known):
        yield Reason("budget_nearly", "amber")


def _dates(known: Condition) -> Iterable[Reason]:
    for milestone in _open(known):
        due, expected = milestone["due"], milestone.get("forecast_date")
        if milestone.get("handed_over_at") is None and due < known.today:
            late = working_days_late(known.cals, due, known.today)
            yield Reason("milestone_late", "red" if late > _VERY_LATE else "amber", str(milestone["title"]))
        elif expected is not None and expected > due:
            yield Reason("milestone_slips", "amber", str(milestone["title"]))


def _risks(known: Condition) -> Iterable[Reason]:
    for risk in known.risks:
        if risk.get("status") == "triggered":
            yield Reason("risk_triggered", "amber" if risk.get("plan") else "red", str(risk["title"]))
        elif needs_plan(risk, known.risk_limit):
            yield Reason("risk_without_plan", "amber", str(risk["title"]))


def _people(known: Condition) -> Iterable[Reason]:
    waiting = [c for c in known.complaints if c.get("status") != "resolved"]
    late = [c for c in waiting if c.get("due") is not None and c["due"] < known.today]
    if waiting:
        yield Reason(
            "complaint_late" if late else "complaint_open", "red" if late else "amber", str(len(waiting))
        )
    overdue = [
        f for f in known.findings if f.get("status") == "open" and f.get("due") and f["due"] < known.today
    ]
    if overdue:
        yield Reason("finding_late", "amber", str(len(overdue)))


def _open(known: Condition) -> list[Mapping[str, Any]]:
    return [m for m in known.milestones if m.get("status") not in _SETTLED]
