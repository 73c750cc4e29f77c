"""The check of an expression before any data: names, kinds, currencies, values that can never be.

In: a tree of nodes and the names in reach. Out: the type of the whole and every finding with its place (offset). A step
that is wrong counts as "any" above it, so that one mistake is told once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Final

from rules.facts.duration import Duration
from rules.facts.money import MINOR_UNITS
from rules.language.counted_days import miscounted
from rules.language.functions import FUNCTIONS, NAME_FUNCTIONS
from rules.language.hints import OTHER_NAMES, WORDS, bare_number, conversion
from rules.language.names import ANY, Type, TypeEnv
from rules.language.nearest import MOST_SHOWN, allowed_here, did_you_mean
from rules.language.operations import ARITHMETIC, ORDERED, shown
from rules.language.syntax import Binary, Call, Choice, Compare, ListOf, Literal, Logic, Name, Node, Unary

_LITERAL_KINDS: Final = {"percent": "number"}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at an offset of the expression."""

    message: str
    hint: str
    offset: int


@dataclass
class Checker:
    """Checks one expression; `findings` grows while `type_of` walks."""

    text: str
    env: TypeEnv
    findings: list[Finding] = field(default_factory=list)

    def type_of(self, node: Node) -> Type:
        """The type of a step, its parts checked."""
        return self._checks[type(node)](self, node)

    def condition(self, node: Node) -> None:
        """A step that has to be true or false."""
        found = self.type_of(node)
        if found.kind not in ("bool", "any"):
            hint = "compare it with something"
            self.tell(node, f"`{self.source(node)}` is {WORDS[found.kind]}, not a condition", hint)

    def tell(self, node: Node, message: str, hint: str = "") -> Type:
        """Note a finding; gives "any", so that nothing follows from it."""
        self.findings.append(Finding(message, hint, node.start))
        return ANY

    def source(self, node: Node) -> str:
        """A step as it is written, shortened."""
        written = self.text[node.start : node.end]
        return written if len(written) <= 60 else written[:57] + "..."

    def _literal(self, node: Literal) -> Type:
        if node.written == "money":
            return Type("money", frozenset({node.value.currency}))
        return Type(_LITERAL_KINDS.get(node.written, node.written))

    def _name(self, node: Name) -> Type:
        found = self.env.names.get(node.name)
        if found is not None:
            return found
        return self.tell(node, *self.env.explain_unknown(node.name))

    def _list(self, node: ListOf) -> Type:
        types = [(item, self.type_of(item)) for item in node.items]
        kinds = {t.kind for _, t in types} - {"any", "none"}
        if len(kinds) > 1:
            words = " and ".join(sorted(WORDS[k] for k in kinds))
            return self.tell(node, f"the list mixes {words}", "a list holds values of one kind")
        return Type("list")

    def _unary(self, node: Unary) -> Type:
        if node.operator == "not":
            self.condition(node.operand)
            return Type("bool")
        found = self.type_of(node.operand)
        if found.kind not in ("number", "money", "duration", "any"):
            return self.tell(node, f"`{node.operator}` cannot stand before {WORDS[found.kind]}")
        return found

    def _logic(self, node: Logic) -> Type:
        for operand in node.operands:
            self.condition(operand)
        return Type("bool")

    def _choice(self, node: Choice) -> Type:
        self.condition(node.condition)
        yes, no = self.type_of(node.yes), self.type_of(node.no)
        kinds = {yes.kind, no.kind} - {"any", "none"}
        if len(kinds) == 2:
            return self.tell(
                node, f"this is {WORDS[yes.kind]} or else {WORDS[no.kind]}", "both must be of one kind"
            )
        return ANY if "any" in (yes.kind, no.kind) else no if yes.kind == "none" else yes

    def _binary(self, node: Binary) -> Type:
        left, right = self.type_of(node.left), self.type_of(node.right)
        if "any" in (left.kind, right.kind):
            return ANY
        found = ARITHMETIC.get((node.operator, left.kind, right.kind))
        if found is None:
            return self._no_arithmetic(node, left, right)
        if left.kind == right.kind == "money" and _apart(left, right):
            return self._two_currencies((node.left, left), (node.right, right))
        if left.kind == "date" and isinstance(node.right, Literal) and node.right.value.unit in ("m", "h"):
            hint = "a day moves by d, w or wd"
            return self.tell(node.right, f"`{self.source(node.left)}` is a day, and has no hours", hint)
        kept = left.currencies or right.currencies
        return Type(found[0], kept) if found[0] == "money" else Type(found[0])

    def _no_arithmetic(self, node: Binary, left: Type, right: Type) -> Type:
        message = f"`{node.operator}` does not work on {WORDS[left.kind]} and {WORDS[right.kind]}"
        hint = self._bare(node.right, right, left) or self._bare(node.left, left, right)
        if "none" in (left.kind, right.kind):
            hint = "none can only be compared with == and !="
        self.findings.append(Finding(message, hint, node.at))
        return ANY

    def _two_currencies(self, one: tuple[Node, Type], other: tuple[Node, Type]) -> Type:
        (left, left_type), (right, right_type) = one, other
        ours, theirs = " or ".join(sorted(left_type.currencies)), " or ".join(sorted(right_type.currencies))
        message = f"`{self.source(left)}` is in {ours}, `{self.source(right)}` in {theirs}"
        amount, code = (
            (right, min(left_type.currencies))
            if isinstance(left, Literal)
            else (left, min(right_type.currencies))
        )
        return self.tell(right, message, f'convert one of them: convert({self.source(amount)}, "{code}")')

    def _compare(self, node: Compare) -> Type:
        types = [self._operand(node, i) for i in range(len(node.operands))]
        for i, operator in enumerate(node.operators):
            left, right = node.operands[i], node.operands[i + 1]
            if operator in ("in", "not in"):
                self._membership(left, types[i], right, types[i + 1])
            else:
                self._pair(operator, (left, types[i]), (right, types[i + 1]))
            self._never(operator, left, right)
            self._never(operator, right, left)
        return Type("bool")

    def _operand(self, node: Compare, index: int) -> Type:
        """The type of one operand; a bare word beside a text was meant as a text."""
        operand = node.operands[index]
        if isinstance(operand, Name) and operand.name not in self.env.names and "." not in operand.name:
            beside = [o for i, o in enumerate(node.operands) if abs(i - index) == 1]
            kinds = {self.env.names.get(o.name, ANY).kind for o in beside if isinstance(o, Name)}
            if kinds & {"text", "list"}:
                return self.tell(
                    operand, f"`{operand.name}` is no name", f'text stands in quotes: "{operand.name}"'
                )
        return self.type_of(operand)

    def _pair(self, operator: str, one: tuple[Node, Type], other: tuple[Node, Type]) -> None:
        (left, left_type), (right, right_type) = one, other
        kinds = {left_type.kind, right_type.kind}
        if "none" in kinds:
            if operator not in ("==", "!="):
                self.tell(right, "none has no order", "test it with == none, != none or known(...)")
            return
        if "any" in kinds:
            return
        if len(kinds) > 1:
            self._mismatch(one, other)
        elif operator not in ("==", "!=") and not kinds & ORDERED:
            self.tell(left, f"{WORDS[left_type.kind]} has no order", "compare with == or !=")
        elif kinds == {"money"} and _apart(left_type, right_type):
            self._two_currencies(one, other)
        else:
            self._ratio(left, right)
            self._ratio(right, left)

    def _mismatch(self, one: tuple[Node, Type], other: tuple[Node, Type]) -> None:
        (left, left_type), (right, right_type) = one, other
        hint = self._bare(right, right_type, left_type) or self._bare(left, left_type, right_type)
        hint = hint or miscounted(left, right) or miscounted(right, left)
        if not hint:
            kinds = left_type.kind, right_type.kind
            hint = conversion(left, self.source(left), *kinds) or conversion(
                right, self.source(right), *kinds[::-1]
            )
        wrong = left if isinstance(left, Literal) and not isinstance(right, Literal) else right
        left_words, right_words = WORDS[left_type.kind], WORDS[right_type.kind]
        message = f"`{self.source(left)}` is {left_words}, `{self.source(right)}` is {right_words}"
        self.tell(wrong, message, hint)

    def _bare(self, node: Node, found: Type, wanted: Type) -> str:
        currencies = wanted.currencies or self.env.currencies
        return bare_number(node, self.source(node), found.kind, wanted.kind, currencies)

    def _ratio(self, name: Node, literal: Node) -> None:
        """`budget.used > 80`: the share of a budget is 0.8 at 80 %."""
        if not isinstance(name, Name) or not isinstance(literal, Literal) or literal.written != "number":
            return
        if name.name.endswith(".used") and isinstance(literal.value, Decimal) and literal.value > 3:
            message = (
                f"`{name.name}` is a ratio, and {self.source(literal)} would be {self.source(literal)}00 %"
            )
            self.tell(literal, message, f"write {self.source(literal)}%")

    def _membership(self, item: Node, item_type: Type, within: Node, within_type: Type) -> None:
        if within_type.kind not in ("list", "text", "any"):
            message = f"`{self.source(within)}` is {WORDS[within_type.kind]}, nothing can be in it"
            self.tell(within, message, "`in` takes a list, [a, b], or a text")
        elif within_type.kind == "text" and item_type.kind not in ("text", "any"):
            self.tell(item, f"`{self.source(item)}` is {WORDS[item_type.kind]} and never part of a text", "")
        elif isinstance(within, ListOf):
            for entry in within.items:
                if isinstance(entry, Literal) and item_type.kind not in ("any", "none"):
                    self._pair("==", (item, item_type), (entry, self._literal(entry)))

    def _never(self, operator: str, name: Node, other: Node) -> None:
        """A name with a closed list of values, held against one that is not in it."""
        if operator not in ("==", "!=", "in", "not in") or not isinstance(name, Name):
            return
        allowed = self.env.values.get(name.name)
        if allowed is None:
            return
        for one in other.items if isinstance(other, ListOf) else (other,):
            constant = _constant(one)
            if constant is None or constant in allowed or type(constant) is not type(next(iter(allowed), "")):
                continue
            told = f"`{name.name}` is never {self.source(one)}"
            if isinstance(constant, str):
                self.tell(one, told, allowed_here(constant, [str(v) for v in allowed], "values"))
            else:
                self.tell(
                    one, told, f"values: {', '.join(_as_written(v, one) for v in allowed[:MOST_SHOWN])}"
                )

    def _call(self, node: Call) -> Type:
        if node.function in NAME_FUNCTIONS:
            return self._name_function(node)
        function = FUNCTIONS.get(node.function)
        if function is None:
            return self._unknown_function(node)
        types = [self.type_of(a) for a in node.arguments]
        least = len(function.arguments) - function.optional
        if len(types) < least or (len(types) > len(function.arguments) and not function.many):
            return self.tell(
                node, f"`{node.function}` does not take {len(types)} values", f"write {function.written}"
            )
        for i, (argument, found) in enumerate(zip(node.arguments, types, strict=True)):
            wanted = function.arguments[min(i, len(function.arguments) - 1)]
            if found.kind not in wanted and found.kind != "any":
                kinds = " or ".join(WORDS[k] for k in sorted(wanted))
                message = (
                    f"`{self.source(argument)}` is {WORDS[found.kind]}; `{node.function}` takes {kinds} here"
                )
                return self.tell(argument, message, f"write {function.written}")
        return self._result(node, types)

    def _result(self, node: Call, types: list[Type]) -> Type:
        function = FUNCTIONS[node.function]
        if node.function == "convert":
            return self._convert(node)
        if function.result != "first":
            return Type(function.result)
        if function.many and len({t.kind for t in types} - {"any"}) > 1:
            words = " and ".join(sorted({WORDS[t.kind] for t in types}))
            return self.tell(node, f"`{node.function}` cannot order {words}", f"write {function.written}")
        return ANY if types[0].kind == "list" else types[0]

    def _convert(self, node: Call) -> Type:
        code = node.arguments[1]
        if not isinstance(code, Literal):
            return Type("money")
        if code.value not in MINOR_UNITS:
            return self.tell(
                code, f"`{code.value}` is no currency", did_you_mean(str(code.value), MINOR_UNITS)
            )
        return Type("money", frozenset({code.value}))

    def _unknown_function(self, node: Call) -> Type:
        known = [*FUNCTIONS, *NAME_FUNCTIONS]
        meant = OTHER_NAMES.get(node.function.lower())
        hint = f"write {meant}" if meant else allowed_here(node.function, known, "functions")
        return self.tell(node, f"there is no function `{node.function}`", hint)

    def _name_function(self, node: Call) -> Type:
        written = NAME_FUNCTIONS[node.function]
        if len(node.arguments) != 1 or not isinstance(node.arguments[0], Name):
            return self.tell(node, f"`{node.function}` takes one name", f"write {written}")
        name = node.arguments[0]
        found = self._name(name)
        if found is ANY and name.name not in self.env.names:
            return ANY
        if node.function != "known" and name.name not in self.env.formers:
            objects = sorted({n.partition(".")[0] for n in self.env.formers})
            hint = (
                f"former values are known of: {', '.join(objects)}"
                if objects
                else "this rule is not about one object"
            )
            return self.tell(name, f"`{name.name}` has no former value {self.env.where}", hint)
        return found if node.function == "before" else Type("bool")

    _checks: ClassVar[dict[type[Node], Callable[[Checker, Any], Type]]] = {
        Literal: _literal,
        Name: _name,
        ListOf: _list,
        Unary: _unary,
        Binary: _binary,
        Compare: _compare,
        Logic: _logic,
        Choice: _choice,
        Call: _call,
    }


def _constant(node: Node) -> Any:
    """The value of a literal with or without a sign; none for anything else."""
    if isinstance(node, Unary) and node.operator in ("-", "+") and isinstance(node.operand, Literal):
        value = node.operand.value
        return -value if node.operator == "-" and isinstance(value, Decimal | Duration) else value
    return node.value if isinstance(node, Literal) else None


def _as_written(value: Any, like: Node) -> str:
    """A value in the manner of the literal that it is compared with."""
    if isinstance(value, Decimal) and isinstance(like, Literal) and like.written == "percent":
        return f"{(value * 100).normalize():f}%"
    return shown(value)


def _apart(left: Type, right: Type) -> bool:
    return bool(left.currencies) and bool(right.currencies) and left.currencies != right.currencies
