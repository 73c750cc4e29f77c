"""The outside systems of a scenario, as far as a rule asks them again: `read_first`.

In: what a source knows by now and has not told, or that it does not answer. Out: for messages that wait to be read
first: what the source tells, until when they wait on, or that they are over; and the event of a message with its object
as it was told last, which is what its condition is checked with.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from rules.engine.recheck import with_latest
from rules.engine.verdicts import Planned
from rules.facts.event import Event, Record
from rules.language.model import Rule, RuleSet

Answers = Literal["again", "nothing", "gone"]
AGAIN_AFTER: Final = timedelta(minutes=5)
"""When a source that did not answer is asked once more."""


@dataclass
class Outside:
    """answers: how the sources answer now. untold: what they know by now, told when it is asked for."""

    rules: RuleSet
    answers: Answers = "again"
    untold: list[Event] = field(default_factory=list)
    _latest: dict[tuple[str, str], Event] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._nouns = {r.read_first for r in self.rules.rules.values() if r.read_first}

    def hear(self, events: Iterable[Event]) -> None:
        """Events that were decided: the latest about each object that some rule asks for."""
        for event in events if self._nouns else ():
            for noun in self._nouns & event.objects.keys():
                for name in _names(event.objects[str(noun)]):
                    self._latest[str(noun), name] = event

    def tell(self, heap: Sequence[Planned], events: dict[str, Event], now: datetime) -> list[Event]:
        """What the sources of these messages tell when they are asked; it is told once."""
        asked = {key for planned in heap for key in self._keys(planned, events)}
        told = [
            e for e in self.untold if any((n, x) in asked for n, o in e.objects.items() for x in _names(o))
        ]
        self.untold = [e for e in self.untold if e not in told]
        return [replace(e, at=min(e.at, now), received_at=now) for e in told]

    def as_read(self, planned: Planned, event: Event) -> Event:
        """The event of a message, with the object that its rule asks for as it was told last."""
        rule = self._rule(planned)
        if rule is None or rule.read_first is None or planned.read_at is None:
            return event
        names = _names(event.objects.get(rule.read_first, {}))
        latest = next(
            (self._latest[rule.read_first, x] for x in names if (rule.read_first, x) in self._latest), None
        )
        return with_latest(event, latest, rule.read_first) if latest else event

    def noun(self, planned: Planned) -> str:
        """What a message asks for."""
        rule = self._rule(planned)
        return str(rule.read_first) if rule else ""

    def _keys(self, planned: Planned, events: dict[str, Event]) -> set[tuple[str, str]]:
        noun = self.noun(planned)
        return {(noun, name) for name in _names(events[planned.event].objects.get(noun, {}))}

    def _rule(self, planned: Planned) -> Rule | None:
        return self.rules.rules.get(planned.rule)


def _names(record: Record) -> list[str]:
    """What an object goes by."""
    return [str(record[name]) for name in ("id", "key", "number") if record.get(name) is not None]
