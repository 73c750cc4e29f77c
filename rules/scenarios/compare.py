"""What a step expects, held against what left: expected actions and said ones in, `Difference`s out.

Each expected action takes one of those that left; keys that it does not name are not compared. What stays over on
either side is told with the nearest of the other side, key by key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from rules.language.model import Position
from rules.language.sources import Source
from rules.scenarios.said import Said

# Keys that name several actions at once, one for each entry.
_EACH: Final = ("to", "target")


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which a scenario did not go as expected. `fields` are (key, expected, found)."""

    at: Position
    step: int
    message: str
    fields: tuple[tuple[str, str, str], ...] = ()

    def __str__(self) -> str:
        lines = [f"step {self.step}: {self.message} ({self.at})"]
        for key, expected, found in self.fields:
            lines += [f"    {key:<9} expected {expected}", f"    {'':<9} found    {found}"]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Expected:
    """One expected action: its kind, the keys that are compared, where it stands."""

    kind: str
    keys: Mapping[str, Any]
    at: Position

    @property
    def summary(self) -> str:
        """The action in a few words."""
        whom = self.keys.get("to") or self.keys.get("target") or self.keys.get("connection") or ""
        return f"{self.kind} to {whom}" if whom else self.kind

    def differences(self, said: Said) -> list[tuple[str, str, str]]:
        """Where an action differs, key by key; nothing when it is the one expected."""
        return [
            (key, _shown(wanted), found)
            for key, wanted in self.keys.items()
            if (found := _KEYS.get(key, _plain)(key, wanted, said)) is not None
        ]


def expected_of(source: Source) -> list[Expected] | None:
    """What stands under `expect` or `waiting`; none where nothing is compared."""
    if source.value is None:
        return None
    if source.value == "none":
        return []
    return [one for i in range(len(source.value)) for one in _entry(source.below(i))]


def compare(
    expected: Sequence[Expected], found: Sequence[Said], at: Position, step: int, verb: str
) -> Iterator[Difference]:
    """The differences between what was expected and what there is. verb: "was released" or "waits"."""
    found = [said for said in found if said.planned.kind != "record"]
    taken = _matched(expected, found)
    left = [said for i, said in enumerate(found) if i not in taken.values()]
    for i, one in enumerate(expected):
        if i in taken:
            continue
        near = min(
            (s for s in left if s.planned.kind == one.kind),
            key=lambda s: len(one.differences(s)),
            default=None,
        )
        if near is None:
            yield Difference(one.at, step, f"{one.summary} was expected, and none {verb}")
        else:
            left.remove(near)
            told = f"{one.summary} was expected; the nearest that {verb} is {near.summary}"
            yield Difference(one.at, step, told, tuple(one.differences(near)))
    for said in left:
        yield Difference(at, step, f"{said.summary} {verb} by rule {said.planned.rule}, and is not expected")


def _entry(source: Source) -> Iterator[Expected]:
    """One entry of the list: an expected action for each recipient or target that it names."""
    kind = next(iter(source.value))
    if kind == "record":
        return
    keys: Mapping[str, Any] = source.get(kind) or {}
    spread = next((key for key in _EACH if isinstance(keys.get(key), list)), None)
    for one in keys[spread] if spread else (None,):
        yield Expected(kind, {**keys, spread: one} if spread else keys, source.at(kind, key=True))


def _matched(expected: Sequence[Expected], found: Sequence[Said]) -> dict[int, int]:
    """Expected -> found, as many as fit: one that fits several gives way to one that fits only a few."""
    fits = [
        [j for j, said in enumerate(found) if said.planned.kind == one.kind and not one.differences(said)]
        for one in expected
    ]
    owner: dict[int, int] = {}

    def claim(i: int, tried: set[int]) -> bool:
        for j in fits[i]:
            if j not in tried:
                tried.add(j)
                if j not in owner or claim(owner[j], tried):
                    owner[j] = i
                    return True
        return False

    for i in range(len(expected)):
        claim(i, set())
    return {i: j for j, i in owner.items()}


_Look = Callable[[str, Any, Said], str | None]
"""Gives what was found in place of the wanted value, none when it is as wanted."""


def _plain(key: str, wanted: Any, said: Said) -> str | None:
    found = said.planned.keys.get(key)
    same = found == wanted or (found is not None and _words(found) == _words(wanted))
    return None if same else _shown(found)


def _to(_: str, wanted: Any, said: Said) -> str | None:
    planned = said.planned
    names = (planned.address, planned.recipient, planned.connection, said.mail)
    known_as = [name for name in names if name]
    return None if str(wanted) in known_as else _shown(planned.address or planned.recipient)


def _target(_: str, wanted: Any, said: Said) -> str | None:
    planned = said.planned
    return None if str(wanted) in (planned.target, planned.address) else _shown(planned.target)


def _subject(_: str, wanted: Any, said: Said) -> str | None:
    found = said.words.subject
    pattern = ".*".join(re.escape(part) for part in str(wanted).split("..."))
    return None if re.fullmatch(pattern, found, re.DOTALL) else _shown(found)


def _contains(_: str, wanted: Any, said: Said) -> str | None:
    absent = [word for word in _listed(wanted) if str(word) not in said.everything]
    return None if not absent else f"nothing of {_shown(absent)} in:\n{_indented(said.everything)}"


def _lacks(_: str, wanted: Any, said: Said) -> str | None:
    there = [word for word in _listed(wanted) if str(word) in said.everything]
    return None if not there else f"{_shown(there)} in:\n{_indented(said.everything)}"


def _text(_: str, wanted: Any, said: Said) -> str | None:
    found = said.planned.text if isinstance(said.planned.text, str) else "(inline)"
    return None if wanted in (found, found.rpartition("/")[2]) else _shown(found)


def _total(_: str, wanted: Any, said: Said) -> str | None:
    found = [line["amount"] for line in said.planned.keys.get("lines") or ()]
    total = str(sum(found[1:], start=found[0])) if found else "nothing"
    return None if str(wanted) == total else total


def _row(word: str, wanted: Any, said: Said) -> str | None:
    found: Mapping[str, Any] = said.planned.keys.get(word) or {}
    other = {k: found.get(k) for k, v in wanted.items() if _words(found.get(k)) != _words(v)}
    return ", ".join(f"{k}: {_shown(v)}" for k, v in other.items()) or None


def _of_action(name: str) -> _Look:
    def look(_: str, wanted: Any, said: Said) -> str | None:
        found = getattr(said.planned, name)
        return None if found == wanted else _shown(found)

    return look


def _corrects(_: str, wanted: Any, said: Said) -> str | None:
    found = said.planned.corrects is not None
    return None if found is wanted else _shown(found)


def _link(_: str, wanted: Any, said: Said) -> str | None:
    found = "link" in said.planned.keys
    return None if found is wanted else _shown(found)


_KEYS: Final[Mapping[str, _Look]] = {
    "to": _to,
    "target": _target,
    "subject": _subject,
    "contains": _contains,
    "lacks": _lacks,
    "text": _text,
    "corrects": _corrects,
    "link": _link,
    "row": _row,
    "body": _row,
    "total": _total,
    "rule": _of_action("rule"),
    "id": _of_action("spec"),
    "locale": _of_action("locale"),
    "observed": _of_action("observed"),
    "waits": _of_action("waits"),
    "connection": _of_action("connection"),
}


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _words(value: Any) -> list[str]:
    return sorted(str(one) for one in _listed(value))


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_shown(one) for one in value) + "]"
    return str(value) if isinstance(value, bool | int | Decimal) else f'"{value}"'


def _indented(text: str) -> str:
    return "\n".join(f"        | {line}" for line in text.strip().splitlines())
