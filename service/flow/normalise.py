"""Second stage: a stored delivery becomes events in our words, follow-up reads, or a stated refusal.

In: a delivery of the inbox, or what a follow-up read or a poll brought. Out: events with project and people of
the workspace, stored to be decided, in one transaction with what became of the delivery.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from connectors.base import ConnectorError, Inbound, Malformed, Unsupported
from rules.engine.outcomes import message_fields
from rules.engine.placing import Placed, is_stranger, place_all
from rules.facts.event import Event, SourceEvent
from service.log import bound, get
from service.state import Context
from service.store import actions, assignments, deliveries, inbox, journal
from service.store.backlog import Backlog, backlog, keep_mark
from service.store.database import Connection, StorageError, iso
from service.store.deliveries import Became
from service.store.inbox import Stored
from service.store.switches import set_connection_state

log = get("normalise")
GROUP = 100
"""So many deliveries are in memory at once."""
AT_ONCE = 500
"""So many are normalised before it is looked again whose turn it is."""


def normalise_waiting(
    context: Context, going: Callable[[], bool] = lambda: True, limit: int | None = None
) -> int:
    """Normalise every delivery that has no outcome yet, in turns between connections; how many there were.

    going: whether another one may be begun.  limit: how many at most.
    """
    with context.database.reading() as connection:
        again = deliveries.again(connection)
    count = _each(context, again, going)
    while limit is None or count < limit:
        due = [place.id for place in _backlog(context).in_turns()]
        some = _each(context, due[: AT_ONCE if limit is None else min(AT_ONCE, limit - count)], going)
        if not some:
            break
        count += some
    return count


def _backlog(context: Context) -> Backlog:
    with context.database.inbox_reading() as inbox, context.database.reading() as connection:
        found = backlog(inbox, connection)
    if found.far:
        with context.database.writing() as connection:
            keep_mark(connection, found)
    return found


def _each(context: Context, ids: list[str], going: Callable[[], bool]) -> int:
    """Normalise these in their order as long as it is `going`; how many."""
    count = 0
    for start in range(0, len(ids), GROUP):
        group = ids[start : start + GROUP]
        with context.database.inbox_reading() as connection:
            stored = inbox.some(connection, group)
        for id in group:
            if not going():
                return count
            if id in stored:
                normalise(context, stored[id])
                count += 1
    return count


def normalise(context: Context, stored: Stored) -> None:
    """Normalise one delivery and write down what became of it; one that breaks something stops no other."""
    call = stored.delivery
    with bound(request_id=call.headers.get("x-request-id"), delivery=stored.id, connection=call.connection):
        _normalise(context, stored)


def _normalise(context: Context, stored: Stored) -> None:
    state, reason, found = _understood(context, stored)
    try:
        _store(context, stored, state, reason, found)
    except StorageError:
        raise
    except Exception as problem:
        log.exception("what a delivery means could not be stored")
        told = f"what it means could not be stored ({type(problem).__name__}); it is kept and can be replayed"
        _store(context, stored, "failed", told, Inbound())


def _understood(context: Context, stored: Stored) -> tuple[str, str | None, Inbound]:
    """State, reason and meaning of a delivery, in its connector's words."""
    name = stored.delivery.connection
    known = context.connection(name)
    if known is None or known[0].normalise is None:
        told = f"the workspace has no connection {name} any more; add it again, then replay"
        return "failed", told, Inbound()
    try:
        found = known[0].normalise(stored.delivery, known[1])
    except Malformed as problem:
        return "malformed", str(problem), Inbound()
    except Unsupported as problem:
        return "unsupported", str(problem), Inbound()
    except ConnectorError as problem:
        return "failed", str(problem), Inbound()
    except Exception as problem:
        log.exception("a delivery broke its connector")
        told = f"the connector broke on it ({type(problem).__name__}); it is kept and can be replayed"
        return "failed", told, Inbound()
    return ("ignored", found.ignored, found) if found.ignored else ("decided", None, found)


def take_in(
    context: Context, name: str, found: Iterable[SourceEvent], delivery: str | None, *, history: bool = False
) -> int:
    """Store what a follow-up read or a poll brought; how many events. `history`: it was read back from the past and
    builds the record only.
    """
    placed = _place_all(context, name, tuple(found), context.now())
    events = [replace(p.event, history=True) if history else p.event for p in placed]
    with context.database.writing() as connection:
        journal.add(connection, events, delivery)
        _mark_returned(connection, events, context.now())
    return len(placed)


def _store(context: Context, stored: Stored, state: str, reason: str | None, found: Inbound) -> None:
    now, name = context.now(), stored.delivery.connection
    placed = _place_all(context, name, found.events, stored.delivery.received_at)
    if state == "decided":
        state, reason = _placing(placed, bool(found.reads))
    with context.database.writing() as connection:
        journal.add(connection, [p.event for p in placed], stored.id)
        _mark_returned(connection, [p.event for p in placed], now)
        deliveries.add_reads(connection, stored.id, name, found.reads, now)
        became = Became(state, reason, len(placed))
        deliveries.settle(connection, (stored.id, stored.seq, name), became, now)
        set_connection_state(connection, name, last_delivery_at=iso(stored.delivery.received_at))
    log.info(
        "delivery normalised",
        state=state,
        events=len(placed),
        reads=len(found.reads),
    )


def _placing(placed: list[Placed], reads: bool) -> tuple[str, str | None]:
    """The delivery's state by where its events found a home."""
    astray = [p for p in placed if p.problem]
    if astray:
        return "unmatched", astray[0].problem
    if placed and not any(p.ours for p in placed):
        return "ignored", "somebody said in the inbox that this place is none of ours"
    return ("reading", None) if reads and not placed else ("decided", None)


def _place_all(
    context: Context, name: str, found: Iterable[SourceEvent], received_at: datetime
) -> list[Placed]:
    """The events placed, each with its project and people."""
    with context.database.reading() as connection:
        lines_of = partial(journal.lines_of_document, connection, name)
        home_of = partial(_home_of, connection, name)
        remembered = partial(assignments.remembered, connection)
        workspace = context.rulebook.workspace
        known = [source for source in found if not is_stranger(workspace, source)]
        placed = place_all(workspace, name, known, received_at, lines_of, home_of, remembered)
        return [replace(p, event=_of_ours(connection, p.event)) for p in placed]


def _of_ours(connection: Connection, event: Event) -> Event:
    """An event about a message of ours, with what that message was about: whom it was for, what it asked."""
    message = event.objects.get("message")
    row = _message(connection, event.key or "") if message else None
    if message is None or row is None:
        return event
    said = {k: v for k, v in message.items() if v is not None and k not in ("id", "to", "channel")}
    ours = {**message, **message_fields(actions.decode(row["data"])), **said}
    return replace(event, objects={**event.objects, "message": ours})


def _mark_returned(connection: Connection, events: Iterable[Event], now: datetime) -> None:
    """A message that came back is no longer one that was sent."""
    for event in events:
        if event.type == "message.bounced":
            message = event.objects["message"]
            actions.came_back(connection, str(message["id"]), str(message.get("error") or ""), now)


def _message(connection: Connection, key: str) -> dict[str, Any] | None:
    """The message that a key or Message-ID of ours stands for."""
    return actions.row_of(connection, key.strip("<>").partition("@")[0])


def _home_of(connection: Connection, name: str, key: str) -> str | None:
    """The project that a key of this connection had before; of a reply, the project of the message it answers."""
    known = journal.home_of_key(connection, name, key)
    if known is not None:
        return known
    message = _message(connection, key)
    return str(message["project"]) if message and message["project"] else None
