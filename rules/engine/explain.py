"""Why a rule did what it did, and why not: for a person as a tree, for a machine as JSON.

In: a stored verdict, or an event with the facts as of it. Out: `Explanation`s, with each operand and its value, where
the rule stands, and for a near miss what would have fired it. Verdicts that are not stored are decided again here;
nothing is kept and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rules.engine.evaluate import evaluate
from rules.engine.state import State
from rules.engine.verdicts import Verdict
from rules.facts.codec import to_plain
from rules.facts.event import Event
from rules.language.model import UNKNOWN, Around, Every, ExpressionError, Operand, Rule, RuleSet
from rules.language.operations import shown

_WIDTH = 56


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a rule made of an event. kind: a kind of verdict, or "not_triggered" for a rule that was not asked.

    title: the rule's, in the language asked for.  at: file, line and column of the rule.
    """

    rule: str
    title: str
    kind: str
    reason: str
    at: str = ""
    trace: tuple[Operand, ...] = ()
    near_miss: str | None = None

    def text(self) -> str:
        """The tree, a line for each step: its words, then its value."""
        lines = [f"{self.rule}  {self.kind}  {self.at}".rstrip(), f"  {self.title}", f"  {self.reason}"]
        if self.near_miss:
            lines.append(f"  near miss: {self.near_miss}")
        for operand in self.trace:
            lines += _lines(operand, 1)
        return "\n".join(lines)

    def plain(self) -> dict[str, Any]:
        """The same as JSON values; a step that is not known has `unknown`, one without meaning has `error`."""
        return {
            "rule": self.rule,
            "title": self.title,
            "verdict": self.kind,
            "reason": self.reason,
            "at": self.at,
            "near_miss": self.near_miss,
            "trace": [_plain(operand) for operand in self.trace],
        }


def explain(
    event: Event, state: State, rules: RuleSet, rule: str | None = None, locale: str = "en"
) -> tuple[Explanation, ...]:
    """What every candidate rule, or one rule whatever it is, makes of the event.

    state: the facts as of the event.  A rule that is disabled, hears other events or does not exist is answered too.
    """
    found = [v for v in evaluate(event, state, rules).verdicts if v.event == event.id]
    asked = [of_verdict(v, rules, locale) for v in found if rule in (None, v.rule)]
    if rule is not None and not asked:
        asked = [not_triggered(event, rule, rules, locale)]
    return tuple(asked)


def of_verdict(verdict: Verdict, rules: RuleSet, locale: str = "en") -> Explanation:
    """A verdict as it was decided. A rule that was taken away since has its id for a title."""
    rule = rules.rules.get(verdict.rule)
    return Explanation(
        verdict.rule,
        _title(rule, locale) if rule else verdict.rule,
        verdict.kind,
        verdict.reason,
        verdict.at,
        verdict.trace,
        verdict.near_miss,
    )


def not_triggered(event: Event, rule: str, rules: RuleSet, locale: str = "en") -> Explanation:
    """Why a rule was not asked about an event."""
    found = rules.rules.get(rule)
    if found is None:
        return Explanation(rule, rule, "not_triggered", "there is no rule of that id in these rules")
    if found.disabled:
        return Explanation(
            rule, _title(found, locale), "disabled", "an override switches it off", str(found.at)
        )
    reason = f"this is {event.type}; the rule fires {_trigger(found)}"
    return Explanation(rule, _title(found, locale), "not_triggered", reason, str(found.at))


def _trigger(rule: Rule) -> str:
    trigger = rule.trigger
    if isinstance(trigger, Every):
        return f"on the schedule {trigger.written or trigger.cron}"
    if isinstance(trigger, Around):
        return f"around {trigger.date}: {', '.join(map(str, trigger.offsets))}"
    return f"on {', '.join(sorted(trigger.types))}"


def _title(rule: Rule, locale: str) -> str:
    return rule.title.get(locale) or rule.title.get("en") or next(iter(rule.title.values()), rule.id)


def _lines(operand: Operand, depth: int) -> Iterator[str]:
    indent = "  " * depth
    yield f"{indent}{operand.text:<{_WIDTH - len(indent)}}  {_worded(operand.value)}"
    for part in operand.parts:
        yield from _lines(part, depth + 1)


def _worded(value: Any) -> str:
    if value is UNKNOWN:
        return "unknown"
    if isinstance(value, ExpressionError):
        return f"error: {value}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_worded(one) for one in value)}]"
    return shown(value)


def _plain(operand: Operand) -> dict[str, Any]:
    said: dict[str, Any] = {"text": operand.text}
    if operand.value is UNKNOWN:
        said["unknown"] = True
    elif isinstance(operand.value, ExpressionError):
        said["error"] = str(operand.value)
    else:
        said["value"] = to_plain(operand.value)
    return {**said, "parts": [_plain(part) for part in operand.parts]}
