"""Whose days and hours a rule keeps to: a rule and the workspace in, calendars, zones and opening times out.

A rule concerns the client when its trigger or one of its actions does; then the client's calendar, zone and hours
count, else the team's. `calendar:` on a rule names others; several together work only when all of them do.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import Final

from rules.engine.verdicts import Planned
from rules.facts.calendar import Hours, WorkCalendar
from rules.facts.project import Client, Project, Workspace
from rules.language.model import ActionSpec, Around, Every, Rule
from rules.language.schedules import PARTIES

# Roles of an object that a client's contact holds.
_CLIENT_ROLES: Final = (
    "approval.asked",
    "action_item.owner",
    "survey.contact",
    "meeting.attendees",
    "complaint.contact",
)


def concerns_client(rule: Rule, workspace: Workspace) -> bool:
    """Whether the rule's trigger or one of its actions reaches a client."""
    trigger = rule.trigger
    if isinstance(trigger, Every) and "client" in (trigger.zone, trigger.for_each):
        return True
    if isinstance(trigger, Around) and trigger.date.startswith("approval."):
        return True
    return any(_reaches_client(action, workspace) for action in rule.do)


def party_of(rule: Rule, workspace: Workspace) -> str:
    """Whose clock a rule keeps to: the first party among its calendars, else the client's where it concerns one."""
    own = next((name for name in rule.calendar or () if name in PARTIES), None)
    return own or ("client" if concerns_client(rule, workspace) else "team")


def calendars_of(
    rule: Rule, project: Project | None, client: Client | None, workspace: Workspace
) -> tuple[WorkCalendar, ...]:
    """The calendars that govern the rule's working days and holidays; a party that there is not is the team."""
    wanted = rule.calendar or ("client" if concerns_client(rule, workspace) else "team",)
    names = dict.fromkeys(_calendar(name, project, client, workspace) for name in wanted)
    return tuple(workspace.calendars[name] for name in names if name in workspace.calendars)


def project_calendars(project: Project, workspace: Workspace) -> tuple[WorkCalendar, ...]:
    """The calendar on which the project's work is planned: its own, else the client's."""
    name = project.calendar or workspace.clients[project.client].calendar or workspace.calendar
    return (workspace.calendars[name],)


def calendars_named(
    name: str, project: Project | None, client: Client | None, workspace: Workspace
) -> tuple[WorkCalendar, ...]:
    """The calendar behind "client", "team", "project", or a calendar's own name."""
    return (workspace.calendars[_calendar(name, project, client, workspace)],)


def zone_named(zone: str, project: Project | None, client: Client | None, workspace: Workspace) -> str:
    """The zone behind "client", "team", "project", or a zone's own name."""
    if zone == "client":
        return client.time_zone if client else workspace.time_zone
    if zone == "project":
        return project.time_zone if project else workspace.time_zone
    return workspace.time_zone if zone == "team" else zone


def opening(party: str, client: Client | None, workspace: Workspace) -> time:
    """Local time at which the party's hours begin."""
    hours = client.hours if party == "client" and client else workspace.hours
    return Hours.parse(hours).opens


def hours_of(party: str, planned: Planned, workspace: Workspace) -> tuple[Sequence[WorkCalendar], str, str]:
    """Calendar, hours and zone to keep: the reader's own where the reader is of that party, else the party's."""
    reader = workspace.people.get(planned.recipient or "")
    if reader is not None and reader.party == party:
        return _named(reader.calendar, workspace), reader.hours, reader.time_zone
    client = workspace.clients.get(planned.client or "")
    if party == "client" and client is not None:
        return _named(client.calendar, workspace), client.hours, client.time_zone
    project = workspace.projects.get(planned.project or "")
    if party == "project" and project is not None:
        return _named(project.calendar, workspace), workspace.hours, project.time_zone
    return _named(workspace.calendar, workspace), workspace.hours, workspace.time_zone


def reader_hours(planned: Planned, workspace: Workspace) -> tuple[Sequence[WorkCalendar], str, str]:
    """The reader's own calendar, hours and zone; the party's that reads it where it goes to a place."""
    return hours_of(
        "client" if planned.client_facing and not planned.observed else "team", planned, workspace
    )


def _named(name: str, workspace: Workspace) -> Sequence[WorkCalendar]:
    found = workspace.calendars.get(name) or workspace.calendars.get(workspace.calendar)
    return (found,) if found else ()


def _calendar(name: str, project: Project | None, client: Client | None, workspace: Workspace) -> str:
    if name == "client" and client:
        return client.calendar or workspace.calendar
    if name == "project" and project:
        return project.calendar or _calendar("client", None, client, workspace)
    return workspace.calendar if name in ("client", "team", "project") else name


def _reaches_client(action: ActionSpec, workspace: Workspace) -> bool:
    if action.kind == "request_decision":
        return True
    to = action.keys.get("to", ())
    recipients = [to] if isinstance(to, str) else [r for r in to if isinstance(r, str)]
    return any(_is_client(r, workspace) for r in recipients)


def _is_client(recipient: str, workspace: Workspace) -> bool:
    person = workspace.people.get(recipient)
    return recipient.startswith("client.") or recipient in _CLIENT_ROLES or bool(person and person.client)
