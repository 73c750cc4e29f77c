"""What the team was told is wrong, until it is over; and the piles of what was given up, by connection.

In: troubles that were found. Out: which of them are told already: each is opened once and ended once, whoever looks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from service.store.database import insert_new, iso
from service.store.tables import actions, reads, troubles

NOBODY = "[]"


@dataclass(frozen=True, slots=True)
class Pile:
    """Actions and reads of one connection in one state: how many, since when, the newest with its reason."""

    connection: str
    count: int
    since: str
    newest: str
    reason: str


def piles(connection: Connection, state: str, *, without: str) -> list[Pile]:
    """The piles in a state ("dead", "unknown"), by connection. `without`: a rule whose actions do not count."""
    lane = func.coalesce(actions.c.connection, actions.c.kind)
    rows = connection.execute(
        select(lane.label("lane"), func.count().label("n"), func.min(actions.c.done_at).label("since"))
        .add_columns(func.max(actions.c.seq).label("newest"))
        .where(actions.c.state == state, actions.c.rule != without)
        .group_by(lane)
    ).all()
    found: dict[str, Pile] = {}
    for row in rows:
        newest = connection.execute(
            select(actions.c.id, actions.c.reason, actions.c.at).where(actions.c.seq == row.newest)
        ).one()
        found[row.lane] = Pile(row.lane, row.n, row.since or newest.at, newest.id, newest.reason or "")
    for pile in _reads(connection, state):
        found[pile.connection] = _together(found.get(pile.connection), pile)
    return [found[name] for name in sorted(found)]


def _together(one: Pile | None, other: Pile) -> Pile:
    if one is None:
        return other
    since = min(one.since, other.since)
    return Pile(one.connection, one.count + other.count, since, one.newest + other.newest, one.reason)


def _reads(connection: Connection, state: str) -> list[Pile]:
    rows = connection.execute(
        select(reads.c.connection, func.count().label("n"), func.min(reads.c.at).label("since"))
        .add_columns(func.max(reads.c.at).label("last"), func.max(reads.c.error).label("error"))
        .where(reads.c.state == state)
        .group_by(reads.c.connection)
    )
    return [Pile(r.connection, r.n, r.since, r.last, r.error or "") for r in rows]


def told(connection: Connection) -> dict[tuple[str, str], dict[str, Any]]:
    """(kind, subject) -> row of everything that the team was told and that is not over."""
    rows = connection.execute(select(troubles)).mappings()
    return {(r["kind"], r["subject"]): dict(r) for r in rows}


def begin(
    connection: Connection, key: tuple[str, str], since: datetime, now: datetime, mark: str, data: str
) -> bool:
    """Note that the team is told of this now; false when another process was quicker."""
    if key in told(connection):
        return False
    row = {"kind": key[0], "subject": key[1], "since": iso(since), "told_at": iso(now), "mark": mark}
    insert_new(connection, troubles, [{**row, "actions": NOBODY, "data": data}])
    # Another process that inserted it meanwhile has named its messages in the same transaction.
    return str(told(connection)[key]["actions"]) == NOBODY


def told_by(connection: Connection, key: tuple[str, str], ids: Iterable[str]) -> None:
    """The messages that told it: the good news afterwards goes to those who heard the bad."""
    _set(connection, key, actions=json.dumps(list(ids)))


def again(connection: Connection, key: tuple[str, str], now: datetime, mark: str) -> None:
    """More of it came, and the team is told once more."""
    _set(connection, key, told_at=iso(now), mark=mark)


def still_there(connection: Connection, key: tuple[str, str], gone_at: datetime | None) -> None:
    """It is there (none), or was not found any more at this moment for the first time."""
    _set(connection, key, gone_at=iso(gone_at) if gone_at else None)


def end(connection: Connection, key: tuple[str, str]) -> bool:
    """It is over; false when another process was quicker."""
    done = connection.execute(delete(troubles).where(troubles.c.kind == key[0], troubles.c.subject == key[1]))
    return done.rowcount == 1


def _set(connection: Connection, key: tuple[str, str], **values: Any) -> None:
    mine = (troubles.c.kind == key[0]) & (troubles.c.subject == key[1])
    connection.execute(update(troubles).where(mine).values(**values))
