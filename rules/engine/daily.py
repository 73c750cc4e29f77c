"""What the clock owes to projects besides the slots of rules: measuring once a day, suppliers whose day is over,
periods of retainers, audits and surveys.

In: the state of things and up to when the clock has done its work. Out: events to decide, with the same ids whoever
keeps the clock. A day that was missed is made up for once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final

from rules.engine import rhythms
from rules.engine.effects import retainers, suppliers
from rules.engine.slots import RUNNING
from rules.engine.state import State
from rules.facts.calendar import local_day, local_to_utc
from rules.facts.event import Event, event_id
from rules.facts.project import Project

# When it is night in the project's zone, and yesterday is over.
_MEASURED_AT: Final = time(4, 0)


def owed(state: State, since: datetime | None) -> list[Event]:
    """The events that are due now. `since` is none for a clock that never ran here: it has missed no day."""
    found = [
        event
        for project in _running(state)
        for event in (
            *_measured(project, state, since),
            *_late(project, state),
            *retainers.due(project, state),
        )
    ]
    return [*found, *(rhythms.due(state.workspace, _running(state), since, state.now) if since else ())]


def following(state: State, since: datetime, until: datetime, *, measuring: bool) -> Iterator[datetime]:
    """Moments after `since` and up to `until` at which something is owed, the next one among them: for a clock that
    goes from one moment to the next. measuring: stop for each day's measuring, and not only for periods that end.
    """
    for project in _running(state):
        found = [*retainers.settling(project, state), *rhythms.moments(project, since, until)]
        if measuring:
            day = local_day(since, project.time_zone)
            found += [_moment(day + timedelta(days=n), project.time_zone) for n in (0, 1)]
        yield from (moment for moment in found if since < moment <= until)


def _measured(project: Project, state: State, since: datetime | None) -> Iterator[Event]:
    day = local_day(state.now, project.time_zone)
    moment = _moment(day, project.time_zone)
    if moment > state.now:
        day, moment = day - timedelta(days=1), _moment(day - timedelta(days=1), project.time_zone)
    if since is not None and since < moment:
        yield Event(
            id=event_id("measured", project.id, day.isoformat()),
            type="quality.measured",
            at=state.now,
            received_at=state.now,
            objects={"quality": {"id": project.id}},
            project=project.id,
            client=project.client,
            key=project.id,
        )


def _late(project: Project, state: State) -> Iterator[Event]:
    """Deliveries whose promised day is over, each told once for each promise."""
    day = local_day(state.now, project.time_zone)
    for delivery in suppliers.overdue(state.book.find("supplier", project.id), day):
        yield Event(
            id=event_id("supplier late", delivery["id"], delivery["promised"].isoformat()),
            type="supplier.late",
            at=state.now,
            received_at=state.now,
            objects={"supplier": {"id": delivery["id"]}},
            project=project.id,
            client=project.client,
            key=delivery["id"],
        )


def _moment(day: date, zone: str) -> datetime:
    return local_to_utc(day, _MEASURED_AT, zone)


def _running(state: State) -> Iterator[Project]:
    for project in state.workspace.projects.values():
        record = state.book.get("project", project.id)
        if record is not None and record.get("status") in RUNNING:
            yield project
