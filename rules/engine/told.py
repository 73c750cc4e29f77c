"""Whom an alert told what: kept in its ladder's record, so that a correction reaches them and nobody else.

In: a ladder's record and the copies planned. Out: the record with `told` and `said`; and, when levels are cleared, the
copies that told wrongly and the words for when the next message will come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from rules.engine.verdicts import Planned
from rules.facts.event import Event, Record
from rules.facts.ladder import Cleared, Fired, Ladder, level_key, next_message

TELLING: Final = frozenset({"email", "chat", "comment", "task", "report"})
"""Kinds of actions that tell somebody something, and so may have told them wrong."""


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
