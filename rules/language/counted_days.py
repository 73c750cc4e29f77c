"""A duration held against a count of days: `action_item.late_days >= 3wd` asks for 3.

In: the tree of an expression. Out: the same tree, where a duration beside a name that counts days has become the number
of them. Working days meet names that count working days, days and weeks those that count days; what does not fit stays
as it is, for the check to tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any, Final

from rules.facts.catalogue import OBJECTS
from rules.facts.duration import Duration
from rules.language.syntax import Compare, ListOf, Literal, Name, Node

# Dotted name -> what it counts.
COUNTED: Final[Mapping[str, str]] = {
    f"{noun}.{f.name}": f.unit for noun, found in OBJECTS.items() for f in found.values() if f.unit
}
_DAYS: Final[Mapping[str, Mapping[str, int]]] = {"wd": {"wd": 1}, "d": {"d": 1, "w": 7}}


def days_counted(node: Node) -> Node:
    """The tree with such durations made numbers; the very same node where there are none."""
    changed = {f.name: _inside(getattr(node, f.name)) for f in fields(node)}
    if any(value is not getattr(node, name) for name, value in changed.items()):
        node = replace(node, **changed)
    return _compared(node) if isinstance(node, Compare) else node


def days_of(name: Node, value: Any) -> Any:
    """A duration as the number of days that the name counts; anything else as it is."""
    unit = COUNTED.get(name.name) if isinstance(name, Name) else None
    days = _DAYS[unit].get(value.unit) if unit and isinstance(value, Duration) else None
    return value if days is None else Decimal(value.amount * days)


def miscounted(name: Node, other: Node) -> str:
    """What to write where a count met a duration of another unit; empty for anything else."""
    if isinstance(name, Name) and name.name.startswith("retainer.") and isinstance(other, Literal):
        return "it counts in the retainer's own unit, retainer.unit: write a number"
    unit = COUNTED.get(name.name) if isinstance(name, Name) else None
    if unit is None or not isinstance(other, Literal) or not isinstance(other.value, Duration):
        return ""
    days = "working days" if unit == "wd" else "days"
    return f"it counts {days}: write {other.value.amount}{unit}"


def _inside(value: Any) -> Any:
    if isinstance(value, Node):
        return days_counted(value)
    if isinstance(value, tuple) and value and isinstance(value[0], Node):
        parts = tuple(days_counted(one) for one in value)
        return parts if any(a is not b for a, b in zip(parts, value, strict=True)) else value
    return value


def _compared(node: Compare) -> Compare:
    units = [COUNTED.get(one.name, "") if isinstance(one, Name) else "" for one in node.operands]
    if not any(units):
        return node
    beside = ["", *units, ""]
    operands = tuple(
        _number(one, beside[i] or beside[i + 2]) if beside[i] or beside[i + 2] else one
        for i, one in enumerate(node.operands)
    )
    return replace(node, operands=operands)


def _number(node: Node, unit: str) -> Node:
    if isinstance(node, ListOf):
        return replace(node, items=tuple(_number(one, unit) for one in node.items))
    if not isinstance(node, Literal) or not isinstance(node.value, Duration):
        return node
    days = _DAYS[unit].get(node.value.unit)
    return node if days is None else replace(node, value=Decimal(node.value.amount * days), written="number")
