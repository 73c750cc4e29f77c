"""What waits for a person: counts that stay quick however long the record grows, and what pages list beside them.

In: a connection. Out: numbers and plain rows. Every count stops at MOST: whoever has more than that to look at needs
no exact figure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Table, func, select, update

from rules.facts import codec
from rules.facts.event import Record
from service.store.actions import GIVEN_UP
from service.store.database import from_iso, iso
from service.store.evidence import said
from service.store.tables import (
    actions,
    attempts,
    deliveries,
    events,
    evidence,
    links,
    outcomes,
    pauses,
    reads,
    records,
    verdicts,
    versions,
)

MOST = 999
SEARCHED = 20_000
Arriving = Literal["events", "actions", "verdicts", "deliveries"]
_ARRIVING: Mapping[Arriving, Table] = {
    "events": events,
    "actions": actions,
    "verdicts": verdicts,
    "deliveries": deliveries,
}
_WAITING = (
    ("review", actions, (actions.c.state == "waiting") & (actions.c.waits == "review")),
    ("unknown", actions, actions.c.state == "unknown"),
    ("dead", actions, actions.c.state.in_(GIVEN_UP)),
    ("dead_reads", reads, reads.c.state == "dead"),
    ("parked", events, events.c.state == "parked"),
    ("unmatched", outcomes, outcomes.c.state == "unmatched"),
    ("malformed", outcomes, outcomes.c.state == "malformed"),
)


def waiting(connection: Connection) -> dict[str, int]:
    """How much waits: review, unknown, dead, dead_reads, parked, unmatched, malformed, approvals, tasks."""
    found = {name: count(connection, table, condition) for name, table, condition in _WAITING}
    for name, kind, status in (("approvals", "approval", "sent"), ("tasks", "task", "open")):
        found[name] = count(connection, records, (records.c.kind == kind) & (records.c.status == status))
    return found


def count(connection: Connection, table: Table, condition: ColumnElement[bool]) -> int:
    """How many rows of the table fulfil the condition, MOST at most."""
    some = select(1).select_from(table).where(condition).limit(MOST).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar() or 0)


def since(connection: Connection, name: Arriving, at: datetime) -> int:
    """The place in the order of arrival from which rows came at `at` or later: found by halving, without an index."""
    table = _ARRIVING[name]
    column = table.c.received_at if "received_at" in table.c else table.c.at
    low, high = 1, int(connection.execute(select(func.max(table.c.seq))).scalar() or 0) + 1
    while low < high:
        middle = (low + high) // 2
        row = connection.execute(
            select(table.c.seq, column).where(table.c.seq >= middle).order_by(table.c.seq).limit(1)
        ).one()
        if row[1] < iso(at):
            low = row[0] + 1
        else:
            high = middle
    return low


def events_since(connection: Connection, at: datetime) -> int:
    """How many events arrived since then, MOST at most."""
    return count(connection, events, events.c.seq >= since(connection, "events", at))


def messages_since(connection: Connection, at: datetime) -> int:
    """How many actions were planned since then and have left, MOST at most."""
    first = since(connection, "actions", at)
    return count(connection, actions, (actions.c.seq >= first) & (actions.c.state == "sent"))


def last_event_at(connection: Connection) -> str | None:
    """When the newest event arrived."""
    return connection.execute(select(events.c.received_at).order_by(events.c.seq.desc()).limit(1)).scalar()


def pauses_now(connection: Connection) -> list[dict[str, Any]]:
    """Every pause with who set it and when, the newest first."""
    return [dict(r) for r in connection.execute(select(pauses).order_by(pauses.c.at.desc())).mappings()]


def last_delivery(connection: Connection, name: str) -> str | None:
    """When the newest delivery of a connection came. Read from the inbox."""
    return connection.execute(
        select(deliveries.c.received_at)
        .where(deliveries.c.connection == name)
        .order_by(deliveries.c.seq.desc())
        .limit(1)
    ).scalar()


def money_marks(connection: Connection) -> dict[str, str]:
    """Project -> what changes whenever its baseline or its sums do."""
    rows = connection.execute(
        select(records.c.id, records.c.at).where(records.c.kind.in_(("baseline", "sums")))
    )
    found: dict[str, str] = {}
    for row in rows:
        found[row.id] = f"{found.get(row.id, '')}{row.at}"
    return found


def records_of(connection: Connection, kind: str, projects: Iterable[str]) -> list[Record]:
    """Records of one kind of these projects, in the order of their ids."""
    rows = connection.execute(
        select(records.c.data)
        .where(records.c.kind == kind, records.c.project.in_(list(projects)))
        .order_by(records.c.id)
    ).scalars()
    return [codec.loads(data) for data in rows]


def record(connection: Connection, kind: str, id: str) -> Record | None:
    """One record, or none."""
    data = connection.execute(
        select(records.c.data).where(records.c.kind == kind, records.c.id == id)
    ).scalar()
    return codec.loads(data) if data else None


def links_to(connection: Connection, kind: str, subject: str) -> list[dict[str, Any]]:
    """The links to one subject, newest first, without what opens them."""
    columns = [c for c in links.c if c.name != "hash"]
    rows = connection.execute(
        select(*columns).where(links.c.kind == kind, links.c.subject == subject).order_by(links.c.at.desc())
    )
    return [dict(row) for row in rows.mappings()]


def evidence_of(connection: Connection, chain: str, approval: str) -> list[dict[str, Any]]:
    """The links of a chain that are about one approval, in order: sequence, at, hash, and the record with what is
    personal in its place, none where that was erased.
    """
    rows = connection.execute(
        select(evidence)
        .where(evidence.c.chain == chain, evidence.c.record.contains(approval, autoescape=True))
        .order_by(evidence.c.sequence)
    )
    found = [
        {
            "sequence": r.sequence,
            "at": from_iso(r.at),
            "hash": r.hash,
            "record": said(json.loads(r.record), r.private),
        }
        for r in rows
    ]
    return [link for link in found if link["record"].get("approval") == approval]


def actions_of(connection: Connection, roots: Iterable[str]) -> list[dict[str, Any]]:
    """The actions that these events led to, in the order they were planned."""
    rows = connection.execute(
        select(actions).where(actions.c.event.in_(list(roots))).order_by(actions.c.seq).limit(200)
    )
    return [dict(row) for row in rows.mappings()]


def caused(connection: Connection, ids: Iterable[str]) -> dict[str, int]:
    """Event -> how many actions were planned for it."""
    rows = connection.execute(
        select(actions.c.event, func.count()).where(actions.c.event.in_(list(ids))).group_by(actions.c.event)
    )
    return {row[0]: int(row[1]) for row in rows}


def observed_of(connection: Connection, project: str) -> int:
    """How many messages of a project went to its lead instead of the client, MOST at most."""
    return count(connection, actions, (actions.c.project == project) & actions.c.observed)


def contacts_waiting(connection: Connection, kind: str, id: str) -> int:
    """How many client contacts would get what is not over yet, of ("connection"|"project"|"rule", id) or everything."""
    query = select(func.count(actions.c.address.distinct())).where(
        actions.c.state.in_(("waiting", "ready", "sending")), actions.c.client_facing, ~actions.c.observed
    )
    if kind != "everything":
        # What is open is little, what a project has is much: the state's index is the one to use.
        query = query.where(func.coalesce(actions.c[kind], "") == id)
    return int(connection.execute(query).scalar() or 0)


def hold(connection: Connection, action: str) -> None:
    """Let nobody else settle this action until the transaction ends (SQLite has one writer anyway)."""
    connection.execute(select(actions.c.id).where(actions.c.id == action).with_for_update())


def end_open_attempts(connection: Connection, action: str, now: datetime) -> None:
    """A person decided what to do about a call without an answer: it stands in nobody's way any more."""
    connection.execute(
        update(attempts)
        .where(attempts.c.action == action, attempts.c.outcome.is_(None))
        .values(ended_at=iso(now), outcome="unknown", detail="no answer came; a person decided how to go on")
    )


def version_at(connection: Connection, kind: str, version: str) -> str | None:
    """Since when a version of rules or workspace is kept."""
    return connection.execute(
        select(versions.c.at).where(versions.c.kind == kind, versions.c.version == version)
    ).scalar()


def last_attempts(connection: Connection, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Action -> its last attempt."""
    rows = connection.execute(
        select(attempts).where(attempts.c.action.in_(list(ids))).order_by(attempts.c.seq)
    ).mappings()
    return {row["action"]: dict(row) for row in rows}


def reach_of(connection: Connection, ids: Iterable[str]) -> list[dict[str, Any]]:
    """What these actions are and whom they reach: kind, address, client_facing and observed of each."""
    columns = (actions.c.id, actions.c.kind, actions.c.address, actions.c.client_facing, actions.c.observed)
    found: list[dict[str, Any]] = []
    wanted = list(ids)
    for start in range(0, len(wanted), 400):
        some = select(*columns).where(actions.c.id.in_(wanted[start : start + 400]))
        found += [dict(row) for row in connection.execute(some).mappings()]
    return found


def parked(connection: Connection, limit: int = 100) -> list[dict[str, Any]]:
    """Events that could not be decided, newest first."""
    rows = connection.execute(
        select(events).where(events.c.state == "parked").order_by(events.c.seq.desc()).limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def changes_with(connection: Connection, text: str, limit: int) -> list[Record]:
    """Changes whose number or title holds the text, the latest touched first."""
    rows = connection.execute(
        select(records.c.data)
        .where(records.c.kind == "change", records.c.data.contains(text, autoescape=True))
        .order_by(records.c.at.desc())
        .limit(limit * 4)
    ).scalars()
    found = [codec.loads(data) for data in rows]
    held = [r for r in found if text.casefold() in f"{r.get('number')} {r.get('title')}".casefold()]
    return held[:limit]


def events_with(connection: Connection, text: str, limit: int) -> list[dict[str, Any]]:
    """Events among the latest whose type, source key or document holds the text, newest first."""
    some = _latest(connection, events)
    held = events.c.type.contains(text, autoescape=True) | events.c.key.contains(text, autoescape=True)
    held |= events.c.document.contains(text, autoescape=True)
    rows = connection.execute(select(events).where(some, held).order_by(events.c.seq.desc()).limit(limit))
    return [dict(row) for row in rows.mappings()]


def messages_with(connection: Connection, text: str, limit: int) -> list[dict[str, Any]]:
    """Actions among the latest whose subject or address holds the text, newest first."""
    some = _latest(connection, actions)
    held = actions.c.subject.contains(text, autoescape=True) | actions.c.address.contains(
        text, autoescape=True
    )
    rows = connection.execute(select(actions).where(some, held).order_by(actions.c.seq.desc()).limit(limit))
    return [dict(row) for row in rows.mappings()]


def _latest(connection: Connection, table: Table) -> ColumnElement[bool]:
    """The part of a table that a search looks at."""
    newest = int(connection.execute(select(func.max(table.c.seq))).scalar() or 0)
    return table.c.seq > newest - SEARCHED
