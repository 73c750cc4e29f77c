"""What the operators of the language do to values.

In: two values of the facts (text, int, Decimal, Money, date, aware datetime, Duration, bool, list, None), or UNKNOWN.
Out: a value, None or UNKNOWN. Kleene logic for truth, exact decimals for numbers; unknown makes unknown, and so does
`none` in an order or a sum. One table says which kinds may meet, so that the check at load and the run agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from rules.facts.calendar import WorkCalendar, shift, shift_day
from rules.facts.duration import Duration
from rules.facts.money import EXACT, CurrencyMismatch, Money
from rules.language.model import UNKNOWN, ExpressionError, Resolve

MAX_TEXT: Final = 10_000

_KINDS: Final[dict[type, str]] = {
    str: "text",
    int: "number",
    Decimal: "number",
    Money: "money",
    date: "date",
    datetime: "time",
    Duration: "duration",
    bool: "bool",
    list: "list",
    tuple: "list",
    dict: "object",
}

ORDERED: Final = frozenset({"number", "money", "date", "time", "duration"})

Operation = Callable[[Any, Any, Resolve], Any]


def kind_of(value: Any) -> str:
    """The kind of a value, as the catalogue calls it (an int is a number); "object" for a record."""
    kind = _KINDS.get(type(value))
    if kind is None:
        raise ExpressionError(f"a value of type {type(value).__name__} cannot be used in an expression")
    return kind


def equal(left: Any, right: Any) -> Any:
    """`==`: none equals only none; two kinds, or two currencies, never meet."""
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    if left is None or right is None:
        return left is right
    _same_kind(left, right)
    return left == right


def unequal(left: Any, right: Any) -> Any:
    """`!=`."""
    found = equal(left, right)
    return UNKNOWN if found is UNKNOWN else not found


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    def operation(left: Any, right: Any) -> Any:
        if left is UNKNOWN or right is UNKNOWN or left is None or right is None:
            return UNKNOWN
        if _same_kind(left, right) not in ORDERED:
            raise ExpressionError(f"{shown(left)} and {shown(right)} have no order")
        return compare(left, right)

    return operation


def contained(item: Any, within: Any) -> Any:
    """`in`: an item of a list, or a part of a text. Unknown items of a list may be the one looked for."""
    if item is UNKNOWN or within is UNKNOWN or within is None:
        return UNKNOWN
    if isinstance(within, str):
        return (
            item in within if isinstance(item, str) else UNKNOWN if item is None else _no_part(item, within)
        )
    if not isinstance(within, list | tuple):
        return _no_part(item, within)
    if any(_alike(item, one) for one in within if one is not UNKNOWN):
        return True
    return UNKNOWN if any(one is UNKNOWN for one in within) else False


def not_contained(item: Any, within: Any) -> Any:
    """`not in`."""
    found = contained(item, within)
    return UNKNOWN if found is UNKNOWN else not found


COMPARISONS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "==": equal,
    "!=": unequal,
    "<": _ordered(lambda a, b: a < b),
    "<=": _ordered(lambda a, b: a <= b),
    ">": _ordered(lambda a, b: a > b),
    ">=": _ordered(lambda a, b: a >= b),
    "in": contained,
    "not in": not_contained,
}


def truth(value: Any, text: str) -> Any:
    """A value as a condition: true, false or unknown; none is unknown, anything else is an ExpressionError."""
    if value is True or value is False or value is UNKNOWN:
        return value
    if value is None:
        return UNKNOWN
    raise ExpressionError(f"`{text}` is {shown(value)}, neither true nor false")


def arithmetic(operator: str, left: Any, right: Any, resolve: Resolve) -> Any:
    """`+ - * /`. A ratio to zero does not exist: it is none."""
    if left is UNKNOWN or right is UNKNOWN or left is None or right is None:
        return UNKNOWN
    found = ARITHMETIC.get((operator, kind_of(left), kind_of(right)))
    if found is None:
        raise ExpressionError(f"{shown(left)} {operator} {shown(right)} has no meaning")
    return found[1](left, right, resolve)


def negated(value: Any) -> Any:
    """`-x` of a number, money or a duration."""
    if value is UNKNOWN or value is None:
        return UNKNOWN
    if kind_of(value) not in ("number", "money", "duration"):
        raise ExpressionError(f"-{shown(value)} has no meaning")
    return EXACT.minus(value) if isinstance(value, Decimal) else -value


def shown(value: Any) -> str:
    """A value as a reason quotes it."""
    if isinstance(value, str):
        return f'"{value[:60]}"'
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "none"}[value]
    return f"{value:f}" if isinstance(value, Decimal) else str(value)[:80]


def calendars(resolve: Resolve) -> tuple[WorkCalendar, ...]:
    """The calendars that count working days for this rule; ExpressionError where none is set."""
    found = resolve("$calendar")
    if found is UNKNOWN or not found:
        raise ExpressionError("no calendar says which days are worked")
    return tuple(found)


def zone(resolve: Resolve) -> str:
    """The project's time zone, UTC where there is no project."""
    found = resolve("project.time_zone")
    return found if isinstance(found, str) else "UTC"


def whole(value: Decimal) -> int:
    """The nearest whole number, halves up."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP, context=EXACT))


def _same_kind(left: Any, right: Any) -> str:
    kind, other = kind_of(left), kind_of(right)
    if kind != other:
        raise ExpressionError(f"{shown(left)} and {shown(right)} cannot be compared: {kind} and {other}")
    if kind == "money" and left.currency != right.currency:
        raise CurrencyMismatch(f"{left} and {right}: convert one of them first")
    return kind


def _alike(item: Any, one: Any) -> bool:
    if item is None or one is None:
        return item is one
    return kind_of(item) == kind_of(one) and bool(item == one)


def _no_part(item: Any, within: Any) -> Any:
    raise ExpressionError(f"{shown(item)} in {shown(within)} has no meaning")


def _add_numbers(left: Any, right: Any, _: Resolve) -> Any:
    return EXACT.add(left, right)


def _divide(left: Any, right: Any, _: Resolve) -> Any:
    if not right:
        return None
    return EXACT.divide(left, right) if isinstance(left, int | Decimal) else left / right


def _join(left: str, right: str, _: Resolve) -> str:
    if len(left) + len(right) > MAX_TEXT:
        raise ExpressionError(f"the text would have over {MAX_TEXT:,} characters")
    return left + right


def _add_durations(left: Duration, right: Duration, _: Resolve) -> Duration:
    if left.unit == right.unit or not right:
        return Duration(left.amount + right.amount, left.unit)
    return right if not left else _minutes(Decimal(left.seconds + right.seconds))


def _scale(duration: Duration, factor: Decimal) -> Duration:
    if duration.unit == "wd":
        return Duration(whole(EXACT.multiply(duration.amount, factor)), "wd")
    return _minutes(EXACT.multiply(duration.seconds, factor))


def _ratio(left: Duration, right: Duration, _: Resolve) -> Decimal | None:
    if not right:
        return None
    if left.unit == right.unit:
        return EXACT.divide(left.amount, right.amount)
    return EXACT.divide(left.seconds, right.seconds)


def _minutes(seconds: Decimal) -> Duration:
    return Duration(whole(EXACT.divide(seconds, 60)), "m")


def _move_date(day: date, by: Duration, resolve: Resolve) -> date:
    return shift_day(calendars(resolve) if by.unit == "wd" else (), day, by)


def _move_time(at: datetime, by: Duration, resolve: Resolve) -> datetime:
    return shift(at, by, calendars(resolve) if by.unit == "wd" else (), zone(resolve))


def _elapsed(later: datetime, earlier: datetime, _: Resolve) -> Duration:
    seconds = (later - earlier).total_seconds()
    return Duration(int(seconds // 60), "m")


# (operator, kind of the left, kind of the right) -> (kind of the result, what to do).
ARITHMETIC: Final[Mapping[tuple[str, str, str], tuple[str, Operation]]] = {
    ("+", "number", "number"): ("number", _add_numbers),
    ("-", "number", "number"): ("number", lambda a, b, _: EXACT.subtract(a, b)),
    ("*", "number", "number"): ("number", lambda a, b, _: EXACT.multiply(a, b)),
    ("/", "number", "number"): ("number", _divide),
    ("+", "money", "money"): ("money", lambda a, b, _: a + b),
    ("-", "money", "money"): ("money", lambda a, b, _: a - b),
    ("*", "money", "number"): ("money", lambda a, b, _: a * b),
    ("*", "number", "money"): ("money", lambda a, b, _: b * a),
    ("/", "money", "number"): ("money", _divide),
    ("/", "money", "money"): ("number", _divide),
    ("+", "duration", "duration"): ("duration", _add_durations),
    ("-", "duration", "duration"): ("duration", lambda a, b, r: _add_durations(a, -b, r)),
    ("*", "duration", "number"): ("duration", lambda a, b, _: _scale(a, Decimal(b))),
    ("*", "number", "duration"): ("duration", lambda a, b, _: _scale(b, Decimal(a))),
    ("/", "duration", "number"): ("duration", lambda a, b, _: _scale(a, EXACT.divide(1, b)) if b else None),
    ("/", "duration", "duration"): ("number", _ratio),
    ("+", "date", "duration"): ("date", _move_date),
    ("-", "date", "duration"): ("date", lambda a, b, r: _move_date(a, -b, r)),
    ("-", "date", "date"): ("duration", lambda a, b, _: Duration((a - b).days, "d")),
    ("+", "time", "duration"): ("time", _move_time),
    ("-", "time", "duration"): ("time", lambda a, b, r: _move_time(a, -b, r)),
    ("-", "time", "time"): ("duration", _elapsed),
    ("+", "text", "text"): ("text", _join),
}
