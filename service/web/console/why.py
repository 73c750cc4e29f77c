"""Why rules fired and why not, in the shape that the verdict macro reads.

In: stored verdicts of an event, and the event itself for the rules whose verdict is not kept. Out: one mapping a rule,
those that did something first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rules.engine.explain import Explanation, explain
from rules.facts import codec
from rules.facts.event import Event
from rules.language.model import UNKNOWN, ExpressionError, Operand, RuleSet
from service.log import get
from service.state import Context
from service.store.database import Connection
from service.web import words
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
    seen: Reader,
    rules: RuleSet,
    rows: Iterable[Mapping[str, Any]],
    actions: Mapping[str, list[dict[str, Any]]],
) -> list[dict[str, Any]]:
    """Stored verdicts with the actions they led to, by rule."""
    found = [_verdict(seen, rules, codec.loads(row["data"]), actions.get(row["rule"], [])) for row in rows]
    return sorted(found, key=_place)


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
    return sorted((_explained(seen, e, rules) for e in made if e.rule not in kept), key=_place)


def tree(seen: Reader, operand: Operand | Mapping[str, Any], first: bool = False) -> dict[str, Any]:
    """One step of a condition: its words, what it came to, the values it looked at, the steps below."""
    text, given, parts = _step(operand)
    steps = [_step(part) for part in parts]
    looked_at = steps or [(text, given, ())]
    return {
        "text": text,
        "result": given if isinstance(given, bool) else ("value" if _is_value(given) else None),
        "deciding": first,
        "values": [
            (t, words.value(seen, v, t)) for t, v, _ in looked_at if _is_value(v) and not _is_literal(t, v)
        ],
        "parts": [tree(seen, part) for part, (_, v, _) in zip(parts, steps, strict=True) if not _is_value(v)],
    }


def _verdict(
    seen: Reader, rules: RuleSet, data: Mapping[str, Any], actions: list[dict[str, Any]]
) -> dict[str, Any]:
    rule = rules.rules.get(data["rule"])
    return {
        "code": data["kind"],
        "sentence": words.title(seen, rule, data["rule"]),
        "rule": data["rule"],
        "place": data.get("at") or (str(rule.at) if rule else ""),
        "why": _why(seen, data["kind"], data.get("reason") or ""),
        "conditions": [tree(seen, o, first=i == 0) for i, o in enumerate(data.get("trace") or ())],
        "near": data.get("near_miss"),
        "actions": actions,
        "links": [(seen.t("verdicts.open_rule"), f"/rules/{data['rule']}")] if rule else [],
    }


def _explained(seen: Reader, found: Explanation, rules: RuleSet) -> dict[str, Any]:
    data = {"rule": found.rule, "kind": found.kind, "reason": found.reason, "at": found.at}
    return _verdict(seen, rules, {**data, "trace": found.trace, "near_miss": found.near_miss}, [])


def _why(seen: Reader, kind: str, reason: str) -> str:
    """What decided, in the engine's own words; readers of Chinese have the meaning of the verdict before it."""
    if seen.locale == "en":
        return reason
    means = seen.t(f"states.verdict.{kind}.means")
    return f"{means}{seen.t('words.aside', text=reason)}" if reason else means


def _step(operand: Operand | Mapping[str, Any]) -> tuple[str, Any, tuple[Any, ...]]:
    if isinstance(operand, Operand):
        return operand.text, operand.value, operand.parts
    given = operand.get("value")
    return (
        str(operand.get("text", "")),
        UNKNOWN if given == "unknown" else given,
        tuple(operand.get("parts") or ()),
    )


def _is_value(given: Any) -> bool:
    """Whether a step stands for a figure or a word; steps that are true, false or unknown are conditions."""
    return not isinstance(given, bool) and given is not UNKNOWN and not isinstance(given, ExpressionError)


def _is_literal(text: str, given: Any) -> bool:
    """Whether the words of a step already say its value: 80%, "active"."""
    return not text[:1].isalpha() or text in ("none", "true", "false") or text == str(given)


def _place(verdict: Mapping[str, Any]) -> tuple[int, str]:
    return (_DID.index(verdict["code"]) if verdict["code"] in _DID else len(_DID), str(verdict["rule"]))
