"""Reading Xero: the record behind a webhook, and everything that changed since a poll before.

In: a `Read` or a cursor. Out: events. A poll reads one page of each list, oldest change first, and goes on there next
time; credit notes, payments and bank transactions are asked for every ten minutes once they have been caught up with,
which keeps a polled connection within Xero's daily limit of calls.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors.base import ConnectorError, Http, Read, Settings
from connectors.foreign import Foreign
from connectors.xero import api, documents, payments
from connectors.xero.values import moment
from rules.facts.event import SourceEvent

PAGE: Final = 100
SLOW_EVERY: Final = timedelta(minutes=10)
# A record can become visible a little after the time it was changed at.
OVERLAP: Final = timedelta(minutes=1)
_LISTS: Final[dict[str, Callable[[Foreign, Settings], list[SourceEvent]]]] = {
    "Invoices": documents.events,
    "CreditNotes": documents.events,
    "Payments": payments.events,
    "BankTransactions": documents.events,
}
_SINGLE: Final = {"invoice": "Invoices", "credit_note": "CreditNotes"}


def read(wanted: Read, settings: Settings, http: Http) -> list[SourceEvent]:
    """The events of the record a webhook spoke of."""
    kind = _SINGLE.get(wanted.kind)
    if kind is None:
        raise ConnectorError(
            f"{settings.name}: there is no read of {wanted.kind}, only of {', '.join(_SINGLE)}",
            retryable=False,
        )
    found = api.get(settings, http, f"/{kind}/{{id}}", id=wanted.id)[kind].each()
    return [event for document in found for event in documents.events(document, settings)]


@dataclass(frozen=True, slots=True)
class Place:
    """How far one list was read: `page` of what changed since `since`; `rest`: to its end."""

    since: datetime
    page: int = 1
    rest: bool = False

    def after(self, changed: list[datetime]) -> Place:
        """Where to go on. By time rather than page, since a record that changes meanwhile moves to the end."""
        newest = max([*changed, self.since])
        if len(changed) < PAGE:
            return Place(newest, rest=True)
        if newest > self.since:
            return Place(newest)
        return Place(self.since, self.page + 1, self.rest)


def poll(settings: Settings, http: Http, cursor: str, now: datetime) -> tuple[list[SourceEvent], str]:
    """One page of each list whose turn it is."""
    places, slow_at = _opened(settings, cursor, now)
    slow_due = slow_at is None or now - slow_at >= SLOW_EVERY
    found: list[SourceEvent] = []
    for name, place in places.items():
        if name == "Invoices" or slow_due or not place.rest:
            places[name], events = _page(settings, http, name, place)
            found += events
    return found, _closed(places, now if slow_at and slow_due else slow_at)


def _page(settings: Settings, http: Http, name: str, place: Place) -> tuple[Place, list[SourceEvent]]:
    since = place.since - OVERLAP if place.rest else place.since
    answer = api.get(
        settings,
        http,
        f"/{name}",
        params={"page": str(place.page), "pageSize": str(PAGE), "order": "UpdatedDateUTC ASC"},
        headers={"If-Modified-Since": since.strftime("%Y-%m-%dT%H:%M:%SZ")},
    )
    records = answer[name].each()
    events = [event for record in records for event in _LISTS[name](record, settings)]
    return place.after([moment(record["UpdatedDateUTC"]) for record in records]), events


def _opened(settings: Settings, cursor: str, now: datetime) -> tuple[dict[str, Place], datetime | None]:
    """The place in each list, and when the slow ones were read last; none for a backfill, which reads them all."""
    kind, _, rest = cursor.partition(":")
    if kind == "since":
        return {name: Place(_time(rest)) for name in _LISTS}, None
    if not cursor:
        start = settings.get("since")
        return {name: Place(_time(start) if start else now) for name in _LISTS}, now - SLOW_EVERY
    kept: dict[str, Any] = json.loads(cursor)
    slow_at = kept.pop("slow_at")
    places = {name: Place(_time(since), page, rest) for name, (since, page, rest) in kept.items()}
    return places, _time(slow_at) if slow_at else None


def _closed(places: dict[str, Place], slow_at: datetime | None) -> str:
    kept = {name: (place.since.isoformat(), place.page, place.rest) for name, place in places.items()}
    return json.dumps({**kept, "slow_at": slow_at.isoformat() if slow_at else None})


def _time(value: object) -> datetime:
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
