"""Talk with the client: meetings and their minutes, contacts and the contract in, their records out.

A meeting is planned -> held -> minuted; minutes are due one working day after it, and can be objected to for three
more. Whatever a person of the client does or is reached by counts as the last contact; what rules send does not.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from rules.engine.effects import kept
from rules.engine.effects.shapes import Act, Applied
from rules.engine.parties import project_calendars
from rules.facts.calendar import add_working_days, local_day
from rules.facts.event import Event, Record
from rules.facts.project import Project

MINUTES_DAYS: Final = 1
OBJECTION_DAYS: Final = 3
# Events in which the client takes part, whoever of the team is behind them.
_CONTACTS: Final = frozenset(
    {"contact.logged", "meeting.held", "survey.answered", "message.replied", "minutes.objected"}
)


def stepped(act: Act) -> Applied:
    """`meeting.*` and `minutes.*`: the record says so; an objection is added to those before it."""
    project, given = act.project, act.event.objects.get("meeting")
    if project is None or given is None:
        return Applied(act.event)
    known = act.draft.get("meeting", str(given.get("id") or act.event.key or act.event.id))
    if known is not None and act.event.cause is not None:
        return Applied(act.seen(meeting=known))
    beginning = {
        "title": "",
        "at": act.event.at,
        "attendees": [],
        "status": "planned",
        "held_at": None,
        "minutes": None,
        "minutes_due": None,
        "minutes_sent_at": None,
        "objections_until": None,
        "objections": [],
    }
    return kept.told(act, beginning, **_step(act, project, given, known or beginning))


def signed(act: Act, project: Project) -> tuple[Event, ...]:
    """The contract of the project's file, on record and told once."""
    if project.contract_signed is None or act.draft.get("contract", project.id) is not None:
        return ()
    fields = {
        "signed_on": project.contract_signed,
        "file": project.contract_file,
        "clauses": [{"clause": name, "text": text} for name, text in project.clauses.items()],
    }
    record = act.draft.put("contract", act.new(project, project.id, **fields))
    return (act.cause("contract.signed", project.id, contract=record),)


def noted(act: Act, event: Event) -> None:
    """Keep when the client was in touch last; nothing for an event in which it took no part."""
    at = _contact_at(act, event)
    record = act.draft.get("project", event.project or "") if at is not None else None
    if record is None or at is None:
        return
    last = record.get("_contacted_at")
    if last is None or at > last:
        act.draft.put("project", {**record, "_contacted_at": at})


def _contact_at(act: Act, event: Event) -> datetime | None:
    if event.type in _CONTACTS:
        contact = event.objects.get("contact", {})
        at = contact.get("at") or event.at
        return at if isinstance(at, datetime) else event.at
    people = act.state.workspace.people
    who = people.get(str(event.objects.get("comment", {}).get("author") or event.person or ""))
    return event.at if who is not None and who.party == "client" else None


def _step(act: Act, project: Project, given: Record, known: Record) -> Record:
    cals, day = project_calendars(project, act.state.workspace), local_day(act.event.at, project.time_zone)
    verb = act.event.type
    if verb == "meeting.held":
        held: date = local_day(given.get("at") or known["at"], project.time_zone)
        status = known["status"] if known["status"] == "minuted" else "held"
        at = given.get("held_at") or given.get("at") or act.event.at
        return {"status": status, "held_at": at, "minutes_due": add_working_days(cals, held, MINUTES_DAYS)}
    if verb == "minutes.sent":
        until = given.get("objections_until") or add_working_days(cals, day, OBJECTION_DAYS)
        held_at = known.get("held_at") or given.get("at") or known["at"]
        times = {"minutes_sent_at": act.event.at, "held_at": held_at}
        return {"status": "minuted", "objections_until": until, **times}
    if verb == "minutes.objected":
        said = {"person": act.event.person, "at": act.event.at, "text": given.get("objection")}
        return {"objections": [*known["objections"], said], "objection": said["text"]}
    return {}


def logged(act: Act) -> Applied:
    """`contact.logged`: on record, by whoever logged it."""
    contact = act.event.objects.get("contact")
    if contact is None:
        return Applied(act.event)
    by = contact.get("by") or act.event.person
    return kept.told(act, {"channel": "phone", "with": None, "summary": None}, by=by)
