"""Near misses: what value would have made a rule fire that did not.

In: the conditions of a rule with its names, or a ladder that was not crossed. Out: one plain sentence, or none where
more than one thing stood in the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from rules.facts.money import Money, format_money, format_percent
from rules.language.expressions import Compiled, compile_node
from rules.language.model import UNKNOWN, Crosses, Expression, ExpressionError, Resolve
from rules.language.operations import shown
from rules.language.syntax import Compare, ListOf, Literal, Logic, Node, Unary

# What the left side would have had to be, for the comparison and for its opposite.
_WANTED: Final = {
    "==": "{}",
    "!=": "anything but {}",
    "<": "less than {}",
    "<=": "{} or less",
    ">": "more than {}",
    ">=": "{}",
    "in": "one of {}",
    "not in": "none of {}",
}
_OPPOSITE: Final = {
    "==": "!=",
    "!=": "==",
    "<": ">=",
    ">=": "<",
    ">": "<=",
    "<=": ">",
    "in": "not in",
    "not in": "in",
}
_MIRRORED: Final = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
# Beyond this a level is a count or an amount, not a share of something.
_LARGEST_SHARE: Final = 3


def near_miss(conditions: Sequence[Expression], resolve: Resolve) -> str | None:
    """What one failed comparison would have needed, when everything else holds."""
    failed = [c for c in conditions if _value(c, resolve) is not True]
    if len(failed) != 1 or not isinstance(failed[0], Compiled):
        return None
    return _Search(failed[0], resolve).needed(failed[0].root, wanted=True)


def near_level(crosses: Crosses, value: Decimal, level: Decimal | None) -> str | None:
    """The next level of a ladder that was not crossed."""
    if level is None:
        return None
    return (
        f"{crosses.value.text} is {figure(crosses, value)}; {level_figure(crosses, level)} would have fired"
    )


def figure(crosses: Crosses, value: Decimal) -> str:
    """A ladder's value as a reason writes it: a share in percent, an amount in its currency, else the number."""
    return _figure(crosses, value, places=1)


def level_figure(crosses: Crosses, level: Decimal) -> str:
    """A level in the same manner; a whole percentage has no decimals."""
    percent = level * 100
    return _figure(crosses, level, places=0 if percent == percent.to_integral_value() else 1)


def _figure(crosses: Crosses, number: Decimal, places: int) -> str:
    if crosses.currency is not None:
        return format_money(Money(number, crosses.currency))
    levels = crosses.levels if isinstance(crosses.levels, tuple) else (number,)
    if any(abs(level) > _LARGEST_SHARE for level in levels):
        return shown(number)
    return format_percent(number, places)


def _value(condition: Expression, resolve: Resolve) -> Any:
    try:
        return condition.value(resolve)
    except ExpressionError:
        return UNKNOWN


class _Search:
    """Looks for the one comparison of an expression that stood in the way."""

    def __init__(self, expression: Compiled, resolve: Resolve) -> None:
        self.text = expression.text
        self.resolve = resolve

    def needed(self, node: Node, wanted: bool) -> str | None:
        """What would have made this step `wanted`, or none when no single value would."""
        if isinstance(node, Unary) and node.operator == "not":
            return self.needed(node.operand, not wanted)
        if isinstance(node, Logic):
            return self._of_logic(node, wanted)
        if isinstance(node, Compare) and len(node.operands) == 2:
            return self._of_comparison(node, wanted)
        return None

    def _of_logic(self, node: Logic, wanted: bool) -> str | None:
        """`and` needs all, so only one may be in the way; of `or` the first that can be told will do."""
        in_the_way = [o for o in node.operands if self._at(o) is not wanted]
        if (node.operator == "and") is wanted:
            return self.needed(in_the_way[0], wanted) if len(in_the_way) == 1 else None
        told = (self.needed(o, wanted) for o in in_the_way)
        return next((one for one in told if one is not None), None)

    def _of_comparison(self, node: Compare, wanted: bool) -> str | None:
        left, right = node.operands
        operator = node.operators[0] if wanted else _OPPOSITE[node.operators[0]]
        if isinstance(left, Literal) and operator in _MIRRORED:
            left, right, operator = right, left, _MIRRORED[operator]
        have, want = self._at(left), self._at(right)
        if have is UNKNOWN or want is UNKNOWN or have is None:
            return None
        percent = isinstance(right, Literal) and right.written == "percent"
        limit = self._worded(right, want, percent)
        return f"{self._source(left)} is {_worded(have, percent)}; {_WANTED[operator].format(limit)} would have fired"

    def _worded(self, node: Node, value: Any, percent: bool) -> str:
        if isinstance(node, Literal | ListOf):
            return self._source(node)
        return f"{self._source(node)} ({_worded(value, percent)})"

    def _at(self, node: Node) -> Any:
        try:
            return compile_node(node, self.text)(self.resolve)
        except (ValueError, ArithmeticError):
            return UNKNOWN

    def _source(self, node: Node) -> str:
        return self.text[node.start : node.end]


def _worded(value: Any, percent: bool) -> str:
    if percent and isinstance(value, int | Decimal):
        return format_percent(Decimal(value))
    return format_money(value) if isinstance(value, Money) else shown(value)
