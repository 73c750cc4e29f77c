"""Small edits of rules that a scenario should notice: a rule set in, the same with one thing changed out.

A threshold is a tenth higher, an operator is its neighbour, a recipient is gone, a duration is one longer, a condition
or a word of noise is left out. A scenario that still passes on such a rule set does not say whether that word matters;
an edit that none of them notices could be made by mistake tomorrow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any, Final, TypeVar

from rules.facts.duration import Duration
from rules.facts.money import Money
from rules.language.expressions import Compiled, recompiled
from rules.language.model import ActionSpec, Around, Position, Rule, RuleSet
from rules.language.syntax import Compare, Literal, Logic, Node

T = TypeVar("T")

_NEIGHBOURS: Final[Mapping[str, str]] = {
    ">": ">=", ">=": ">", "<": "<=", "<=": "<", "==": "!=", "!=": "==", "in": "not in", "not in": "in",
}  # fmt: skip
_TENTH: Final = Decimal("1.1")
# Keys of actions that say how long.
_LENGTHS: Final = ("due", "expires", "release_within")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule with one edit. `says` is the edit in words, `at` where the rule or its action stands."""

    rule: Rule
    says: str
    at: Position

    def within(self, rules: RuleSet) -> RuleSet:
        """The rule set with this rule in the place of the one that it was made from."""

        def put(known: tuple[Rule, ...]) -> tuple[Rule, ...]:
            return tuple(self.rule if one.id == self.rule.id else one for one in known)

        return replace(
            rules,
            version=f"{rules.version}+{self.says}",
            rules={**rules.rules, self.rule.id: self.rule},
            by_type={kind: put(known) for kind, known in rules.by_type.items()},
            scheduled=put(rules.scheduled),
        )


def mutants(rule: Rule) -> Iterator[Mutant]:
    """Every edit of one rule, in the order of its words."""
    for says, edited in _edits(rule):
        yield Mutant(edited, says, rule.at)
    for number, spec in enumerate(rule.do):
        for says, changed in _of_action(spec):
            do = tuple(one for one in (*rule.do[:number], changed, *rule.do[number + 1 :]) if one is not None)
            yield Mutant(replace(rule, do=do), f"{spec.id}: {says}", spec.at)


def _edits(rule: Rule) -> Iterator[tuple[str, Rule]]:
    if isinstance(rule.trigger, Around):
        for says, offsets in _each(rule.trigger.offsets, _longer):
            yield f"offset {says}", replace(rule, trigger=replace(rule.trigger, offsets=offsets))
    for says, conditions in _conditions(rule.conditions):
        yield says, replace(rule, conditions=conditions)
    yield from _memory(rule)
    for word in ("once_per", "at_most", "digest", "send_in", "review", "read_first"):
        if getattr(rule, word, None):
            default = next(f.default for f in fields(rule) if f.name == word)
            yield f"`{word}` is left out", _with(rule, **{word: default})


def _memory(rule: Rule) -> Iterator[tuple[str, Rule]]:
    crosses = rule.crosses
    if crosses is not None:
        if isinstance(crosses.levels, tuple):
            for says, levels in _each(crosses.levels, _higher):
                yield f"level {says}", replace(rule, crosses=replace(crosses, levels=levels))
        if crosses.rearm:
            wider = replace(crosses, rearm=crosses.rearm * 2)
            yield f"`rearm` {crosses.rearm} becomes {wider.rearm}", replace(rule, crosses=wider)
    if rule.wait is not None:
        for says, lengths in _each(rule.wait.lengths, _longer):
            yield f"wait {says}", replace(rule, wait=replace(rule.wait, lengths=lengths))
    if rule.counts is not None:
        more = replace(rule.counts, at_least=rule.counts.at_least + 1)
        yield f"`at_least` {rule.counts.at_least} becomes {more.at_least}", replace(rule, counts=more)


def _conditions(conditions: tuple[Any, ...]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for number, condition in enumerate(conditions):
        rest = (conditions[:number], conditions[number + 1 :])
        yield f"`{condition.text}` is left out", (*rest[0], *rest[1])
        for says, edited in _expressions(condition):
            yield says, (*rest[0], edited, *rest[1])


def _of_action(spec: ActionSpec) -> Iterator[tuple[str, ActionSpec | None]]:
    yield "left out", None
    to = spec.keys.get("to")
    if isinstance(to, tuple) and len(to) > 1:
        for number, whom in enumerate(to):
            left = (*to[:number], *to[number + 1 :])
            yield f"without {whom}", replace(spec, keys={**spec.keys, "to": left})
    for name in _LENGTHS:
        if isinstance(value := spec.keys.get(name), Duration):
            longer = _longer(value)
            yield f"`{name}` {value} becomes {longer}", replace(spec, keys={**spec.keys, name: longer})
    if spec.delay is not None:
        yield f"`delay` {spec.delay} becomes {_longer(spec.delay)}", replace(spec, delay=_longer(spec.delay))
    if spec.condition is not None:
        yield f"`if: {spec.condition.text}` is left out", replace(spec, condition=None)
        for says, edited in _expressions(spec.condition):
            yield says, replace(spec, condition=edited)


def _expressions(condition: Any) -> Iterator[tuple[str, Compiled]]:
    if not isinstance(condition, Compiled):
        return
    for says, root in _trees(condition.root):
        yield f"in `{condition.text}`, {says}", recompiled(condition, root)


def _trees(node: Node) -> Iterator[tuple[str, Node]]:
    """Every tree with one thing changed."""
    if isinstance(node, Literal):
        if (changed := _changed(node.value)) is not None:
            yield f"{node.value} becomes {changed}", replace(node, value=changed)
        return
    if isinstance(node, Compare):
        for number, operator in enumerate(node.operators):
            other = _NEIGHBOURS[operator]
            operators = (*node.operators[:number], other, *node.operators[number + 1 :])
            yield f"{operator} becomes {other}", replace(node, operators=operators)
    if isinstance(node, Logic):
        other = "or" if node.operator == "and" else "and"
        yield f"{node.operator} becomes {other}", replace(node, operator=other)
    yield from _below(node)


def _below(node: Node) -> Iterator[tuple[str, Node]]:
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Node):
            for says, edited in _trees(value):
                yield says, _with(node, **{field.name: edited})
        elif isinstance(value, tuple) and value and all(isinstance(one, Node) for one in value):
            for number, one in enumerate(value):
                for says, edited in _trees(one):
                    yield says, _with(node, **{field.name: (*value[:number], edited, *value[number + 1 :])})


def _changed(value: Any) -> Any:
    """A constant a little further on; none for a text, a truth or nothing: a neighbour of those has no meaning."""
    if isinstance(value, Duration):
        return _longer(value)
    if isinstance(value, Money):
        return Money(_higher(value.amount), value.currency)
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return _higher(Decimal(value))
    return None


def _higher(value: Decimal) -> Decimal:
    return value * _TENTH if value else Decimal(1)


def _with(thing: T, **changes: Any) -> T:
    """The same with fields that are named at run time."""
    known: Any = thing
    changed: T = replace(known, **changes)
    return changed


def _longer(length: Duration) -> Duration:
    return Duration(length.amount + 1, length.unit)


def _each(values: tuple[T, ...], change: Callable[[T], T]) -> Iterator[tuple[str, tuple[T, ...]]]:
    for number, value in enumerate(values):
        changed = change(value)
        if changed not in values:
            yield f"{value} becomes {changed}", (*values[:number], changed, *values[number + 1 :])
