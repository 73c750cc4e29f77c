"""What the clock owes to projects besides the slots of rules: measuring once a day, periods of retainers, notices.

In: the state of things and up to when the clock has done its work. Out: events to decide, with the same ids whoever
keeps the clock. A day that was missed is made up for once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final

from rules.engine.effects import retainers
from rules.engine.slots import RUNNING
from rules.engine.state import State
from rules.facts.calendar import local_day, local_to_utc, unconfirmed
from rules.facts.event import Event, event_id
from rules.facts.project import Project, Workspace

# When it is night in the project's zone, and yesterday is over.
_MEASURED_AT: Final = time(4, 0)
# How far ahead dates are planned that a calendar without its official notice may get wrong.
_AHEAD: Final = timedelta(days=60)


def owed(state: State, since: datetime | None) -> list[Event]:
    """The events that are due now. `since` is none for a clock that never ran here: it has missed no day."""
    found = [e for p in _running(state) for e in (*_measured(p, state, since), *retainers.due(p, state))]
    zone = state.workspace.time_zone
    if since is None or since < _moment(local_day(state.now, zone), zone) <= state.now:
        found += [unconfirmed_event(name, year, state.now) for name, year in unconfirmed_years(state)]
    return found


def unconfirmed_years(state: State) -> list[tuple[str, int]]:
    """The calendars in use, and the years near enough to matter, whose official notice is not known yet."""
    workspace = state.workspace
    years = sorted({local_day(at, workspace.time_zone).year for at in (state.now, state.now + _AHEAD)})
    return [
        (name, year)
        for name in _used(workspace)
        for year in years
        if unconfirmed(workspace.calendars[name], year)
    ]


def unconfirmed_event(name: str, year: int, now: datetime) -> Event:
    """The one notice that a year of a calendar is planned without its official days."""
    return Event(
        id=event_id("calendar.unconfirmed", name, str(year)),
        type="calendar.unconfirmed",
        at=now,
        received_at=now,
        objects={"calendar": {"name": name, "year": year}},
        key=f"{name}/{year}",
    )


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


def _moment(day: date, zone: str) -> datetime:
    return local_to_utc(day, _MEASURED_AT, zone)


def _running(state: State) -> Iterator[Project]:
    for project in state.workspace.projects.values():
        record = state.book.get("project", project.id)
        if record is not None and record.get("status") in RUNNING:
            yield project


def _used(workspace: Workspace) -> list[str]:
    named = [
        workspace.calendar,
        *(c.calendar for c in workspace.clients.values()),
        *(p.calendar for p in workspace.projects.values()),
    ]
    return [name for name in dict.fromkeys(named) if name in workspace.calendars]
