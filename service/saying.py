"""What a person of the team says, in the console or on the command line, as an event to be decided like any other.

In: who, about which project, what. Out: the event, stored, and the bell rung.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from rules.facts.event import Event, Record, event_id
from rules.facts.project import Project
from service.log import get
from service.state import Context
from service.store import journal
from service.store.database import iso

log = get("saying")
Where = Literal["console", "books"]


def spoken(
    context: Context,
    project: Project,
    kind: str,
    about: str,
    objects: Mapping[str, Record],
    person: str | None,
    where: Where = "console",
) -> Event:
    """The event of what somebody says now. about: what tells it from another of the same kind and moment."""
    now = context.now()
    return Event(
        id=event_id(where, kind, about, iso(now)),
        type=kind,
        at=now,
        received_at=now,
        objects=objects,
        project=project.id,
        client=project.client,
        person=person,
    )


def say(context: Context, *events: Event) -> None:
    """Put events in line to be decided."""
    with context.database.writing() as connection:
        journal.add(connection, events)
    context.bells.ring("decide")
    for event in events:
        log.info("said", event_id=event.id, type=event.type, project=event.project)
