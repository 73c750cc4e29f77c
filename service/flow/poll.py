"""Polling: what a connection with `receive: poll` has new, and the past of any connection for a backfill.

In: connections whose turn has come. Out: their events, handed to `take_in`. The cursor is stored after the events:
a crash in between reads the same again, and the same events have the same ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from connectors.base import ConnectorError
from rules.facts.event import SourceEvent
from service.log import get
from service.state import Context
from service.store import gates
from service.store.database import StorageError, from_iso, iso
from service.store.switches import connection_state, connection_states_of, set_connection_state
from service.tools import Job, Tools

log = get("poll")
EVERY = timedelta(seconds=60)
PAGES = 10_000
TakeIn = Callable[[str, Iterable[SourceEvent]], int]


def due(context: Context) -> list[Job]:
    """The polled connections whose last poll is a minute old."""
    polled = context.polled()
    now = context.now()
    with context.database.reading() as connection:
        states = connection_states_of(connection, polled).values()
    return [
        Job(s["name"], s["name"])
        for s in states
        if gates.breaker(s, now) != "open"
        and (not s["last_polled_at"] or from_iso(s["last_polled_at"]) + EVERY <= now)
    ]


def poll(context: Context, tools: Tools, take_in: TakeIn, name: str) -> None:
    """Ask what is kept by this name for what is new since its cursor."""
    with context.database.reading() as connection:
        cursor = connection_state(connection, name)["cursor"] or ""
    try:
        _, after = _page(context, tools, take_in, context.polled().get(name, name), cursor)
    except ConnectorError as problem:
        _failed(context, name, str(problem), problem.retry_after)
        return
    except StorageError:
        raise
    except Exception as problem:
        log.exception("a poll broke its connector", connection=name)
        _failed(context, name, f"the connector broke on what it read ({type(problem).__name__})")
        return
    now = context.now()
    with context.database.writing() as connection:
        gates.answered(connection, name, now)
        set_connection_state(
            connection, name, cursor=after, last_polled_at=iso(now), last_delivery_at=iso(now)
        )


def _failed(context: Context, name: str, reason: str, asked: float | None = None) -> None:
    """Note the failure, and when it was: the next poll is a minute away, or later where the connection rests."""
    now = context.now()
    with context.database.writing() as connection:
        gates.failed(connection, name, reason, asked, now)
        set_connection_state(connection, name, last_polled_at=iso(now))
    log.warning("poll failed", connection=name, error=reason)


def backfill(
    context: Context, tools: Tools, take_in: TakeIn, name: str, since: datetime, told: Callable[[int], None]
) -> int:
    """Read the past of a connection from `since`, page by page; how many events. Raises ConnectorError."""
    cursor, total, empty = f"since:{iso(since)}", 0, 0
    for _ in range(PAGES):
        count, after = _page(context, tools, take_in, name, cursor)
        total += count
        told(total)
        # One page can be empty in the middle of the past; two in a row, or no step forward, are its end.
        empty = 0 if count else empty + 1
        if after == cursor or empty == 2:
            return total
        cursor = after
    return total


def _page(context: Context, tools: Tools, take_in: TakeIn, name: str, cursor: str) -> tuple[int, str]:
    known = context.connection(name)
    if known is None or known[0].poll is None:
        raise ConnectorError(f"connection {name} cannot be read back", retryable=False)
    connector, settings = known
    if connector.poll is None:
        raise ConnectorError(f"connection {name} cannot be read back", retryable=False)
    events, after = connector.poll(settings, tools.http(settings), cursor, context.now())
    return take_in(name, events), after
