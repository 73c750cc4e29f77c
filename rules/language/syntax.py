"""The steps of an expression as a tree.

In: the parser makes these. Out: frozen nodes, each with its place in the text (offsets from 0).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Node:
    """A step of an expression and where it stands in the text: from `start` up to, not including, `end`."""

    start: int
    end: int

    @property
    def parts(self) -> tuple[Node, ...]:
        """The steps below this one."""
        return ()


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A value written out. `written` is the kind of token: number percent money duration text bool none."""

    value: Any
    written: str


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A dotted name."""

    name: str


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    """`[a, b]`."""

    items: tuple[Node, ...]

    @property
    def parts(self) -> tuple[Node, ...]:
        return self.items


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`not x`, `-x` or `+x`."""

    operator: str
    operand: Node

    @property
    def parts(self) -> tuple[Node, ...]:
        return (self.operand,)


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """`+ - * /` of two, with the offset of the operator."""

    operator: str
    left: Node
    right: Node
    at: int

    @property
    def parts(self) -> tuple[Node, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """`a < b <= c`: one operand more than operators. Operators: == != < <= > >= in `not in`."""

    operands: tuple[Node, ...]
    operators: tuple[str, ...]

    @property
    def parts(self) -> tuple[Node, ...]:
        return self.operands


@dataclass(frozen=True, slots=True)
class Logic(Node):
    """`and` or `or` of two or more."""

    operator: str
    operands: tuple[Node, ...]

    @property
    def parts(self) -> tuple[Node, ...]:
        return self.operands


@dataclass(frozen=True, slots=True)
class Choice(Node):
    """`yes if condition else no`."""

    condition: Node
    yes: Node
    no: Node

    @property
    def parts(self) -> tuple[Node, ...]:
        return (self.condition, self.yes, self.no)


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`function(a, b)`."""

    function: str
    arguments: tuple[Node, ...]

    @property
    def parts(self) -> tuple[Node, ...]:
        return self.arguments
