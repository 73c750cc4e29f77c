"""Foreign JSON is untrusted: a strict decoder, and an accessor that knows the path it walked.

In: bytes from outside. Out: `Foreign` values, or `Malformed` naming the path, what is there and what was expected
("issue.fields.summary is a list, text expected"). Refused: bad UTF-8, NaN and Infinity, lone surrogates, NUL,
nesting over 64, numbers over 40 digits, a key twice in one object, bodies over the size cap. Fractions are Decimal,
never float.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NoReturn, TypeVar

from connectors.base import ConnectorError, Malformed, Response

MAX_BYTES = 5 * 1024 * 1024
MAX_DEPTH = 64
MAX_DIGITS = 40

T = TypeVar("T")
D = TypeVar("D", bound=date)

_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
_UNFIT = re.compile(r"[\x00\ud800-\udfff]")
_ESCAPE_OF_UNFIT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,12})?)? ?(?:Z|[+-][0-9]{2}:?[0-9]{2})"
)
_KINDS = (
    (bool, "true or false"),
    ((int, Decimal), "a number"),
    (str, "text"),
    (list, "a list"),
    (dict, "an object"),
)


def read(body: bytes, *, limit: int = MAX_BYTES) -> Foreign:
    """The JSON body of a delivery. Raises Malformed."""
    return Foreign(decode(body, limit=limit))


def answer(response: Response, system: str) -> Foreign:
    """The JSON body of an answer to a read; what cannot be read in it is a ConnectorError naming the system."""

    def refuse(reason: str) -> Exception:
        return ConnectorError(
            f"{system} answered what cannot be read: {reason}", retryable=False, status=response.status
        )

    try:
        return Foreign(decode(response.content), refuse=refuse)
    except Malformed as problem:
        raise refuse(str(problem)) from None


def decode(body: bytes, *, limit: int = MAX_BYTES) -> Any:
    """Bytes to None, bool, int, Decimal, str, list and dict. Raises Malformed."""
    if len(body) > limit:
        raise Malformed(f"the body has {len(body)} bytes, at most {limit} are read")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise Malformed(f"the body is not UTF-8 (byte {problem.start})") from None
    _check_depth(text)
    try:
        value = json.loads(
            text,
            parse_int=_whole,
            parse_float=_fraction,
            parse_constant=_constant,
            object_pairs_hook=_members,
        )
    except json.JSONDecodeError as problem:
        raise Malformed(
            f"the body is not JSON: {problem.msg} (line {problem.lineno}, column {problem.colno})"
        ) from None
    if _ESCAPE_OF_UNFIT.search(text):
        _check_text(value)
    return value


@dataclass(frozen=True, slots=True)
class Foreign:
    """A value from outside and the path to it. Reading it as what it is not raises `refuse(reason)`."""

    value: Any = field(repr=False)
    path: str = ""
    refuse: Callable[[str], Exception] = field(default=Malformed, repr=False, compare=False)

    def __getitem__(self, key: str) -> Foreign:
        """The value under a key that has to be there; it may be null."""
        members = self.members()
        below = self._below(key)
        if key not in members:
            raise self.refuse(f"{below} is missing")
        return Foreign(members[key], below, self.refuse)

    def get(self, key: str) -> Foreign | None:
        """The value under a key, or None when it is missing or null. `key in x` tells the two apart."""
        value = self.members().get(key)
        return None if value is None else Foreign(value, self._below(key), self.refuse)

    def __contains__(self, key: str) -> bool:
        return key in self.members()

    def members(self) -> dict[str, Any]:
        return self._as(dict, "an object")

    def each(self) -> list[Foreign]:
        found = self._as(list, "a list")
        return [Foreign(value, f"{self.path}[{index}]", self.refuse) for index, value in enumerate(found)]

    def items(self) -> Iterator[tuple[str, Foreign]]:
        return ((key, Foreign(value, self._below(key), self.refuse)) for key, value in self.members().items())

    def text(self) -> str:
        return self._as(str, "text")

    def flag(self) -> bool:
        return self._as(bool, "true or false")

    def whole(self) -> int:
        """A number without a fraction; 3.0 is one too."""
        number = self.number()
        if number != number.to_integral_value():
            raise self.refuse(f"{self._here} is {number}, a whole number expected")
        return int(number)

    def number(self) -> Decimal:
        if isinstance(self.value, bool) or not isinstance(self.value, int | Decimal):
            self._wrong("a number")
        return Decimal(self.value)

    def id(self) -> str:
        """An identifier, which systems send as text or as a number. Never empty."""
        if isinstance(self.value, int) and not isinstance(self.value, bool):
            return str(self.value)
        if not self._as(str, "text or a number"):
            raise self.refuse(f"{self._here} is empty, an id expected")
        return str(self.value)

    def day(self) -> date:
        """A day written YYYY-MM-DD."""
        return self._parsed(_DATE, date.fromisoformat, "a date like 2026-03-01")

    def stamp(self) -> datetime:
        """A time with its zone, in the offset it was written in (so that `.date()` is the writer's day)."""
        return self._parsed(_TIME, _in_range, "a time with a zone like 2026-03-01T09:30:00Z")

    def time(self) -> datetime:
        """A time with its zone, as UTC."""
        return self.stamp().astimezone(UTC)

    def epoch(self, per_second: int = 1) -> datetime:
        """A time as seconds since 1970 (`per_second=1000`: milliseconds), as UTC."""
        given = self.value
        # Some senders write the number as text.
        counted = isinstance(given, str) and given.isascii() and given.isdecimal() and len(given) <= 16
        number = (Decimal(str(given)) if counted else self.number()) / per_second
        if not 0 <= number < 253_370_764_800:
            raise self.refuse(f"{self._here} is {self.value}, a time between 1970 and 9999 expected")
        return datetime.fromtimestamp(int(number), UTC).replace(microsecond=int(number % 1 * 1_000_000))

    @property
    def _here(self) -> str:
        return self.path or "the body"

    def _below(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _as(self, kind: type[T], expected: str) -> T:
        if not isinstance(self.value, kind):
            self._wrong(expected)
        return self.value

    def _parsed(self, pattern: re.Pattern[str], parse: Callable[[str], D], expected: str) -> D:
        text = self._as(str, expected)
        try:
            if pattern.fullmatch(text):
                return parse(text)
        except ValueError:
            pass
        raise self.refuse(f"{self._here} is {text[:40]!r}, {expected} expected")

    def _wrong(self, expected: str) -> NoReturn:
        found = next((word for kind, word in _KINDS if isinstance(self.value, kind)), "null")
        raise self.refuse(f"{self._here} is {found}, {expected} expected")


def _in_range(text: str) -> datetime:
    """Years close to the ends cannot be moved to another zone."""
    found = datetime.fromisoformat(text.replace(",", ".").replace(" ", "T", 1).replace(" ", ""))
    if not 1970 <= found.year < 9999:
        raise ValueError(text)
    return found


def _check_depth(text: str) -> None:
    """Refuse deep nesting before the parser recurses into it: brackets are counted outside of strings."""
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > MAX_DEPTH:
            raise Malformed(f"the body is nested deeper than {MAX_DEPTH} levels")


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise Malformed(f"a number of {len(text)} digits is in the body, at most {MAX_DIGITS} are read")
    return int(text)


def _fraction(text: str) -> Decimal:
    number = Decimal(text) if len(text) <= MAX_DIGITS else Decimal("NaN")
    if not number.is_finite() or abs(number.adjusted()) > MAX_DIGITS:
        raise Malformed(f"the number {text[:MAX_DIGITS]} in the body is too long, too large or too small")
    return number


def _constant(text: str) -> NoReturn:
    raise Malformed(f"{text} is in the body, which is no JSON number")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Readers disagree about which of two equal keys counts, so what one of them checked another may not act on."""
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in found if keys.count(key) > 1)
        raise Malformed(f"`{twice[:40]}` stands twice in one object of the body")
    return found


def _check_text(value: Any) -> None:
    """Half a surrogate pair and NUL can be written as escapes; no database and no mail takes them."""
    if isinstance(value, str) and _UNFIT.search(value):
        raise Malformed("a text in the body holds half a surrogate pair or a NUL character")
    if isinstance(value, dict):
        for key, below in value.items():
            _check_text(key)
            _check_text(below)
    elif isinstance(value, list):
        for below in value:
            _check_text(below)


def version_of(at: datetime) -> str:
    """A UTC time as the version of an event: always the same width, so that text order is the order of time."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
