"""Delays: what came late and why in, the days it cost on record and the plan moved by them out.

A delay moves the milestone it hits and, day for day, all that come after it; the first date (`baseline_due`) stays, so
that the drift can be seen. Days that another delay of the milestone has taken already cost nothing a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rules.engine.derived import milestone_today
from rules.engine.effects.shapes import Act, Applied, shown
from rules.engine.parties import project_calendars
from rules.facts.action_item import CAUSES
from rules.facts.delay import Span, days_added
from rules.facts.event import Event, Record, digest
from rules.facts.milestone import SETTLED, shift_plan
from rules.facts.project import Project

MOST_DAYS = 365


def late(
    act: Act, project: Project, item: Record, span: Span, cause: str, noun: str = "action_item"
) -> tuple[Event, ...]:
    """What an item that came late does to the milestones it blocks: a delay each, and the plan moved.

    noun: what the item is, an action item or a supplier's delivery.
    """
    cals = project_calendars(project, act.state.workspace)
    caused: tuple[Event, ...] = ()
    for id in item.get("blocks") or ():
        milestone = act.draft.get("milestone", str(id))
        if milestone is None or milestone["status"] in SETTLED:
            continue
        days = days_added(span, _spans(act, project, milestone), cals)
        if days:
            given = {"cause": cause, noun: item["id"], "remark": item["title"], "span": list(span)}
            caused = (*caused, *_logged(act, project, milestone, days, given))
    return caused


def logged(act: Act) -> Applied:
    """`delay.logged`: one that somebody wrote down moves the plan; one that we caused has moved it already."""
    project, given = act.project, act.event.objects.get("delay", {})
    if project is None or act.event.cause is not None:
        return Applied(act.event)
    named = str(given.get("milestone") or "")
    milestone = act.draft.get("milestone", named) or act.draft.get("milestone", f"{project.id}/{named}")
    days, cause = given.get("days"), given.get("cause")
    if milestone is None or cause not in CAUSES or not isinstance(days, int) or not 0 < days <= MOST_DAYS:
        return Applied(act.event)
    if milestone["status"] in SETTLED:
        return Applied(act.event)
    record = _record(act, project, milestone, days, {**given, "cause": cause, "span": None})
    if act.draft.get("delay", record["id"]) is not None:
        return Applied(act.seen(delay=record))
    act.draft.put("delay", record)
    return Applied(
        act.seen(delay=record, milestone=milestone), moved(act, project, milestone, days, itself=True)
    )


def moved(act: Act, project: Project, milestone: Record, days: int, *, itself: bool) -> tuple[Event, ...]:
    """The plan shifted day for day: `milestone.moved` of the milestone (where `itself`) and of what comes after it."""
    plan = {m["key"]: m for m in act.draft.find("milestone", project.id)}
    cals = project_calendars(project, act.state.workspace)
    new = shift_plan(plan, milestone["key"], days, cals)
    caused = []
    for key, due in new.items():
        if key == milestone["key"] and not itself:
            continue
        record = act.draft.put("milestone", {**plan[key], "due": due})
        now = milestone_today(record, act.draft, act.state)
        caused.append(act.cause("milestone.moved", record["id"], shown(plan[key]), milestone=now))
    return tuple(caused)


def _logged(
    act: Act, project: Project, milestone: Record, days: int, given: Mapping[str, Any]
) -> tuple[Event, ...]:
    record = act.draft.put("delay", _record(act, project, milestone, days, given))
    moves = moved(act, project, milestone, days, itself=True)
    now = milestone_today(act.draft.get("milestone", milestone["id"]) or milestone, act.draft, act.state)
    return (act.cause("delay.logged", record["id"], delay=record, milestone=now), *moves)


def _record(act: Act, project: Project, milestone: Record, days: int, given: Mapping[str, Any]) -> Record:
    id = str(given.get("id") or "dly_" + digest(act.event.id, milestone["id"], given["cause"]))
    said = {k: given.get(k) for k in ("cause", "action_item", "supplier", "remark", "span")}
    return act.new(project, id, milestone=milestone["id"], days=days, at=act.event.at, **said)


def _spans(act: Act, project: Project, milestone: Record) -> list[Span]:
    found = act.draft.find("delay", project.id)
    spans = (d["span"] for d in found if d["milestone"] == milestone["id"] and d.get("span"))
    return [(span[0], span[1]) for span in spans]
