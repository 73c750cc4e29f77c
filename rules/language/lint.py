"""What is wrong between rules: the same id twice, the same thing sent twice.

In: the rules of a load with their messages. Out: problems; doubles are warnings, because two rules may mean it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rules.language.model import ActionSpec, Problem, Rule, When
from rules.language.sources import Findings


def unique_ids(rules: Iterable[Rule], findings: Findings) -> dict[str, Rule]:
    """Rules by id, the first of those that share one."""
    found: dict[str, Rule] = {}
    for rule in rules:
        first = found.setdefault(rule.id, rule)
        if first is not rule:
            hint = f"the first is at {first.at}; the memory of a rule hangs on its id"
            findings.add(Problem(rule.at, f"two rules have the id `{rule.id}`", hint))
    return found


def same_message_twice(rules: Iterable[Rule], findings: Findings) -> None:
    """Two actions that send the same text to the same people on the same event under the same conditions."""
    seen: dict[Any, tuple[Rule, ActionSpec]] = {}
    for rule in rules:
        for spec in rule.do:
            for key in _sendings(rule, spec):
                first = seen.setdefault(key, (rule, spec))
                if first[1] is not spec:
                    of = "this rule" if first[0] is rule else f"rule `{first[0].id}`"
                    hint = f"{of} does so at {first[1].at}; tell them apart by `if`, or leave one out"
                    told = f"`{spec.keys['text']}` goes to the same recipients twice"
                    findings.add(Problem(spec.at, told, hint, "warning"))


def _sendings(rule: Rule, spec: ActionSpec) -> Iterator[Any]:
    if "text" not in spec.keys or rule.disabled:
        return
    conditions = frozenset(c.text for c in (*rule.conditions, *((spec.condition,) if spec.condition else ())))
    target = spec.keys.get("to", spec.keys.get("target"))
    triggers = sorted(rule.trigger.types) if isinstance(rule.trigger, When) else [rule.trigger]
    memory = _ladder(rule), rule.wait, rule.counts
    for trigger in triggers:
        for one in target if isinstance(target, tuple) else (target,):
            yield spec.kind, spec.keys["text"], one, trigger, conditions, rule.scope, memory


def _ladder(rule: Rule) -> Any:
    """What makes two ladders fire together; one whose levels vary by project is like no other."""
    if rule.crosses is None:
        return None
    return (
        (rule.crosses.value.text, rule.crosses.levels) if isinstance(rule.crosses.levels, tuple) else rule.id
    )
