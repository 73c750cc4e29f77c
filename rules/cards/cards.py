"""One card a rule: its title, its sentence, a sample of what it sends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rules.cards.phrases import phrases
from rules.cards.samples import sample
from rules.cards.sentences import sentence
from rules.facts.project import Workspace
from rules.language.model import RuleSet
from rules.language.wording import choose


@dataclass(frozen=True, slots=True)
class Card:
    """A rule for people. `subject` and `body` are a sample of what it sends, empty where it sends nothing."""

    rule: str
    title: str
    sentence: str
    subject: str = ""
    body: str = ""
    disabled: bool = False


def cards(rules: RuleSet, workspace: Workspace, locale: str) -> Iterator[Card]:
    """A card for each rule, in the order of the files."""
    for rule in rules.rules.values():
        title = choose(rule.title, locale) or next(iter(rule.title.values()), rule.id)
        said = sentence(rule, phrases(locale), workspace)
        found = sample(rule, rules.texts, workspace, locale)
        subject, body = (found[1].subject, found[1].body) if found else ("", "")
        yield Card(rule.id, title, said, subject, body, rule.disabled)
