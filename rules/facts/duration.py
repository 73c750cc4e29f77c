"""Durations of the rules language: "30m", "2h", "3d", "5wd", "2w" in, values that compare and add to dates out.

Minutes, hours, days and weeks are fixed lengths and compare with each other. Working days have no fixed length, so
they compare only with working days; nothing at all (0d, 0wd) is the same in every unit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, cast, get_args

Unit = Literal["m", "h", "d", "wd", "w"]

_SECONDS: Final[dict[str, int]] = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_TEXT: Final = re.compile(r"([+-]?)([0-9]{1,7})(m|h|d|wd|w)")
# Ten years in each unit: far beyond any deadline, and near enough that no calendar is walked for long.
_LONGEST: Final[dict[str, int]] = {"m": 5_270_400, "h": 87_840, "d": 3_660, "wd": 2_610, "w": 523}


class BadDuration(ValueError):
    """Text or numbers that make no duration."""


class DurationMismatch(ValueError):
    """Working days met a unit of fixed length."""


@dataclass(frozen=True, slots=True, eq=False)
class Duration:
    """A whole number of one unit, negative for "before": Duration(-10, "wd").

    Ordering between working days and fixed units raises DurationMismatch; they are never equal, except both zero.
    """

    amount: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.unit not in _LONGEST:
            raise BadDuration(f"{self.unit!r} is no unit of time: use m, h, d, wd or w")
        if type(self.amount) is not int:
            raise BadDuration(f"a duration counts whole units, not {self.amount!r}"[:100])
        if abs(self.amount) > _LONGEST[self.unit]:
            raise BadDuration(f"{str(self.amount)[:12]}{self.unit} is longer than ten years")

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Reads "3wd", "+1wd", "-10wd", "0d"; BadDuration names what is allowed."""
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            units = ", ".join(get_args(Unit))
            raise BadDuration(
                f"{text[:40]!r} is no duration: expected a whole number and one of {units}, such as 3wd"
            )
        sign, digits, unit = match.groups()
        return cls(int(sign + digits), cast("Unit", unit))

    @property
    def seconds(self) -> int:
        """Length in seconds; DurationMismatch for working days, which have no fixed length."""
        if self.unit == "wd" and self.amount:
            raise DurationMismatch(f"{self} has no fixed length: it needs a calendar")
        return self.amount * _SECONDS.get(self.unit, 0)

    @property
    def timedelta(self) -> timedelta:
        """Fixed length as a timedelta; DurationMismatch for working days."""
        return timedelta(seconds=self.seconds)

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"

    def __bool__(self) -> bool:
        return self.amount != 0

    def __neg__(self) -> Duration:
        return Duration(-self.amount, self.unit)

    def __abs__(self) -> Duration:
        return Duration(abs(self.amount), self.unit)

    def __hash__(self) -> int:
        return hash(self._identity())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Duration):
            return NotImplemented
        return self._identity() == other._identity()

    def __lt__(self, other: Duration) -> bool:
        if not isinstance(other, Duration):
            return NotImplemented
        return self._order(other) < 0

    def __le__(self, other: Duration) -> bool:
        if not isinstance(other, Duration):
            return NotImplemented
        return self._order(other) <= 0

    def __gt__(self, other: Duration) -> bool:
        if not isinstance(other, Duration):
            return NotImplemented
        return self._order(other) > 0

    def __ge__(self, other: Duration) -> bool:
        if not isinstance(other, Duration):
            return NotImplemented
        return self._order(other) >= 0

    def _identity(self) -> tuple[bool, int]:
        if self.unit == "wd":
            return self.amount != 0, self.amount
        return False, self.amount * _SECONDS[self.unit]

    def _order(self, other: Duration) -> int:
        """Negative, zero or positive; against zero only the sign counts, whatever the units."""
        working, own = self._identity()
        other_working, others = other._identity()
        if own and others and working != other_working:
            raise DurationMismatch(f"{self} and {other}: working days compare only with working days")
        return own - others
