"""Near misses: what value would have made a rule fire that did not.

In: the conditions of a rule with its names, or a ladder that was not crossed. Out: one plain sentence, or none where
more than one thing stood in the way. For machines it has also `value` (what there was), `operator` and `wanted`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from rules.engine.sentences import Words, say
from rules.facts.money import Money, format_money, format_percent
from rules.language.expressions import Compiled, compile_node
from rules.language.model import UNKNOWN, Crosses, Expression, ExpressionError, Resolve
from rules.language.operations import shown
from rules.language.syntax import Call, Compare, ListOf, Literal, Logic, Node, Unary

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
# Functions that ask something of a text or a list.
_ASKING: Final = frozenset({"contains", "startswith", "endswith", "matches"})
_MOST_SHOWN: Final = 8
# Beyond this a level is a count or an amount, not a share of something.
_LARGEST_SHARE: Final = 3


def near_miss(conditions: Sequence[Expression], resolve: Resolve) -> Words | None:
    """What one failed comparison would have needed, when everything else holds."""
    failed = [c for c in conditions if _value(c, resolve) is not True]
    if len(failed) != 1 or not isinstance(failed[0], Compiled):
        return None
    return _Search(failed[0], resolve).needed(failed[0].root, wanted=True)


def near_level(crosses: Crosses, value: Decimal, level: Decimal | None) -> Words | None:
    """The next level of a ladder that was not crossed."""
    if level is None:
        return None
    operator = ">=" if crosses.direction == "up" else "<="
    have, limit = figure(crosses, value), level_figure(crosses, level)
    need = say(f"need_{operator}", limit=limit)
    known = {"value": value, "operator": operator, "wanted": level}
    return say("near", operand=crosses.value.text, have=have, need=need, **known)


def near_rearm(crosses: Crosses, value: Decimal, level: Decimal, edge: Decimal) -> Words:
    """A ladder that has nothing ahead: what has to come before its last level fires again."""
    edge_words = beyond(crosses.direction, level_figure(crosses, edge))
    known = {"value": value, "operator": "<" if crosses.direction == "up" else ">", "wanted": edge}
    return say(
        "near_rearm",
        operand=crosses.value.text,
        have=figure(crosses, value),
        level=level_figure(crosses, level),
        edge=edge_words,
        **known,
    )


def beyond(direction: str, edge: str) -> Words:
    """How far a value has to go back before a level can fire again."""
    return say("falling" if direction == "up" else "rising", edge=edge)


def figure(crosses: Crosses, value: Decimal) -> str:
    """A ladder's value as a reason writes it: a share in percent, an amount in its currency, else the number."""
    return figure_in(unit_of(crosses), value)


def level_figure(crosses: Crosses, level: Decimal) -> str:
    """A level in the same manner; a whole percentage has no decimals."""
    return level_in(unit_of(crosses), level)


def unit_of(crosses: Crosses) -> str:
    """What a ladder counts in: a currency, "share" or "number"."""
    if crosses.currency is not None:
        return crosses.currency
    levels = crosses.levels if isinstance(crosses.levels, tuple) else ()
    return "number" if any(abs(level) > _LARGEST_SHARE for level in levels) else "share"


def figure_in(unit: str, number: Decimal, places: int = 1) -> str:
    """A number of that unit."""
    if unit == "number":
        return shown(number)
    return _percent(number, places) if unit == "share" else format_money(Money(number, unit))


def level_in(unit: str, level: Decimal) -> str:
    """A level of that unit."""
    percent = level * 100
    return figure_in(unit, level, places=0 if percent == percent.to_integral_value() else 1)


def _percent(ratio: Decimal, places: int = 1) -> Words:
    return say("percent", figure=format_percent(ratio, places).removesuffix(" %"))


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

    def needed(self, node: Node, wanted: bool) -> Words | None:
        """What would have made this step `wanted`, or none when no single value would."""
        if isinstance(node, Unary) and node.operator == "not":
            return self.needed(node.operand, not wanted)
        if isinstance(node, Logic):
            return self._of_logic(node, wanted)
        if isinstance(node, Compare):
            return self._of_chain(node, wanted)
        return self._of_yes_or_no(node, wanted)

    def _of_logic(self, node: Logic, wanted: bool) -> Words | None:
        """`and` needs all, so only one may be in the way; of `or` the first that can be told will do."""
        in_the_way = [o for o in node.operands if self._at(o) is not wanted]
        if (node.operator == "and") is wanted:
            return self.needed(in_the_way[0], wanted) if len(in_the_way) == 1 else None
        told = (self.needed(o, wanted) for o in in_the_way)
        return next((one for one in told if one is not None), None)

    def _of_chain(self, node: Compare, wanted: bool) -> Words | None:
        """`a < b < c` is both of its comparisons: one of them may be in the way."""
        pairs = [
            Compare(left.start, right.end, (left, right), (operator,))
            for left, right, operator in zip(node.operands, node.operands[1:], node.operators, strict=False)
        ]
        failed = [pair for pair in pairs if self._at(pair) is not True]
        if not wanted:
            return self._of_comparison(pairs[0], wanted) if len(pairs) == 1 else None
        return self._of_comparison(failed[0], wanted) if len(failed) == 1 else None

    def _of_comparison(self, node: Compare, wanted: bool) -> Words | None:
        left, right = node.operands
        operator = node.operators[0] if wanted else _OPPOSITE[node.operators[0]]
        if isinstance(left, Literal) and operator in _MIRRORED:
            left, right, operator = right, left, _MIRRORED[operator]
        have, want = self._at(left), self._at(right)
        if have is UNKNOWN or want is UNKNOWN or have is None:
            return None
        percent = isinstance(right, Literal) and right.written == "percent"
        limit = self._worded(right, want, percent)
        return self._told(left, have, operator, want, _worded(have, percent), limit)

    def _of_yes_or_no(self, node: Node, wanted: bool) -> Words | None:
        """A step that is true or false by itself: a name, or a question about a text, a list, a change."""
        have = self._at(node)
        if not isinstance(have, bool):
            return None
        if not isinstance(node, Call) or not wanted:
            return self._told(node, have, "==", wanted, shown(have), shown(wanted))
        if node.function == "changed":
            return self._told(node.arguments[0], have, "change", wanted, say("unchanged"), "")
        if node.function not in _ASKING:
            return None
        subject, part = node.arguments
        want = self._at(part)
        have_text = _worded(self._at(subject), percent=False)
        return self._told(
            subject, self._at(subject), node.function, want, have_text, self._worded(part, want, False)
        )

    def _told(self, node: Node, have: Any, operator: str, want: Any, have_text: str, limit: str) -> Words:
        known = {"value": _plain(have), "operator": operator, "wanted": _plain(want)}
        need = say(f"need_{operator}", limit=limit)
        return say("near", operand=self._source(node), have=have_text, need=need, **known)

    def _worded(self, node: Node, value: Any, percent: bool) -> str:
        if isinstance(node, Literal | ListOf):
            return self._source(node)
        return say("limit_with_value", source=self._source(node), value=_worded(value, percent))

    def _at(self, node: Node) -> Any:
        try:
            return compile_node(node, self.text)(self.resolve)
        except (ValueError, ArithmeticError):
            return UNKNOWN

    def _source(self, node: Node) -> str:
        return self.text[node.start : node.end]


def _worded(value: Any, percent: bool) -> str:
    if percent and isinstance(value, int | Decimal):
        return _percent(Decimal(value))
    if isinstance(value, list | tuple):
        return f"[{', '.join(_worded(one, percent) for one in value[:_MOST_SHOWN])}]"
    return format_money(value) if isinstance(value, Money) else shown(value)


def _plain(value: Any) -> Any:
    """A value that can be kept: an object is named by its id."""
    if isinstance(value, Mapping):
        return value.get("id")
    return list(value) if isinstance(value, tuple) else value
