"""What becomes of a message whose time has come, and of what waits with it: the last step before it leaves.

In: a heap (messages that become one, or a single one), the moment, what was said lately. Out: `Release`: what leaves
now and what leaves in it, what waits on and for what, what is over and why. The same in production and in scenarios:
each message is checked again where it waited, held by the next hold there is, gathered, held to the caps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from rules.engine.caps import Spoken, capped
from rules.engine.noise import heap_of, is_gathered, next_hold
from rules.engine.recheck import recheck
from rules.engine.state import State
from rules.engine.verdicts import Planned
from rules.facts.event import Event
from rules.language.model import Rule, RuleSet, Text
from rules.language.texts import Rendered
from rules.language.wording import choose

MOST_IN_ONE: Final = 200
"""How many messages one digest says at most; what is over it follows in the next."""

CLIENT_DIGEST: Final = "client_digest"
"""The key of the text that introduces a client's digest; it ships, and a workspace may write its own."""


@dataclass(frozen=True, slots=True)
class Waited:
    """A message whose time has come. `waits` says for what it waited last, none when it did not.

    event: what it was decided on, none when that is no longer on record.  begun: it was about to leave before, with
    everything that it says, and is only tried again.
    """

    planned: Planned
    event: Event | None
    rules: RuleSet
    begun: bool = False

    @property
    def rule(self) -> Rule | None:
        """The rule that decided it."""
        return self.rules.rules.get(self.planned.rule)


Over = tuple[Literal["cancelled", "suppressed", "dead"], str]
"""A state in which a message that did not leave ends, and why. Dead: its text cannot be filled in."""


@dataclass(frozen=True, slots=True)
class Message:
    """What leaves as one: the message itself, and the others that it says as well."""

    planned: Planned
    with_it: tuple[Planned, ...] = ()

    @property
    def all(self) -> tuple[Planned, ...]:
        """Everything that it says."""
        return (self.planned, *self.with_it)


@dataclass
class Release:
    """messages: what leaves now as one; several are the parts of a client's digest (`as_digest`).

    held: what waits on, with `waits` and `due`.  over: id -> cancelled or suppressed, and why.
    """

    messages: list[Message] = field(default_factory=list)
    held: list[Planned] = field(default_factory=list)
    over: dict[str, Over] = field(default_factory=dict)


def release(heap: Sequence[Waited], state: State, spoken: Callable[[Planned], Spoken]) -> Release:
    """What leaves of a heap, oldest first in the heap. Everything in it is in exactly one place of the result."""
    found = Release()
    ready: list[tuple[Planned, Rule | None]] = []
    for one in heap:
        if one.begun:
            found.messages.append(Message(one.planned))
        else:
            _look_again(one, state, found, ready)
    for message, rule in _gathered(ready):
        held = capped(message.planned, rule, state, spoken(message.planned))
        if held is None:
            _read_first(message, rule, state, found)
        elif isinstance(held, str):
            found.over |= {one.id: ("suppressed", held) for one in message.all}
        else:
            found.held += [_held_like(one, held) for one in _apart(message)]
    return found


def as_digest(
    messages: Sequence[Message], words: Sequence[Rendered], texts: Mapping[str, Mapping[str, Text]]
) -> Message:
    """Several messages to one reader of a client as the one that says them all; `words` are theirs."""
    first = messages[0].planned
    parts = tuple({"subject": one.subject, "body": one.body} for one in words)
    locale = first.locale if choose(texts.get(CLIENT_DIGEST, {}), first.locale) else "en"
    names = {k: v for k, v in first.names.items() if k in ("client", "organisation", "now", "today")}
    said = replace(
        first,
        text=CLIENT_DIGEST,
        locale=locale,
        parts=parts,
        names={**names, "items": [dict(p) for p in parts]},
    )
    return Message(said, (*messages[0].with_it, *(one for m in messages[1:] for one in m.all)))


def _look_again(one: Waited, state: State, found: Release, ready: list[tuple[Planned, Rule | None]]) -> None:
    """Check a message again where it waited, and find the hold after the one that ended."""
    planned = one.planned
    if planned.waits is None:
        ready.append((planned, one.rule))
        return
    if planned.recheck:
        if one.event is None:
            found.over[planned.id] = (
                "cancelled",
                "its event is no longer on record, so it cannot be checked again",
            )
            return
        again = recheck(planned, one.event, state, one.rules)
        if not again.still_true:
            found.over[planned.id] = ("cancelled", again.reason)
            return
        planned = replace(planned, names=again.names)
    after = next_hold(planned, one.rule, state) if one.rule else replace(planned, waits=None)
    if after.waits is not None:
        found.held.append(replace(after, names=one.planned.names))
    else:
        ready.append((after, one.rule))


def _gathered(ready: Sequence[tuple[Planned, Rule | None]]) -> list[tuple[Message, Rule | None]]:
    """What may leave, those that become one together: as items of the rule's digest, else the latest for all."""
    heaps: dict[str, list[tuple[Planned, Rule | None]]] = {}
    for planned, rule in ready:
        heaps.setdefault(planned.heap or planned.id, []).append((planned, rule))
    return [(_one_of([p for p, _ in heap], heap[-1][1]), heap[-1][1]) for heap in heaps.values()]


def _one_of(heap: Sequence[Planned], rule: Rule | None) -> Message:
    if rule is None or not is_gathered(heap[0], rule):
        return Message(heap[-1], tuple(heap[:-1]))
    return Message(with_items(heap), tuple(heap[1:]))


def with_items(heap: Sequence[Planned]) -> Planned:
    """The first of a rule's digest, saying all of them: each with the names of its own in `items`."""
    first = heap[0]
    items: list[Mapping[str, Any]] = [one.names for one in heap]
    return replace(first, names={**first.names, "items": items})


def _apart(message: Message) -> list[Planned]:
    """The messages behind one, each as it was: what waits on is gathered anew when its time comes."""
    first = message.planned
    alone = {name: value for name, value in first.names.items() if name != "items"}
    return [replace(first, names=alone), *message.with_it]


def _held_like(planned: Planned, held: Planned) -> Planned:
    return replace(
        planned, waits=held.waits, due=held.due, recheck=True, gathered=held.gathered, read_at=held.read_at
    )


def _read_first(message: Message, rule: Rule | None, state: State, found: Release) -> None:
    """What a rule wants read again waits for that, once, right before it leaves."""
    unread = [one for one in message.all if one.read_at is None]
    if rule is None or rule.read_first is None or not unread:
        found.messages.append(message)
        return
    found.held += [replace(one, waits="read", due=state.now, recheck=True) for one in _apart(message)]


__all__ = [
    "CLIENT_DIGEST",
    "MOST_IN_ONE",
    "Message",
    "Release",
    "Waited",
    "as_digest",
    "heap_of",
    "release",
    "with_items",
]
