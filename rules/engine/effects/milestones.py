"""A milestone's states: what the console, the tracker or a decision says in, its record out.

planned -> handed_over -> accepted | rejected (and the next round) | cancelled. Whether it is overdue is worked out for
the day that asks, never kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from rules.engine.effects.pending import end_open
from rules.engine.effects.shapes import Act, Applied, shown, today
from rules.facts.event import Event, Record
from rules.facts.project import Criterion, MilestonePlan, Project

SETTLED: Final = frozenset({"accepted", "deemed_accepted", "cancelled"})
# What somebody may say of a milestone besides its state.
_SAID: Final = frozenset(
    {"title", "due", "forecast_date", "weight", "payment", "criteria", "criteria_met", "criteria_total"}
    | {"waiting_on", "after"}
)


def planned_record(act: Act, project: Project, plan: MilestonePlan) -> Record:
    """The record of a milestone of the first baseline. Its id is "<project>/<key>"; `after` names keys."""
    return act.new(
        project,
        f"{project.id}/{plan.id}",
        key=plan.id,
        title=plan.title,
        due=plan.due,
        baseline_due=plan.due,
        weight=plan.weight,
        criteria=[_criterion(c) for c in plan.criteria],
        criteria_total=len(plan.criteria),
        credit=plan.credit,
        payment=plan.payment,
        after=list(plan.after),
        **_BEGINNING,
    )


_BEGINNING: Final[Mapping[str, Any]] = {
    "status": "planned",
    "forecast_date": None,
    "handed_over_at": None,
    "accepted_at": None,
    "round": 1,
    "criteria_met": 0,
    "waiting_on": None,
}


def stepped(act: Act) -> Applied:
    """`milestone.*` from the console or a tracker: the record says so; one already settled stays as it is."""
    project, given = act.project, act.event.objects.get("milestone")
    if project is None or given is None:
        return Applied(act.event)
    found = find(act, project, given)
    if act.event.cause is not None:
        return Applied(act.seen(milestone=found and seen(act, project, found)))
    verb = act.event.type.partition(".")[2]
    if found is None:
        return _planned(act, project, given) if verb == "planned" else Applied(act.event)
    if found["status"] in SETTLED:
        return Applied(act.seen(milestone=seen(act, project, found)))
    said = {k: v for k, v in given.items() if k in _SAID and v is not None}
    record = act.draft.put("milestone", {**found, **said, **_STEPS[verb](act.event, found)})
    caused = end_open(act, record["id"], "withdrawn") if record["status"] in SETTLED else ()
    return Applied(act.seen(shown(found), milestone=seen(act, project, record)), caused)


def settle(act: Act, project: Project, milestone: Record, verb: str) -> Event:
    """A milestone after the client's decision: accepted, or rejected and another round; gives the event of it."""
    record = act.draft.put("milestone", {**milestone, **_STEPS[verb](act.event, milestone)})
    return act.cause(
        f"milestone.{verb}", milestone["id"], shown(milestone), milestone=seen(act, project, record)
    )


def find(act: Act, project: Project, given: Mapping[str, Any]) -> Record | None:
    """The milestone that an event names, by its id or its key in the plan."""
    named = str(given.get("id") or given.get("key") or "")
    return act.draft.get("milestone", named) or act.draft.get("milestone", f"{project.id}/{named}")


def seen(act: Act, project: Project, milestone: Record) -> Record:
    """The milestone as rules see it today."""
    return {**milestone, "overdue": overdue(milestone, today(act.state, project))}


def overdue(milestone: Mapping[str, Any], day: date) -> bool:
    """Whether the milestone was due before that day and is neither handed over nor settled."""
    waits = milestone["status"] not in SETTLED and milestone.get("handed_over_at") is None
    return waits and milestone["due"] < day


def _planned(act: Act, project: Project, given: Mapping[str, Any]) -> Applied:
    """A milestone that the plan did not have; without a date there is nothing to keep."""
    due, key = given.get("due"), str(given.get("key") or given.get("id") or act.event.id)
    if due is None:
        return Applied(act.event)
    plan = MilestonePlan(key.removeprefix(f"{project.id}/"), str(given.get("title") or key), due)
    said = {k: v for k, v in given.items() if k in _SAID and v is not None}
    record = act.draft.put("milestone", {**planned_record(act, project, plan), **said})
    return Applied(act.seen(milestone=seen(act, project, record)))


def _criterion(criterion: Criterion) -> Record:
    return {"kind": criterion.kind, "text": criterion.text, "at_least": criterion.at_least, "met": False}


def _handed_over(event: Event, _: Record) -> Record:
    return {"status": "handed_over", "handed_over_at": event.at, "waiting_on": "client"}


def _accepted(event: Event, _: Record) -> Record:
    return {"status": "accepted", "accepted_at": event.at, "waiting_on": None}


def _rejected(_: Event, milestone: Record) -> Record:
    again = {"round": milestone["round"] + 1, "handed_over_at": None, "waiting_on": "team"}
    return {"status": "rejected", **again}


_STEPS: Final[Mapping[str, Callable[[Event, Record], Record]]] = {
    "planned": lambda _, milestone: {"status": milestone["status"]},
    "moved": lambda _, milestone: {"status": milestone["status"]},
    "handed_over": _handed_over,
    "accepted": _accepted,
    "rejected": _rejected,
    "cancelled": lambda _, __: {"status": "cancelled", "waiting_on": None},
}
