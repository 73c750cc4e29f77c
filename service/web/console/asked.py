"""What a list is asked for: its filters from the address, checked, and the page of rows they mean.

In: the request's query. Out: `Asked` with the filters that the room knows, as texts for the links of the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import request

from service.store import attention
from service.store.database import Connection
from service.store.lists import Wanted
from service.web.pages import Reader

PAGE = 50
LONGEST = 200
PERIODS = {"today": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}


@dataclass(frozen=True)
class Asked:
    """`query` holds what the address says, for links; `filters` is what the store takes."""

    query: dict[str, str]
    filters: dict[str, str | None]
    cursor: str | None
    period: timedelta | None

    def wanted(self, seen: Reader, connection: Connection, table: attention.Arriving) -> Wanted:
        """The page of rows of a table."""
        since = attention.since(connection, table, seen.fmt.now - self.period) if self.period else None
        return Wanted(self.cursor, PAGE, since)


def asked(*names: str) -> Asked:
    """The filters of those names; what else the address carries is left out. A cursor of nobody means the newest."""
    given = {k: v[:LONGEST] for k, v in request.args.items() if v and k in (*names, "period", "cursor")}
    cursor = given.get("cursor")
    if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        cursor = None
        del given["cursor"]
    filters = {name: given.get(name) for name in names}
    return Asked(given, filters, cursor, PERIODS.get(given.get("period", "")))
