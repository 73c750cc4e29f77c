"""Which rules an event has to be asked about, without walking through all of them.

In: a rule set, an event's facts. Out: the rules whose trigger it is, in the order of the files. Those that name another
project or client, that compare a name with a constant it does not have, or whose condition is plainly false can be left
out unasked: their verdict would be out_of_scope or condition_false, which nobody stores.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, NamedTuple

from rules.engine.names import Facts
from rules.facts.catalogue import EVENTS, STANDING
from rules.language.expressions import Compiled
from rules.language.generated import DERIVED, Sieve
from rules.language.model import UNKNOWN, ExpressionError, NotFollowed, Resolve, Rule, RuleSet, When

_KEPT_INDEXES: Final = 4
# What moves with the money of a project, and the families of events that move it.
_MONEY: Final = frozenset({"budget", "forecast", "earned", "reserve", "retainer", "kpi"})
_MOVES_MONEY: Final = frozenset({"ledger", "baseline", "milestone", "reserve", "retainer"})


class _Placed(NamedTuple):
    """A rule with its place in the order of the files, and the conditions that the event's own names can refute."""

    position: int
    rule: Rule
    checks: tuple[Compiled, ...]


class _Bucket(list[_Placed]):
    """Rules that are held against an event together."""

    @cached_property
    def sieve(self) -> Sieve:
        """Their conditions as generated code, made when the first event asks for them."""
        return Sieve([[check.root for check in placed.checks] for placed in self])

    def left(self, resolve: Resolve) -> Iterator[_Placed]:
        """Those that the event cannot refute."""
        if not self:
            return
        held, asked = self.sieve.left(resolve)
        beyond = self.sieve.beyond
        for place in held:
            placed = self[place]
            if not beyond[place] or not _refuted([placed.checks[n] for n in beyond[place]], resolve):
                yield placed
        for place in asked:
            if not _refuted(self[place].checks, resolve):
                yield self[place]


def triggered(rules: RuleSet, event_type: str, slot: Mapping[str, Any] | None) -> list[Rule]:
    """Every rule whose trigger this event is; for a slot of the clock the one rule that it belongs to."""
    if event_type == "slot.due":
        rule = rules.rules.get(str((slot or {}).get("rule")))
        return [rule] if rule is not None and not rule.disabled else []
    return list(rules.by_type.get(event_type, ()))


Reach = Literal["own", "all"]
"""Which waits of a rule an event can concern: that of its own key, or all of its project."""


def _reach(rule: Rule, event_type: str) -> Reach | None:
    wait, kind = rule.wait, EVENTS.get(event_type)
    if isinstance(wait, NotFollowed):
        return "own" if event_type in wait.events else None
    if wait is None or kind is None:
        return None
    family = event_type.partition(".")[0]
    brought = {kind.object, *kind.also}
    moved = brought | (_MONEY if family in _MOVES_MONEY else set())
    asked = {name.partition(".")[0] for condition in rule.conditions for name in condition.names}
    noun = wait.key.partition(".")[0]
    if event_type == "slot.due" or (isinstance(rule.trigger, When) and event_type in rule.trigger.types):
        return "own"
    if not asked & moved:
        return None
    return (
        "own"
        if noun in brought or noun in STANDING
        else "all"
        if asked & moved & {*STANDING, *_MONEY}
        else None
    )


@dataclass
class _Shelf:
    """Rules of one event type, by the first thing that can rule them out."""

    always: _Bucket = field(default_factory=_Bucket)
    by_project: dict[str, _Bucket] = field(default_factory=lambda: defaultdict(_Bucket))
    by_client: dict[str, _Bucket] = field(default_factory=lambda: defaultdict(_Bucket))
    by_value: dict[str, dict[Any, _Bucket]] = field(default_factory=dict)
    by_name: dict[str, _Bucket] = field(default_factory=lambda: defaultdict(_Bucket))

    def place(self, position: int, rule: Rule) -> None:
        placed = _Placed(position, rule, _checks(rule))
        scope = rule.scope
        if scope.projects and _exact(scope.projects):
            for name in scope.projects:
                self.by_project[name].append(placed)
        elif scope.clients and _exact(scope.clients):
            for name in scope.clients:
                self.by_client[name].append(placed)
        elif (found := _selecting(rule)) is not None:
            self._place_by_value(found[0], found[1], placed)
        else:
            self.always.append(placed)

    def _place_by_value(self, name: str, values: Iterable[Any], placed: _Placed) -> None:
        self.by_name[name].append(placed)
        shelf = self.by_value.setdefault(name, {})
        for value in values:
            shelf.setdefault(value, _Bucket()).append(placed)

    def select(self, facts: Facts) -> Iterator[_Bucket]:
        """The buckets that an event has to be held against."""
        yield self.always
        if facts.project is not None and (own := self.by_project.get(facts.project.id)):
            yield own
        if facts.client is not None and (own := self.by_client.get(facts.client.id)):
            yield own
        for name, shelf in self.by_value.items():
            value = facts[name]
            known = value is not UNKNOWN and (value is None or isinstance(value, str | bool))
            if (found := shelf.get(value) if known else self.by_name[name]) is not None:
                yield found


class Candidates:
    """The index of one rule set."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self._shelves: dict[str, _Shelf] = {}
        for event_type, its_rules in rules.by_type.items():
            shelf = self._shelves[event_type] = _Shelf()
            for position, rule in enumerate(its_rules):
                shelf.place(position, rule)
        self._waiting = [r for r in rules.rules.values() if r.wait is not None and not r.disabled]
        self._watching: dict[str, list[tuple[Rule, Reach]]] = {}
        ladders = [r for r in rules.rules.values() if r.crosses is not None and not r.disabled]
        self._rebased: dict[str, list[Rule]] = defaultdict(list)
        for rule in ladders:
            for event_type in rule.crosses.rebase_on if rule.crosses else ():
                self._rebased[event_type].append(rule)

    def asked(self, facts: Facts) -> list[Rule]:
        """The rules that may have more to say than out_of_scope or condition_false, in the order of the files."""
        event = facts.event
        if event.type == "slot.due":
            return triggered(self.rules, event.type, event.objects.get("slot"))
        shelf = self._shelves.get(event.type)
        if shelf is None:
            return []
        resolve = facts.__getitem__
        left = [placed for bucket in shelf.select(facts) for placed in bucket.left(resolve)]
        return [placed.rule for placed in sorted(left, key=_position)]

    def watching(self, event_type: str) -> list[tuple[Rule, Reach]]:
        """Rules whose waits such an event can end or begin anew, whether or not they hear it, and which of them."""
        if event_type not in self._watching:
            reached = [(rule, _reach(rule, event_type)) for rule in self._waiting]
            self._watching[event_type] = [(rule, reach) for rule, reach in reached if reach is not None]
        return self._watching[event_type]

    def rebased(self, event_type: str) -> list[Rule]:
        """Rules whose ladders stand on new ground after such an event, whether or not they hear it themselves."""
        return self._rebased.get(event_type, [])


_indexes: list[Candidates] = []


def index_of(rules: RuleSet) -> Candidates:
    """The index of a rule set, made once for as long as the set is in use. A rule set never changes."""
    for known in _indexes:
        if known.rules is rules:
            return known
    made = Candidates(rules)
    _indexes.insert(0, made)
    del _indexes[_KEPT_INDEXES:]
    return made


def _position(placed: _Placed) -> int:
    return placed.position


def _checks(rule: Rule) -> tuple[Compiled, ...]:
    """The conditions that ask nothing but the event: what the rule or its pack brings is left to the rule itself."""
    return tuple(
        c
        for c in rule.conditions
        if isinstance(c, Compiled) and not any(n.startswith("vars.") for n in c.names)
    )


def _refuted(checks: Iterable[Compiled], resolve: Resolve) -> bool:
    for check in checks:
        try:
            if check.value(resolve) is False:
                return True
        except ExpressionError:
            continue
    return False


def _exact(globs: Iterable[str]) -> bool:
    return not any(letter in glob for glob in globs for letter in "*?[")


def _selecting(rule: Rule) -> tuple[str, Iterable[Any]] | None:
    """A name and the values it must have for the conditions to hold, the most telling one; none without such."""
    found: dict[str, Iterable[Any]] = {}
    for condition in rule.conditions:
        equalities: Mapping[str, Iterable[Any]] = getattr(condition, "equalities", {})
        found.update({n: v for n, v in equalities.items() if not n.startswith(DERIVED)})
    telling = sorted(found, key=lambda name: name.startswith("project."))
    return (telling[0], found[telling[0]]) if telling else None
