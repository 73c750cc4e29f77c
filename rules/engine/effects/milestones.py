"""A milestone's states: what the console, the tracker or a decision says in, its record out.

planned -> handed_over -> in_acceptance -> accepted | rejected (and the next round) | deemed_accepted | cancelled. That
it is due soon or overdue is worked out for the day that asks, never kept. What a tracker says is kept beside ours
(`versions`): it may hand something over, its dates move nothing, and nobody accepts for the client there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rules.engine.derived import milestone_today
from rules.engine.effects import acceptance, delays, versions
from rules.engine.effects.pending import end_open
from rules.engine.effects.shapes import Act, Applied, shown
from rules.engine.parties import project_calendars
from rules.facts import criteria
from rules.facts.calendar import working_days_late
from rules.facts.event import Event, Record
from rules.facts.milestone import SETTLED
from rules.facts.project import Criterion, MilestonePlan, Project

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
    "acceptance": None,
    "deemed_on": None,
    "reason": None,
    "rounds": [],
}


def stepped(act: Act) -> Applied:
    """`milestone.*` from the console or a tracker: the record says so; one already settled stays as it is."""
    project, given = act.project, act.event.objects.get("milestone")
    if project is None or given is None:
        return Applied(act.event)
    found = find(act, project, given)
    if act.event.cause is not None:
        return Applied(act.seen(milestone=found and seen(act, found)))
    verb = act.event.type.partition(".")[2]
    if act.event.connection is not None:
        found = versions.meant(act, project, given)
        released = versions.releases(act, found, given)
        told = versions.told(act, found, given)
        if not released:
            return told
    if found is None:
        return _planned(act, project, given) if verb == "planned" else Applied(act.event)
    if found["status"] in SETTLED:
        return Applied(act.seen(milestone=seen(act, found)))
    said = _said(given) if act.event.connection is None else {}
    record = act.draft.put("milestone", {**found, **said, **_STEPS[verb](act, found)})
    caused = end_open(act, record["id"], "withdrawn") if record["status"] in SETTLED else ()
    after = _moved(act, project, found, record) if verb == "moved" else ()
    return Applied(act.seen(shown(found), milestone=seen(act, record)), (*caused, *after))


def checked(act: Act) -> Applied:
    """`milestone.checked`: an item of its list was ticked or unticked by a person."""
    project, given = act.project, act.event.objects.get("milestone")
    found = find(act, project, given) if project is not None and given is not None else None
    if given is None or found is None or act.event.cause is not None or found["status"] in SETTLED:
        return Applied(act.seen(milestone=found and seen(act, found)))
    met = given.get("met")
    after = criteria.ticked(found["criteria"], str(given.get("criterion")), met is not False)
    record, caused = _counted(act, found, after)
    return Applied(act.seen(shown(found), milestone=seen(act, record)), caused)


def measured(act: Act) -> tuple[Event, ...]:
    """A measurement of quality, held against the criteria of every open milestone of the project."""
    project, quality = act.project, act.event.objects.get("quality")
    if project is None or quality is None:
        return ()
    caused: tuple[Event, ...] = ()
    for found in act.draft.find("milestone", project.id):
        after = criteria.measured(found["criteria"], quality)
        if found["status"] in SETTLED or after == found["criteria"]:
            continue
        record, ready = _counted(act, found, after)
        event = act.cause("milestone.checked", found["id"], shown(found), milestone=seen(act, record))
        caused = (*caused, event, *ready)
    return caused


def find(act: Act, project: Project, given: Mapping[str, Any]) -> Record | None:
    """The milestone that an event names, by its id or its key in the plan."""
    named = str(given.get("id") or given.get("key") or "")
    return act.draft.get("milestone", named) or act.draft.get("milestone", f"{project.id}/{named}")


def seen(act: Act, milestone: Record) -> Record:
    """The milestone as rules see it today."""
    return milestone_today(milestone, act.draft, act.state)


def _moved(act: Act, project: Project, before: Record, after: Record) -> tuple[Event, ...]:
    """What comes after a milestone that was put off is put off with it; pulled forward, it commits nobody else."""
    cals = project_calendars(project, act.state.workspace)
    days = working_days_late(cals, before["due"], after["due"])
    return delays.moved(act, project, before, days, itself=False) if days > 0 else ()


def _counted(act: Act, found: Record, after: list[Record]) -> tuple[Record, tuple[Event, ...]]:
    """The milestone with these criteria, and the event of being ready once all that the team can do is done."""
    record = act.draft.put("milestone", {**found, **criteria.counted(after)})
    if not criteria.ready(after) or criteria.ready(found["criteria"]):
        return record, ()
    return record, (act.cause("milestone.ready", found["id"], milestone=seen(act, record)),)


def _planned(act: Act, project: Project, given: Mapping[str, Any]) -> Applied:
    """A milestone that the plan did not have; without a date there is nothing to keep."""
    due, key = given.get("due"), str(given.get("key") or given.get("id") or act.event.id)
    if due is None:
        return Applied(act.event)
    plan = MilestonePlan(key.removeprefix(f"{project.id}/"), str(given.get("title") or key), due)
    said = _said(given)
    record = act.draft.put("milestone", {**planned_record(act, project, plan), **said})
    return Applied(act.seen(milestone=seen(act, record)))


def _said(given: Mapping[str, Any]) -> Record:
    """What an event may say of a milestone; criteria that are none are left out."""
    said = {k: v for k, v in given.items() if k in _SAID and v is not None}
    if not criteria.well_formed(said.get("criteria")):
        said.pop("criteria", None)
    return said


def _criterion(criterion: Criterion) -> Record:
    most = {} if criterion.at_most is None else {"at_most": criterion.at_most}
    return {
        "kind": criterion.kind,
        "text": criterion.text,
        "at_least": criterion.at_least,
        **most,
        "met": False,
    }


def _handed_over(act: Act, milestone: Record) -> Record:
    if milestone["status"] == "in_acceptance":
        return {"status": "in_acceptance"}
    return {"status": "handed_over", "handed_over_at": act.event.at, "waiting_on": "client"}


def _decided(act: Act, milestone: Record) -> Record:
    """Accepted or rejected without a question of ours: in a meeting, by letter."""
    verb = act.event.type.partition(".")[2]
    decision = act.event.objects.get("decision") or {"remark": act.event.objects["milestone"].get("reason")}
    return acceptance.settled(act, milestone, verb, decision)


_STEPS: Final[Mapping[str, Callable[[Act, Record], Record]]] = {
    "planned": lambda _, milestone: {"status": milestone["status"]},
    "moved": lambda _, milestone: {"status": milestone["status"]},
    "ready": lambda _, milestone: {"status": milestone["status"]},
    "handed_over": _handed_over,
    "accepted": _decided,
    "rejected": _decided,
    "cancelled": lambda _, __: {"status": "cancelled", "waiting_on": None},
}
