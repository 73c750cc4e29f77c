"""What an edit changed, for people: each rule that came, went or says something else, before and after.

In: two rule sets, the workspace, a language. Out: `Edit`s, each with the rule's plain sentence on both sides and the
lines of its YAML and texts that differ.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rules.cards.phrases import phrases
from rules.cards.sentences import sentence
from rules.facts.project import Workspace
from rules.language.changes import changes
from rules.language.model import Rule, RuleSet
from rules.language.wording import choose

Kind = Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class Edit:
    """One rule that an edit touched. before, after: its sentence, empty where it is not there.

    lines: of YAML and texts, marked by - and +.  reset: its memory words changed, so that its memory begins anew.
    """

    rule: str
    title: str
    kind: Kind
    before: str
    after: str
    lines: tuple[str, ...]
    reset: bool = False


def edits(old: RuleSet, new: RuleSet, workspace: Workspace, locale: str) -> Iterator[Edit]:
    """What the newer set has made of the older one, in the order: changed, added, removed."""
    made = changes(old, new)
    touched: tuple[tuple[Kind, tuple[str, ...]], ...] = (
        ("changed", made.changed),
        ("added", made.added),
        ("removed", made.removed),
    )
    for kind, ids in touched:
        for id in ids:
            yield _edit(id, kind, (old, new), (workspace, locale), reset=id in made.reset)


def _edit(
    id: str,
    kind: Kind,
    sets: tuple[RuleSet, RuleSet],
    reader: tuple[Workspace, str],
    *,
    reset: bool,
) -> Edit:
    workspace, locale = reader
    old, new = (rules.rules.get(id) for rules in sets)
    before, after = (sentence(r, phrases(locale), workspace) if r else "" for r in (old, new))
    told = new or old
    title = (choose(told.title, locale) or next(iter(told.title.values()), id)) if told else id
    lines = _different(*(_written(r, s) if r else [] for r, s in zip((old, new), sets, strict=True)))
    return Edit(id, title, kind, before, after, tuple(lines), reset)


def _different(old: list[str], new: list[str]) -> Iterator[str]:
    for line in difflib.unified_diff(old, new, n=1, lineterm=""):
        if not line.startswith(("---", "+++", "@@")):
            yield line


def _written(rule: Rule, rules: RuleSet) -> list[str]:
    """What a rule says in words of the files: its YAML, what an override laid over it, its texts in every language."""
    found = rule.source.splitlines()
    if rule.disabled:
        found.append("disabled: true")
    keys = dict.fromkeys(str(spec.keys["text"]) for spec in rule.do if isinstance(spec.keys.get("text"), str))
    for key in keys:
        for locale, text in sorted(rules.texts.get(key, {}).items()):
            found.append(f"# {key} ({locale})")
            parts = {"subject": text.subject, "body": text.body, "short": text.short}
            found += [f"{name}: {line}" for name, words in parts.items() for line in words.splitlines()]
    return found
