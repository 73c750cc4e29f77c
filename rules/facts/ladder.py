"""Levels with a memory: a memory record and a value in, the next memory record and what happened out.

A level is armed, fires once when the value reaches it, is cleared when a correction takes the value below it again,
and is armed anew, with the next epoch, only after a fall below it by more than `rearm`. One step fires the highest
level alone; lower ones met in the same step are superseded by it. (project, key, level, epoch) names one alert.

Memory record: {"levels": {"0.8": {"state", "epoch", ...}}, ...}; other keys of the record are the caller's and kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from rules.facts.event import Record

State = Literal["armed", "fired", "superseded", "cleared"]

_ARMED: Final[Mapping[str, Any]] = {"state": "armed", "epoch": 1}


class BadLadder(ValueError):
    """Levels that make no ladder."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """Levels to watch. `up` fires at or above a level, `down` at or below; `rearm` is in the value's own unit."""

    levels: tuple[Decimal, ...]
    direction: Literal["up", "down"] = "up"
    rearm: Decimal = Decimal("0.02")

    def __post_init__(self) -> None:
        if not self.levels or len(set(self.levels)) != len(self.levels):
            raise BadLadder("a ladder needs levels, each of them once")
        if self.rearm < 0:
            raise BadLadder("rearm is a distance: it cannot be negative")

    @property
    def rungs(self) -> tuple[Decimal, ...]:
        """The levels from the first one met to the most serious."""
        return tuple(sorted(self.levels, reverse=self.direction == "down"))

    def met(self, level: Decimal, value: Decimal) -> bool:
        """Whether the value has reached the level; the level itself counts."""
        return value >= level if self.direction == "up" else value <= level

    def rearmed(self, level: Decimal, value: Decimal) -> bool:
        """Whether the value has fallen back beyond the level by more than `rearm`."""
        edge = self.rearm_at(level)
        return value < edge if self.direction == "up" else value > edge

    def rearm_at(self, level: Decimal) -> Decimal:
        """The value beyond which the level is armed again."""
        return level - self.rearm if self.direction == "up" else level + self.rearm


@dataclass(frozen=True, slots=True)
class Fired:
    """A level was reached. `superseded` were reached with it and say nothing of their own; `history`: send nothing.

    `cleared` is as in Cleared, for the rare step that leaves a told level and meets one whose alert was given back.
    """

    level: Decimal
    epoch: int
    superseded: tuple[Decimal, ...] = ()
    history: bool = False
    cleared: tuple[tuple[Decimal, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Cleared:
    """Levels whose alert no longer holds, with the epoch each had fired in; the most serious first."""

    levels: tuple[tuple[Decimal, int], ...]


@dataclass(frozen=True, slots=True)
class NotCrossed:
    """Nothing to say. `next_level` is the nearest armed level ahead; `rearmed` were armed again in this step."""

    next_level: Decimal | None = None
    rearmed: tuple[Decimal, ...] = ()


@dataclass(frozen=True, slots=True)
class NextMessage:
    """When the next message will come: at `level`, or at `again_level` after a fall beyond `rearm_below`."""

    level: Decimal | None
    again_level: Decimal | None
    rearm_below: Decimal | None


Outcome = Fired | Cleared | NotCrossed


def level_key(level: Decimal) -> str:
    """The key of a level in memory records and alerts: "0.8", whatever zeros it was written with."""
    return f"{level.normalize():f}"


def step(
    memory: Record | None, value: Decimal, ladder: Ladder, *, history: bool = False
) -> tuple[Record, Outcome]:
    """The memory after the value was seen, and the outcome; the same value again gives the same memory and nothing.

    history: the value is from before anything is sent. Levels it meets are recorded as fired before start, and need no
    correction when they are left, for nobody was told; levels that somebody was told of stay until a step that may
    speak. A lower level that is met while a higher one stands fired is superseded by it.
    """
    levels = _levels(memory, ladder)
    cleared, rearmed = _fall_back(levels, value, ladder, history)
    armed = [r for r in ladder.rungs if levels[r]["state"] == "armed" and ladder.met(r, value)]
    standing = [r for r in ladder.rungs if levels[r]["state"] == "fired" and ladder.met(r, value)]
    outcome: Outcome = NotCrossed(_next_armed(levels, value, ladder), rearmed)
    if cleared:
        outcome = Cleared(cleared)
    if armed and standing and ladder.met(armed[-1], standing[-1]):
        _supersede(levels, armed, standing[-1], history)
    elif armed:
        *lower, highest = armed
        outcome = Fired(highest, levels[highest]["epoch"], tuple(lower), history, cleared)
        levels[highest] = {"state": "fired", "epoch": outcome.epoch} | _before_start(history)
        _supersede(levels, lower, highest, history)
    return _remember(memory, levels), outcome


def rebase(memory: Record | None, value: Decimal, ladder: Ladder) -> Record:
    """The memory under a new baseline: levels that the value no longer meets are armed again silently.

    Those still met stay as they are. A smaller budget may meet an armed level: the step that follows fires it.
    """
    levels = _levels(memory, ladder)
    for level, held in levels.items():
        if not ladder.met(level, value):
            levels[level] = _rearm(held)
    return _remember(memory, levels)


def give_back(memory: Record, level: Decimal | str, epoch: int) -> Record:
    """The memory as if the alert of that level and epoch had not fired, because no copy of it ever left.

    The level takes the next epoch, so that its next alert is a new one, unless it has moved on already. Levels that
    the alert superseded are armed with it: nobody was told of them either.
    """
    key = level if isinstance(level, str) else level_key(level)
    levels: dict[str, Record] = dict(memory["levels"])
    held = levels.get(key)
    if held is not None and held["epoch"] == epoch and held["state"] in ("fired", "cleared"):
        levels[key] = _rearm(held)
    for name, other in levels.items():
        if other.get("by") == [key, epoch]:
            levels[name] = {"state": "armed", "epoch": other["epoch"]}
    return {**memory, "levels": levels}


def next_message(memory: Record, value: Decimal, ladder: Ladder) -> NextMessage:
    """When the next message will come, for the correction note.

    "At 100 %, or at 80 % again after a fall below 78 %" is NextMessage(1.00, 0.80, 0.78); what there is not is none.
    """
    levels = _levels(memory, ladder)
    waiting = [r for r in ladder.rungs if levels[r]["state"] == "cleared" and not ladder.met(r, value)]
    again = waiting[0] if waiting else None
    return NextMessage(
        level=_next_armed(levels, value, ladder),
        again_level=again,
        rearm_below=ladder.rearm_at(again) if again is not None else None,
    )


def _levels(memory: Record | None, ladder: Ladder) -> dict[Decimal, Record]:
    held = memory.get("levels", {}) if memory else {}
    return {level: dict(held.get(level_key(level), _ARMED)) for level in ladder.rungs}


def _remember(memory: Record | None, levels: Mapping[Decimal, Record]) -> Record:
    return {**(memory or {}), "levels": {level_key(level): held for level, held in levels.items()}}


def _supersede(levels: dict[Decimal, Record], lower: Iterable[Decimal], by: Decimal, history: bool) -> None:
    told_by = [level_key(by), levels[by]["epoch"]]
    for level in lower:
        held = {"state": "superseded", "epoch": levels[level]["epoch"], "by": told_by}
        levels[level] = held | _before_start(history)


def _before_start(history: bool) -> Record:
    return {"history": True} if history else {}


def _fall_back(
    levels: dict[Decimal, Record], value: Decimal, ladder: Ladder, history: bool
) -> tuple[tuple[tuple[Decimal, int], ...], tuple[Decimal, ...]]:
    """Clears what the value no longer meets and arms what it is far enough from; gives both, as told before."""
    cleared: list[tuple[Decimal, int]] = []
    rearmed: list[Decimal] = []
    for level in reversed(ladder.rungs):
        held = levels[level]
        told = held["state"] == "fired" and not held.get("history")
        if held["state"] == "armed" or ladder.met(level, value) or (told and history):
            continue
        if told:
            cleared.append((level, held["epoch"]))
        if ladder.rearmed(level, value):
            levels[level] = _rearm(held)
            rearmed.append(level)
        else:
            levels[level] = {**held, "state": "cleared"}
    return tuple(cleared), tuple(rearmed)


def _rearm(held: Record) -> Record:
    return held if held["state"] == "armed" else {"state": "armed", "epoch": held["epoch"] + 1}


def _next_armed(levels: Mapping[Decimal, Record], value: Decimal, ladder: Ladder) -> Decimal | None:
    """The first level ahead that can fire, in the order in which the value would meet them."""
    ahead = (r for r in ladder.rungs if levels[r]["state"] == "armed" and not ladder.met(r, value))
    return next(ahead, None)
