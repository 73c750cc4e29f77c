"""The words that reports are made of, in one language.

In: a locale. Out: `Words`: phrases by dotted name, values filled in, one or many by count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from rules.language.documents import read
from rules.language.wording import Wording, choose

LOCALES: Final = ("en", "zh-CN")


@dataclass(frozen=True, slots=True)
class Words:
    """Phrases of one language, and how one reader sees values."""

    phrases: Mapping[str, Any]
    wording: Wording

    def __call__(self, name: str, count: int | None = None, /, **values: Any) -> str:
        """The phrase of that name. Money, days and ratios are written as the reader writes them."""
        found: Any = self.phrases
        for part in name.split("."):
            found = found[part]
        if isinstance(found, Mapping):
            key = "none" if count == 0 and "none" in found else "one" if abs(count or 0) == 1 else "other"
            found = found[key]
        given = {k: v if isinstance(v, str) else self.wording.plain(v) for k, v in values.items()}
        return str(found).format(count=abs(count or 0), **given)

    def named(self, group: str, value: Any) -> str:
        """The word for a value of a closed list; a value that has none is shown as it is."""
        found = self.phrases
        for part in group.split("."):
            found = found[part]
        return str(found.get(str(value), value))

    def signed(self, name: str, days: int) -> str:
        """Working days with their sign."""
        return self(name, days, sign="+" if days > 0 else "−")


def words(locale: str, zone: str) -> Words:
    """The words for a reader; whoever reads neither language reads English."""
    chosen = choose({one: one for one in LOCALES}, locale) or "en"
    return Words(_phrases(chosen), Wording(chosen, zone))


@cache
def _phrases(locale: str) -> Mapping[str, Any]:
    text = files("rules.language.reports").joinpath(f"words/{locale}.yaml").read_text(encoding="utf-8")
    found, problems = read(text, f"words/{locale}.yaml")
    if found is None or problems:
        raise ValueError("; ".join(map(str, problems)))
    phrases: Mapping[str, Any] = found.value
    return phrases
