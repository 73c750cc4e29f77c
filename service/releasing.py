"""What becomes of a claimed heap before its call is made: looked at, held, gathered, counted, all on record.

In: an action that is due. Out: a `Look`: the one message that leaves now, or none; and, once it is written, what waits
on, what is over and what is said in another. Decided by the same pure step as in scenarios (`rules.engine.release`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from rules.engine.caps import Spoken, counts_for_client
from rules.engine.outcomes import Became, message_event
from rules.engine.recheck import with_latest
from rules.engine.release import Message, Over, Release, Waited, as_digest, release
from rules.engine.verdicts import Planned
from rules.facts.event import Event
from rules.language.texts import Rendered
from service.state import Context
from service.store import actions, heaps, journal
from service.store.actions import Claimed
from service.store.database import Connection

Words = Callable[[Planned, str], Rendered | str]
"""The words of a message by the rule set that decided it, or why it cannot be said."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a heap came to at one moment. `message` leaves now, by the claim of `claimed`, if nobody wrote to its reader
    meanwhile: `counted` is what was counted.
    """

    heap: Sequence[Claimed]
    found: Release
    message: Message | None
    counted: Mapping[str, Spoken]

    @property
    def claimed(self) -> Claimed | None:
        """The claim of the message that leaves, with the message as it will be said."""
        if self.message is None:
            return None
        planned = self.message.planned
        return replace(next(one for one in self.heap if one.planned.id == planned.id), planned=planned)


def claim(context: Context, id: str, lease: timedelta) -> list[Claimed]:
    """Take an action and everything that waits to leave with it."""
    now = context.now()
    with context.database.writing() as connection:
        return heaps.claim_heap(connection, id, now, now + lease)


def look(context: Context, heap: Sequence[Claimed], words: Words) -> Look:
    """Find out what leaves of a heap, from what is on record now. Writes nothing."""
    with context.database.reading() as connection:
        counted = _counted(context, connection, heap)
        found = _released(context, connection, heap, counted)
    return Look(heap, found, _as_one(context, heap, found, words), counted)


def still(context: Context, connection: Connection, seen: Look) -> bool:
    """Whether a look may be written: nobody else wrote to these readers meanwhile, nor can now."""
    if not seen.counted:
        return True
    heaps.hold_client(connection, seen.heap[0].planned.client)
    return _counted(context, connection, seen.heap) == seen.counted


def write(context: Context, connection: Connection, seen: Look) -> None:
    """Put what a look came to on record. Whoever lost its claim writes nothing of that message, and `begin` says so."""
    now, tokens = context.now(), heaps.tokens_of(seen.heap)
    by = {one.planned.id: one for one in seen.heap}
    for held in seen.found.held:
        actions.wait(connection, held.id, tokens[held.id], held)
    for id, over in seen.found.over.items():
        end(context, connection, by[id], over)
    if seen.message is not None:
        heaps.leave(connection, seen.message, tokens, now)


def end(context: Context, connection: Connection, claimed: Claimed, over: Over) -> None:
    """A claimed message is over without having left: on record, with the event that others wait for."""
    if heaps.end(connection, claimed, over, context.now()):
        state, reason = over
        of = str(claimed.token)
        journal.add(connection, told(claimed.planned, "failed", context, of, status=state, error=reason))


def told(
    planned: Planned, became: Became, context: Context, *of: str, status: str = "", error: str | None = None
) -> list[Event]:
    """The event that ladders and decisions wait for, in a list; empty where nothing hangs on the message."""
    event = message_event(planned, became, context.now(), *of, status=status, error=error)
    return [event] if event else []


def _counted(context: Context, connection: Connection, heap: Sequence[Claimed]) -> dict[str, Spoken]:
    """What counts with each message, where a cap can hold it at all."""
    clients = context.rulebook.workspace.clients
    found = {}
    for planned in (one.planned for one in heap if not one.begun):
        client = clients.get(planned.client or "")
        limited = client is not None and client.at_most is not None and counts_for_client(planned)
        if planned.counts or limited:
            found[planned.id] = heaps.spoken(connection, planned, client=limited)
    return found


def _released(
    context: Context, connection: Connection, heap: Sequence[Claimed], counted: Mapping[str, Spoken]
) -> Release:
    over = {one.planned.id: never for one in heap if (never := _never_told(connection, one.planned))}
    waited = [_waited(context, connection, one) for one in heap if one.planned.id not in over]
    found = release(waited, context.state(connection), lambda planned: counted.get(planned.id, Spoken()))
    found.over |= over
    return found


def _waited(context: Context, connection: Connection, claimed: Claimed) -> Waited:
    planned, rules = claimed.planned, context.rulebook.of(claimed.ruleset)
    event = journal.one(connection, planned.event) if planned.waits and planned.recheck else None
    rule = rules.rules.get(planned.rule)
    if event is not None and planned.read_at is not None and rule is not None and rule.read_first:
        event = with_latest(event, journal.latest_of(connection, event), rule.read_first)
    return Waited(planned, event, rules, claimed.begun)


def _never_told(connection: Connection, planned: Planned) -> Over | None:
    """Why a correction is not needed: the alert that it takes back never left."""
    alert = actions.row_of(connection, planned.corrects) if planned.corrects else None
    if planned.corrects is None or (alert and (alert["left"] or alert["state"] in ("sent", "unknown"))):
        return None
    return "cancelled", "the alert it corrects never left"


def _as_one(context: Context, heap: Sequence[Claimed], found: Release, words: Words) -> Message | None:
    """The message that leaves. In a client's digest, what cannot be said keeps nothing else back."""
    if len(found.messages) < 2:
        return found.messages[0] if found.messages else None
    rulesets = {one.planned.id: one.ruleset for one in heap}
    said: list[tuple[Message, Rendered]] = []
    for message in found.messages:
        made = words(message.planned, rulesets[message.planned.id])
        if isinstance(made, str):
            found.over |= {one.id: ("dead", made) for one in message.all}
        else:
            said.append((message, made))
    if len(said) < 2:
        return said[0][0] if said else None
    texts = context.rulebook.of(rulesets[said[0][0].planned.id]).texts
    return as_digest([m for m, _ in said], [w for _, w in said], texts)
