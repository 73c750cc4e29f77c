"""What became of each delivery, and the follow-up reads that thin hooks ask for.

In: deliveries of the inbox. Out: their outcome (received until one is written, then decided, ignored, unsupported,
malformed, unmatched, reading, failed) and reads claimed with a lease like actions are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from connectors.base import Read
from rules.facts.event import digest
from service.store.database import insert_new, iso, upsert
from service.store.tables import outcomes, reads


@dataclass(frozen=True, slots=True)
class ClaimedRead:
    """A follow-up read held by this process until its lease ends."""

    id: str
    delivery: str
    connection: str
    read: Read
    token: int
    tries: int


def last_seq(connection: Connection) -> int:
    """The place in the order of arrival up to which every delivery has an outcome."""
    return int(connection.execute(select(func.max(outcomes.c.seq))).scalar() or 0)


@dataclass(frozen=True, slots=True)
class Became:
    """What became of a delivery: its state, the reason in words, how many events it was."""

    state: str
    reason: str | None = None
    events: int = 0


def settle(connection: Connection, place: tuple[str, int, str], became: Became, at: datetime) -> None:
    """Write down what became of the delivery at `place` (id, seq, connection); a second time replaces the first."""
    delivery, seq, name = place
    row = {
        "delivery": delivery,
        "seq": seq,
        "connection": name,
        "state": became.state,
        "reason": (became.reason or "")[:2000] or None,
        "events": became.events,
        "at": iso(at),
    }
    upsert(connection, outcomes, [row])


def forget(connection: Connection, delivery: str) -> None:
    """Take the outcome of a delivery back, so that it is normalised again."""
    connection.execute(update(outcomes).where(outcomes.c.delivery == delivery).values(state="again"))


def again(connection: Connection) -> list[str]:
    """The deliveries that are to be normalised again."""
    return list(connection.execute(select(outcomes.c.delivery).where(outcomes.c.state == "again")).scalars())


def outcome(connection: Connection, delivery: str) -> dict[str, Any] | None:
    """The outcome row of a delivery, or none while it waits."""
    row = connection.execute(select(outcomes).where(outcomes.c.delivery == delivery)).mappings().first()
    return dict(row) if row else None


def settled(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Which of these deliveries have an outcome."""
    return set(
        connection.execute(select(outcomes.c.delivery).where(outcomes.c.delivery.in_(list(ids)))).scalars()
    )


def add_reads(connection: Connection, delivery: str, name: str, wanted: Iterable[Read], at: datetime) -> None:
    """Ask for follow-up reads; the same read for the same delivery is asked for once."""
    insert_new(
        connection,
        reads,
        [
            {
                "id": "rd_" + digest(delivery, r.kind, r.id),
                "delivery": delivery,
                "connection": name,
                "kind": r.kind,
                "source_id": r.id,
                "params": json.dumps(dict(r.params), ensure_ascii=False),
                "state": "ready",
                "due_at": iso(at),
                "at": iso(at),
            }
            for r in wanted
        ],
    )


def reads_due(connection: Connection, now: datetime, wanted: Callable[[str], int]) -> list[tuple[str, str]]:
    """(id, connection) of reads that may be claimed now, oldest first, of each connection as many as `wanted` says."""
    over = ((reads.c.state == "ready") & (reads.c.due_at <= iso(now))) | (
        (reads.c.state == "reading") & (reads.c.lease_until <= iso(now))
    )
    found: list[Any] = []
    for lane in connection.execute(select(reads.c.connection).where(over).distinct()).scalars().all():
        if (limit := wanted(lane)) > 0:
            rows = select(reads.c.id, reads.c.connection, reads.c.at).where(over, reads.c.connection == lane)
            found += connection.execute(rows.order_by(reads.c.at, reads.c.id).limit(limit)).all()
    return [(row.id, row.connection) for row in sorted(found, key=lambda r: (r.at, r.id))]


def connection_of_read(connection: Connection, id: str) -> str | None:
    """The connection that a read asks, or none where there is no such read."""
    return connection.execute(select(reads.c.connection).where(reads.c.id == id)).scalar()


def claim_read(connection: Connection, id: str, now: datetime, until: datetime) -> ClaimedRead | None:
    """Take the read until `until`; none when it is no longer to be had."""
    row = connection.execute(select(reads).where(reads.c.id == id)).mappings().first()
    if row is None or row["state"] not in ("ready", "reading") or (row["lease_until"] or "") > iso(now):
        return None
    token = row["token"] + 1
    won = connection.execute(
        update(reads)
        .where(reads.c.id == id, reads.c.token == row["token"])
        .values(state="reading", token=token, tries=reads.c.tries + 1, lease_until=iso(until))
    )
    if won.rowcount != 1:
        return None
    read = Read(row["kind"], row["source_id"], json.loads(row["params"]))
    return ClaimedRead(id, row["delivery"], row["connection"], read, token, row["tries"] + 1)


def finish_read(
    connection: Connection, claimed: ClaimedRead, state: str, error: str | None, due: datetime
) -> bool:
    """Write down how the read ended: done, ready (again at `due`) or dead; false when the lease was lost."""
    done = connection.execute(
        update(reads)
        .where(reads.c.id == claimed.id, reads.c.token == claimed.token)
        .values(state=state, error=(error or "")[:2000] or None, lease_until=None, due_at=iso(due))
    )
    return done.rowcount == 1


def open_reads(connection: Connection, delivery: str) -> int:
    """How many reads of the delivery are not over."""
    return int(
        connection.execute(
            select(func.count()).where(reads.c.delivery == delivery, reads.c.state.in_(("ready", "reading")))
        ).scalar()
        or 0
    )


def failed_read(connection: Connection, delivery: str) -> str | None:
    """Why a read of the delivery was given up, or none when all went well."""
    error = select(reads.c.error).where(reads.c.delivery == delivery, reads.c.state == "dead").limit(1)
    return connection.execute(error).scalar()


def redrive_read(connection: Connection, id: str, now: datetime) -> bool:
    """Try a dead read again; false when it is not dead. Its delivery is being read again."""
    done = connection.execute(
        update(reads)
        .where(reads.c.id == id, reads.c.state == "dead")
        .values(state="ready", tries=0, due_at=iso(now))
    )
    delivery = select(reads.c.delivery).where(reads.c.id == id).scalar_subquery()
    if done.rowcount == 1:
        connection.execute(
            update(outcomes)
            .where(outcomes.c.delivery == delivery, outcomes.c.state == "failed")
            .values(state="reading", reason=None)
        )
    return done.rowcount == 1


def dead_reads(
    connection: Connection, of: str | None = None, reason: str | None = None, limit: int = 200
) -> list[dict[str, Any]]:
    """Reads that were given up, newest first: all, or those of a connection, or with this in their reason."""
    query = select(reads).where(reads.c.state == "dead")
    if of:
        query = query.where(reads.c.connection == of)
    if reason:
        query = query.where(func.coalesce(reads.c.error, "").icontains(reason, autoescape=True))
    rows = connection.execute(query.order_by(reads.c.at.desc()).limit(limit))
    return [dict(row) for row in rows.mappings()]
