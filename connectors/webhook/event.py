"""One event in our words, from foreign values.

In: a `Draft`: the type, and where each part of the event stands in the body. Out: a `SourceEvent`. A body that speaks
our words by itself is a draft already:

    {"type": "ledger.posted", "project": "apollo", "at": "2026-11-20T09:30:00+08:00",
     "object": {"id": "B1", "amount": "1200.00 USD", "class": "material", "work_date": "2026-11-19"}}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from connectors.base import Malformed, Unsupported
from connectors.foreign import Foreign
from connectors.webhook.words import TYPES, Amount, fields_of, value_of
from rules.facts.catalogue import EVENTS
from rules.facts.event import Record, SourceEvent

PARTS: Final = ("type", "project", "scope", "object", "before", "key", "version", "at", "person")
SCOPE: Final = ("project", "customer", "tag", "tags")


@dataclass(frozen=True, slots=True)
class Draft:
    """The parts of an event, each with its place in the body. What is none was not said."""

    type: str
    object: Mapping[str, Foreign | Amount]
    before: Mapping[str, Foreign] = field(default_factory=dict)
    scope: Mapping[str, Foreign] = field(default_factory=dict)
    project: Foreign | None = None
    key: Foreign | None = None
    version: Foreign | None = None
    at: Foreign | None = None
    person: Foreign | None = None


def spoken(body: Foreign) -> Draft:
    """The draft of a body that speaks our words. Raises Malformed for a part that there is not."""
    for name, part in body.items():
        if name not in PARTS:
            raise body.refuse(f"{part.path} is no part of an event, those are {', '.join(PARTS)}")
    scope, before = body.get("scope"), body.get("before")
    return Draft(
        type=body["type"].text(),
        object=dict(body["object"].items()),
        before=dict(before.items()) if before else {},
        scope=dict(scope.items()) if scope else {},
        **{name: body.get(name) for name in ("project", "key", "version", "at", "person")},
    )


def build(draft: Draft, signed_at: datetime, types: frozenset[str] = TYPES) -> SourceEvent:
    """The event. Its time is what the draft says, else when the delivery was signed; its version follows from that.

    types: what may be told. Raises Malformed for a field that cannot be what it is, Unsupported for another type.
    """
    if draft.type not in types:
        why = "is made by Accord itself" if draft.type in EVENTS else "is no event type"
        raise Unsupported(f"type {draft.type[:60]!r} {why}; taken are {', '.join(sorted(types))}")
    values = _record(draft.type, draft.object)
    at = draft.at.time() if draft.at else signed_at
    key = draft.key.id() if draft.key else values.get("id")
    if not key:
        raise Malformed("neither key nor object.id is given: which thing is this about?")
    return SourceEvent(
        type=draft.type,
        at=at,
        key=key,
        version=_version(draft.version) if draft.version else at.isoformat(timespec="microseconds"),
        scope=_scope(draft),
        object={**values, "id": key} if "id" in fields_of(draft.type) and not values.get("id") else values,
        before=_record(draft.type, draft.before),
        person=draft.person.id() if draft.person else None,
    )


def _record(event_type: str, given: Mapping[str, Foreign | Amount]) -> Record:
    """The fields with their types. Null is none where a field may be empty, and says nothing where it may not."""
    noun, known = EVENTS[event_type].object, fields_of(event_type)
    beside = given.get("currency")
    values: dict[str, Any] = {}
    for name, value in given.items():
        place = value.amount if isinstance(value, Amount) else value
        if name == "seconds" and noun == "entry":
            values[name] = place.whole()
        elif name not in known:
            raise place.refuse(f"{place.path} is no field of {noun}: {name[:40]}")
        elif place.value is not None:
            values[name] = value_of(known[name], value, beside if isinstance(beside, Foreign) else None)
        elif known[name].optional:
            values[name] = None
    amount = values.get("amount")
    return {**values, "currency": amount.currency} if amount is not None and "currency" in known else values


def _scope(draft: Draft) -> Record:
    """What projects are found by. A project of the workspace that is named outright needs no `booked_in`."""
    scope: dict[str, Any] = {}
    for name, value in draft.scope.items():
        if name not in SCOPE:
            raise value.refuse(f"{value.path} is no word of a scope, those are {', '.join(SCOPE)}")
        scope[name] = [tag.id() for tag in value.each()] if name == "tags" else value.id()
    if "tag" in scope:
        scope["tags"] = [*dict.fromkeys([scope["tag"], *scope.get("tags", [])])]
    if draft.project:
        scope["workspace_project"] = draft.project.id()
    return scope


def _version(value: Foreign) -> str:
    """Versions are compared as text: a number is padded so that 10 comes after 9."""
    text = value.id()
    return text.zfill(20) if text.isascii() and text.isdecimal() else text
