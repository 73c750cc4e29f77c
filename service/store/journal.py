"""Events: stored when normalised, decided once, with their verdicts.

In: events and evaluations. Out: the next event of each partition, and the transaction checks that make
deciding happen once: the partition's version, and one verdict for each (event, rule).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from rules.engine.sentences import Words, from_stored, to_stored
from rules.engine.verdicts import NOT_STORED, Verdict
from rules.facts import codec
from rules.facts.duration import Duration
from rules.facts.event import Event
from rules.facts.money import Money
from rules.facts.survey import unnamed_event
from rules.language.model import UNKNOWN, Operand
from service.store.database import insert_new, iso
from service.store.tables import events, partitions, verdicts

NO_PARTITION = "-"
TRIES_BEFORE_PARKING = 3


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that waits to be decided."""

    seq: int
    event: Event
    partition: str
    version: int
    delivery: str | None


def add(connection: Connection, new: Iterable[Event], delivery: str | None = None) -> None:
    """Store events to be decided; those stored before are left as they are."""
    insert_new(connection, events, [_row(event, delivery, "new") for event in new])


def partitions_waiting(connection: Connection) -> list[str]:
    """The partitions that have events to decide, the longest waiting first."""
    rows = connection.execute(
        select(events.c.partition)
        .where(events.c.state == "new")
        .group_by(events.c.partition)
        .order_by(func.min(events.c.seq))
    )
    return [row.partition for row in rows]


def next_waiting(connection: Connection, partition: str) -> Waiting | None:
    """The oldest event of the partition that is not decided, with the partition's version at this moment."""
    row = connection.execute(
        select(events.c.seq, events.c.data, events.c.delivery)
        .where(events.c.state == "new", events.c.partition == partition)
        .order_by(events.c.seq)
        .limit(1)
    ).first()
    if row is None:
        return None
    return Waiting(row.seq, decode(row.data), partition, version_of(connection, partition), row.delivery)


def version_of(connection: Connection, partition: str) -> int:
    """How many times something of the partition was decided."""
    found = connection.execute(select(partitions.c.version).where(partitions.c.id == partition)).scalar()
    return int(found or 0)


def undecided(connection: Connection, client: str | None, until: datetime) -> bool:
    """Whether an event of this client that came until then is still to be decided."""
    waiting = (
        events.c.state == "new",
        events.c.partition == (client or NO_PARTITION),
        events.c.received_at <= iso(until),
    )
    return connection.execute(select(events.c.id).where(*waiting).limit(1)).first() is not None


def latest_of(connection: Connection, event: Event) -> Event:
    """The latest that is on record about what an event from outside was about; the event itself where it is that."""
    if event.connection is None or event.key is None:
        return event
    told = (events.c.connection == event.connection, events.c.key == event.key)
    row = connection.execute(
        select(events.c.data).where(*told).order_by(events.c.at.desc(), events.c.seq.desc()).limit(1)
    ).scalar()
    return decode(row) if row else event


def advance(connection: Connection, partition: str, version: int) -> bool:
    """Move the partition on from `version`; false when someone else moved it meanwhile: decide again."""
    insert_new(connection, partitions, [{"id": partition, "version": 0}])
    moved = connection.execute(
        update(partitions)
        .where(partitions.c.id == partition, partitions.c.version == version)
        .values(version=version + 1)
    )
    return moved.rowcount == 1


def touch(connection: Connection, partition: str) -> None:
    """Move the partition on whatever its version is: what others read of it before is stale from now on."""
    insert_new(connection, partitions, [{"id": partition, "version": 0}])
    connection.execute(
        update(partitions).where(partitions.c.id == partition).values(version=partitions.c.version + 1)
    )


def of_the_house(connection: Connection, kind: str, limit: int) -> list[Event]:
    """The latest events of a type that belong to no client, such as `rules.reloaded`; the newest first."""
    rows = connection.execute(
        select(events.c.data)
        .where(events.c.client.is_(None), events.c.type == kind)
        .order_by(events.c.seq.desc())
        .limit(limit)
    )
    return [decode(data) for data in rows.scalars()]


def decided(
    connection: Connection, decided_events: Sequence[Event], ruleset: str, at: datetime, delivery: str | None
) -> None:
    """Mark the first event decided as it is now (with its objects complete), and store those it caused."""
    first, *caused = decided_events
    connection.execute(
        update(events)
        .where(events.c.id == first.id)
        .values(state="decided", data=encode(first), ruleset=ruleset, decided_at=iso(at), error=None)
    )
    rows = [{**_row(e, delivery, "decided"), "ruleset": ruleset, "decided_at": iso(at)} for e in caused]
    insert_new(connection, events, rows)


def add_verdicts(connection: Connection, found: Iterable[tuple[Verdict, str | None]], at: datetime) -> None:
    """Store verdicts (with their project), but the kinds that are recomputed on demand."""
    insert_new(
        connection,
        verdicts,
        [
            {
                "event": v.event,
                "rule": v.rule,
                "project": project,
                "kind": v.kind,
                "data": codec.dumps(_stored(v)),
                "at": iso(at),
            }
            for v, project in found
            if v.kind not in NOT_STORED
        ],
    )


def rules_decided(connection: Connection, event: str) -> set[str]:
    """The rules that have a stored verdict on this event: they are not decided again."""
    return set(connection.execute(select(verdicts.c.rule).where(verdicts.c.event == event)).scalars())


def failed(connection: Connection, event: str, error: str) -> bool:
    """Count a failed decision; true when the event was parked because it failed too often."""
    tries = (connection.execute(select(events.c.tries).where(events.c.id == event)).scalar() or 0) + 1
    parked = tries >= TRIES_BEFORE_PARKING
    connection.execute(
        update(events)
        .where(events.c.id == event)
        .values(tries=tries, error=error, state="parked" if parked else "new")
    )
    return parked


def replay(connection: Connection, event: str) -> bool:
    """Put an event back in line; false when there is no such event."""
    found = connection.execute(
        update(events).where(events.c.id == event).values(state="new", tries=0, error=None)
    )
    return found.rowcount == 1


def one(connection: Connection, id: str) -> Event | None:
    """The event of that id, or none."""
    data = connection.execute(select(events.c.data).where(events.c.id == id)).scalar()
    return decode(data) if data else None


@dataclass(frozen=True, slots=True)
class Extent:
    """How far the journal goes: the place of its last event, and how many no other one caused."""

    last: int
    count: int


def extent(connection: Connection) -> Extent:
    """The journal as it is now, so that two readers read the same."""
    last = connection.execute(select(func.max(events.c.seq))).scalar() or 0
    count = connection.execute(select(func.count()).where(events.c.cause.is_(None))).scalar() or 0
    return Extent(last, count)


def from_outside(connection: Connection, upto: Extent) -> Iterator[Event]:
    """Every event that no other one caused: what was read from the past at its own time, the rest as it came in."""
    known = (events.c.cause.is_(None), events.c.seq <= upto.last)
    outside = select(events.c.data).where(*known).execution_options(yield_per=500)
    past = events.c.data.contains('"history":true')
    as_happened = connection.execute(outside.where(past).order_by(events.c.at, events.c.seq)).scalars()
    as_it_came = connection.execute(outside.where(~past).order_by(events.c.seq)).scalars()
    streams = ((_placed(decode(data)) for data in rows) for rows in (as_happened, as_it_came))
    for _, event in heapq.merge(*streams, key=lambda placed: placed[0]):
        yield event


def _placed(event: Event) -> tuple[datetime, Event]:
    return event.at if event.history else event.received_at, event


def lines_of_document(connection: Connection, connection_name: str, document: str) -> dict[str, str | None]:
    """Key -> project of all allocation lines that a document ever had here."""
    rows = connection.execute(
        select(events.c.key, events.c.project)
        .where(
            events.c.connection == connection_name, events.c.document == document, events.c.key.is_not(None)
        )
        .order_by(events.c.seq)
    )
    return {row.key: row.project for row in rows}


def home_of_key(connection: Connection, connection_name: str, key: str) -> str | None:
    """The project that the newest event about this key belonged to, or none."""
    return connection.execute(
        select(events.c.project)
        .where(events.c.connection == connection_name, events.c.key == key, events.c.project.is_not(None))
        .order_by(events.c.seq.desc())
        .limit(1)
    ).scalar()


def encode(event: Event) -> str:
    """The event as it is stored; readers of the text itself find what it replaced and whether it is history."""
    return codec.dumps(codec.to_fields(event, always=("before", "history")))


def decode(data: str) -> Event:
    """The event that was stored, by this version or by the one before or after it."""
    return codec.from_fields(Event, codec.loads(data))


def shown(data: str) -> Event:
    """The event that was stored, as people and programs may see it."""
    return unnamed_event(decode(data))


def _row(event: Event, delivery: str | None, state: str) -> dict[str, Any]:
    document = next((o["document"] for o in event.objects.values() if o.get("document")), None)
    return {
        "id": event.id,
        "type": event.type,
        "partition": event.client or NO_PARTITION,
        "project": event.project,
        "client": event.client,
        "connection": event.connection,
        "document": document,
        "key": event.key,
        "at": iso(event.at),
        "received_at": iso(event.received_at),
        "cause": event.cause,
        "rule": event.rule,
        "delivery": delivery,
        "data": encode(event),
        "state": state,
    }


def verdict_of(data: str) -> Verdict:
    """The verdict that was stored, by this version or by the one before it."""
    stored = codec.loads(data)
    words = stored.get("words") or {}
    return codec.from_fields(
        Verdict,
        {
            **stored,
            **{name: from_stored(said) for name, said in words.items()},
            "trace": tuple(_operand(one) for one in stored["trace"]),
            "left_out": tuple(from_stored(one) for one in stored.get("left_out") or ()),
        },
    )


def _operand(stored: Mapping[str, Any]) -> Operand:
    value = UNKNOWN if stored["value"] == "unknown" else stored["value"]
    return Operand(stored["text"], value, tuple(_operand(one) for one in stored["parts"]))


def _stored(verdict: Verdict) -> dict[str, Any]:
    """A verdict as it is kept: its sentences in English, and beside them what they are made of."""
    said = {"reason": verdict.reason, "near_miss": verdict.near_miss}
    words = {name: to_stored(text) for name, text in said.items() if isinstance(text, Words)}
    plain = _plain(replace(verdict, left_out=()))
    english = {name: None if text is None else str.__str__(text) for name, text in said.items()}
    more = {
        "left_out": [to_stored(one) for one in verdict.left_out],
        "words": words,
        "memory": plain["memory"],
    }
    kept = {name: value for name, value in plain.items() if name not in ("left_out", "memory")}
    return {**kept, **english, **{name: value for name, value in more.items() if value}}


def _plain(value: Any) -> Any:
    """A verdict as plain values; the value of an unknown operand becomes the word."""
    if is_dataclass(value) and not isinstance(value, Money | Duration | type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return repr(value) if value is UNKNOWN else value
