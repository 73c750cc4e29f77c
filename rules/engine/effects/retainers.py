"""A retainer's periods: opened and closed by the clock, their figures fixed when they end.

The record of a retainer, under the id of its project: {"terms", "running": the open period, "closed": [periods as they
ended]}. The terms that hold are those on record; an edited file is a finding. Closing a period closes the books of all
its projects up to its last day, so that what comes later counts in the next one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from rules.engine.effects.periods import close
from rules.engine.effects.shapes import Act, Applied
from rules.engine.figures import Ground, pool_of, used_in
from rules.engine.parties import project_calendars
from rules.engine.state import State
from rules.facts.calendar import add_working_days, end_of_day, local_day
from rules.facts.event import Event, Record, event_id
from rules.facts.project import Project
from rules.facts.retainer import (
    Terms,
    closed,
    days_of,
    following,
    in_force,
    last_of,
    opened,
    period_of,
    standing,
    terms_of,
    terms_record,
)

# Closed periods that a record keeps: ten years of months.
_KEPT: Final = 120


def due(project: Project, state: State) -> Iterator[Event]:
    """The events that the clock owes to a retainer now: its beginning, or the end of a period that has settled."""
    terms, kept = project.retainer, state.book.get("retainer", project.id)
    if terms is None:
        return
    if kept is None:
        yield _event(project, state.now, "retainer.opened", {})
    elif state.now >= _settles_at(project, state, terms_of(kept["terms"]), kept["running"]["period"]):
        yield _event(project, state.now, "retainer.closed", {"period": kept["running"]["period"]})


def settling(project: Project, state: State) -> Iterator[datetime]:
    """When the period that runs ends and has settled; nothing while there is none."""
    kept = state.book.get("retainer", project.id)
    if project.retainer is not None and kept is not None:
        yield _settles_at(project, state, terms_of(kept["terms"]), kept["running"]["period"])


def opening(act: Act) -> Applied:
    """`retainer.opened`: the first period, once; one that followed another is on record already."""
    project = act.project
    if project is None or act.event.cause is not None:
        return Applied(act.event)
    if project.retainer is None or act.draft.get("retainer", project.id) is not None:
        return Applied(act.event)
    terms = project.retainer
    day = local_day(act.event.at, project.time_zone)
    running = opened(terms, period_of(terms.period, max(day, terms.starts or day)))
    agreed = act.new(project, project.id, terms=terms_record(terms), running=running, closed=[])
    record = act.draft.put("retainer", agreed)
    return Applied(act.seen(retainer=_shown(project, terms, record["running"], act)))


def closing(act: Act) -> Applied:
    """`retainer.closed`: the period that runs ends with fixed figures, and the next one opens."""
    project = act.project
    kept = act.draft.get("retainer", project.id) if project else None
    asked = act.event.objects.get("retainer", {}).get("period")
    if project is None or kept is None or asked not in (None, kept["running"]["period"]):
        return Applied(act.event)
    terms, running = terms_of(kept["terms"]), kept["running"]
    use = used_in(running["period"], project, terms, _ground(act, project))
    last = days_of(running["period"])[1]
    after = in_force(kept, last + timedelta(days=1))
    ends = terms if after.unit == terms.unit else last_of(terms)
    done = {**closed(ends, running, use["used"], project.rounding), "by_project": use["by_project"]}
    begun = following(terms, after, running, done)
    for member in pool_of(project, terms, act.state.workspace):
        close(act.for_project(member), member, last, {})
    now = {"terms": terms_record(after), "running": begun, "closed": [*kept["closed"], done][-_KEPT:]}
    act.draft.put("retainer", {**kept, **now})
    shown = {"id": project.id, "status": "closed", **done}
    step = act.cause("retainer.opened", project.id, retainer=_shown(project, after, begun, act))
    return Applied(act.seen(retainer=shown), (step,))


def told(act: Act) -> Applied:
    """`retainer.agreed` is what an approved change or two people brought about; nobody else agrees on terms."""
    return Applied(act.event)


def agree(act: Act, project: Project, terms: Terms, day: date, by: str | None) -> tuple[Event, ...]:
    """Other terms from a day on: the first period that begins then or later has them, and those before keep theirs.

    The one that runs has them too where it began on that day or later. by: the change that agreed on it, or none.
    """
    kept = act.draft.get("retainer", project.id)
    if kept is None:
        return ()
    written = {"from": day, "terms": terms_record(terms), "by": by, "at": act.state.now}
    record = {**kept, "agreed": [*(kept.get("agreed") or ()), written][-_KEPT:]}
    first = days_of(kept["running"]["period"])[0]
    now, before = in_force(record, first), terms_of(kept["terms"])
    if (now.unit, now.period) == (before.unit, before.period) and now != before:
        number = int(kept["running"]["number"])
        lots = [lot for lot in kept["running"]["lots"] if int(lot[0]) != number]
        running = {**kept["running"], "allotment": now.allotment, "lots": [*lots, [number, now.allotment]]}
        record |= {"terms": terms_record(now), "running": running}
    record = act.draft.put("retainer", record)
    shown = _shown(project, terms_of(record["terms"]), record["running"], act)
    told = {"agreed_from": day, "agreed_allotment": terms.allotment}
    return (act.cause("retainer.agreed", project.id, retainer={**shown, **told}),)


def _shown(project: Project, terms: Terms, running: Record, act: Act) -> Record:
    use = used_in(running["period"], project, terms, _ground(act, project))
    return {"id": project.id, "status": "open", **standing(terms, running, use["used"])}


def _ground(act: Act, project: Project) -> Ground:
    day = local_day(act.state.now, project.time_zone)
    return Ground(project, act.state.workspace, act.draft, day)


def _settles_at(project: Project, state: State, terms: Terms, period: str) -> datetime:
    """When late entries have had their time: the end of the working day that many after the period."""
    last: date = days_of(period)[1]
    settled = add_working_days(project_calendars(project, state.workspace), last, terms.settles_after)
    return end_of_day(settled, project.time_zone)


def _event(project: Project, now: datetime, kind: str, fields: Record) -> Event:
    return Event(
        id=event_id(kind, project.id, str(fields.get("period", ""))),
        type=kind,
        at=now,
        received_at=now,
        objects={"retainer": {"id": project.id, **fields}},
        project=project.id,
        client=project.client,
        key=project.id,
    )
