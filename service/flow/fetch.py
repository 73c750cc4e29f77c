"""Follow-up reads: a thin hook said "look at this record"; here it is read back from its source.

In: reads that are due. Out: their events, handed to `take_in`. Claimed with a lease and tried again with the same
care as actions; what cannot be read becomes a dead letter that a person can try again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from connectors.base import ConnectorError, Malformed
from rules.facts.event import SourceEvent
from service.log import bound, get
from service.state import Context
from service.store import deliveries, gates
from service.store.database import Connection, StorageError
from service.store.deliveries import Became, ClaimedRead
from service.tools import LEASE, MAX_TRIES, Job, Tools, pause_after

log = get("fetch")
REFUSED_US = 401
"""The answer that refuses the account, whatever is asked."""
TakeIn = Callable[[str, Iterable[SourceEvent], str], int]
"""(connection, events, delivery) -> how many events were stored."""


def due(context: Context, limit: int) -> list[Job]:
    """Reads that may be made now: of each connection as many as it has room for, `limit` at most."""
    now = context.now()
    with context.database.reading() as connection:

        def wanted(lane: str) -> int:
            return min(limit, gates.room(connection, lane, context.limits(lane), now))

        return [Job(id, lane) for id, lane in deliveries.reads_due(connection, now, wanted)]


def fetch(context: Context, tools: Tools, take_in: TakeIn, id: str) -> None:
    """Make one read, if it is still to be had and its connection has room."""
    now = context.now()
    with context.database.writing() as connection:
        name = deliveries.connection_of_read(connection, id)
        if name is None or not gates.enter(connection, name, context.limits(name), now, now + LEASE):
            return
        claimed = deliveries.claim_read(connection, id, now, now + LEASE)
    if claimed is not None:
        with bound(delivery=claimed.delivery, read=claimed.id, connection=claimed.connection):
            _read(context, tools, take_in, claimed)


def _read(context: Context, tools: Tools, take_in: TakeIn, claimed: ClaimedRead) -> None:
    known = context.connection(claimed.connection)
    if known is None or known[0].read is None:
        _finish(
            context, claimed, "dead", f"connection {claimed.connection} cannot be read any more; add it again"
        )
        return
    connector, settings = known
    try:
        found = tuple(connector.read(claimed.read, settings, tools.http(settings))) if connector.read else ()
        count = take_in(claimed.connection, found, claimed.delivery)
    except ConnectorError as problem:
        _failed(context, claimed, problem)
    except Malformed as problem:
        _finish(context, claimed, "dead", f"the record cannot be understood: {problem}")
    except StorageError:
        raise
    except Exception as problem:
        log.exception("a read broke", read=claimed.id, connection=claimed.connection)
        _finish(context, claimed, "dead", f"the connector broke on the record ({type(problem).__name__})")
    else:
        _finish(context, claimed, "done", None, count)


def _failed(context: Context, claimed: ClaimedRead, problem: ConnectorError) -> None:
    """The read is tried again later, or given up. Its connection rests as it does after calls that failed."""
    now = context.now()
    against = problem.retryable or problem.status == REFUSED_US
    if against:
        with context.database.writing() as connection:
            gates.failed(connection, claimed.connection, str(problem), problem.retry_after, now)
    if problem.retryable and claimed.tries < MAX_TRIES:
        due_at = now + timedelta(seconds=pause_after(claimed.tries, problem.retry_after))
        with context.database.writing() as connection:
            deliveries.finish_read(connection, claimed, "ready", str(problem), due_at)
        log.warning(
            "read failed, trying again", read=claimed.id, connection=claimed.connection, error=str(problem)
        )
        return
    _finish(context, claimed, "dead", str(problem), answered=not against)


def _finish(
    context: Context,
    claimed: ClaimedRead,
    state: str,
    error: str | None,
    count: int = 0,
    *,
    answered: bool = True,
) -> None:
    now = context.now()
    with context.database.writing() as connection:
        if answered:
            gates.answered(connection, claimed.connection, now)
        if not deliveries.finish_read(connection, claimed, state, error, now):
            return
        _add_up(connection, claimed, count, now)
    log.info(
        "record read", read=claimed.id, connection=claimed.connection, state=state, events=count, error=error
    )


def _add_up(connection: Connection, claimed: ClaimedRead, count: int, now: datetime) -> None:
    """What the delivery has come to so far; once nothing of it is being read any more, how it ended."""
    settled = deliveries.outcome(connection, claimed.delivery)
    if settled is None or settled["state"] != "reading":
        return
    became = Became("reading", None, settled["events"] + count)
    if not deliveries.open_reads(connection, claimed.delivery):
        failed = deliveries.failed_read(connection, claimed.delivery)
        became = Became("failed" if failed else "decided", failed, became.events)
    deliveries.settle(connection, (claimed.delivery, settled["seq"], claimed.connection), became, now)
