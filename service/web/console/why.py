"""Why rules fired and why not, in the shape that the verdict macro reads.

In: explanations of an event's verdicts, and the event itself for the rules whose verdict is not kept. Out: one mapping
a rule, those that did something first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rules.engine.explain import Explanation, explain
from rules.engine.sentences import Words, worded
from rules.facts.event import Event
from rules.language.model import UNKNOWN, ExpressionError, Operand, RuleSet
from service.log import get
from service.state import Context
from service.store.database import Connection
from service.web import auth, words
from service.web.pages import Reader

log = get("web")
_DID = (
    "fired",
    "awaiting_review",
    "waiting",
    "observed",
    "cleared",
    "error",
    "loop",
    "suppressed",
    "unknown",
    "pending",
)


def shown(
    seen: Reader, rules: RuleSet, found: Iterable[Explanation], actions: Mapping[str, list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """Verdicts on record with the actions they led to, by rule."""
    return sorted((_verdict(seen, rules, one, actions.get(one.rule, [])) for one in found), key=_place)


def not_kept(
    context: Context, connection: Connection, seen: Reader, event: Event, rules: RuleSet, kept: set[str]
) -> list[dict[str, Any]]:
    """What the rules without a stored verdict make of the event: decided again with the facts of this moment."""
    try:
        made = explain(event, context.state(connection), rules, locale=seen.locale)
    except Exception as problem:  # noqa: BLE001 (a page about an event must not break on what it explains)
        log.warning(
            "could not explain", event_id=event.id, error=f"{type(problem).__name__}: {problem}"[:500]
        )
        return []
    return sorted((_verdict(seen, rules, e, []) for e in made if e.rule not in kept), key=_place)


def tree(seen: Reader, operand: Operand, first: bool = False) -> dict[str, Any]:
    """One step of a condition: its words, what it came to, the values it looked at, the steps below."""
    given = operand.value
    return {
        "text": operand.text,
        "result": given if isinstance(given, bool) else ("value" if _is_value(given) else None),
        "deciding": first,
        "values": [
            (step.text, words.value(seen, step.value, step.text))
            for step in operand.parts or (operand,)
            if _is_value(step.value) and not _is_literal(step.text, step.value)
        ],
        "parts": [tree(seen, part) for part in operand.parts if not _is_value(part.value)],
    }


def _verdict(
    seen: Reader, rules: RuleSet, found: Explanation, actions: list[dict[str, Any]]
) -> dict[str, Any]:
    rule = rules.rules.get(found.rule)
    return {
        "code": found.kind,
        "sentence": words.title(seen, rule, found.rule),
        "rule": found.rule,
        "place": found.at or (str(rule.at) if rule else ""),
        "why": _why(seen, found),
        "conditions": [tree(seen, o, first=i == 0) for i, o in enumerate(found.trace)],
        "near": worded(found.near_miss, seen.locale) if found.near_miss else None,
        "memory": found.remembered,
        "left_out": [worded(one, seen.locale) for one in found.left_out],
        # A message on record stands as a row that opens; where it stands is said in either case.
        "messages": [worded(one.says, seen.locale) for one in found.messages],
        "actions": actions,
        "links": _links(seen, found.rule) if rule else [],
    }


def _links(seen: Reader, rule: str) -> list[tuple[str, str]]:
    links = [(seen.t("verdicts.open_rule"), f"/rules/{rule}")]
    return links + ([(seen.t("rules.try.open"), f"/rules/try?rule={rule}")] if auth.may("change") else [])


def _why(seen: Reader, found: Explanation) -> str:
    """What decided, in the engine's words; what it has no words for has the meaning of the verdict before it."""
    if seen.locale == "en" or isinstance(found.reason, Words):
        return worded(found.reason, seen.locale)
    means = seen.t(f"states.verdict.{found.kind}.means")
    return f"{means}{seen.t('words.aside', text=found.reason)}" if found.reason else means


def _is_value(given: Any) -> bool:
    """Whether a step stands for a figure or a word; steps that are true, false or unknown are conditions."""
    return not isinstance(given, bool) and given is not UNKNOWN and not isinstance(given, ExpressionError)


def _is_literal(text: str, given: Any) -> bool:
    """Whether the words of a step already say its value: 80%, "active"."""
    return not text[:1].isalpha() or text in ("none", "true", "false") or text == str(given)


def _place(verdict: Mapping[str, Any]) -> tuple[int, str]:
    return (_DID.index(verdict["code"]) if verdict["code"] in _DID else len(_DID), str(verdict["rule"]))
