"""Someone of the team says how a project is run: risks, contacts, meetings, complaints, findings, receipts, surveys.

In: what a form of the console or a command said, checked. Out: events to decide like any other, and for the inbox the
events that waited there, given to a project or taken back.
"""

from __future__ import annotations

from collections.abc import Mapping

from rules.engine.effects.surveys import people_asked, survey_events
from rules.engine.rhythms import audit_event
from rules.facts import audit
from rules.facts.calendar import local_day
from rules.facts.event import Event, Record, digest
from rules.facts.project import Project
from service import saying
from service.log import get
from service.saying import spoken
from service.state import Context
from service.store import assignments, journal
from service.store.assignments import Place
from service.store.database import iso

log = get("conduct")
_PREFIX = {
    "risk": "rsk",
    "contact": "ctc",
    "meeting": "mtg",
    "complaint": "cmp",
    "task": "tsk",
    "finding": "fnd",
    "supplier": "sup",
}


def say(context: Context, project: Project, kind: str, thing: Record, email: str, noun: str = "") -> str:
    """An event about one thing of the project, by whoever signed in; the id of the thing, made where it has none.

    kind: the event's type. noun: the object it is about, where that is not the event's family.
    """
    now, noun = context.now(), noun or kind.partition(".")[0]
    made = f"{_PREFIX.get(noun, noun)}_{digest(project.id, kind, iso(now), repr(sorted(thing.items())))}"
    thing = {**thing, "id": thing.get("id") or made}
    saying.say(context, _event(context, project, kind, {noun: thing}, email))
    return str(thing["id"])


def run_audit(context: Context, project: Project, period: str | None, email: str) -> str:
    """Look through a period of the ledger, by default the present quarter; the period. Raises audit.BadPeriod."""
    now = context.now()
    wanted = period or audit.quarter(local_day(now, project.time_zone))
    audit.span(wanted)
    wanted = wanted.strip().upper()
    saying.say(context, audit_event(project, wanted, now, person_of(context, email), "asked", iso(now)))
    return wanted


def send_surveys(context: Context, project: Project, kind: str, party: str, email: str) -> int:
    """Ask how it goes, each person at most once a day; how many are asked. kind: "pulse" or "closing"."""
    now = context.now()
    workspace = context.rulebook.workspace
    people = people_asked(workspace, project, party, now)
    occasion = f"asked {local_day(now, project.time_zone).isoformat()}"
    events = survey_events(project, people, kind, f"{party} {occasion}", now)
    saying.say(context, *events)
    log.info("surveys sent", project=project.id, kind=kind, people=len(events), by=email)
    return len(events)


def assign(context: Context, place: Place, project: Project | None, email: str) -> int:
    """Give what waits in a place to a project, now and from now on; none: it is none of ours. How many events."""
    now, by = context.now(), person_of(context, email) or email
    with context.database.writing() as connection:
        count = assignments.assign(connection, place, project, by, now)
        if project is not None:
            thing = {"id": place.id, "connection": place.connection, "events": count}
            told = _event(context, project, "inbox.assigned", {"assignment": thing}, email)
            journal.add(connection, [told])
    context.bells.ring("decide")
    log.info("assigned", place=place.id, project=project.id if project else None, events=count)
    return count


def take_back(context: Context, place: str, email: str) -> int | None:
    """Undo an assignment: its events wait again and what they made leaves the project; none where there is none."""
    now = context.now()
    with context.database.writing() as connection:
        undone = assignments.take_back(connection, place, now)
        if undone is None:
            return None
        found, made, count = undone
        project = context.rulebook.workspace.projects.get(found["to"] or "")
        if project is not None:
            thing = {"id": place, "connection": found["connection"], "events": count, "made": made}
            told = _event(context, project, "inbox.returned", {"assignment": thing}, email)
            journal.add(connection, [told])
            journal.touch(connection, project.client)
    context.bells.ring("decide")
    log.info("assignment taken back", place=place, events=count)
    return count


def person_of(context: Context, email: str) -> str | None:
    """The person of the workspace who has this mail address."""
    people = context.rulebook.workspace.people.values()
    return next((p.id for p in people if p.email.lower() == email.lower()), None)


def _event(context: Context, project: Project, kind: str, objects: Mapping[str, Record], email: str) -> Event:
    about = str(next(iter(objects.values())).get("id"))
    return spoken(context, project, kind, about, objects, person_of(context, email))
