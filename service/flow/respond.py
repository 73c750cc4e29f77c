"""Someone answers on a page of their own: a survey, or minutes that they object to.

In: a token and, for an answer, a form. Out: `Asked`, and the event that an answer is. Looking changes nothing. The
record is read again inside the transaction, so that of two answers at once one counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from rules.facts.calendar import local_day
from rules.facts.event import Event, Record, event_id
from rules.facts.project import Person, Project
from rules.facts.survey import fits
from service import links
from service.links import UnknownLink
from service.log import get
from service.state import Context
from service.store import journal
from service.store.database import Connection
from service.store.records import SqlBook, save

log = get("respond")
Kind = Literal["survey", "meeting"]
State = Literal["open", "answered", "expired"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page asks: the survey or the meeting with its minutes, by whom it is opened, and the end of their link."""

    kind: Kind
    state: State
    record: Record
    project: Project
    person: Person
    open_until: datetime


def show(context: Context, kind: Kind, token: str) -> Asked:
    """What a link opens. Raises UnknownLink."""
    with context.database.reading() as connection:
        return _asked(context, connection, kind, token)


def answer(context: Context, token: str, scores: Mapping[str, int], remark: str | None) -> Asked:
    """Answers to a survey; a second one changes nothing. Raises UnknownLink, ValueError for a score off its scale."""
    now = context.now()
    with context.database.writing() as connection:
        journal.touch(connection, _asked(context, connection, "survey", token).project.client)
        asked = _asked(context, connection, "survey", token)
        survey = asked.record
        if asked.state != "open":
            return asked
        if any(not fits(kind, scores.get(kind)) for kind in survey["questions"]):
            raise ValueError("a score is missing or lies off its scale")
        # The record says so at once: of two answers one finds it open.
        taken = {**survey, "status": "taken", "taken_at": now}
        save(connection, {("survey", survey["id"]): taken}, now)
        said = {"id": survey["id"], "score": scores[survey["kind"]], "scores": dict(scores), "remark": remark}
        journal.add(connection, [_event(asked, "survey.answered", {"survey": said}, context)])
    context.bells.ring("decide")
    log.info("survey answered", survey=survey["id"])
    return replace(asked, state="answered", record={**survey, "remark": remark})


def object_to(context: Context, token: str, text: str) -> Asked:
    """An objection to minutes, while there is time for it. Raises UnknownLink."""
    now = context.now()
    with context.database.writing() as connection:
        asked = _asked(context, connection, "meeting", token)
        if asked.state != "open":
            return asked
        said = {"id": asked.record["id"], "objection": text}
        event = _event(asked, "minutes.objected", {"meeting": said}, context)
        journal.add(connection, [event])
    context.bells.ring("decide")
    log.info("minutes objected to", meeting=asked.record["id"], at=now.isoformat())
    return replace(asked, state="answered")


def _event(asked: Asked, kind: str, objects: Mapping[str, Record], context: Context) -> Event:
    now = context.now()
    return Event(
        id=event_id("page", kind, asked.record["id"], asked.person.id, now.isoformat()),
        type=kind,
        at=now,
        received_at=now,
        objects=objects,
        project=asked.project.id,
        client=asked.project.client,
        person=asked.person.id,
    )


def _asked(context: Context, connection: Connection, kind: Kind, token: str) -> Asked:
    link = links.find(connection, context.settings, token)
    if link is None or link.kind != kind or link.over(context.now()):
        raise UnknownLink
    record = SqlBook(connection).get(kind, link.subject)
    workspace = context.rulebook.workspace
    person = workspace.people.get(link.person)
    project = workspace.projects.get(str((record or {}).get("project")))
    if record is None or person is None or project is None or person.client not in (None, project.client):
        raise UnknownLink
    state = _state(context, kind, record, project)
    return Asked(kind, state, record, project, person, link.expires_at)


def _state(context: Context, kind: Kind, record: Record, project: Project) -> State:
    today = local_day(context.now(), project.time_zone)
    last = record.get("expires_on") if kind == "survey" else record.get("objections_until")
    if kind == "survey" and record["status"] != "sent":
        return "answered"
    return "expired" if last is not None and last < today else "open"
