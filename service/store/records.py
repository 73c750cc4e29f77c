"""The records of the domain (projects, baselines, entries, changes, ladders ...) as the engine's `Book`.

In: a connection. Out: `SqlBook`, which reads each record at most once, and `save` for what an evaluation wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from rules.facts import codec
from rules.facts.event import Record
from service.store.database import iso, upsert
from service.store.tables import records

CURSOR = (
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{6})?Z\|.+"
)
"""What a cursor looks like: when a record last changed, and its id."""


class SqlBook:
    """Reads records through one connection, and keeps them for the length of one evaluation."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._seen: dict[tuple[str, str], Record | None] = {}
        self._lists: dict[tuple[str, str, str | None], list[Record]] = {}

    def get(self, kind: str, id: str) -> Record | None:
        """The record, or none."""
        if (kind, id) not in self._seen:
            data = self._connection.execute(
                select(records.c.data).where(records.c.kind == kind, records.c.id == id)
            ).scalar()
            self._seen[kind, id] = codec.loads(data) if data else None
        return self._seen[kind, id]

    def find(self, kind: str, project: str, status: str | None = None) -> list[Record]:
        """All records of that kind of the project, or those of one status, in the order of their ids."""
        if (kind, project, status) not in self._lists:
            wanted = select(records.c.data).where(records.c.kind == kind, records.c.project == project)
            if status is not None:
                wanted = wanted.where(records.c.status == status)
            rows = self._connection.execute(wanted.order_by(records.c.id)).scalars()
            self._lists[kind, project, status] = [codec.loads(data) for data in rows]
        return self._lists[kind, project, status]


def each(connection: Connection, kind: str, project: str) -> Iterator[Record]:
    """All records of that kind of the project, one after the other, however many they are."""
    wanted = select(records.c.data).where(records.c.kind == kind, records.c.project == project)
    for row in connection.execute(wanted.execution_options(yield_per=500)):
        yield codec.loads(row.data)


def save(connection: Connection, puts: Mapping[tuple[str, str], Record], at: datetime) -> None:
    """Store what an evaluation wrote, replacing each record as a whole."""
    upsert(
        connection,
        records,
        [
            {
                "kind": kind,
                "id": id,
                "project": record.get("project"),
                "client": record.get("client"),
                "status": record.get("status"),
                "data": codec.dumps(record),
                "at": iso(at),
            }
            for (kind, id), record in puts.items()
        ],
    )


def read_cursor(cursor: str) -> tuple[str, str]:
    """Moment and id of the last record seen. Raises ValueError for what `page` did not give."""
    if not re.fullmatch(CURSOR, cursor):
        raise ValueError("a cursor has a moment and an id")
    at, _, id = cursor.partition("|")
    return at, id


def page(
    connection: Connection,
    kind: str,
    *,
    project: str | None = None,
    client: str | None = None,
    status: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[Record]:
    """Records of one kind, newest change first; `after` is the cursor "at|id" of the last one seen."""
    query = select(records.c.data, records.c.at, records.c.id).where(records.c.kind == kind)
    for column, value in (
        (records.c.project, project),
        (records.c.client, client),
        (records.c.status, status),
    ):
        if value is not None:
            query = query.where(column == value)
    if after:
        at, id = read_cursor(after)
        query = query.where((records.c.at < at) | ((records.c.at == at) & (records.c.id < id)))
    rows = connection.execute(query.order_by(records.c.at.desc(), records.c.id.desc()).limit(limit))
    return [{**codec.loads(row.data), "_cursor": f"{row.at}|{row.id}"} for row in rows]
