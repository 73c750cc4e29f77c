"""Deliveries as they came, on disk before they are answered.

In: `Delivery` values from many request threads. Out: their ids, once committed. Many requests share one commit
(`Writer`, group commit by one thread), which is how durable receiving is fast.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from connectors.base import Delivery
from service.store.database import Database, StorageError, from_iso, insert_at_once, iso
from service.store.tables import deliveries

GROUP = 256
WAITING_LIMIT = 4096


@dataclass(frozen=True, slots=True)
class Incoming:
    """A delivery to store under `id`; `dedup` recognises it when the source sends it again."""

    id: str
    dedup: str
    delivery: Delivery
    repeat_of: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored delivery. `seq` is its place in the order of arrival."""

    seq: int
    id: str
    delivery: Delivery
    repeat_of: str | None


class _Waiting:
    """A delivery on its way to the disk, and the thread that waits for it."""

    __slots__ = ("error", "id", "incoming", "stored")

    def __init__(self, incoming: Incoming) -> None:
        self.incoming = incoming
        self.id = ""
        self.error: StorageError | None = None
        # A bare lock: it is taken until the delivery is stored, which is all that is needed of an event.
        self.stored = threading.Lock()
        self.stored.acquire()


class Writer:
    """The one thread that writes the inbox. `store` blocks until the row is on disk."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="inbox-writer", daemon=True)
        self._thread.start()

    def store(self, incoming: Incoming, timeout: float = 10.0) -> str:
        """The id under which it is on disk: its own, or the first one's for a delivery seen before.

        Raises StorageError when it could not be stored in time.
        """
        waiting = _Waiting(incoming)
        if self._waiting.qsize() < WAITING_LIMIT:
            self._waiting.put(waiting)
            if waiting.stored.acquire(timeout=timeout):
                if waiting.error is not None:
                    raise waiting.error
                return waiting.id
        raise StorageError("the inbox did not take the delivery in time")

    def close(self) -> None:
        """Store what waits, then stop."""
        self._waiting.put(None)
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            group, last = [first], False
            while len(group) < GROUP and not last and not self._waiting.empty():
                item = self._waiting.get()
                if item is None:
                    last = True
                else:
                    group.append(item)
            self._commit(group)
            for waiting in group:
                waiting.stored.release()
            if last:
                return

    def _commit(self, group: list[_Waiting]) -> None:
        incoming = [waiting.incoming for waiting in group]
        try:
            with self._database.inbox_writing() as connection:
                new = insert_at_once(connection, deliveries, [_row(one) for one in incoming])
                first = {} if new == len(group) else _first_ids(connection, incoming)
        except Exception as error:  # noqa: BLE001 (whatever went wrong, every waiting request must be answered)
            for waiting in group:
                waiting.error = (
                    error if isinstance(error, StorageError) else StorageError(type(error).__name__)
                )
            return
        for waiting in group:
            one = waiting.incoming
            waiting.id = first.get((one.delivery.connection, one.dedup), one.id)


def some(connection: Connection, ids: Collection[str]) -> dict[str, Stored]:
    """Those of these deliveries that are kept, by id."""
    rows = connection.execute(select(deliveries).where(deliveries.c.id.in_(ids)))
    return {stored.id: stored for stored in map(_stored, rows.mappings())}


def one(connection: Connection, id: str) -> Stored | None:
    """The delivery of that id, or none."""
    row = connection.execute(select(deliveries).where(deliveries.c.id == id)).mappings().first()
    return _stored(row) if row else None


def last_seq(connection: Connection) -> int:
    """The newest place in the order of arrival; 0 for an empty inbox."""
    return int(connection.execute(select(func.max(deliveries.c.seq))).scalar() or 0)


def same_body(connection: Connection, connection_name: str, prefix: str) -> str | None:
    """The first delivery of the connection whose dedup key starts with `prefix`, or none."""
    found = connection.execute(
        select(deliveries.c.id)
        .where(
            deliveries.c.connection == connection_name, deliveries.c.dedup.startswith(prefix, autoescape=True)
        )
        .order_by(deliveries.c.seq)
        .limit(1)
    ).scalar()
    return str(found) if found else None


def _first_ids(connection: Connection, group: list[Incoming]) -> dict[tuple[str, str], str]:
    """(connection, dedup) -> id on disk, for all of a group."""
    rows = connection.execute(
        select(deliveries.c.connection, deliveries.c.dedup, deliveries.c.id).where(
            deliveries.c.dedup.in_({incoming.dedup for incoming in group})
        )
    )
    return {(row.connection, row.dedup): row.id for row in rows}


def _row(incoming: Incoming) -> dict[str, object]:
    call = incoming.delivery
    return {
        "id": incoming.id,
        "connection": call.connection,
        "dedup": incoming.dedup,
        "method": call.method,
        "path": call.path,
        "query": json.dumps(dict(call.query), ensure_ascii=True),
        "headers": json.dumps(dict(call.headers), ensure_ascii=True),
        "body": call.body,
        "repeat_of": incoming.repeat_of,
        "received_at": iso(call.received_at),
    }


def _stored(row: object) -> Stored:
    values = dict(row)  # type: ignore[call-overload]
    return Stored(
        seq=values["seq"],
        id=values["id"],
        repeat_of=values["repeat_of"],
        delivery=Delivery(
            connection=values["connection"],
            method=values["method"],
            path=values["path"],
            query=json.loads(values["query"]),
            headers=json.loads(values["headers"]),
            body=bytes(values["body"]),
            received_at=from_iso(values["received_at"]),
        ),
    )
