"""Why a rule did what it did, and why not: for a person as a tree, for a machine as JSON.

In: a stored verdict, or an event with the facts as of it. Out: `Explanation`s, with each operand and its value, where
the rule stands, what its memory came to, what became of its messages, and for a near miss what would have fired it.
Verdicts that are not stored are decided again here; nothing is kept and nothing is sent. Every face (text, JSON, the
console's tree) is made of one `Explanation` and says the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from rules.engine import messages, remembered
from rules.engine.evaluate import evaluate
from rules.engine.messages import Standing
from rules.engine.sentences import Words, joined, say, worded
from rules.engine.state import State
from rules.engine.verdicts import Verdict
from rules.facts.codec import to_plain
from rules.facts.event import Event
from rules.facts.project import Workspace
from rules.language.model import UNKNOWN, Around, Every, ExpressionError, Operand, Rule, RuleSet
from rules.language.operations import shown

_WIDTH = 56
# What a near miss says for machines besides its sentence.
_NEEDED: Final = ("operand", "value", "operator", "wanted")


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a rule that fired: where it stands, and the sentence that says so."""

    standing: Standing
    says: Words


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a rule made of an event. kind: a kind of verdict, or "not_triggered" for a rule that was not asked.

    title: the rule's, in the language asked for.  at: file, line and column of the rule.  memory: as in Verdict.
    left_out: entries of `do:` that were not meant for this, and why.
    """

    rule: str
    title: str
    kind: str
    reason: str
    at: str = ""
    trace: tuple[Operand, ...] = ()
    near_miss: str | None = None
    memory: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    messages: tuple[Message, ...] = ()
    locale: str = "en"

    @property
    def remembered(self) -> tuple[str, ...]:
        """What the rule's memory came to, line by line."""
        return tuple(worded(one, self.locale) for one in remembered.lines(self.memory))

    def text(self) -> str:
        """The tree, a line for each step: its words, then its value."""
        lines = [f"{self.rule}  {self.kind}  {self.at}".rstrip(), f"  {self.title}"]
        lines += [f"  {worded(said, self.locale)}" for said in self._said()]
        for operand in self.trace:
            lines += _lines(operand, 1)
        return "\n".join(lines)

    def plain(self) -> dict[str, Any]:
        """The same as JSON values; a step that is not known has `unknown`, one without meaning has `error`."""
        return {
            "rule": self.rule,
            "title": self.title,
            "verdict": self.kind,
            "reason": worded(self.reason, self.locale),
            "at": self.at,
            "near_miss": worded(self.near_miss, self.locale) if self.near_miss else None,
            "would_fire": self._would_fire(),
            "memory": self._memory(),
            "left_out": [worded(one, self.locale) for one in self.left_out],
            "messages": [messages.plain(m.standing, worded(m.says, self.locale)) for m in self.messages],
            "trace": [_plain(operand) for operand in self.trace],
        }

    def _said(self) -> Iterator[str]:
        yield self.reason
        if self.near_miss:
            yield say("label_near", text=self.near_miss)
        yield from (say("label_memory", text=one) for one in remembered.lines(self.memory))
        yield from (say("label_left_out", text=one) for one in self.left_out)
        yield from (say("label_message", text=one.says) for one in self.messages)

    def _memory(self) -> dict[str, Any] | None:
        """What is kept of the memory, and its lines; why a wait ended is said by one of them."""
        kept = {name: to_plain(v) for name, v in self.memory.items() if name != "ended"}
        return {**kept, "says": list(self.remembered)} if kept else None

    def _would_fire(self) -> dict[str, Any] | None:
        """Of a near miss: the operand, the value it had, how it would have had to compare, and with what."""
        if not isinstance(self.near_miss, Words) or "wanted" not in self.near_miss.values:
            return None
        return {name: to_plain(v) for name in _NEEDED if (v := self.near_miss.values.get(name)) is not None}


def explain(
    event: Event, state: State, rules: RuleSet, rule: str | None = None, locale: str = "en"
) -> tuple[Explanation, ...]:
    """What every candidate rule, or one rule whatever it is, makes of the event.

    state: the facts as of the event.  A rule that is disabled, hears other events or does not exist is answered too.
    """
    made = evaluate(event, state, rules)
    planned: dict[str, list[Standing]] = {}
    for one in made.actions:
        if one.event == event.id:
            planned.setdefault(one.rule, []).append(messages.standing(one))
    asked = [
        with_messages(of_verdict(v, rules, locale), planned.get(v.rule, ()), rules, state.workspace)
        for v in made.verdicts
        if v.event == event.id and rule in (None, v.rule)
    ]
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
        verdict.memory,
        verdict.left_out,
        locale=locale,
    )


def with_messages(
    found: Explanation, standing: Iterable[Standing], rules: RuleSet, workspace: Workspace
) -> Explanation:
    """The same with where the messages of the rule stand."""
    rule = rules.rules.get(found.rule)
    told = tuple(Message(one, messages.line(one, rule, workspace)) for one in standing)
    return replace(found, messages=told)


def not_triggered(event: Event, rule: str, rules: RuleSet, locale: str = "en") -> Explanation:
    """Why a rule was not asked about an event."""
    found = rules.rules.get(rule)
    if found is None:
        return Explanation(rule, rule, "not_triggered", say("no_rule"), locale=locale)
    title, at = _title(found, locale), str(found.at)
    if found.disabled:
        return Explanation(rule, title, "disabled", say("switched_off"), at, locale=locale)
    reason = say("hears_others", type=event.type, trigger=_trigger(found))
    return Explanation(rule, title, "not_triggered", reason, at, locale=locale)


def _trigger(rule: Rule) -> str:
    trigger = rule.trigger
    if isinstance(trigger, Every):
        return say("on_schedule", cron=trigger.written or trigger.cron)
    if isinstance(trigger, Around):
        return say("around_date", date=trigger.date, offsets=joined("list", map(str, trigger.offsets)))
    return say("on_events", types=joined("list", sorted(trigger.types)))


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
