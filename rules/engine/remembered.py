"""What a rule's memory came to on an event: kept with its verdict, and told line by line.

In: the step of a ladder, a wait's record, a count, a key that was spoken about. Out: plain values for the verdict
(`of_...`), with `word` naming the memory word; and from those the lines that explain tells (`lines`): which level is
next and when one fires again, since when is waited and what would stop it, how many are missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from rules.engine.counting import Counted
from rules.engine.memory import Crossed
from rules.engine.names import Facts
from rules.engine.near import beyond, level_in, unit_of
from rules.engine.parties import calendars_of
from rules.engine.sentences import Words, from_stored, joined, say
from rules.engine.waits import moment_in, zone_of_rule
from rules.facts.calendar import shift
from rules.facts.event import Record
from rules.facts.ladder import Ladder, next_message
from rules.language.model import Counts, Crosses, NotFollowed, Rule


def of_ladder(rule: Rule, crosses: Crosses, crossed: Crossed, facts: Facts) -> Record:
    """Each level with its state and epoch as the event left it, and what arms it again."""
    return {
        "word": "crosses",
        "zone": zone_of_rule(rule, facts),
        "unit": unit_of(crosses),
        "value": crossed.value,
        "direction": crosses.direction,
        "rearm": crosses.rearm,
        "levels": crossed.record["levels"],
        "told": {place: said["at"] for place, said in crossed.record.get("said", {}).items()},
        "next": next_message(crossed.record, crossed.value, crossed.ladder).level,
    }


def of_wait(rule: Rule, facts: Facts, record: Record) -> Record:
    """Since when it waits, when it fires, what would stop it."""
    wait = rule.wait
    return {
        "word": "if_not_followed_by" if isinstance(wait, NotFollowed) else "stays_true_for",
        "zone": zone_of_rule(rule, facts),
        "status": record["status"],
        "since": record["since"],
        "due": {str(t["elapsed"]): t["due"] for t in record["timers"]},
        "fired": list(record["fired"]),
        "ended": record.get("ended"),
        "key": wait.key if wait else "",
        "ends_with": sorted(wait.events) if isinstance(wait, NotFollowed) else [],
    }


def of_count(rule: Rule, counts: Counts, counted: Counted, facts: Facts) -> Record:
    """How many there are in the window, how many are missing, until when the oldest of them counts."""
    times = counted.record["events"].values()
    cals = calendars_of(rule, facts.project, facts.client, facts.state.workspace)
    zone = zone_of_rule(rule, facts)
    return {
        "word": "counts",
        "zone": zone,
        "count": counted.count,
        "at_least": counts.at_least,
        "within": str(counts.within),
        "missing": max(0, counts.at_least - counted.count),
        "reached": counted.record["reached"],
        "oldest_until": shift(min(times), counts.within, cals, zone) if times else None,
    }


def of_once(rule: Rule, key: str, record: Record) -> Record:
    """What the rule has spoken about, and on which event."""
    return {"word": "once_per", "names": list(rule.once_per), "key": key, "event": record.get("event")}


def lines(memory: Mapping[str, Any]) -> tuple[Words, ...]:
    """The memory in words, a line each."""
    told = _LINES.get(str(memory.get("word")))
    return tuple(told(memory)) if told else ()


def _ladder_lines(memory: Mapping[str, Any]) -> Iterator[Words]:
    ladder = Ladder(tuple(map(Decimal, memory["levels"])), memory["direction"], memory["rearm"])
    for level in ladder.rungs:
        name = f"{level.normalize():f}"
        edge = beyond(memory["direction"], level_in(memory["unit"], ladder.rearm_at(level)))
        yield _level_line(memory, name, edge)


def _level_line(memory: Mapping[str, Any], name: str, edge: str) -> Words:
    held, unit = memory["levels"][name], memory["unit"]
    level, state = level_in(unit, Decimal(name)), held["state"]
    at = memory["told"].get(f"{name}@{held['epoch']}")
    if state == "armed":
        coming = memory["next"] is not None and Decimal(name) == memory["next"]
        return say("level_next" if coming else "level_armed", level=level)
    if held.get("history"):
        return say("level_history", level=level, edge=edge)
    if state == "superseded":
        return say("level_superseded", level=level, by=level_in(unit, Decimal(held["by"][0])), edge=edge)
    if state == "cleared":
        return say("level_cleared", level=level, edge=edge)
    if at is None:
        return say("level_fired", level=level, edge=edge)
    return say("level_fired_at", level=level, at=moment_in(at, memory["zone"]), edge=edge)


def _wait_lines(memory: Mapping[str, Any]) -> Iterator[Words]:
    zone = memory["zone"]
    yield say("wait_since", since=moment_in(memory["since"], zone))
    for length in memory["fired"]:
        yield say("wait_fired", length=length)
    if memory["status"] == "over":
        yield say("wait_ended", why=from_stored(memory["ended"]) or "")
        return
    for length, due in sorted(memory["due"].items(), key=lambda one: (one[1], one[0])):
        if length not in memory["fired"]:
            yield say("wait_due", due=moment_in(due, zone), length=length)
    if memory["ends_with"]:
        yield say("wait_ends_with", events=joined("or", memory["ends_with"]), key=memory["key"])
    else:
        yield say("wait_ends_false")


def _count_lines(memory: Mapping[str, Any]) -> Iterator[Words]:
    yield say("counted", count=memory["count"], least=memory["at_least"], within=memory["within"])
    if memory["missing"]:
        yield say("missing_count", count=memory["missing"])
    elif memory["reached"]:
        yield say("after_falling")
    if memory["oldest_until"] is not None:
        yield say("window_ends", at=moment_in(memory["oldest_until"], memory["zone"]))


def _once_lines(memory: Mapping[str, Any]) -> Iterator[Words]:
    names = joined("list", memory["names"])
    yield say("once_spoken", key=memory["key"], names=names, event=memory["event"] or "")


_LINES = {
    "crosses": _ladder_lines,
    "stays_true_for": _wait_lines,
    "if_not_followed_by": _wait_lines,
    "counts": _count_lines,
    "once_per": _once_lines,
}
