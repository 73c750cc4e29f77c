"""The functions of the language: one entry in `FUNCTIONS` each.

In: values that are known and not none (what is unknown or none makes the result unknown before a function is asked).
Out: a value. `known`, `changed` and `before` speak about a name instead of its value: the compiler does them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from rules.facts.calendar import local_day
from rules.facts.calendar import working_days_between as count_working_days
from rules.facts.money import EXACT, Money, quantize
from rules.language.model import UNKNOWN, ExpressionError, Resolve
from rules.language.operations import ORDERED, calendars, contained, kind_of, shown, zone

MAX_SUBJECT: Final = 10_000
MAX_PATTERN: Final = 200

_TEXT: Final = frozenset({"text"})
_NUMBER: Final = frozenset({"number"})
_DAY: Final = frozenset({"date", "time"})
_SIZED: Final = frozenset({"text", "list"})


@dataclass(frozen=True, slots=True)
class Function:
    """One function: kinds of its arguments (the last one repeats when `many`), kind of its result ("first": that of
    the first argument), how it is written, and what it does. `optional` arguments may be left out at the end.
    """

    arguments: tuple[frozenset[str], ...]
    result: str
    written: str
    run: Callable[[list[Any], Resolve], Any]
    optional: int = 0
    many: bool = False


def _extreme(choose: Callable[..., Any]) -> Callable[[list[Any], Resolve], Any]:
    def run(values: list[Any], _: Resolve) -> Any:
        items = list(values[0]) if len(values) == 1 and kind_of(values[0]) == "list" else values
        if not items or any(one is UNKNOWN or one is None for one in items):
            return UNKNOWN
        if len({kind_of(one) for one in items}) > 1 or kind_of(items[0]) not in ORDERED:
            raise ExpressionError(f"{', '.join(shown(one) for one in items[:4])} have no common order")
        return choose(items)

    return run


def _round(values: list[Any], _: Resolve) -> Any:
    value, places = values[0], values[1] if len(values) > 1 else Decimal(0)
    if isinstance(value, Money):
        return quantize(value)
    if not 0 <= places <= 10 or places != int(places):
        raise ExpressionError("round(x, places) takes 0 to 10 places")
    return Decimal(value).quantize(Decimal(1).scaleb(-int(places)), rounding=ROUND_HALF_UP, context=EXACT)


def _glob(values: list[Any], _: Resolve) -> bool:
    """`*` any run of characters, `?` one character; the whole text has to match. Work: text times pattern at most."""
    text, pattern = values
    if len(text) > MAX_SUBJECT or len(pattern) > MAX_PATTERN:
        raise ExpressionError(f"matches() takes {MAX_SUBJECT:,} characters and a pattern of {MAX_PATTERN}")
    at = wanted = 0
    star = resumed = -1
    while at < len(text):
        if wanted < len(pattern) and pattern[wanted] == "*":
            star, resumed = wanted, at
            wanted += 1
        elif wanted < len(pattern) and pattern[wanted] in ("?", text[at]):
            at, wanted = at + 1, wanted + 1
        elif star >= 0:
            resumed += 1
            at, wanted = resumed, star + 1
        else:
            return False
    return not pattern[wanted:].strip("*")


def _working_days(values: list[Any], resolve: Resolve) -> int:
    start, end = (_as_day(v, resolve) for v in values)
    return count_working_days(calendars(resolve), start, end)


def _as_day(value: Any, resolve: Resolve) -> date:
    return local_day(value, zone(resolve)) if isinstance(value, datetime) else value


def _convert(values: list[Any], resolve: Resolve) -> Any:
    amount, currency = values
    if amount.currency == currency:
        return amount
    rates = resolve("$rates")
    return UNKNOWN if rates is UNKNOWN or rates is None else rates(amount, currency)


FUNCTIONS: Final[Mapping[str, Function]] = {
    "lower": Function((_TEXT,), "text", "lower(text)", lambda v, _: v[0].lower()),
    "upper": Function((_TEXT,), "text", "upper(text)", lambda v, _: v[0].upper()),
    "len": Function((_SIZED,), "number", "len(text or list)", lambda v, _: len(v[0])),
    "abs": Function((frozenset({"number", "money", "duration"}),), "first", "abs(x)", lambda v, _: abs(v[0])),
    "min": Function((ORDERED | {"list"},), "first", "min(a, b, ...) or min(list)", _extreme(min), many=True),
    "max": Function((ORDERED | {"list"},), "first", "max(a, b, ...) or max(list)", _extreme(max), many=True),
    "round": Function(
        (frozenset({"number", "money"}), _NUMBER), "first", "round(x) or round(x, places)", _round, optional=1
    ),
    "contains": Function(
        (_SIZED, frozenset({"text", "number", "money", "date", "time", "duration", "bool"})),
        "bool",
        "contains(text or list, part)",
        lambda v, _: contained(v[1], v[0]),
    ),
    "startswith": Function(
        (_TEXT, _TEXT), "bool", "startswith(text, beginning)", lambda v, _: v[0].startswith(v[1])
    ),
    "endswith": Function((_TEXT, _TEXT), "bool", "endswith(text, ending)", lambda v, _: v[0].endswith(v[1])),
    "matches": Function((_TEXT, _TEXT), "bool", 'matches(text, "glob*")', _glob),
    "day": Function((_DAY,), "date", "day(time)", lambda v, r: _as_day(v[0], r)),
    "working_days_between": Function((_DAY, _DAY), "number", "working_days_between(a, b)", _working_days),
    "convert": Function((frozenset({"money"}), _TEXT), "money", 'convert(amount, "CNY")', _convert),
}

# These take a name, not a value.
NAME_FUNCTIONS: Final[Mapping[str, str]] = {
    "known": "known(object.field)",
    "changed": "changed(object.field)",
    "before": "before(object.field)",
}
