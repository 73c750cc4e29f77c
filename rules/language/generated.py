"""Conditions of many rules as one Python function, so that an event is held against a thousand of them at once.

In: the trees of checked conditions. Out: a `Sieve`, which gives for one event the rules that it cannot refute. The
generated text holds slots, constants and operators only: `v3 == c7 and v1 > c2`; nothing that an author wrote is ever
part of it. Each name is read once for an event and its kind is looked at once. Where a value is unknown, none in an
order, or of another kind, the rules that read it are left to their own closures, which know what that means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from rules.facts.duration import Duration
from rules.facts.money import EXACT, Money
from rules.language.model import UNKNOWN, Resolve
from rules.language.names import fields_of
from rules.language.syntax import Binary, Call, Choice, Compare, ListOf, Literal, Logic, Name, Node, Unary

# So many tests share a function; a longer one would take its time to compile when it is first needed.
MOST_TESTS: Final = 500
_MOST_VARIANTS: Final = 16
_ABSENT: Final = object()


class Beyond(Exception):
    """A condition that is left to its closure: it needs more than slots, constants and operators."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A name that is read, as a value of one kind ("text?" may be none too; money as its amount in one currency)."""

    name: str
    kind: str
    currency: str = ""


@dataclass(frozen=True, slots=True)
class _Code:
    """A piece of generated text, the kind of its value, and the slots it reads."""

    text: str
    kind: str
    slots: frozenset[Slot] = frozenset()


@dataclass
class Sieve:
    """The rules of one shelf by their place; `refute` sorts out those that this event cannot fire.

    conditions: for each place, the trees that must hold together.  beyond: for each place, which of its trees are left
    to their closures whatever the event.
    """

    conditions: Sequence[Sequence[Node]]
    beyond: list[tuple[int, ...]] = field(init=False, default_factory=list)
    _codes: list[_Code | None] = field(init=False)
    _slots: dict[Slot, str] = field(init=False)
    _constants: dict[str, Any] = field(init=False)
    _variants: dict[frozenset[Slot], _Variant] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        writer = _Writer()
        self._codes = [self._joined(writer, trees) for trees in self.conditions]
        read = frozenset[Slot]().union(*(code.slots for code in self._codes if code is not None))
        self._slots = {slot: name for slot, name in writer.slots.items() if slot in read}
        self._constants = writer.constants

    def left(self, resolve: Resolve) -> tuple[list[int], Iterable[int]]:
        """Places that hold as far as generated code can say, and places that have to be asked by their closures."""
        values, strange = [], set()
        for slot in self._slots:
            value = _READERS[slot.kind](resolve(slot.name), slot.currency)
            values.append(value)
            if value is _ABSENT:
                strange.add(slot)
        variant = self._variant(frozenset(strange))
        found: list[int] = []
        try:
            for function in variant.functions:
                function(values, found.append)
        except (ValueError, ArithmeticError, TypeError):
            return [], range(len(self._codes))
        return found, variant.asked

    def _joined(self, writer: _Writer, trees: Sequence[Node]) -> _Code | None:
        """The conditions of one rule that code can say, joined; none where there is nothing of that kind."""
        pieces, beyond = [], []
        for index, tree in enumerate(trees):
            try:
                pieces.append(writer.condition(tree))
            except Beyond:
                beyond.append(index)
        self.beyond.append(tuple(beyond))
        return _joined(" and ", pieces, "bool") if pieces else None

    def _variant(self, strange: frozenset[Slot]) -> _Variant:
        known = self._variants.get(strange)
        if known is None:
            if len(self._variants) >= _MOST_VARIANTS:
                self._variants.clear()
            known = self._variants[strange] = self._compile(strange)
        return known

    def _compile(self, strange: frozenset[Slot]) -> _Variant:
        asked = []
        tests: dict[str, list[str]] = {}
        for place, code in enumerate(self._codes):
            if code is not None and code.slots & strange:
                asked.append(place)
            else:
                tests.setdefault("True" if code is None else code.text, []).append(f"out({place})")
        lines = [f"    if {test}: {'; '.join(calls)}" for test, calls in tests.items()]
        chunks = [lines[n : n + MOST_TESTS] for n in range(0, len(lines), MOST_TESTS)]
        return _Variant(tuple(self._function(chunk) for chunk in chunks), tuple(asked))

    def _function(self, lines: Sequence[str]) -> Callable[[list[Any], Callable[[int], None]], None]:
        text = "\n".join(lines)
        read = [f"    {v} = values[{n}]" for n, v in enumerate(self._slots.values()) if v in text]
        source = "\n".join(["def sieve(values, out):", *read, *lines])
        namespace: dict[str, Any] = {"__builtins__": {}, **self._constants}
        exec(compile(source, "<conditions>", "exec"), namespace)  # noqa: S102 (slots, constants, operators; see above)
        made: Callable[[list[Any], Callable[[int], None]], None] = namespace["sieve"]
        return made


@dataclass(frozen=True, slots=True)
class _Variant:
    """The functions for events on which certain slots are strange, and the places that those slots leave open."""

    functions: tuple[Callable[[list[Any], Callable[[int], None]], None], ...]
    asked: tuple[int, ...]


class _Writer:
    """Writes trees as text over shared slots and constants."""

    def __init__(self) -> None:
        self.slots: dict[Slot, str] = {}
        self.constants: dict[str, Any] = {}
        self._names: dict[tuple[str, str, Any], str] = {}

    def condition(self, node: Node) -> _Code:
        """A tree that is true or false."""
        code = self._write(node)
        if code.kind != "bool":
            raise Beyond
        return code

    def _write(self, node: Node) -> _Code:
        writers: Mapping[type[Node], Callable[[Any], _Code]] = {
            Name: self._name,
            Call: self._name,
            Literal: self._literal,
            Unary: self._unary,
            Logic: self._logic,
            Compare: self._compare,
            Binary: self._binary,
            Choice: self._choice,
        }
        if type(node) not in writers:
            raise Beyond
        return writers[type(node)](node)

    def _name(self, node: Node, currency: str = "", *, may_be_none: bool = False) -> _Code:
        name, kind = _asked(node)
        if kind == "money" and not currency:
            raise Beyond
        return self._slot(Slot(name, kind + ("?" if may_be_none else ""), currency))

    def _slot(self, slot: Slot) -> _Code:
        return _Code(
            self.slots.setdefault(slot, f"v{len(self.slots)}"), slot.kind.rstrip("?"), frozenset({slot})
        )

    def _constant(self, value: Any, kind: str) -> _Code:
        """A constant, the same name for the same value, so that equal conditions have equal text."""
        known = self._names.setdefault((kind, str(type(value)), value), f"c{len(self._names)}")
        self.constants[known] = value
        return _Code(known, kind)

    def _literal(self, node: Literal) -> _Code:
        kind = _KINDS.get(type(node.value))
        if kind is None:
            raise Beyond
        value = node.value.amount if isinstance(node.value, Money) else node.value
        return self._constant(value, kind)

    def _unary(self, node: Unary) -> _Code:
        if node.operator != "not":
            raise Beyond
        operand = self.condition(node.operand)
        return _Code(f"(not {operand.text})", "bool", operand.slots)

    def _logic(self, node: Logic) -> _Code:
        return _joined(f" {node.operator} ", [self.condition(o) for o in node.operands], "bool")

    def _choice(self, node: Choice) -> _Code:
        parts = [self._write(p) for p in (node.yes, node.no)]
        if parts[0].kind != parts[1].kind:
            raise Beyond
        test = self.condition(node.condition)
        slots = frozenset().union(test.slots, *(p.slots for p in parts))
        return _Code(f"({parts[0].text} if {test.text} else {parts[1].text})", parts[0].kind, slots)

    def _binary(self, node: Binary) -> _Code:
        operation = _ARITHMETIC.get(node.operator)
        left, right = self._write(node.left), self._write(node.right)
        if operation is None or (left.kind, right.kind) != ("number", "number"):
            raise Beyond
        function = self._constant(operation, "function").text
        return _Code(f"{function}({left.text}, {right.text})", "number", left.slots | right.slots)

    def _compare(self, node: Compare) -> _Code:
        if node.operators in {("in",), ("not in",)}:
            return self._membership(node)
        if len(node.operators) == 1 and node.operators[0] in ("==", "!="):
            return self._equality(node)
        if not set(node.operators) <= _ORDER:
            raise Beyond
        currency = next((v.currency for o in node.operands if (v := _money(o)) is not None), "")
        parts = [self._side(o, currency) for o in node.operands]
        if len({p.kind for p in parts}) > 1 or parts[0].kind not in _ORDERED:
            raise Beyond
        text = parts[0].text
        for operator, part in zip(node.operators, parts[1:], strict=True):
            text += f" {operator} {part.text}"
        return _Code(f"({text})", "bool", frozenset().union(*(p.slots for p in parts)))

    def _side(self, node: Node, currency: str) -> _Code:
        constant = _money(node)
        if constant is not None and constant.currency != currency:
            raise Beyond
        return self._name(node, currency) if _is_name(node) else self._write(node)

    def _equality(self, node: Compare) -> _Code:
        left, right = node.operands
        if isinstance(left, Literal):
            left, right = right, left
        if not _is_name(left) or not isinstance(right, Literal):
            raise Beyond
        if right.value is None:
            slot = self._slot(Slot(_asked(left)[0], "any"))
            return _Code(
                f"({slot.text} is {'not ' if node.operators == ('!=',) else ''}None)", "bool", slot.slots
            )
        constant = self._literal(right)
        money = _money(right)
        name = self._name(left, money.currency if money else "", may_be_none=constant.kind in _NULLABLE)
        if name.kind != constant.kind:
            raise Beyond
        return _joined(f" {node.operators[0]} ", [name, constant], "bool")

    def _membership(self, node: Compare) -> _Code:
        item, within = node.operands
        if isinstance(within, ListOf):
            if not all(isinstance(one, Literal) and isinstance(one.value, str) for one in within.items):
                raise Beyond
            name = self._name(item, may_be_none=True)
            values = frozenset(one.value for one in within.items if isinstance(one, Literal))
            parts = [name, self._constant(values, "list")]
        else:
            parts = [self._write(item), self._name(within)]
            if parts[1].kind not in ("list", "text"):
                raise Beyond
        if parts[0].kind != "text":
            raise Beyond
        return _joined(f" {node.operators[0]} ", parts, "bool")


def _joined(operator: str, parts: Sequence[_Code], kind: str) -> _Code:
    return _Code(
        f"({operator.join(p.text for p in parts)})", kind, frozenset().union(*(p.slots for p in parts))
    )


def _is_name(node: Node) -> bool:
    return isinstance(node, Name) or (isinstance(node, Call) and node.function in ("before", "changed"))


def _asked(node: Node) -> tuple[str, str]:
    """What a name, `before(name)` or `changed(name)` asks for, and the kind of the answer."""
    named = node.arguments[0] if isinstance(node, Call) and _is_name(node) else node
    if not isinstance(named, Name):
        raise Beyond
    kind = _kind(named.name)
    if isinstance(node, Call):
        return f"{node.function}:{named.name}", "bool" if node.function == "changed" else kind
    return named.name, kind


def _kind(name: str) -> str:
    """The kind of a field of the catalogue; what costs something to work out, or is bound by a rule, is beyond."""
    known = fields_of([name.partition(".")[0]]).get(name)
    kind = {"int": "number"}.get(known.type, known.type) if known else ""
    if kind not in _READERS or name.startswith(DERIVED):
        raise Beyond
    return kind


# Figures that cost something to work out are not asked for the sake of an index.
DERIVED: Final = ("budget.", "forecast.", "earned.", "retainer.", "vars.")


def _money(node: Node) -> Money | None:
    return node.value if isinstance(node, Literal) and isinstance(node.value, Money) else None


_KINDS: Final[Mapping[type, str]] = {
    str: "text",
    int: "number",
    Decimal: "number",
    Money: "money",
    date: "date",
    datetime: "time",
    Duration: "duration",
    bool: "bool",
}
_ORDER: Final = frozenset({"<", "<=", ">", ">="})
_ORDERED: Final = frozenset({"number", "money", "date", "time", "duration"})
_NULLABLE: Final = frozenset({"text", "bool"})
_ARITHMETIC: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": EXACT.add,
    "-": EXACT.subtract,
    "*": EXACT.multiply,
}


def _exactly(*types: type) -> Callable[[Any, str], Any]:
    known = frozenset(types)
    return lambda value, _: value if type(value) in known else _ABSENT


def _amount(value: Any, currency: str) -> Any:
    return value.amount if type(value) is Money and value.currency == currency else _ABSENT


def _items(value: Any, _: str) -> Any:
    return value if type(value) in (list, tuple) and UNKNOWN not in value else _ABSENT


_READERS: Final[Mapping[str, Callable[[Any, str], Any]]] = {
    "text": _exactly(str),
    "text?": _exactly(str, type(None)),
    "number": _exactly(int, Decimal),
    "money": _amount,
    "date": _exactly(date),
    "time": _exactly(datetime),
    "duration": _exactly(Duration),
    "bool": _exactly(bool),
    "bool?": _exactly(bool, type(None)),
    "list": _items,
    "any": lambda value, _: _ABSENT if value is UNKNOWN else value,
}
