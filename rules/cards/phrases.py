"""The words of one language that sentences about rules are made of: events, fields, roles, joints.

In: a locale. Out: `Phrases` in English or Chinese; any other locale reads English. A word that is not here is shown as
the rule has it, so that a card never says something else than the rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from rules.language.documents import read
from rules.language.wording import Wording

PARTS: Final = ("nouns", "verbs", "fields", "roles", "comparisons", "values")


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language. `nouns` and `verbs` name events, `fields` what conditions look at, `roles` who is reached."""

    chinese: bool
    nouns: Mapping[str, str]
    verbs: Mapping[str, str]
    fields: Mapping[str, str]
    roles: Mapping[str, str]
    comparisons: Mapping[str, str]
    values: Mapping[str, str]

    @property
    def wording(self) -> Wording:
        """How values are written."""
        return Wording("zh-CN" if self.chinese else "en", "UTC")

    def either(self, words: Sequence[str]) -> str:
        """a, b or c."""
        return self._joined(words, "或", " or ")

    def both(self, words: Sequence[str]) -> str:
        """a, b and c."""
        return self._joined(words, "且", " and ")

    def _joined(self, words: Sequence[str], chinese: str, english: str) -> str:
        listed = list(dict.fromkeys(words))
        if len(listed) < 2:
            return "".join(listed)
        comma, last = ("、", chinese) if self.chinese else (", ", english)
        return f"{comma.join(listed[:-1])}{last}{listed[-1]}"

    def field(self, name: str) -> str:
        """What a name of a condition is called; the name itself where nobody has given it a word."""
        if name in self.fields:
            return self.fields[name]
        if self.chinese:
            return f"「{name}」"
        noun, _, rest = name.partition(".")
        return f"the {self._bare(noun)}'s {rest.replace('_', ' ').replace('.', ' ')}" if rest else name

    def _bare(self, noun: str) -> str:
        return noun.replace("_", " ")

    def event(self, name: str) -> tuple[str, str]:
        """The noun and the verb of an event type."""
        noun, _, verb = name.partition(".")
        return self.nouns.get(noun, noun), self.verbs.get(name, self.verbs.get(verb, verb))


@cache
def phrases(locale: str) -> Phrases:
    """The words of a locale: Chinese for zh, else English."""
    chinese = locale.lower().startswith("zh")
    name = "zh-CN" if chinese else "en"
    text = files("rules.cards").joinpath(f"words/{name}.yaml").read_text(encoding="utf-8")
    document, problems = read(text, f"words/{name}.yaml")
    if document is None or problems:
        raise ValueError("; ".join(map(str, problems)))
    return Phrases(chinese=chinese, **{part: document.get((part,)) for part in PARTS})
