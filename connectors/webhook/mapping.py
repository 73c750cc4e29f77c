"""The setting `events`: which foreign body is which event of ours, written down instead of programmed.

    events:
      - when: {action: created, data.kind: [travel, hotel]}      # every path has this value, or one of these
        type: expense.submitted
        key: "expense/{data.id}"                                 # text with paths in it
        at: data.updated_at                                      # a path
        project: {value: apollo}                                 # a constant
        map:
          amount: {amount: data.total, currency: data.currency}
          class: {lookup: data.kind, in: {travel: travel, hotel: travel}}
          title: data.title

In: what stands in the workspace, then bodies. Out: drafts of events. A path goes down by dots, into lists by number
("data.lines.0.price"). `problems` says everything that is wrong with a mapping before a delivery meets it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final

from connectors.foreign import Foreign
from connectors.webhook.event import SCOPE, Draft
from connectors.webhook.words import TYPES, fields_of

_PARTS: Final = ("when", "type", "project", "scope", "key", "version", "at", "person", "map")
_PLACES: Final = ("project", "version", "at", "person")
_PATH: Final = re.compile(r"[^.{}\s]+(\.[^.{}\s]+)*")
_HOLE: Final = re.compile(r"\{([^{}]*)\}")
_SCALAR: Final = (str, int, Decimal)
_GROUPS: Final = ("when", "map", "scope")
_EXPECTED: Final = "a path, {value: ...}, {lookup: path, in: {...}} or {amount: ..., currency: ...} expected"


def drafts(entries: Any, body: Foreign) -> list[Draft]:
    """One draft for each entry whose `when` holds. `entries` must be without problems."""
    return [_draft(entry, body) for entry in entries if _holds(entry["when"], body)]


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
    if "type" in entry and entry["type"] not in TYPES:
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
        if not _is_path(path) or not all(isinstance(v, _SCALAR) for v in _as_list(wanted)):
            yield f".when.{path}: a path with a value or a list of values expected"
    sources = {f".{part}": entry[part] for part in _PLACES if part in entry}
    for part in ("map", "scope"):
        sources |= {f".{part}.{name}": source for name, source in entry.get(part, {}).items()}
    yield from (f"{place}: {_EXPECTED}" for place, source in sources.items() if not _is_source(source))
    holes = _HOLE.findall(entry["key"]) if isinstance(entry["key"], str) else []
    if not holes or not all(_is_path(hole) for hole in holes):
        yield ".key: a text with a path in braces expected, such as expense/{data.id}"


def _unknown(place: str, word: Any, known: Iterable[str]) -> str:
    return f"{place}.{word}: not known; {_near(word, known)}"


def _near(word: Any, known: Iterable[str]) -> str:
    near = get_close_matches(str(word), list(known), n=1)
    return f"did you mean {near[0]}" if near else f"known are {', '.join(sorted(known))}"


def _is_group(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(name, str) for name in value)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_path(text: Any) -> bool:
    return isinstance(text, str) and _PATH.fullmatch(text) is not None


def _is_source(source: Any) -> bool:
    if not isinstance(source, Mapping):
        return _is_path(source)
    if source.keys() == {"value"}:
        return isinstance(source["value"], (*_SCALAR, list))
    if source.keys() == {"lookup", "in"}:
        return _is_path(source["lookup"]) and isinstance(source["in"], Mapping)
    return source.keys() == {"amount", "currency"} and all(_is_source(part) for part in source.values())


def _holds(when: Mapping[str, Any], body: Foreign) -> bool:
    for path, wanted in when.items():
        found = _at(body, path)
        if found is None or not any(_same(found.value, value) for value in _as_list(wanted)):
            return False
    return True


def _same(found: Any, wanted: Any) -> bool:
    """True is not 1, and 1 is 1.0."""
    return isinstance(found, bool) == isinstance(wanted, bool) and bool(found == wanted)


def _draft(entry: Mapping[str, Any], body: Foreign) -> Draft:
    return Draft(
        type=entry["type"],
        object=_sourced(entry["map"], body),
        scope=_sourced(entry.get("scope", {}), body),
        key=_filled(entry["key"], body),
        project=_place(entry, "project", body),
        version=_place(entry, "version", body),
        at=_place(entry, "at", body),
        person=_place(entry, "person", body),
    )


def _place(entry: Mapping[str, Any], part: str, body: Foreign) -> Foreign | None:
    found = _source(entry[part], body, part) if part in entry else None
    return None if found is None or found.value is None else found


def _sourced(sources: Mapping[str, Any], body: Foreign) -> dict[str, Foreign]:
    found = {name: _source(source, body, name) for name, source in sources.items()}
    return {name: value for name, value in found.items() if value is not None}


def _source(source: Any, body: Foreign, name: str) -> Foreign | None:
    """The value that a source points at; none where the body does not have it."""
    if not isinstance(source, Mapping):
        return _at(body, source)
    if "value" in source:
        return Foreign(source["value"], f"the constant for {name}", body.refuse)
    if "lookup" in source:
        return _looked_up(source, body)
    parts = {part: _source(source[part], body, part) for part in ("amount", "currency")}
    amount = parts["amount"]
    if amount is None or amount.value is None:
        return amount
    return Foreign({part: value.value for part, value in parts.items() if value}, amount.path, body.refuse)


def _looked_up(source: Mapping[str, Any], body: Foreign) -> Foreign | None:
    found = _at(body, source["lookup"])
    if found is None or found.value is None:
        return found
    table = {str(key): value for key, value in source["in"].items()}
    if found.id() not in table:
        raise body.refuse(f"{found.path} is {found.id()[:40]!r}, `in` knows {', '.join(table)}")
    return Foreign(table[found.id()], found.path, body.refuse)


def _filled(template: str, body: Foreign) -> Foreign:
    def fill(hole: re.Match[str]) -> str:
        found = _at(body, hole[1])
        if found is None or found.value is None:
            raise body.refuse(f"{hole[1]} is missing, the event's key needs it")
        return found.id()

    return Foreign(_HOLE.sub(fill, template), "key", body.refuse)


def _at(body: Foreign, path: str) -> Foreign | None:
    """The value at a path; none where the body ends before."""
    here = body
    for step in path.split("."):
        if isinstance(here.value, list) and step.isdecimal() and int(step) < len(here.value):
            here = here.each()[int(step)]
        elif isinstance(here.value, dict) and step in here.value:
            here = here[step]
        else:
            return None
    return here
