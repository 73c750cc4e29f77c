"""What comes round by itself: the audit of a period that is over, and the pulse of client and team.

In: the workspace, which projects run, and the time since the clock looked last. Out: events with ids made from the
period, so that no two clocks and no restart make one of them twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Final

from rules.engine.effects.surveys import people_asked, survey_events
from rules.facts import audit
from rules.facts.calendar import local_day, local_to_utc
from rules.facts.event import Event, event_id
from rules.facts.project import Project, Workspace

AT: Final = time(6)


def due(workspace: Workspace, running: Iterable[Project], since: datetime, now: datetime) -> list[Event]:
    """The events whose time came after `since`, up to and with `now`."""
    return [event for project in running for event in _of(workspace, project, since, now)]


def moments(project: Project, since: datetime, until: datetime) -> Iterable[datetime]:
    """When a period begins for which something is due, after `since` and up to `until`."""
    rhythms = {project.audit, project.pulse, project.team_pulse} - {"never"}
    if rhythms:
        day = local_day(until, project.time_zone)
        for rhythm in rhythms:
            first, _ = audit.span(day.strftime("%Y-%m") if rhythm == "monthly" else audit.quarter(day))
            begins = local_to_utc(first, AT, project.time_zone)
            if since < begins <= until:
                yield begins


def audit_event(project: Project, period: str, at: datetime, by: str | None = None, *of: str) -> Event:
    """The event that looks through a period. of: what tells a run that somebody asked for from the scheduled one."""
    return Event(
        id=event_id("audit", project.id, period, *of),
        type="audit.run",
        at=at,
        received_at=at,
        objects={"audit": {"period": period}},
        project=project.id,
        client=project.client,
        person=by,
    )


def _of(workspace: Workspace, project: Project, since: datetime, now: datetime) -> Iterable[Event]:
    day = local_day(now, project.time_zone)
    if _begins(project, project.audit, day, since, now):
        yield audit_event(project, audit.before_this(day, project.audit), now)
    for party, rhythm in (("client", project.pulse), ("team", project.team_pulse)):
        if _begins(project, rhythm, day, since, now):
            period = day.strftime("%Y-%m") if rhythm == "monthly" else audit.quarter(day)
            people = people_asked(workspace, project, party, now)
            yield from survey_events(project, people, "pulse", f"{party} {period}", now)


def _begins(project: Project, rhythm: str, day: date, since: datetime, now: datetime) -> bool:
    """Whether a period of that rhythm began while the clock was not looking."""
    if rhythm == "never":
        return False
    first, _ = audit.span(day.strftime("%Y-%m") if rhythm == "monthly" else audit.quarter(day))
    return since < local_to_utc(first, AT, project.time_zone) <= now
