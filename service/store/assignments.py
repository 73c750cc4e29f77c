"""What waits for a project: events that no single project claims, and what people decided about where they come from.

In: a connection. Out: places with the events that wait there, and assignments: kept once a person made one, so that the
next event from the same place finds its project by itself, and taken back without losing anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from rules.engine.placing import Assigned, assigned_to
from rules.facts import codec
from rules.facts.event import Event, Record
from rules.facts.project import Project
from service.store import journal, records
from service.store.tables import events, outcomes
from service.store.tables import records as kept

KIND = "assignment"
MOST_PLACES = 200
GROUP = 500


@dataclass
class Place:
    """One place that events wait in. says: what the source said of it; claimed_by: projects that all claim it."""

    id: str
    connection: str
    says: Mapping[str, Any]
    claimed_by: list[str]
    problem: str
    events: list[Event] = field(default_factory=list)
    count: int = 0


def remembered(connection: Connection, place: str) -> Assigned | None:
    """What was decided about a place, none where nothing was or it was taken back."""
    found = one(connection, place)
    return Assigned(found["id"], found["to"]) if found is not None and found["status"] == "kept" else None


def one(connection: Connection, place: str) -> Record | None:
    """The assignment of a place, taken back or not."""
    data = connection.execute(select(kept.c.data).where(kept.c.kind == KIND, kept.c.id == place)).scalar()
    return codec.loads(data) if data else None


def page(connection: Connection, limit: int = 100) -> list[Record]:
    """Assignments that hold, the latest first."""
    return records.page(connection, KIND, status="kept", limit=limit)


def waiting(connection: Connection) -> list[Place]:
    """The places in which events wait, in the order in which they came to wait; MOST_PLACES at most."""
    found: dict[str, Place] = {}
    for _, event in _without_project(connection):
        place = event.place
        if place is None or not place.get("problem"):
            continue
        if place["id"] not in found and len(found) == MOST_PLACES:
            break
        one_place = found.setdefault(
            place["id"],
            Place(place["id"], event.connection or "", place["says"], place["claimed_by"], place["problem"]),
        )
        one_place.count += 1
        if len(one_place.events) < 5:
            one_place.events.append(event)
    return [p for p in found.values() if remembered(connection, p.id) is None]


def assign(connection: Connection, place: Place, project: Project | None, by: str, now: datetime) -> int:
    """Keep the decision, and give what waits in the place to the project, to be decided; how many events.

    project: none says that the place is none of ours: what waits there waits no longer.
    """
    moved, deliveries = 0, set()
    for delivery, event in _without_project(connection):
        if (event.place or {}).get("id") != place.id:
            continue
        moved += 1
        deliveries.add(delivery)
        if project is not None:
            _move(connection, assigned_to(event, project), "new")
    record = {
        "id": place.id,
        "connection": place.connection,
        "says": dict(place.says),
        "claimed_by": place.claimed_by,
        "problem": place.problem,
        "to": project.id if project else None,
        "project": None,
        "client": None,
        "by": by,
        "at": now,
        "status": "kept",
        "events": moved,
    }
    records.save(connection, {(KIND, place.id): record}, now)
    state = "decided" if project is not None else "ignored"
    connection.execute(
        update(outcomes)
        .where(outcomes.c.delivery.in_([d for d in deliveries if d]), outcomes.c.state == "unmatched")
        .values(state=state, reason=None)
    )
    if project is not None:
        journal.touch(connection, project.client)
    return moved


def take_back(
    connection: Connection, place: str, now: datetime
) -> tuple[Record, dict[str, list[str]], int] | None:
    """Undo an assignment: its events wait again. Gives it, the ids of the records that its events made, by kind, and
    how many events there were; none when there is nothing to undo.
    """
    found = one(connection, place)
    if found is None or found["status"] != "kept":
        return None
    made: dict[str, list[str]] = {}
    count = 0
    for event in _placed_by(connection, found):
        count += 1
        for kind in ("entry", "issue", "bill", "invoice", "payment"):
            record = event.objects.get(kind)
            if record is not None and record.get("id") and record["id"] not in made.setdefault(kind, []):
                made[kind].append(record["id"])
        _move(connection, assigned_to(event, None), "decided")
    records.save(connection, {(KIND, place): {**found, "status": "undone", "undone_at": now}}, now)
    return found, made, count


def _without_project(connection: Connection) -> Iterator[tuple[str | None, Event]]:
    """Events of outside systems that belong to no project, in the order of arrival, with their delivery."""
    after = 0
    while True:
        rows = connection.execute(
            select(events.c.seq, events.c.delivery, events.c.data)
            .where(events.c.project.is_(None), events.c.connection.is_not(None), events.c.seq > after)
            .order_by(events.c.seq)
            .limit(GROUP)
        ).all()
        for row in rows:
            yield row.delivery, journal.decode(row.data)
        if len(rows) < GROUP:
            return
        after = rows[-1].seq


def _placed_by(connection: Connection, assignment: Record) -> list[Event]:
    """The events that an assignment gave to its project, now or since."""
    if assignment["to"] is None:
        return []
    rows = connection.execute(
        select(events.c.data)
        .where(
            events.c.project == assignment["to"],
            events.c.connection == assignment["connection"],
            events.c.data.contains(assignment["id"], autoescape=True),
        )
        .order_by(events.c.seq)
    ).scalars()
    found = [journal.decode(data) for data in rows]
    return [e for e in found if (e.place or {}).get("id") == assignment["id"]]


def _move(connection: Connection, event: Event, state: str) -> None:
    connection.execute(
        update(events)
        .where(events.c.id == event.id)
        .values(
            project=event.project,
            client=event.client,
            partition=event.client or journal.NO_PARTITION,
            data=journal.encode(event),
            state=state,
            tries=0,
        )
    )
