"""Pages of what is on record, newest first, with a cursor: for the console and the API.

In: filters and a cursor. Out: `Page` of plain rows. The order never changes while one reads on: it is the order of
arrival, and new rows come before the first page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Table, func, select

from service.store.letters import Dead
from service.store.tables import actions, attempts, deliveries, events, outcomes, verdicts

MOST = 200
PLACE = "[0-9]{1,18}"
"""What a cursor looks like: a place in the order of arrival."""
USUAL = ("sent", "decided")


@dataclass(frozen=True, slots=True)
class Page:
    """Rows and the cursor of the next page, none after the last."""

    rows: list[dict[str, Any]]
    next: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page that is asked for: `cursor` as given by the page before, `limit` rows at most.

    since: the place in the order of arrival before which nothing is wanted.
    """

    cursor: str | None = None
    limit: int = 50
    since: int | None = None

    @property
    def before(self) -> int | None:
        """The place in the order before which the page begins. Raises ValueError for a cursor of nobody."""
        if self.cursor and not re.fullmatch(PLACE, self.cursor):
            raise ValueError("a cursor is a place in the order of arrival")
        return int(self.cursor) if self.cursor else None


def events_page(connection: Connection, wanted: Wanted, filters: Mapping[str, str | None]) -> Page:
    """Events. filters: type, project, client, connection, state, delivery, cause."""
    return _page(connection, events, wanted, filters)


def verdicts_page(connection: Connection, wanted: Wanted, filters: Mapping[str, str | None]) -> Page:
    """Verdicts. filters: event, rule, project, kind."""
    return _page(connection, verdicts, wanted, filters)


def actions_page(connection: Connection, wanted: Wanted, filters: Mapping[str, str | None]) -> Page:
    """Actions. filters: event, rule, project, client, connection, state, kind, recipient."""
    return _page(connection, actions, wanted, filters)


def dead_page(connection: Connection, wanted: Wanted, which: Dead) -> Page:
    """Dead letters."""
    return _page(connection, actions, wanted, {}, which.condition)


def messages_page(connection: Connection, wanted: Wanted, filters: Mapping[str, str | None]) -> Page:
    """Actions that say something to someone."""
    said = ("email", "comment", "chat", "task")
    return _page(connection, actions, wanted, filters, actions.c.kind.in_(said))


def deliveries_page(connection: Connection, wanted: Wanted, filters: Mapping[str, str | None]) -> Page:
    """Deliveries without their bodies. filters: connection. Read from the inbox."""
    columns = [c for c in deliveries.c if c.name != "body"]
    return _page(connection, deliveries, wanted, filters, columns=columns)


def outcomes_of(connection: Connection, ids: list[str]) -> dict[str, dict[str, Any]]:
    """What became of these deliveries, by id."""
    rows = connection.execute(select(outcomes).where(outcomes.c.delivery.in_(ids))).mappings()
    return {row["delivery"]: dict(row) for row in rows}


def settled_page(connection: Connection, wanted: Wanted, state: str) -> Page:
    """Outcomes of deliveries in one state, newest first."""
    return _page(connection, outcomes, wanted, {"state": state})


def event_row(connection: Connection, id: str) -> dict[str, Any] | None:
    """One event's row, or none."""
    row = connection.execute(select(events).where(events.c.id == id)).mappings().first()
    return dict(row) if row else None


def attempts_of(connection: Connection, action: str) -> list[dict[str, Any]]:
    """The attempts of an action, the first first."""
    rows = connection.execute(select(attempts).where(attempts.c.action == action).order_by(attempts.c.seq))
    return [dict(row) for row in rows.mappings()]


def _plain(column: Column[Any], value: str) -> Any:
    """The column to compare. A state that nearly every row has is compared without its index: reading on in the order
    of arrival finds a page of it at once, where the index would gather and sort them all.
    """
    return func.coalesce(column, "") if column.name == "state" and value in USUAL else column


def _page(
    connection: Connection,
    table: Table,
    wanted: Wanted,
    filters: Mapping[str, str | None],
    *conditions: Any,
    columns: list[Column[Any]] | None = None,
) -> Page:
    limit = max(1, min(wanted.limit, MOST))
    query = select(*(columns or table.c)).where(*conditions)
    for name, value in filters.items():
        if value is not None:
            query = query.where(_plain(table.c[name], value) == value)
    if wanted.before is not None:
        query = query.where(table.c.seq < wanted.before)
    if wanted.since is not None:
        query = query.where(table.c.seq >= wanted.since)
    rows = [
        dict(r) for r in connection.execute(query.order_by(table.c.seq.desc()).limit(limit + 1)).mappings()
    ]
    more = len(rows) > limit
    return Page(rows[:limit], str(rows[limit - 1]["seq"]) if more else None)
