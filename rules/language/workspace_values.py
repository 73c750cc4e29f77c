"""One part of a workspace document: its values as dates, money, zones, with problems told where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from rules.facts.duration import BadDuration, Duration
from rules.facts.money import BadNumber, Money, UnknownCurrency
from rules.language.documents import Document, Path
from rules.language.model import Position, Problem
from rules.language.nearest import allowed_here

_PERCENT = re.compile(r"^-?[0-9]+(\.[0-9]+)?\s*%$")
START = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Part:
    """A mapping inside a document. `problems` is the shared list that problems are told to."""

    document: Document
    path: Path
    problems: list[Problem]

    @property
    def value(self) -> Any:
        """What stands there."""
        return self.document.get(self.path)

    def at(self, *below: str | int, key: bool = False) -> Position:
        """Where it stands."""
        return self.document.at((*self.path, *below), key=key)

    def below(self, *path: str | int) -> Part:
        """A part inside this one."""
        return Part(self.document, (*self.path, *path), self.problems)

    def tell(self, name: str | int, message: str, hint: str = "") -> None:
        """A problem with the value of that name."""
        self.problems.append(Problem(self.at(name), message, hint))

    @contextmanager
    def refusing(self, kind: type[Exception], *below: str) -> Iterator[None]:
        """Turn that error into a problem at the place."""
        try:
            yield
        except kind as error:
            self.problems.append(Problem(self.at(*below), str(error)))

    def known(self, name: str, allowed: Mapping[str, Any]) -> None:
        """The key that stands there has to be one of these."""
        given = self.value.get(name)
        if given is not None and given not in allowed:
            self.tell(name, f"there is no `{given}` here", allowed_here(given, allowed))

    def day(self, *below: str | int) -> date:
        """A date; a problem for one that the calendar does not have."""
        text = self.document.get((*self.path, *below))
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.problems.append(Problem(self.at(*below), f"{text} is no date", "write it as 2026-12-31"))
            return START

    def money(self, *below: str | int) -> Money | None:
        """An amount with its currency, such as 5000 USD; none where nothing stands."""
        text = self.document.get((*self.path, *below))
        if text is None:
            return None
        try:
            return Money.parse(text)
        except (BadNumber, UnknownCurrency, ValueError) as error:
            self.problems.append(Problem(self.at(*below), str(error)))
            return None

    def amount(self, currency: str, *below: str | int) -> Money | None:
        """A bare amount in the project's currency; none where nothing stands."""
        given = self.document.get((*self.path, *below))
        if given is None:
            return None
        try:
            return Money(Decimal(given), currency)
        except (BadNumber, UnknownCurrency, ValueError) as error:
            self.problems.append(Problem(self.at(*below), str(error)))
            return None

    def duration(self, *below: str | int) -> Duration | None:
        """A span of time such as 2w; none where nothing stands."""
        given = self.document.get((*self.path, *below))
        if given is None:
            return None
        try:
            return Duration.parse(str(given))
        except BadDuration as error:
            self.problems.append(Problem(self.at(*below), str(error)))
            return None

    def zone(self, name: str, default: str = "UTC") -> str:
        """A zone name that exists; one that is taken over from elsewhere is told about where it stands."""
        given = self.value.get(name, default)
        try:
            ZoneInfo(given)
        except (KeyError, ValueError, OSError):
            if name in self.value:
                self.tell(name, f"{given} is no time zone", "write it as Asia/Shanghai or America/New_York")
            return "UTC"
        return str(given)


def typed(value: Any) -> Any:
    """A value of `vars:`: percentages become numbers, amounts money, durations durations; lists each of theirs."""
    if isinstance(value, list):
        return [typed(v) for v in value]
    if not isinstance(value, str):
        return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if _PERCENT.match(value):
        return Decimal(value.rstrip("% ")) / 100
    for parse, refusal in (
        (Money.parse, (BadNumber, UnknownCurrency, ValueError)),
        (Duration.parse, (BadDuration,)),
    ):
        try:
            return parse(value)
        except refusal:
            continue
    return value
