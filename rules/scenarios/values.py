"""Values of a scenario as values of the facts: what `data:` gives, times, and who is meant.

In: what YAML made of a field, the catalogue's type of it, the project's currency and zone. Out: Money, Decimal, date,
UTC time, Duration and so on, or `BadStep` with the place and the mend.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from rules.facts.calendar import BadCalendar, local_to_utc
from rules.facts.catalogue import EVENTS, OBJECTS, Field
from rules.facts.duration import Duration
from rules.facts.event import Record
from rules.facts.money import Money, decimal_of
from rules.language.model import Position
from rules.language.schemas import shown
from rules.language.sources import Source
from rules.language.variables import read_text

_STAMP: Final = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)")
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?))?(?: ([A-Za-z][\w+/-]*))?")
_DOCUMENTS: Final = frozenset({"bill", "invoice", "payment"})


class BadStep(ValueError):
    """Something in a step that cannot be played; says where it stands."""

    def __init__(self, at: Position, message: str) -> None:
        super().__init__(message)
        self.at = at


@dataclass(frozen=True, slots=True)
class Meant:
    """What bare figures and times of a step mean: amounts in `currency`, times without a zone in `zone`."""

    currency: str
    zone: str


def fields_of_event(event_type: str) -> Mapping[str, Field]:
    """The fields that `data:` of such an event may give: those of its object; a document's entry has its own beside."""
    noun = EVENTS[event_type].object
    own = OBJECTS.get(noun, {})
    if noun in _DOCUMENTS:
        return {**OBJECTS["entry"], **_RATE, **own}
    return {**own, **_RATE} if noun == "entry" else own


def read_object(event_type: str, given: Source, meant: Meant, *, whole: bool) -> Record:
    """The object of an event from `data:` or `before:`.

    whole: the object is new, so what is not given is none (an empty list, false); else only what is given is said.
    """
    fields = fields_of_event(event_type)
    stated: Mapping[str, Any] = given.value or {}
    currency = stated.get("currency")
    own = Meant(str(currency), meant.zone) if isinstance(currency, str) else meant
    said = {name: _read(given.below(name), fields[name], own) for name in stated}
    return {**_unsaid(event_type), **said} if whole else said


def moment(source: Source, zone: str) -> datetime:
    """A time such as `2026-09-21 10:00 America/New_York`, in UTC; without a zone of its own it is in `zone`."""
    try:
        return _moment(str(source.value), zone)
    except (ValueError, BadCalendar) as error:
        raise BadStep(source.at(), f"{shown(source.value)} is no time: {error}") from None


def duration(source: Source) -> Duration:
    """A duration such as 3wd."""
    return Duration.parse(str(source.value))


def _moment(text: str, zone: str) -> datetime:
    found = _TIME.fullmatch(text.strip())
    if found is None and _STAMP.fullmatch(text.strip()):
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    if found is None:
        raise ValueError("write it as 2026-09-21 10:00 America/New_York")
    day, clock, own = found.groups()
    read = datetime.fromisoformat(f"{day} {clock or '00:00'}")
    return local_to_utc(read.date(), read.time(), own or zone)


def _unsaid(event_type: str) -> Record:
    """The object with nothing said of it."""
    empty: dict[str, Callable[[], Any]] = {"list": list, "bool": bool}
    return {f.name: empty.get(f.type, _none)() for f in OBJECTS.get(EVENTS[event_type].object, {}).values()}


def _none() -> None:
    return None


def _read(source: Source, field: Field, meant: Meant) -> Any:
    value = source.value
    if value is None or value == "none":
        return None
    try:
        return _READERS[field.type](value, meant)
    except (ValueError, TypeError, ArithmeticError) as error:
        wanted = _WANTED.get(field.type, field.type)
        raise BadStep(source.at(), f"`{field.name}` must be {wanted}, not {shown(value)} ({error})") from None


def _text(value: Any, _: Meant) -> str:
    if isinstance(value, dict | list | bool):
        raise TypeError("write one text")
    return str(value)


def _number(value: Any, _: Meant) -> Any:
    found = read_text(value) if isinstance(value, str) else decimal_of(value)
    if not isinstance(found, Decimal | int) or isinstance(value, bool):
        raise TypeError("write 3, 0.5 or 80%")
    return found


def _whole(value: Any, _: Meant) -> int:
    if type(value) is not int:
        raise TypeError("write it in digits")
    return value


def _money(value: Any, meant: Meant) -> Money:
    if isinstance(value, str) and " " in value:
        return Money.parse(value)
    return Money(decimal_of(value), meant.currency)


def _truth(value: Any, _: Meant) -> bool:
    if not isinstance(value, bool):
        raise TypeError("write true or false")
    return value


def _list(value: Any, _: Meant) -> list[Any]:
    return [
        read_text(v) if isinstance(v, str) else v for v in (value if isinstance(value, list) else [value])
    ]


_READERS: Final[Mapping[str, Callable[[Any, Meant], Any]]] = {
    "text": _text,
    "int": _whole,
    "number": _number,
    "money": _money,
    "date": lambda value, _: date.fromisoformat(str(value)),
    "time": lambda value, meant: _moment(str(value), meant.zone),
    "duration": lambda value, _: Duration.parse(str(value)),
    "bool": _truth,
    "list": _list,
    "object": lambda value, _: value,
    "any": lambda value, _: value,
}
_WANTED: Final = {
    "text": "text",
    "int": "a whole number",
    "number": "a number",
    "money": "an amount, such as 39000.00 or 39000.00 USD",
    "date": "a date, such as 2026-09-21",
    "time": "a time, such as 2026-09-21 10:00 America/New_York",
    "duration": "a duration, such as 2h or 3wd",
    "bool": "true or false",
    "list": "a list",
}
# The rate of an amount in a foreign currency stands on the entry; rules do not name it.
_RATE: Final = {"rate": Field("rate", "number", optional=True)}
