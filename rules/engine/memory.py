"""What a rule remembers: its ladder per project and key, and the keys of `once_per`.

In: a rule that holds, its names, the draft. Out: `Crossed` with the ladder's outcome and the record to keep, written to
the draft by the caller's choice; and the correction copies that are due when a level is cleared. The arithmetic of the
levels is rules.facts.ladder.

A ladder's record has the id "<rule>|<project>|<key>|<period>" and, besides `levels` (rules.facts.ladder):
told: {"0.8@1": {action id: {"kind", "recipient", "address", "connection", "locale", "state", ...}}}, whom it told.
said: {"0.8@1": {"value", "at"}}, what it told them.  _words: the hash of the memory words it was made with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rules.engine.guard import missing
from rules.engine.names import Facts, Names
from rules.engine.state import Draft
from rules.engine.verdicts import Planned
from rules.facts.event import Event, Record
from rules.facts.ladder import Cleared, Fired, Ladder, Outcome, level_key, next_message, rebase, step
from rules.facts.money import Money
from rules.language.ladders import levels_of
from rules.language.model import UNKNOWN, Crosses, Expression, ExpressionError, Rule

TELLING = frozenset({"email", "chat", "comment", "task", "report"})
"""Kinds of actions that tell somebody something, and so may have told them wrong."""


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
    """The ladder cannot be stepped: the value, its key or its period is not known this time."""

    reason: str


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
    value = number(crosses.value.value(names))
    if value is None:
        return Unseen(f"`{crosses.value.text}` is unknown: {missing(crosses.value, names)}")
    identity = []
    for name in (crosses.key, crosses.period):
        found = names(name) if name else ""
        if found is UNKNOWN or found is None:
            return Unseen(f"the ladder's `{name}` is not known")
        identity.append(str(found))
    return Seen(memory_id(rule, names.facts.event.project, *identity), value)


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
    client = names.facts.client
    record: Record = {
        "project": names.facts.event.project,
        "client": client.id if client else None,
        "rule": rule.id,
        "told": {},
        "said": {},
        "_words": rule.memory_hash,
    }
    return record if start is None else step(record, start, ladder, history=True)[0]


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
        kept = draft.get("memory", memory_id(rule, facts.event.project, "", ""))
        value = number(_quiet(crosses.value, Names(facts, rule)))
        if kept is not None and value is not None:
            ladder = ladder_of(crosses, Names(facts, rule))
            _put_if_changed(draft, kept, rebase(kept, value, ladder))


def keep(draft: Draft, record: Record) -> None:
    """Write a ladder's record where it differs from what is there."""
    _put_if_changed(draft, draft.get("memory", record["id"]), record)


def _put_if_changed(draft: Draft, kept: Record | None, record: Record) -> None:
    if kept != record:
        draft.put("memory", record)


def remember_told(
    record: Record, fired: Fired, value: Decimal, event: Event, copies: Iterable[Planned]
) -> Record:
    """The ladder's record with everyone who is being told of this level, and what they are told."""
    place = f"{level_key(fired.level)}@{fired.epoch}"
    told = {
        p.id: {
            "kind": p.kind,
            "recipient": p.recipient,
            "address": p.address,
            "connection": p.connection,
            "locale": p.locale,
            "state": "planned",
            "target": p.target,
            "text": p.text,
            "client_facing": p.client_facing,
            "observed": p.observed,
            "spec": p.spec,
        }
        for p in copies
        if p.kind in TELLING
    }
    said = {**record.get("said", {}), place: {"value": value, "at": event.at}}
    return {**record, "told": {**record.get("told", {}), place: told}, "said": said}


@dataclass(frozen=True, slots=True)
class Copied:
    """One copy of an alert that no longer holds: whom it told, which level, what it said and when."""

    action: str
    told: Mapping[str, Any]
    level: Decimal
    epoch: int
    said: Mapping[str, Any]


def wrongly_told(record: Record, cleared: Cleared) -> list[Copied]:
    """Every copy of the cleared levels' alerts that left or may yet be found to have left."""
    found = []
    for level, epoch in cleared.levels:
        place = f"{level_key(level)}@{epoch}"
        said = record.get("said", {}).get(place, {})
        for action, told in record.get("told", {}).get(place, {}).items():
            if told["state"] != "failed":
                found.append(Copied(action, told, level, epoch, said))
    return found


def next_words(record: Record, value: Decimal, ladder: Ladder) -> Record:
    """`next` of a correction note: level, again_level and rearm_below as numbers, none where there is none."""
    after = next_message(record, value, ladder)
    return {"level": after.level, "again_level": after.again_level, "rearm_below": after.rearm_below}


def once_id(rule: Rule, names: Names) -> str | None:
    """The id of the record that says this rule spoke about this key already; none when part of the key is unknown."""
    values = [names(name) for name in rule.once_per]
    if any(v is UNKNOWN for v in values):
        return None
    return "|".join([rule.id, *("none" if v is None else str(v) for v in values)])


def once_record(id: str, rule: Rule, names: Names, actions: Iterable[Planned]) -> Record:
    """What is kept of a rule that spoke about a key: by which event, and the copies that say so."""
    client = names.facts.client
    return {
        "id": id,
        "project": names.facts.event.project,
        "client": client.id if client else None,
        "rule": rule.id,
        "event": names.facts.event.id,
        "copies": {p.id: "planned" for p in actions if p.kind in TELLING},
        "given_back": False,
    }


def settle_once(event: Event, draft: Draft) -> None:
    """What became of a message: when every copy about a key failed, the rule may speak about it again."""
    noun, _, state = event.type.partition(".")
    action = event.objects.get("message", {}).get("id")
    if noun != "message" or state not in ("sent", "failed", "unknown") or event.project is None:
        return
    for record in draft.find("once", event.project):
        if action in record["copies"]:
            copies = {**record["copies"], action: state}
            nothing_left = all(became == "failed" for became in copies.values())
            draft.put("once", {**record, "copies": copies, "given_back": nothing_left})
