"""What is wrong with the setting `events`, told before a delivery meets it.

In: what stands in the workspace. Out: sentences, each with its place, and what is meant or allowed there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final

from connectors.webhook.event import SCOPE
from connectors.webhook.mapping import HOLE, PLACES, as_list
from connectors.webhook.words import TYPES, fields_of

_PARTS: Final = ("when", "type", "project", "scope", "key", "version", "at", "person", "map")
_GROUPS: Final = ("when", "map", "scope")
_PATH: Final = re.compile(r"[^.{}\s]+(\.[^.{}\s]+)*")
_SCALAR: Final = (str, int, Decimal)
_EXPECTED: Final = "a path, {value: ...} or {lookup: path, in: {...}} expected"


def problems(entries: Any) -> list[str]:
    """What is wrong with a mapping, each with its place: "events[0].map.amuont: not known; did you mean amount"."""
    if not isinstance(entries, list):
        return ["events: a list of entries expected, each with when, type, key and map"]
    return [f"events[{index}]{problem}" for index, entry in enumerate(entries) for problem in _wrong(entry)]


def _wrong(entry: Any) -> Iterator[str]:
    """Each problem of one entry, beginning with its place in it."""
    if not isinstance(entry, Mapping):
        yield ": when, type, key and map expected"
        return
    shapes = [f".{part}: is missing" for part in ("when", "type", "key", "map") if part not in entry]
    shapes += [
        f".{part}: names with values expected" for part in _GROUPS if not _is_group(entry.get(part, {}))
    ]
    shapes += [_unknown("", key, _PARTS) for key in entry if key not in _PARTS]
    if "type" in entry and str(entry["type"]) not in TYPES:
        shapes.append(f".type: {entry['type']} is not taken; {_near(entry['type'], TYPES)}")
    if shapes:
        yield from shapes
        return
    fields = {*fields_of(entry["type"]), "seconds"}
    yield from (_unknown(".map", name, fields) for name in entry["map"] if name not in fields)
    yield from (_unknown(".scope", name, SCOPE) for name in entry.get("scope", {}) if name not in SCOPE)
    yield from _wrong_places(entry)


def _wrong_places(entry: Mapping[str, Any]) -> Iterator[str]:
    for path, wanted in entry["when"].items():
        if not _is_path(path) or not all(isinstance(v, _SCALAR) for v in as_list(wanted)):
            yield f".when.{path}: a path with a value or a list of values expected"
    sources = {f".{part}": entry[part] for part in PLACES if part in entry}
    sources |= {f".scope.{name}": source for name, source in entry.get("scope", {}).items()}
    yield from (f"{place}: {_EXPECTED}" for place, source in sources.items() if not _is_source(source))
    fields = {f".map.{name}": source for name, source in entry["map"].items()}
    yield from (
        f"{place}: {_EXPECTED}, or {{amount: ..., currency: ...}}"
        for place, source in fields.items()
        if not _is_source(source) and not _is_amount(source)
    )
    holes = HOLE.findall(entry["key"]) if isinstance(entry["key"], str) else []
    if not holes or not all(_is_path(hole) for hole in holes):
        yield ".key: a text with a path in braces expected, such as expense/{data.id}"


def _unknown(place: str, word: Any, known: Iterable[str]) -> str:
    return f"{place}.{word}: not known; {_near(word, known)}"


def _near(word: Any, known: Iterable[str]) -> str:
    near = get_close_matches(str(word), list(known), n=1)
    return f"did you mean {near[0]}" if near else f"known are {', '.join(sorted(known))}"


def _is_group(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(name, str) for name in value)


def _is_path(text: Any) -> bool:
    return isinstance(text, str) and _PATH.fullmatch(text) is not None


def _is_source(source: Any) -> bool:
    if not isinstance(source, Mapping):
        return _is_path(source)
    if source.keys() == {"value"}:
        return isinstance(source["value"], (*_SCALAR, list))
    if source.keys() == {"lookup", "in"}:
        return _is_path(source["lookup"]) and isinstance(source["in"], Mapping)
    return False


def _is_amount(source: Any) -> bool:
    return (
        isinstance(source, Mapping)
        and source.keys() == {"amount", "currency"}
        and all(map(_is_source, source.values()))
    )
