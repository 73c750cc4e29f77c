"""What a change does to money and dates: estimates and deltas in, new totals, moved milestones and a baseline out.

Days are working days of the project's calendar, for what the client is told and for what is applied alike, so that the
date that was agreed is the date that comes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from rules.engine.effects.milestones import find, seen
from rules.engine.effects.shapes import Act, EffectError, shown, today
from rules.engine.parties import project_calendars
from rules.facts.calendar import add_working_days
from rules.facts.duration import Duration
from rules.facts.earned_value import rebaselined
from rules.facts.event import Record
from rules.facts.ledger import price_time, rate_on
from rules.facts.milestone import SETTLED, named, shift_plan
from rules.facts.money import Money
from rules.facts.project import Project
from rules.facts.retainer import latest

_WORKING_DAY: Final = 8 * 3600


@dataclass(frozen=True)
class Estimate:
    """What an issue's estimate comes to: its price, its length in seconds, the milestones it puts off."""

    amount: Money
    seconds: int
    milestones: list[str]

    def on_top_of(self, change: Record) -> Record:
        """The change's fields with this estimate added. Estimates are counted together before they become days."""
        before: int = change.get("_estimate", 0)
        after = before + self.seconds
        amount = self.amount if change["amount"] is None else change["amount"] + self.amount
        days = (change["days"] or 0) - _days(before) + _days(after)
        milestones = change["milestones"] or self.milestones
        return {"amount": amount, "days": days, "_estimate": after, "milestones": milestones}


def estimated(act: Act, project: Project, issue: Record) -> Estimate | None:
    """An issue's estimate at the bill rate of its assignee, else of the lead; none when it cannot be reckoned."""
    estimate = issue.get("estimate")
    if not isinstance(estimate, Duration) or estimate.amount <= 0:
        return None
    seconds = estimate.amount * _WORKING_DAY if estimate.unit == "wd" else estimate.seconds
    rate = _bill_rate(act, project, issue)
    if rate is None or rate.currency != project.currency:
        return None
    milestone = _put_off(act, project, issue)
    amount = price_time(seconds, rate, project.rounding)
    return Estimate(amount, seconds, [milestone["id"]] if milestone else [])


def with_impact(act: Act, project: Project, change: Record) -> Record:
    """The change with what its deltas come to today: new_total, new_due, and every milestone that moves."""
    baseline = act.draft.get("baseline", project.id)
    total: Money = baseline["total"] if baseline else project.budget.total
    named = [m for m in (find(act, project, {"id": i}) for i in change["milestones"]) if m is not None]
    new = _shifted(act, project, named, change["days"] or 0)
    plan = {m["key"]: m for m in act.draft.find("milestone", project.id)}
    moves = [
        {"id": plan[key]["id"], "title": plan[key]["title"], "due": plan[key]["due"], "new_due": day}
        for key, day in sorted(new.items(), key=lambda kept: (kept[1], kept[0]))
    ]
    first = named[0] if named else None
    new_due = new.get(first["key"], first["due"]) if first else None
    ids = [m["id"] for m in named]
    return {
        **change,
        "milestones": ids,
        "new_total": total + change["amount"],
        "new_due": new_due,
        "milestone_title": first["title"] if first else None,
        "_moves": moves,
        "_retained": retained_in(act, project),
    }


def retained_in(act: Act, project: Project) -> Record | None:
    """The unit and the length of the periods that an allotment is for; none without a retainer."""
    kept = act.draft.get("retainer", project.id)
    return None if kept is None else {k: latest(kept)[k] for k in ("unit", "period", "allotment")}


def put_into_effect(act: Act, project: Project, change: Record) -> tuple[Record, list[tuple[Record, Record]]]:
    """The next baseline, and each moved milestone with what it was before; all written.

    Raises EffectError where there is no baseline, or the change takes more than there is.
    """
    baseline = act.draft.get("baseline", project.id)
    if baseline is None:
        raise EffectError(
            f"{project.id} has no baseline yet: activate the project before a change is applied"
        )
    amount: Money = change["amount"]
    if baseline["total"] + amount < Money.zero(project.currency):
        raise EffectError(f"{change['number']} takes {-amount} from a budget of {baseline['total']}")
    record = act.draft.put("baseline", _next_baseline(act, project, baseline, change))
    named = [m for m in (find(act, project, {"id": i}) for i in change["milestones"]) if m is not None]
    days: int = change["days"] or 0
    plan = {m["key"]: m for m in act.draft.find("milestone", project.id)}
    moved = [
        _moved(act, project, plan[key], day, days) for key, day in _shifted(act, project, named, days).items()
    ]
    return record, moved


def _next_baseline(act: Act, project: Project, baseline: Record, change: Record) -> Record:
    amount: Money = change["amount"]
    ids = [m["id"] for m in (find(act, project, {"id": i}) for i in change["milestones"]) if m is not None]
    return {
        **baseline,
        "version": baseline["version"] + 1,
        "total": baseline["total"] + amount,
        "previous_total": baseline["total"],
        "lines": _lines(baseline["lines"], amount, change.get("lines") or {}),
        "values": milestone_values(act, project, baseline, amount, ids),
        "issues": [*baseline["issues"], *(i for i in change["issues"] if i not in baseline["issues"])],
        "approved_at": act.state.now,
        "change": change["id"],
    }


def milestone_values(
    act: Act, project: Project, baseline: Record, difference: Money, named: Iterable[str] = ()
) -> Record:
    """What each milestone is worth after the total changed: see rules.facts.earned_value."""
    plan = act.draft.find("milestone", project.id)
    day = today(act.state, project)
    return rebaselined(baseline, plan, difference, day, project.earned.credit, named)


def _lines(lines: dict[str, Money], amount: Money, given: dict[str, Money]) -> dict[str, Money]:
    """The lines with the change on those it names, the rest on `other`; a budget without lines stays without."""
    if not lines:
        return lines
    rest = amount - sum(given.values(), start=Money.zero(amount.currency))
    added = {**given, "other": given.get("other", Money.zero(amount.currency)) + rest}
    nothing = Money.zero(amount.currency)
    return {**lines, **{name: lines.get(name, nothing) + more for name, more in added.items() if more}}


def _moved(act: Act, project: Project, milestone: Record, day: date, days: int) -> tuple[Record, Record]:
    """The plan itself changed, so its first date moves with it: what is late stays exactly as late."""
    cals = project_calendars(project, act.state.workspace)
    baseline_due = add_working_days(cals, milestone["baseline_due"], days)
    record = act.draft.put("milestone", {**milestone, "due": day, "baseline_due": baseline_due})
    return seen(act, record), shown(milestone)


def _shifted(act: Act, project: Project, named: Iterable[Record], days: int) -> dict[str, date]:
    """New due dates by key: of the milestones named, and day for day of those that come after them."""
    if not days:
        return {}
    plan = {m["key"]: m for m in act.draft.find("milestone", project.id)}
    cals = project_calendars(project, act.state.workspace)
    found: dict[str, date] = {}
    for milestone in named:
        found |= shift_plan(plan, milestone["key"], days, cals)
    return found


def _put_off(act: Act, project: Project, issue: Record) -> Record | None:
    """The milestone that the issue belongs to, else the next one that is not settled."""
    own = named(act.draft.find("milestone", project.id), project.versions, issue.get("milestone"))
    if own is not None and own["status"] not in SETTLED:
        return own
    day = today(act.state, project)
    ahead = [
        m for m in act.draft.find("milestone", project.id) if m["status"] not in SETTLED and m["due"] >= day
    ]
    return min(ahead, key=lambda m: (m["due"], m["id"]), default=None)


def _bill_rate(act: Act, project: Project, issue: Record) -> Money | None:
    people, day = act.state.workspace.people, today(act.state, project)
    for key in (issue.get("assignee"), project.lead):
        person: Any = people.get(str(key))
        rate = rate_on(person.bill_rates, day) if person else None
        if rate is not None:
            return rate
    return None


def _days(seconds: int) -> int:
    return -(-seconds // _WORKING_DAY)
