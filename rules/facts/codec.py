"""Values as canonical JSON and back: what is stored, hashed and compared has exactly one text.

In: None, bool, int, str, Decimal, Money, UTC datetime, date, time, Duration, and lists, tuples and text-keyed mappings
of them. Out: JSON with sorted keys, no spaces and plain UTF-8, where what JSON lacks is tagged, such as
{"$":"money","v":"12.30 USD"}. Floats are refused in both directions: they are not what was written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, Final, NoReturn, TypeVar

from rules.facts.duration import Duration
from rules.facts.money import Money

T = TypeVar("T")

MAX_DEPTH: Final = 64
_MAX_INTEGER: Final = 10**40
_NO_OFFSET: Final = timedelta(0)
_WRITE: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode


class CodecError(ValueError):
    """A value that has no canonical text, or a text that is not canonical; says where in the value."""

    def __init__(self, reason: str, path: tuple[str, ...] = ()) -> None:
        self.reason, self.path = reason, path
        super().__init__(f"{'.'.join(path)}: {reason}" if path else reason)

    def inside(self, key: object) -> CodecError:
        """The same error seen from one level further out."""
        return CodecError(self.reason, (str(key)[:60], *self.path))


def dumps(value: Any) -> str:
    """The canonical text of a value; CodecError names the place of what cannot be written."""
    return write_json(_walk(value, _tagged, MAX_DEPTH))


def loads(text: str | bytes) -> Any:
    """The value of a canonical text; CodecError for floats, unknown tags, repeated keys and nesting beyond 64."""
    try:
        text = text.decode() if isinstance(text, bytes) else text
        value = json.loads(
            text,
            object_pairs_hook=_untag,
            parse_float=_refuse_float,
            parse_constant=_refuse_float,
            parse_int=_integer,
        )
    except RecursionError:
        raise CodecError(f"nested deeper than {MAX_DEPTH}") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as problem:
        raise CodecError(f"no JSON: {problem}") from None
    if text.count("{") + text.count("[") > MAX_DEPTH:
        _check_depth(value, MAX_DEPTH)
    return value


def to_plain(value: Any) -> Any:
    """The value for an API: money as {"amount", "currency"}, decimals and durations as text, times as ISO 8601."""
    return _walk(value, _plain, MAX_DEPTH)


def write_json(value: Any) -> str:
    """Canonical JSON of a value that consists of JSON's own types already."""
    text = _WRITE(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise CodecError("text with half a surrogate pair, which is no character") from None
    return text


def to_fields(value: Any, always: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields of a frozen dataclass that say something: those at their default are left out, but for `always`.

    While two versions work side by side, the one before reads what this one writes as long as nothing new is said.
    """
    return {
        field.name: said
        for field in fields(value)
        if (said := getattr(value, field.name)) != _default(field) or field.name in always
    }


def from_fields(kind: Callable[..., T], stored: Mapping[str, Any]) -> T:
    """The dataclass that was stored: what is not there has its default, what only a later version knows is left."""
    known = _names(kind)
    return kind(**{name: value for name, value in stored.items() if name in known})


@cache
def _names(kind: Any) -> frozenset[str]:
    return frozenset(field.name for field in fields(kind))


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def iso_utc(at: datetime) -> str:
    """An aware UTC time as 2026-09-21T02:15:30Z, with six digits of fraction only when there is one."""
    if at.utcoffset() != _NO_OFFSET:
        raise CodecError(f"the time {at.isoformat()} is not in UTC")
    return at.replace(tzinfo=None).isoformat() + "Z"


def _walk(value: Any, leaf: Callable[[Any, type], Any], depth: int) -> Any:
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return value
    if kind is int:
        if -_MAX_INTEGER < value < _MAX_INTEGER:
            return value
        raise CodecError("an integer of more than 40 digits")
    if kind is list or kind is tuple:
        return _walk_list(value, leaf, _deeper(depth))
    if kind is dict or isinstance(value, Mapping):
        fields = _walk_mapping(value, leaf, _deeper(depth))
        # A key "$" of somebody else's data must not read back as a tag.
        return (
            {"$": "map", "v": [[k, fields[k]] for k in sorted(fields)]}
            if "$" in fields and leaf is _tagged
            else fields
        )
    return leaf(value, kind)


def _walk_list(value: list[Any] | tuple[Any, ...], leaf: Callable[[Any, type], Any], depth: int) -> list[Any]:
    items: list[Any] = []
    try:
        for item in value:
            items.append(_walk(item, leaf, depth))  # noqa: PERF401 - the length tells which item failed
    except CodecError as problem:
        raise problem.inside(len(items)) from None
    return items


def _walk_mapping(value: Mapping[Any, Any], leaf: Callable[[Any, type], Any], depth: int) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    key: Any = None
    try:
        for key, item in value.items():
            if type(key) is not str:
                raise CodecError(f"a key must be text, not {type(key).__name__}")
            fields[key] = _walk(item, leaf, depth)
    except CodecError as problem:
        raise problem.inside(key) from None
    return fields


def _deeper(depth: int) -> int:
    if depth == 0:
        raise CodecError(f"nested deeper than {MAX_DEPTH}")
    return depth - 1


def _check_depth(value: Any, depth: int) -> None:
    if isinstance(value, dict | list):
        below = _deeper(depth)
        for item in value.values() if isinstance(value, dict) else value:
            _check_depth(item, below)


def _decimal_text(value: Decimal) -> str:
    if not value.is_finite():
        raise CodecError(f"{value} is no number")
    return str(value)


def _clock_text(value: time) -> str:
    if value.tzinfo is not None:
        raise CodecError("a time of day has no zone of its own: keep the zone beside it")
    return value.isoformat()


_TEXTS: Final[dict[type, tuple[str, Callable[[Any], str]]]] = {
    Decimal: ("decimal", _decimal_text),
    Money: ("money", str),
    datetime: ("time", iso_utc),
    date: ("date", date.isoformat),
    time: ("clock", _clock_text),
    Duration: ("duration", str),
}


def _leaf_text(value: Any, kind: type) -> tuple[str, str]:
    known = _TEXTS.get(kind)
    if known is None:
        raise CodecError(
            f"{kind.__name__} has no canonical text" + (": give a decimal" if kind is float else "")
        )
    tag, text_of = known
    return tag, text_of(value)


def _tagged(value: Any, kind: type) -> Any:
    tag, text = _leaf_text(value, kind)
    return {"$": tag, "v": text}


def _plain(value: Any, kind: type) -> Any:
    if kind is Money:
        amount, currency = str(value).split(" ")
        return {"amount": amount, "currency": currency}
    text = _leaf_text(value, kind)[1]
    return f"{value:f}" if kind is Decimal and abs(value.adjusted()) < 100 else text


def _matching(pattern: str, read: Callable[[str], Any]) -> Callable[[str], Any]:
    """A reader that takes exactly the form that is written; the library's own take others too."""
    form = re.compile(pattern)

    def strictly(text: str) -> Any:
        if not form.fullmatch(text):
            raise ValueError(text)
        return read(text)

    return strictly


def _read_money(text: str) -> Money:
    amount, _, currency = text.partition(" ")
    return Money(Decimal(amount), currency)


_DATE: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK: Final = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?"
_NUMBER: Final = r"-?[0-9]+(\.[0-9]+)?"
_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "decimal": _matching(rf"{_NUMBER}(E[+-][0-9]+)?", Decimal),
    "money": _matching(rf"{_NUMBER} [A-Z]{{3}}", _read_money),
    "time": _matching(f"{_DATE}T{_CLOCK}Z", datetime.fromisoformat),
    "date": _matching(_DATE, date.fromisoformat),
    "clock": _matching(_CLOCK, time.fromisoformat),
    "duration": _matching("-?[0-9]+(m|h|d|wd|w)", Duration.parse),
}


def _untag(pairs: list[tuple[str, Any]]) -> Any:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise CodecError("a key stands twice in one object")
    if "$" not in fields:
        return fields
    tag, content = fields["$"], fields.get("v")
    if fields.keys() != {"$", "v"}:
        raise CodecError(f"a tagged value has $ and v, not {', '.join(sorted(fields))[:80]}")
    if tag == "map":
        return _read_map(content)
    reader = _READERS.get(tag) if isinstance(tag, str) else None
    if reader is None:
        raise CodecError(f"unknown tag {str(tag)[:40]!r}: known are {', '.join(_READERS)} and map")
    try:
        return reader(content) if isinstance(content, str) else _refuse(tag, content)
    except (ValueError, ArithmeticError):
        return _refuse(tag, content)


def _read_map(content: Any) -> dict[str, Any]:
    pairs = content if isinstance(content, list) else []
    if not pairs or any(
        type(pair) is not list or len(pair) != 2 or type(pair[0]) is not str for pair in pairs
    ):
        _refuse("map", content)
    return dict(pairs)


def _refuse(tag: object, content: object) -> NoReturn:
    raise CodecError(f"{str(content)[:60]!r} is no {tag}") from None


def _refuse_float(text: str) -> NoReturn:
    raise CodecError(f"{text[:40]} is a bare fraction: numbers that are not whole stand as tagged decimals")


def _integer(text: str) -> int:
    if len(text) > 41:
        raise CodecError("an integer of more than 40 digits")
    return int(text)
