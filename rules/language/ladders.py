"""The memory word `crosses`: a figure and its levels.

In: its words in the file. Out: a `Crosses`, checked: levels in the order in which they are met, of the figure's kind.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final, Literal

from rules.facts.catalogue import EVENTS
from rules.facts.money import Money
from rules.language.conditions import compile_at, name_at
from rules.language.counted_days import days_of
from rules.language.events import event_types
from rules.language.expressions import Compiled
from rules.language.model import UNKNOWN, Crosses, Expression, ExpressionError, Resolve
from rules.language.names import TypeEnv
from rules.language.sources import Source
from rules.language.variables import read_variable

REARM_OF_RATIOS: Final = Decimal("0.02")


class BadLevels(ValueError):
    """Levels that make no ladder."""


def levels_of(crosses: Crosses, resolve: Resolve) -> tuple[Decimal, ...]:
    """The levels for one project; ExpressionError when a variable gives none that make a ladder."""
    if isinstance(crosses.levels, tuple):
        return crosses.levels
    found = crosses.levels.value(resolve)
    try:
        if not isinstance(found, list | tuple):
            raise BadLevels("it is no list")
        return _ordered(found, crosses.direction, crosses.currency)
    except BadLevels as error:
        raise ExpressionError(f"`{crosses.levels.text}` gives no levels: {error}") from None


def read_crosses(source: Source, env: TypeEnv) -> Crosses | None:
    """The ladder of a rule, or none with what is wrong told."""
    value = compile_at(source.below("value"), env, wanted=("number", "money"))
    if value is None:
        return None
    direction: Literal["up", "down"] = "down" if source.get("direction") == "down" else "up"
    levels, currency = _read_levels(source.below("levels"), value, direction, env)
    rearm = _read_rearm(source.below("rearm"), source.get("levels"), currency)
    rebase = event_types(source.below("rebase_on")) if source.get("rebase_on") else ("baseline.approved",)
    if levels is None or rearm is None:
        return None
    return Crosses(
        value=value,
        levels=levels,
        rearm=rearm,
        direction=direction,
        key=name_at(source.below("key"), env),
        period=name_at(source.below("period"), env),
        rebase_on=tuple(t for t in rebase if t in EVENTS),
        currency=currency,
    )


def _read_levels(
    source: Source, value: Compiled, direction: Literal["up", "down"], env: TypeEnv
) -> tuple[tuple[Decimal, ...] | Expression | None, str | None]:
    if isinstance(source.value, str) and isinstance(read_variable(source.value), str):
        return _variable_levels(source, env), None
    given = source.value if isinstance(source.value, list) else [source.value]
    items = [days_of(value.root, read_variable(one)) for one in given]
    currency = next((one.currency for one in items if isinstance(one, Money)), None)
    if (currency is not None) != (value.type.kind == "money") and value.type.kind != "any":
        wanted = "amounts of money such as 5000 USD" if value.type.kind == "money" else "numbers such as 80%"
        source.tell(
            f"`{value.text}` is {'money' if value.type.kind == 'money' else 'a number'}",
            f"its levels are {wanted}",
        )
        return None, currency
    try:
        return _ordered(items, direction, currency), currency
    except BadLevels as error:
        source.tell(str(error), _ladder_hint(items, direction))
        return None, currency


def _variable_levels(source: Source, env: TypeEnv) -> Expression | None:
    if not str(source.value).startswith("vars."):
        source.tell(
            f"`levels` cannot be `{source.value}`",
            "write a list such as [80%, 100%], or a variable: vars.NAME",
        )
        return None
    return compile_at(source, env, wanted=("list",))


def _ladder_hint(items: Iterable[Any], direction: str) -> str:
    numbers = {Decimal(one) for one in items if isinstance(one, Decimal | int) and not isinstance(one, bool)}
    ordered = sorted(numbers, reverse=direction == "down")
    return (
        f"write [{', '.join(_percent(one) for one in ordered)}]"
        if ordered
        else "write a list such as [80%, 100%]"
    )


def _percent(number: Decimal) -> str:
    if number == int(number) and abs(number) > 3:
        return str(int(number))
    return f"{(number * 100).normalize():f}%"


def _ordered(items: Iterable[Any], direction: str, currency: str | None) -> tuple[Decimal, ...]:
    found: list[Decimal] = []
    for item in items:
        amount = item.amount if isinstance(item, Money) and item.currency == currency else item
        if item is UNKNOWN or isinstance(amount, bool) or not isinstance(amount, int | Decimal):
            raise BadLevels(f"the level `{item}` is no {'amount of ' + currency if currency else 'number'}")
        level = Decimal(amount)
        if found and (level <= found[-1] if direction == "up" else level >= found[-1]):
            raise BadLevels(f"levels stand in the order in which they are met ({direction}), each once")
        found.append(level)
    if not found:
        raise BadLevels("there are no levels")
    return tuple(found)


def _read_rearm(source: Source, levels: Any, currency: str | None) -> Decimal | None:
    given = read_variable(source.value)
    if given is None:
        ratios = isinstance(levels, str) or any(
            isinstance(one, str) and one.endswith("%") for one in levels or ()
        )
        return REARM_OF_RATIOS if ratios and currency is None else Decimal(0)
    amount = given.amount if isinstance(given, Money) and given.currency == currency else given
    if isinstance(amount, int | Decimal) and not isinstance(amount, bool) and amount >= 0:
        return Decimal(amount)
    like = f"an amount such as 500 {currency}" if currency else "a distance such as 2%"
    source.tell(f"`rearm` cannot be `{source.value}`", f"write {like}, in the unit of the levels")
    return None
