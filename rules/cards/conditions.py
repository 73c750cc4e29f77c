"""A condition in words: the tree of an expression in, a clause out.

What the words do not reach (a long sum, a function without a word) is quoted as it stands in the rule.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from rules.cards.phrases import Phrases
from rules.facts.duration import Duration
from rules.language.expressions import Compiled
from rules.language.model import Expression
from rules.language.syntax import Binary, Call, Compare, ListOf, Literal, Logic, Name, Node, Unary


def condition(expression: Expression, phrases: Phrases) -> str:
    """The condition as a clause."""
    if not isinstance(expression, Compiled):
        return f"`{expression.text}`"
    return _Words(expression.text, phrases).of(expression.root)


def amount(value: Any, written: str, phrases: Phrases) -> str:
    """A value written in a rule, as people write it."""
    if value is None:
        return phrases.wording.plain(None)
    if written == "percent" and isinstance(value, Decimal):
        share = f"{(value * 100).normalize():f}"
        return f"{share}%" if phrases.chinese else f"{share} %"
    if isinstance(value, str):
        return phrases.values.get(value, value)
    return phrases.wording.plain(value)


class _Words:
    def __init__(self, text: str, phrases: Phrases) -> None:
        self.text = text
        self.phrases = phrases

    def of(self, node: Node) -> str:
        maker: Callable[[Any], str] | None = self._makers.get(type(node))
        return maker(node) if maker else self.quoted(node)

    @property
    def _makers(self) -> dict[type[Node], Callable[[Any], str]]:
        return {
            Name: lambda node: self.phrases.field(node.name),
            Literal: lambda node: amount(node.value, node.written, self.phrases),
            ListOf: lambda node: self.phrases.either([self.of(item) for item in node.items]),
            Logic: self.logic,
            Compare: self.compare,
            Unary: self.unary,
            Binary: self.binary,
            Call: self.call,
        }

    def quoted(self, node: Node) -> str:
        return f"`{self.text[node.start : node.end]}`"

    def logic(self, node: Logic) -> str:
        words = [self.of(operand) for operand in node.operands]
        return self.phrases.both(words) if node.operator == "and" else self.phrases.either(words)

    def compare(self, node: Compare) -> str:
        if len(node.operators) != 1:
            return self.quoted(node)
        (left, right), operator = node.operands, node.operators[0]
        if isinstance(left, Name) and left.name == "elapsed" and operator == "==":
            return self._said("elapsed", self.of(right))
        if isinstance(right, Literal) and right.value is None and operator in ("==", "!="):
            return self._said("none" if operator == "==" else "not none", self.of(left))
        return self._said(operator, self.of(left), self.of(right))

    def unary(self, node: Unary) -> str:
        inner = node.operand
        if node.operator in ("-", "+") and isinstance(inner, Literal) and isinstance(inner.value, Duration):
            side = "before" if node.operator == "-" else "after"
            return self._said(f"days {side}", self.phrases.wording.duration(inner.value))
        return self._said("not", self.of(node.operand)) if node.operator == "not" else self.quoted(node)

    def binary(self, node: Binary) -> str:
        share = node.right
        if node.operator == "*" and isinstance(share, Literal) and share.written == "percent":
            of, part = self.of(node.left), self.of(share)
            return f"{of}的 {part}" if self.phrases.chinese else f"{part} of {of}"
        return self.quoted(node)

    def call(self, node: Call) -> str:
        if node.function in _ASKING and len(node.arguments) == 1:
            return self._said(node.function, self.of(node.arguments[0]))
        if node.function == "convert":
            return self.of(node.arguments[0])
        return self.quoted(node)

    def _said(self, word: str, *parts: str) -> str:
        return self.phrases.comparisons[word].format(*parts)


_ASKING: Final = frozenset({"changed", "before"})
