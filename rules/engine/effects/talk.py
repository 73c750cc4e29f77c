"""The communication plan kept: what was said by which channel in, lines of the plan that were missed as findings out.

A line such as "status call, phone, every 2w" is kept by a contact of its channel with somebody it names. Once its
length of time is over without one, that is a finding of the lead with the day it was due; the next contact closes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from rules.engine.effects import control
from rules.engine.effects.shapes import Act, today
from rules.engine.parties import project_calendars
from rules.facts.audit import Suspicion
from rules.facts.calendar import add_working_days, local_day, shift_day
from rules.facts.event import Event, Record
from rules.facts.project import CLIENT_ROLES, Project, Talk

KIND: Final = "talk_missed"
# Events by which a channel was used, besides a contact that somebody logged.
_CHANNELS: Final[Mapping[str, str]] = {
    "report.sent": "mail",
    "minutes.sent": "mail",
    "message.replied": "mail",
    "meeting.held": "meeting",
}
_RUNNING: Final = frozenset({"active", "closing"})


def compared(act: Act) -> tuple[Event, ...]:
    """Lines that this event keeps are kept from now on; those that are over are findings, until they are kept again."""
    project = act.project
    record = act.draft.get("project", project.id) if project is not None else None
    if project is None or record is None or not any(talk.every for talk in project.communication):
        return ()
    kept = {**(record.get("_talked") or {}), **_kept_by(act, project)}
    if kept != (record.get("_talked") or {}):
        record = act.draft.put("project", {**record, "_talked": kept})
    known = act.draft.find("finding", project.id)
    looked_at = [f["id"] for f in known if f["kind"] == KIND and f["status"] == "open"]
    return control.held_against(act, project, _missed(act, project, record), looked_at)


def due_by(project: Project, talk: Talk, record: Mapping[str, Any], cals: Any) -> date | None:
    """The last day on which a line is still kept; none for a line without a rhythm, or before the project began."""
    began = (record.get("_talked") or {}).get(talk.what) or record.get("activated_at")
    if talk.every is None or not isinstance(began, datetime):
        return None
    return shift_day(cals, local_day(began, project.time_zone), talk.every)


def _missed(act: Act, project: Project, record: Record) -> list[Suspicion]:
    if record.get("status") not in _RUNNING:
        return []
    cals, day = project_calendars(project, act.state.workspace), today(act.state, project)
    found = []
    for talk in project.communication:
        due = due_by(project, talk, record, cals)
        if due is not None and due < day:
            figures = {"owner": project.lead, "what": talk.what, "channel": talk.channel, "record": due}
            figures["due"] = add_working_days(cals, day, 1)
            found.append(Suspicion(KIND, (talk.what, due.isoformat()), (), figures))
    return found


def _kept_by(act: Act, project: Project) -> dict[str, datetime]:
    """The lines that this event keeps, with its time."""
    contact: Mapping[str, Any] = act.event.objects.get("contact", {})
    channel = contact.get("channel") if act.event.type == "contact.logged" else _CHANNELS.get(act.event.type)
    at = contact.get("at") if isinstance(contact.get("at"), datetime) else act.event.at
    lines = (t for t in project.communication if t.channel == channel and _reaches(act, project, t, contact))
    return {talk.what: at for talk in lines if isinstance(at, datetime)}


def _reaches(act: Act, project: Project, talk: Talk, contact: Mapping[str, Any]) -> bool:
    """Whether a contact is with somebody whom the line names; one that names nobody we know is taken for it."""
    who, day = contact.get("with"), today(act.state, project)
    roles = [to.removeprefix("client.") for to in talk.to]
    named = {
        p.id
        for role in roles
        if role in CLIENT_ROLES
        for p in act.state.workspace.holders(role, project, day)
    }
    return who is None or not named or who in named
