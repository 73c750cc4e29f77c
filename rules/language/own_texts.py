"""Texts that no rule sends: what Accord says of itself, codes of decisions, what a client's digest begins with.

In: the texts that ship and those of the workspace that take their place. Out: problems: a name that such a text cannot
know, a mail without a subject. A text may name what the one that ships names, and what its kind knows besides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from rules.language.model import Problem
from rules.language.names import fields_of
from rules.language.nearest import allowed_here
from rules.language.noise import ITEMS
from rules.language.sources import Findings
from rules.language.text_check import Used, inspect
from rules.language.text_files import TextSource, TextSources

CORRECTED: Final = "corrected"
"""It goes with the rules that send it, and is held against them."""
_TROUBLE: Final = frozenset(f"trouble.{name}" for name in ("subject", "since", "now", "more", "link"))
_DIGEST: Final = frozenset(
    {"now", "today", ITEMS, "item.subject", "item.body", *fields_of(("client", "organisation"))}
)
_PROJECT: Final = frozenset({"project.name"})


def check_own_texts(shipped: TextSources, texts: TextSources, findings: Findings) -> None:
    """What the workspace has written in the place of a text that ships."""
    for key, standard in shipped.items():
        written = [s for locale, s in texts.get(key, {}).items() if s is not standard.get(locale)]
        if key != CORRECTED and written:
            known = _known(key, standard)
            for source in written:
                findings.add(*_problems(key, source, known))


def _known(key: str, standard: Mapping[str, TextSource]) -> frozenset[str]:
    named = {_name(used) for source in standard.values() for used, _ in _uses(source)}
    kind = _TROUBLE if key.startswith("trouble_") else _DIGEST if key == "client_digest" else _PROJECT
    return kind | named


def _problems(key: str, source: TextSource, known: frozenset[str]) -> Iterator[Problem]:
    if not source.text.subject.strip():
        told = f"the text `{key}` has no subject, and Accord sends it as a mail"
        yield Problem(source.text.at, told, "write `subject:`, one line")
    uses = list(_uses(source))
    if key == "client_digest" and not any(used.name == ITEMS for used, _ in uses):
        told = f"the text `{key}` does not name `items`, the messages that it introduces"
        yield Problem(source.text.at, told, "say how many there are: {{ items | length }}", "warning")
    for used, path in uses:
        name = _name(used)
        if name not in known and not (used.tested or _is_asked_for(name, uses)):
            told = f"`{used.name}` is not known in the text `{key}`"
            yield Problem(source.place(path, used.offset), told, _meant(name, known))


def _meant(name: str, known: frozenset[str]) -> str:
    """The fields of the object that was named, else the objects there are."""
    head, dot, _ = name.partition(".")
    fields = sorted(one for one in known if dot and one.startswith(f"{head}."))
    return allowed_here(name, fields or sorted({one.partition(".")[0] for one in known}), "names")


def _uses(source: TextSource) -> Iterator[tuple[Used, tuple[str | int, ...]]]:
    for text, path in source.parts():
        yield from ((used, path) for used in inspect(text)[0])


def _name(used: Used) -> str:
    """Fields of what a loop goes over are those of an item, however the loop calls it."""
    return f"item.{used.name.partition('.')[2]}" if used.item else used.name


def _is_asked_for(name: str, uses: list[tuple[Used, tuple[str | int, ...]]]) -> bool:
    return any(used.tested and _name(used) == name for used, _ in uses)
