"""The ladder of a rule: one memory for each project and key.

In: a rule that holds, its names, the draft. Out: `Crossed` with the ladder's outcome and the record to keep, written to
the draft by the caller's choice. The arithmetic of the levels is rules.facts.ladder.

A ladder's record has the id "<rule>|<project>|<key>|<period>" and, besides `levels` (rules.facts.ladder):
told: {"0.8@1": {action id: {"kind", "recipient", "address", "connection", "locale", "state", ...}}}, whom it told.
said: {"0.8@1": {"value", "at"}}, what it told them.  _words: the hash of the memory words it was made with.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rules.engine.guard import elsewhere, missing
from rules.engine.names import Facts, Names
from rules.engine.sentences import say
from rules.engine.state import Draft
from rules.facts.event import Record
from rules.facts.ladder import Ladder, Outcome, rebase, step
from rules.facts.money import Money
from rules.language.ladders import levels_of
from rules.language.model import UNKNOWN, Crosses, Expression, ExpressionError, Rule, When


@dataclass(frozen=True, slots=True)
class Crossed:
    """One step of a rule's ladder: the records before and after it, the outcome, the value seen.

    reset: the memory was made with other words of the rule, and started anew.
    """

    start: Record
    record: Record
    outcome: Outcome
    value: Decimal
    ladder: Ladder
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """Which ladder an event is about (the id of its record), and the value it shows."""

    memory: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class Unseen:
    """The ladder cannot be stepped: the value, its key or its period is not known this time.

    memory: of a ladder whose value alone is not known, the id of its record.
    """

    reason: str
    memory: str | None = None


def memory_id(rule: Rule, project: str | None, key: str, period: str) -> str:
    """The id of one ladder: of a rule, for a project, for one key and period ("" where the rule has none)."""
    return f"{rule.id}|{project or ''}|{key}|{period}"


def cross(rule: Rule, crosses: Crosses, names: Names, draft: Draft, before: Names) -> Crossed | Unseen:
    """Step the rule's ladder with the value of now; nothing is written.

    before: the names as they were before the whole cascade; a ladder without memory starts from that value, and
    levels passed then count as fired before start.
    """
    seen = see(rule, crosses, names)
    if isinstance(seen, Unseen):
        return seen
    ladder = ladder_of(crosses, names)
    kept = draft.get("memory", seen.memory)
    reset = kept is not None and kept.get("_words", rule.memory_hash) != rule.memory_hash
    if kept is None or reset:
        kept = _seeded(rule, crosses, names, before, ladder, seen.value)
    start = {**kept, "id": seen.memory}
    stepped, outcome = step(start, seen.value, ladder, history=names.facts.event.history)
    return Crossed(start, stepped, outcome, seen.value, ladder, reset)


def see(rule: Rule, crosses: Crosses, names: Names) -> Seen | Unseen:
    """The ladder that an event is about, and its value."""
    identity = []
    for name in (crosses.key, crosses.period):
        found = names(name) if name else ""
        if found is UNKNOWN or found is None:
            return Unseen(say("ladder_key", name=name))
        identity.append(str(found))
    memory, value = memory_id(rule, names.facts.event.project, *identity), number(crosses.value.value(names))
    if value is None:
        why = missing(crosses.value, names)
        return Unseen(say("ladder_unknown", value=crosses.value.text, why=why), memory)
    return Seen(memory, value)


def ladder_of(crosses: Crosses, names: Names) -> Ladder:
    """The levels that hold for this project."""
    return Ladder(levels_of(crosses, names), crosses.direction, crosses.rearm)


def number(value: Any) -> Decimal | None:
    """A ladder's value as a plain decimal: money as its amount; none for what is unknown or none."""
    if value is UNKNOWN or value is None:
        return None
    if isinstance(value, Money):
        return value.amount
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ExpressionError(f"`crosses` compares numbers with levels, not {type(value).__name__}")
    return Decimal(value)


def _seeded(
    rule: Rule, crosses: Crosses, names: Names, before: Names, ladder: Ladder, value: Decimal
) -> Record:
    """A ladder's first record. Where nothing was known before (the first baseline), it starts from the value of now."""
    start = number(_quiet(crosses.value, before))
    if start is None and names.facts.event.type in crosses.rebase_on:
        start = value
    record = _blank(rule, names.facts)
    return record if start is None else step(record, start, ladder, history=True)[0]


def _blank(rule: Rule, facts: Facts) -> Record:
    """A ladder that has seen no value yet: every level is armed."""
    return {
        "project": facts.event.project,
        "client": facts.client.id if facts.client else None,
        "rule": rule.id,
        "told": {},
        "said": {},
        "_words": rule.memory_hash,
    }


def watching(rule: Rule, facts: Facts, memory: str, draft: Draft) -> Record | None:
    """The record of a ladder whose value is not known yet, none where there is one: the first value that becomes known
    was reached under its eyes, even where the clock alone has moved it.
    """
    return None if draft.get("memory", memory) else {**_blank(rule, facts), "id": memory, "levels": {}}


def _quiet(expression: Expression, names: Names) -> Any:
    try:
        return expression.value(names)
    except ExpressionError:
        return UNKNOWN


def rebase_ladders(rules: Iterable[Rule], facts: Facts, draft: Draft) -> None:
    """Carry ladders over to what the event re-based, before any rule is asked about it.

    A ladder with a key or a period has its own value for each; what a new baseline does to those is seen when the next
    event of that key steps them.
    """
    for rule in rules:
        crosses = rule.crosses
        if crosses is None or crosses.key or crosses.period:
            continue
        memory, names = memory_id(rule, facts.event.project, "", ""), Names(facts, rule)
        kept, value = draft.get("memory", memory), number(_quiet(crosses.value, names))
        if kept is None:
            _begin(rule, facts, draft, (memory, value, ladder_of(crosses, names)))
        elif value is not None:
            _put_if_changed(draft, kept, rebase(kept, value, ladder_of(crosses, names)))


def _begin(rule: Rule, facts: Facts, draft: Draft, seen: tuple[str, Decimal | None, Ladder]) -> None:
    """A ladder begins with the first baseline of its project, whatever its rule hears: what is reached then was reached
    before the start, and what is reached later, also by the clock alone, is told. One that hears the baseline itself
    begins when it is asked.
    """
    memory, value, ladder = seen
    heard = isinstance(rule.trigger, When) and facts.event.type in rule.trigger.types
    if heard or elsewhere(rule, facts.project, facts.client) is not None:
        return
    record = {**_blank(rule, facts), "id": memory, "levels": {}}
    draft.put("memory", record if value is None else step(record, value, ladder, history=True)[0])


def keep(draft: Draft, record: Record) -> None:
    """Write a ladder's record where it differs from what is there."""
    _put_if_changed(draft, draft.get("memory", record["id"]), record)


def _put_if_changed(draft: Draft, kept: Record | None, record: Record) -> None:
    if kept != record:
        draft.put("memory", record)
