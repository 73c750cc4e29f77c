"""`read_first`: the object of a message is read again from its source, right before the message leaves.

In: a claimed heap that waits to be read, and how events are taken in. Out: the source's answer taken in like any
follow-up read, and each message with the moment of the reading, held until the source answers, or over. Its condition
is checked with what was read once that is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from connectors.base import ConnectorError, Malformed
from rules.engine.recheck import object_of
from rules.engine.release import Over
from rules.facts.event import SourceEvent
from service.releasing import end
from service.state import Context
from service.store import actions, journal
from service.store.actions import Claimed
from service.tools import Tools

TakeIn = Callable[[str, Iterable[SourceEvent], str | None], int]
"""(connection, events, delivery) -> how many events were stored."""

_AGAIN: Final = timedelta(minutes=5)
_SOON: Final = timedelta(seconds=1)
_GONE: Final = (404, 410)


@dataclass(frozen=True, slots=True)
class _Held:
    """The source does not answer: until when the message is held, and why."""

    pause: timedelta
    reason: str


def kept_for_reading(context: Context, tools: Tools, take_in: TakeIn, heap: Sequence[Claimed]) -> bool:
    """Whether the heap is not ready to leave for its reading's sake: what it needs has been begun by then."""
    waiting = [one for one in heap if one.planned.waits == "read"]
    unread = [one for one in waiting if one.planned.read_at is None]
    if unread:
        _read(context, tools, take_in, heap, unread)
        return True
    return bool(waiting) and _undecided(context, heap)


def _read(
    context: Context, tools: Tools, take_in: TakeIn, heap: Sequence[Claimed], unread: Sequence[Claimed]
) -> None:
    found = {one.planned.id: _one(context, tools, take_in, one) for one in unread}
    held = next((one for one in found.values() if isinstance(one, _Held)), None)
    now = context.now()
    with context.database.writing() as connection:
        for one in heap:
            planned, over = one.planned, found.get(one.planned.id)
            if isinstance(over, tuple):
                end(context, connection, one, over)
            elif held is not None:
                until = replace(planned, due=now + held.pause, read_at=None)
                actions.wait(connection, planned.id, one.token, until, held.reason)
            else:
                actions.wait(connection, planned.id, one.token, replace(planned, due=now, read_at=now))
    context.bells.ring("decide")


def _one(context: Context, tools: Tools, take_in: TakeIn, claimed: Claimed) -> _Held | Over | None:
    """Read the object of one message; none when that is done."""
    with context.database.reading() as connection:
        event = journal.one(connection, claimed.planned.event)
        rule = context.rulebook.of(claimed.ruleset).rules.get(claimed.planned.rule)
        if event is None or rule is None or rule.read_first is None:
            return None
        noun, record = rule.read_first, object_of(rule.read_first, event, context.state(connection))
    if record is None:
        return "cancelled", f"there is no {noun} to read again"
    name = (event.connection if noun in event.objects else None) or record.get("connection")
    known = context.connection(str(name)) if name else None
    if known is None or known[0].again is None or known[0].read is None:
        return _cannot(name, noun)
    connector, settings = known
    wanted = known[0].again(noun, event.key or "", record, event.at)
    if wanted is None:
        return _cannot(name, noun)
    try:
        read = tuple(known[0].read(wanted, settings, tools.http(settings)))
    except ConnectorError as problem:
        if problem.status in _GONE:
            return "cancelled", f"{connector.title} has no such {noun} any more"
        pause = max(_AGAIN, timedelta(seconds=problem.retry_after or 0))
        return _Held(pause, f"{connector.title} could not be read, so it is not sent yet: {problem}")
    except Malformed as problem:
        return _Held(
            _AGAIN, f"what {connector.title} answered cannot be understood, so it is not sent: {problem}"
        )
    take_in(settings.name, read, None)
    return None


def _cannot(name: object, noun: str) -> Over:
    told = f"connection {name} has no way to read this {noun} again" if name else f"this {noun} has no source"
    return "dead", f"{told}, and its rule wants that first; leave `read_first` out of the rule"


def _undecided(context: Context, heap: Sequence[Claimed]) -> bool:
    """Whether what was read is still being decided: then the heap looks again in a moment."""
    read_at = max(one.planned.read_at for one in heap if one.planned.read_at is not None)
    with context.database.writing() as connection:
        if not journal.undecided(connection, heap[0].planned.client, read_at):
            return False
        for one in heap:
            held = replace(one.planned, due=context.now() + _SOON)
            actions.wait(connection, one.planned.id, one.token, held)
    context.bells.ring("decide")
    return True
