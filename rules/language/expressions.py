"""The condition language: text -> a checked, compiled `Expression`.

In: the text of an expression, its place, the names in reach. Out: a `Compiled` expression (closures over the tree, no
Python of the author is ever run) or the problems, exact to the column.

What evaluating asks of the caller's `resolve`, besides dotted names: "before:NAME" (the former value) and
"changed:NAME" (true or false); "$calendar", the tuple of WorkCalendar that count working days for the rule; "$rates",
a function (Money, currency) -> Money or UNKNOWN for `convert`; "project.time_zone" where times are moved or made days.
Names that are not in the data are UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rules.language.checker import Checker
from rules.language.counted_days import days_counted
from rules.language.functions import FUNCTIONS
from rules.language.hints import WORDS
from rules.language.model import UNKNOWN, ExpressionError, Operand, Position, Problem, Resolve
from rules.language.names import Type, TypeEnv
from rules.language.operations import COMPARISONS, arithmetic, negated, truth
from rules.language.parser import parse
from rules.language.syntax import Binary, Call, Choice, Compare, ListOf, Literal, Logic, Name, Node, Unary
from rules.language.tokens import NotUnderstood
from rules.language.variables import read_variable

Run = Callable[[Resolve], Any]
Locate = Callable[[int], Position]


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A checked expression. `value(resolve)` evaluates it; `trace(resolve)` gives every step with its value.

    type: what it evaluates to, as far as that is known.  equalities: dotted name -> values; unless the name has one
    of them, the expression cannot be true (so a rule may be skipped by an index).  asked: names inside `known(...)`:
    where they are unknown the expression may still be true or false.
    """

    text: str
    at: Position
    names: frozenset[str]
    type: Type
    value: Run = field(repr=False)
    equalities: Mapping[str, frozenset[Any]] = field(repr=False)
    asked: frozenset[str] = field(repr=False)
    root: Node = field(repr=False)
    _steps: list[_Step] = field(repr=False, default_factory=list)

    def trace(self, resolve: Resolve) -> Operand:
        """The steps with their values; a step that cannot be evaluated has the ExpressionError as its value."""
        if not self._steps:  # Made with the first trace: many expressions are never traced.
            self._steps.append(_step(self.root, self.text))
        return self._steps[0].operand(resolve)


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """One step of an expression, compiled by itself, and those below it."""

    text: str
    run: Run
    below: tuple[_Step, ...]

    def operand(self, resolve: Resolve) -> Operand:
        """Its value here, and those of the steps below."""
        try:
            value = self.run(resolve)
        except (ValueError, ArithmeticError, TypeError, AttributeError) as error:
            value = error if isinstance(error, ExpressionError) else ExpressionError(str(error))
        return Operand(self.text, value, tuple([one.operand(resolve) for one in self.below]))


def _step(node: Node, text: str) -> _Step:
    parts = () if _speaks_of_a_name(node) else node.parts
    below = tuple(_step(part, text) for part in parts if not isinstance(part, Literal))
    return _Step(_written(node, text), compile_node(node, text), below)


def _written(node: Node, text: str) -> str:
    """The words of a step; a parenthesis that its first or last part stands in belongs to it."""
    start, end = node.start, node.end
    closed, opened = _lonely(text[start:end])
    for _ in range(closed):
        start = max(text.rfind("(", 0, start), 0)
    for _ in range(opened):
        end = (text.find(")", end) + 1) or len(text)
    return text[start:end]


def _lonely(words: str) -> tuple[int, int]:
    """How many parentheses are closed without being opened in these words, and opened without being closed."""
    closed = opened = 0
    for sign in words:
        opened += sign == "("
        if sign == ")":
            closed, opened = (closed, opened - 1) if opened else (closed + 1, 0)
    return closed, opened


def compile_expression(
    text: str,
    at: Position,
    env: TypeEnv,
    *,
    wanted: tuple[str, ...] = (),
    locate: Locate | None = None,
) -> tuple[Compiled | None, list[Problem]]:
    """Compile one expression, or say everything that is wrong with it.

    wanted: the kinds it may have ("bool" for a condition); empty for any.  locate: gives the position of an offset of
    the text, where quotes or folded lines stand between it and the file; by default columns count on from `at`.
    """
    place = locate or (lambda offset: Position(at.path, at.line, at.column + offset))
    try:
        root = days_counted(parse(text))
    except NotUnderstood as error:
        return None, [Problem(place(error.offset), error.message, error.hint)]
    checker = Checker(text, env)
    found = checker.type_of(root)
    if wanted and not checker.findings and found.kind not in (*wanted, "any"):
        words = " or ".join(WORDS[kind] for kind in wanted)
        meant = "a condition is true or false: compare it with something" if wanted == ("bool",) else ""
        checker.tell(
            root, f"`{checker.source(root)}` is {WORDS[found.kind]} where {words} is expected", meant
        )
    if checker.findings:
        ordered = sorted(checker.findings, key=lambda f: f.offset)
        return None, [Problem(place(f.offset), f.message, f.hint) for f in ordered]
    return _compiled(text, at, found, root), []


def recompiled(expression: Compiled, root: Node) -> Compiled:
    """The expression with another tree of the same kinds in it; its text and place stay."""
    return _compiled(expression.text, expression.at, expression.type, root)


def _compiled(text: str, at: Position, kind: Type, root: Node) -> Compiled:
    run = _guarded(compile_node(root, text), text)
    return Compiled(text, at, _names(root), kind, run, _equalities(root), _asked(root), root)


def compile_node(node: Node, text: str) -> Run:
    """The closure that evaluates one step of an expression."""
    compiler: Callable[[Any, str], Run] = _COMPILERS[type(node)]
    return compiler(node, text)


def _guarded(run: Run, text: str) -> Run:
    def value(resolve: Resolve) -> Any:
        try:
            return run(resolve)
        except (ValueError, ArithmeticError) as error:
            raise ExpressionError(f"`{text[:200]}`: {error}") from None
        except (TypeError, AttributeError):
            # A source brought a value of another kind than its field has.
            raise ExpressionError(f"`{text[:200]}`: a value is of another kind than its name says") from None

    return value


def _literal(node: Literal, _: str) -> Run:
    value = node.value
    return lambda _: value


def _name(node: Name, _: str) -> Run:
    name = node.name
    if name.startswith("vars."):
        return lambda resolve: read_variable(resolve(name))
    return lambda resolve: resolve(name)


def _list(node: ListOf, text: str) -> Run:
    items = [compile_node(item, text) for item in node.items]
    return lambda resolve: [item(resolve) for item in items]


def _unary(node: Unary, text: str) -> Run:
    operand = compile_node(node.operand, text)
    if node.operator == "-":
        return lambda resolve: negated(operand(resolve))
    if node.operator == "+":
        return operand
    source = text[node.operand.start : node.operand.end]

    def negation(resolve: Resolve) -> Any:
        value = truth(operand(resolve), source)
        return UNKNOWN if value is UNKNOWN else not value

    return negation


def _binary(node: Binary, text: str) -> Run:
    left, right, operator = compile_node(node.left, text), compile_node(node.right, text), node.operator
    return lambda resolve: arithmetic(operator, left(resolve), right(resolve), resolve)


def _logic(node: Logic, text: str) -> Run:
    operands = [(compile_node(o, text), text[o.start : o.end]) for o in node.operands]
    decisive = node.operator == "or"

    def logic(resolve: Resolve) -> Any:
        found: Any = not decisive
        for operand, source in operands:
            value = operand(resolve)
            if value is decisive:
                return decisive
            if value is not found and truth(value, source) is UNKNOWN:
                found = UNKNOWN
        return found

    return logic


def _choice(node: Choice, text: str) -> Run:
    condition, yes, no = (compile_node(part, text) for part in node.parts)
    source = text[node.condition.start : node.condition.end]

    def choice(resolve: Resolve) -> Any:
        value = truth(condition(resolve), source)
        return UNKNOWN if value is UNKNOWN else yes(resolve) if value else no(resolve)

    return choice


def _compare(node: Compare, text: str) -> Run:
    operands = [compile_node(o, text) for o in node.operands]
    if len(operands) > 2:
        return _chain(operands, [COMPARISONS[o] for o in node.operators])
    left, right, compare = operands[0], operands[1], COMPARISONS[node.operators[0]]
    name, constant = node.operands
    if isinstance(name, Name) and not name.name.startswith("vars.") and isinstance(constant, Literal):
        asked, wanted = name.name, constant.value
        return lambda resolve: compare(resolve(asked), wanted)
    return lambda resolve: compare(left(resolve), right(resolve))


def _chain(operands: list[Run], comparisons: list[Callable[[Any, Any], Any]]) -> Run:
    def chain(resolve: Resolve) -> Any:
        found: Any = True
        left = operands[0](resolve)
        for compare, operand in zip(comparisons, operands[1:], strict=True):
            right = operand(resolve)
            value = compare(left, right)
            if value is False:
                return False
            found = UNKNOWN if value is UNKNOWN else found
            left = right
        return found

    return chain


def _call(node: Call, text: str) -> Run:
    if _speaks_of_a_name(node):
        return _about_a_name(node)
    arguments, run = [compile_node(a, text) for a in node.arguments], FUNCTIONS[node.function].run

    def call(resolve: Resolve) -> Any:
        values = [argument(resolve) for argument in arguments]
        for value in values:
            if value is UNKNOWN or value is None:
                return UNKNOWN
        return run(values, resolve)

    return call


def _about_a_name(node: Call) -> Run:
    asked = _names(node.arguments[0])
    name = next(iter(asked))
    if node.function == "known":
        return lambda resolve: resolve(name) is not UNKNOWN
    question = f"{node.function}:{name}"
    return lambda resolve: resolve(question)


def _speaks_of_a_name(node: Node) -> bool:
    return isinstance(node, Call) and node.function not in FUNCTIONS


def _names(node: Node) -> frozenset[str]:
    if isinstance(node, Name):
        return frozenset({node.name})
    return frozenset().union(*(_names(part) for part in node.parts))


def _asked(node: Node) -> frozenset[str]:
    if isinstance(node, Call) and node.function == "known":
        return _names(node)
    return frozenset().union(*(_asked(part) for part in node.parts))


def _equalities(node: Node) -> Mapping[str, frozenset[Any]]:
    """What must hold by name for the whole to be true: the comparisons with constants that stand alone or in `and`."""
    if isinstance(node, Logic) and node.operator == "and":
        found: dict[str, frozenset[Any]] = {}
        for operand in node.operands:
            for name, values in _equalities(operand).items():
                found[name] = found[name] & values if name in found else values
        return found
    if isinstance(node, Compare) and node.operators in (("==",), ("in",)):
        left, right = node.operands
        turned = node.operators == ("==",) and isinstance(left, Literal)
        return _equality(right, left) if turned else _equality(left, right)
    return {}


def _equality(name: Node, right: Node) -> Mapping[str, frozenset[Any]]:
    constants = right.items if isinstance(right, ListOf) else (right,)
    if not isinstance(name, Name) or name.name.startswith("vars."):
        return {}
    if not all(isinstance(c, Literal) and isinstance(c.value, str | bool | None) for c in constants):
        return {}
    return {name.name: frozenset(c.value for c in constants if isinstance(c, Literal))}


_COMPILERS: Final[dict[type[Node], Any]] = {
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
