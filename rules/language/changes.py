"""What an edit changed: two rule sets in; which rules came, went, say something else or forget what they knew, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rules.language.model import Rule, RuleSet


@dataclass(frozen=True, slots=True)
class Changes:
    """Ids of rules, in the order of the files. reset: their memory words changed, so that their memory begins anew."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    reset: tuple[str, ...] = ()

    def plain(self) -> dict[str, list[str]]:
        """As lists by name."""
        return {name: list(ids) for name, ids in asdict(self).items()}

    def __str__(self) -> str:
        said = [f"{name}: {', '.join(ids)}" for name, ids in self.plain().items() if ids and name != "reset"]
        return "; ".join([*said, *([f"memory begins anew: {', '.join(self.reset)}"] if self.reset else [])])


def changes(old: RuleSet, new: RuleSet) -> Changes:
    """What the newer set has made of the older one."""
    both = [id for id in new.rules if id in old.rules]
    return Changes(
        added=tuple(id for id in new.rules if id not in old.rules),
        changed=tuple(id for id in both if _said(old.rules[id], old) != _said(new.rules[id], new)),
        removed=tuple(id for id in old.rules if id not in new.rules),
        reset=tuple(id for id in both if old.rules[id].memory_hash not in ("", new.rules[id].memory_hash)),
    )


def _said(rule: Rule, rules: RuleSet) -> Any:
    """Everything that a rule says, its texts and what an override laid over it included; not where it stands."""
    conditions = [condition.text for condition in rule.conditions]
    words = (
        rule.source,
        rule.memory_hash,
        rule.disabled,
        rule.scope,
        rule.trigger,
        rule.title,
        rule.calendar,
    )
    return (
        words,
        conditions,
        (rule.on_holiday, rule.send_in, rule.review),
        [_texts(s.keys, rules) for s in rule.do],
    )


def _texts(keys: Mapping[str, Any], rules: RuleSet) -> dict[str, tuple[str, str, str]]:
    by_locale = rules.texts.get(str(keys.get("text")), {})
    return {locale: (text.subject, text.body, text.short) for locale, text in by_locale.items()}
