"""Reading Xero: the record behind a webhook, and everything that changed since the last poll.

In: a `Read`, or a cursor. Out: events. A round reads the lists one after the other, oldest change first. Credit notes,
payments and bank transactions have their turn every ten minutes, which keeps a polled connection within Xero's daily
limit of calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from connectors import polling
from connectors.base import Http, Read, Settings
from connectors.foreign import Foreign
from connectors.operations import refused
from connectors.polling import Place
from connectors.xero import api, documents, payments
from connectors.xero.values import moment
from rules.facts.event import SourceEvent

PAGE: Final = 100
SLOW_EVERY: Final = timedelta(minutes=10)
_LISTS: Final[dict[str, Callable[[Foreign, Settings], list[SourceEvent]]]] = {
    "Invoices": documents.events,
    "CreditNotes": documents.events,
    "Payments": payments.events,
    "BankTransactions": documents.events,
}
_FIRST: Final = "Invoices"
_SINGLE: Final = {"invoice": "Invoices", "credit_note": "CreditNotes"}


def read(wanted: Read, settings: Settings, http: Http) -> list[SourceEvent]:
    """The events of the record a webhook spoke of."""
    kind = _SINGLE.get(wanted.kind)
    if kind is None:
        raise refused(settings, f"there is no read of {wanted.kind}, only of {', '.join(_SINGLE)}")
    found = api.get(settings, http, f"/{kind}/{{id}}", id=wanted.id)[kind].each()
    return [event for document in found for event in documents.events(document, settings)]


def again(_noun: str, _key: str, known: Mapping[str, Any], _since: datetime) -> Read | None:
    """The read of a document as it is now."""
    kind, _, id = str(known.get("document") or "").partition("/")
    return Read(kind, id) if kind in _SINGLE and id else None


def poll(settings: Settings, http: Http, cursor: str, now: datetime) -> tuple[list[SourceEvent], str]:
    """What changed since the cursor, and the next cursor."""
    return polling.poll(settings, cursor, now, lambda place: _page(settings, http, place))


def _page(settings: Settings, http: Http, place: Place) -> tuple[list[SourceEvent], Place | None]:
    """One page of one list, and the place behind it."""
    name = place.step or _FIRST
    since, number = _from(place, name)
    answer = api.get(
        settings,
        http,
        f"/{name}",
        params={"page": str(number), "pageSize": str(PAGE), "order": "UpdatedDateUTC ASC"},
        headers={"If-Modified-Since": since.strftime("%Y-%m-%dT%H:%M:%SZ")},
    )
    records = answer[name].each()
    events = [event for record in records for event in _LISTS[name](record, settings)]
    if len(records) < PAGE:
        return events, _next_list(place, name)
    # By time rather than by page: a record that changes meanwhile moves to the end, and the others up.
    newest = max(moment(record["UpdatedDateUTC"]) for record in records).replace(microsecond=0)
    behind = (newest, 1) if newest > since else (since, number + 1)
    return events, place.at(name, f"{behind[0].isoformat()}/{behind[1]}")


def _from(place: Place, name: str) -> tuple[datetime, int]:
    """From when on, and which page of that: as written in the place, else the beginning of the round."""
    if place.page:
        since, _, number = place.page.partition("/")
        return datetime.fromisoformat(since), int(number)
    return (place.after if name == _FIRST else place.after - SLOW_EVERY), 1


def _next_list(place: Place, name: str) -> Place | None:
    """The list after this one; after the first one the round is over, unless it passes a mark of ten minutes."""
    if _mark(place.since) == _mark(place.started):
        return None
    names = list(_LISTS)
    following = names[names.index(name) + 1 :]
    return place.at(following[0]) if following else None


def _mark(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp() // SLOW_EVERY.total_seconds())
