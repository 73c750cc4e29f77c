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
("data.lines.0.price"). A mapping is checked by connectors.webhook.problems before it runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from connectors.foreign import Foreign
from connectors.webhook.event import Draft
from connectors.webhook.words import Amount

PLACES: Final = ("project", "version", "at", "person")
HOLE: Final = re.compile(r"\{([^{}]*)\}")
T = TypeVar("T")


def drafts(entries: Any, body: Foreign) -> list[Draft]:
    """One draft for each entry whose `when` holds. `entries` must be without problems."""
    return [_draft(entry, body) for entry in entries if _holds(entry["when"], body)]


def as_list(value: Any) -> list[Any]:
    """One value or several, as a list."""
    return value if isinstance(value, list) else [value]


def _holds(when: Mapping[str, Any], body: Foreign) -> bool:
    for path, wanted in when.items():
        found = _at(body, path)
        if found is None or not any(_same(found.value, value) for value in as_list(wanted)):
            return False
    return True


def _same(found: Any, wanted: Any) -> bool:
    """True is not 1, and 1 is 1.0."""
    return isinstance(found, bool) == isinstance(wanted, bool) and bool(found == wanted)


def _draft(entry: Mapping[str, Any], body: Foreign) -> Draft:
    return Draft(
        type=entry["type"],
        object=_sourced(entry["map"], body, _field),
        scope=_sourced(entry.get("scope", {}), body, _source),
        key=_filled(entry["key"], body),
        project=_place(entry, "project", body),
        version=_place(entry, "version", body),
        at=_place(entry, "at", body),
        person=_place(entry, "person", body),
    )


def _sourced(
    sources: Mapping[str, Any], body: Foreign, read: Callable[[Any, Foreign, str], T | None]
) -> dict[str, T]:
    """What the sources point at, without those that the body does not have."""
    found = {name: read(source, body, name) for name, source in sources.items()}
    return {name: value for name, value in found.items() if value is not None}


def _place(entry: Mapping[str, Any], part: str, body: Foreign) -> Foreign | None:
    found = _source(entry[part], body, part) if part in entry else None
    return None if found is None or found.value is None else found


def _field(source: Any, body: Foreign, name: str) -> Foreign | Amount | None:
    """The value of a field: one place, or two for money."""
    if not isinstance(source, Mapping) or "amount" not in source:
        return _source(source, body, name)
    amount = _source(source["amount"], body, name)
    return (
        None if amount is None else Amount(amount, _source(source["currency"], body, f"currency of {name}"))
    )


def _source(source: Any, body: Foreign, name: str) -> Foreign | None:
    """The value that a source points at; none where the body does not have it."""
    if not isinstance(source, Mapping):
        return _at(body, source)
    if "value" in source:
        return Foreign(source["value"], f"the constant for {name}", body.refuse)
    return _looked_up(source, body)


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

    return Foreign(HOLE.sub(fill, template), "key", body.refuse)


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
