"""What happened, in our words: the `Event` that the engine decides on, and the `SourceEvent` a connector makes.

In: values only. Out: two frozen shapes and the deterministic id of an event. A connector speaks of outside
ids (accounts, issue keys, customers); normalising turns them into people and projects of the workspace.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rules.facts.codec import from_fields

Record = dict[str, Any]
"""One object as a flat mapping: field name of the catalogue -> value (text, int, Decimal, Money, date, aware
UTC datetime, Duration, bool, list or None). Dotted field names stay dotted keys ("billing.kind").
Keys that start with "_" are the engine's own and are never shown or named."""

MAX_DEPTH = 10


@dataclass(frozen=True, slots=True)
class SourceEvent:
    """One thing that happened in an outside system, as its connector understood it.

    type: an event type of the catalogue (`issue.changed`, `time.logged`, `bill.received`, ...).
    at: when it happened there, aware UTC.
    key: identity of the thing in its source, unique within the connection ("worklog/10066", "invoice/220ddca8").
    version: orders the states of one key; compared as text, so numbers are zero-padded and times are ISO UTC.
    scope: what the workspace matches projects by, e.g. {"project": "APO"} or {"customer": "42"}; for amounts on
        several projects a connector emits one event for each allocation line with a key of its own.
    object: fields of the catalogue; people are account ids of the source; what the source did not say is absent
        (unknown), what it said is empty is None.
    before: former values of the fields that changed, where the source tells.
    person: the account that did it, if known.  own: True when our own account did it (a comment of ours coming back).
    """

    type: str
    at: datetime
    key: str
    version: str
    scope: Mapping[str, Any]
    object: Record
    before: Record = field(default_factory=dict)
    person: str | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One event to decide, in the words of the catalogue.

    objects: the object the event is about, and others it brings, by object name ({"entry": {...}}).
    before: former values of fields of the main object.  version: the source's version, for events from outside.
    cause: id of the event that caused this one; `rule`: the rule run behind it, if any; depth: length of that chain.
    history: it happened before the project's `live_since`: builds ledger and memory, sends nothing.
    place: where it came from, of an event that no project's file claims: `id`, `says` (what its source said of it),
        `claimed_by`, `problem`, and once a person assigned it `was` (its objects as they came).
    """

    id: str
    type: str
    at: datetime
    received_at: datetime
    objects: Mapping[str, Record]
    project: str | None = None
    client: str | None = None
    connection: str | None = None
    key: str | None = None
    version: str | None = None
    before: Mapping[str, Any] = field(default_factory=dict)
    person: str | None = None
    own: bool = False
    cause: str | None = None
    rule: str | None = None
    depth: int = 0
    history: bool = False
    place: Mapping[str, Any] | None = None


def spoken_of(event: Event) -> Event:
    """The event that names speak of: at the end of a wait the one that began it, else the event itself."""
    begun = event.objects.get("slot", {}).get("_begun")
    return event if begun is None else from_fields(Event, begun)


def event_id(*parts: str) -> str:
    """The id of an event, made from what makes it unique: the same parts give the same id, on every machine."""
    return "evt_" + digest(*parts)


def digest(*parts: str) -> str:
    """24 hex digits over parts, unambiguous in where one part ends and the next begins."""
    text = "\x1f".join(part.replace("\x1f", "\x1f\x1f") for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]
