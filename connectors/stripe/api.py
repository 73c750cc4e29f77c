"""Calls to Stripe: events that hooks missed, the charge behind a refund, and notes.

In: a `Read`, a cursor or an operation. Out: events, or `Done`. Stripe keeps events for 30 days.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from connectors import polling
from connectors.base import Done, Http, Operation, Read, Settings, Unsupported
from connectors.foreign import Foreign, answer
from connectors.http import url
from connectors.operations import refused, text_of
from connectors.polling import Place
from connectors.stripe.objects import Change, reversal
from connectors.stripe.receive import REVERSALS, meaning
from rules.facts.event import SourceEvent, digest

BASE_URL: Final = "https://api.stripe.com"
PAGE: Final = 100
LONGEST_NOTE: Final = 500
_PATHS: Final = {"refund": "/v1/refunds/{id}", "dispute": "/v1/disputes/{id}"}
_TARGET: Final = re.compile(r"(?:[a-z_]+/)?(?P<id>(?P<kind>in|cn|ch)_[A-Za-z0-9]{1,60})(?:/.*)?")
_NOTED: Final = {"in": "invoices", "cn": "credit_notes", "ch": "charges"}


def read(wanted: Read, settings: Settings, http: Http) -> list[SourceEvent]:
    """The refund or dispute a webhook spoke of, with its charge, which knows project and customer."""
    path, name = _PATHS.get(wanted.kind), str(wanted.params.get("event"))
    if path is None or name not in REVERSALS:
        raise refused(settings, f"there is no read of {wanted.kind} for {name[:60]}")
    thing = _get(settings, http, path, {"expand[]": "charge"}, id=wanted.id)
    change = Change(REVERSALS[name][0], datetime.fromisoformat(wanted.params["at"]), *REVERSALS[name][1:])
    return [reversal(thing, change, settings, thing["charge"])]


def poll(settings: Settings, http: Http, cursor: str, now: datetime) -> tuple[list[SourceEvent], str]:
    """What happened since the cursor, and the next cursor."""
    return polling.poll(settings, cursor, now, lambda place: _page(settings, http, place))


def _page(settings: Settings, http: Http, place: Place) -> tuple[list[SourceEvent], Place | None]:
    """One page of events. Stripe lists the newest first; versions say which state of an object is the last."""
    params = {"limit": str(PAGE), "created[gte]": str(int(place.after.timestamp()))}
    if place.page:
        params["starting_after"] = place.page
    page = _get(settings, http, "/v1/events", params)
    listed = page["data"].each()
    found = [made for event in reversed(listed) for made in _events(event, settings, http)]
    further = page["has_more"].flag() and bool(listed)
    return found, place.at("events", listed[-1]["id"].text()) if further else None


def _events(event: Foreign, settings: Settings, http: Http) -> list[SourceEvent]:
    """What one listed event means. Types that we do not know were never asked for."""
    try:
        inbound = meaning(event, settings)
    except Unsupported:
        return []
    return [*inbound.events, *(found for wanted in inbound.reads for found in read(wanted, settings, http))]


def book_note(operation: Operation, settings: Settings, http: Http) -> Done:
    """Add the text to the metadata of an invoice, credit note or charge, under a name of the action's own."""
    match = _TARGET.fullmatch(operation.target or "")
    if match is None:
        raise refused(
            settings,
            f"{str(operation.target)[:80]!r} is no object of Stripe, one like invoice/in_... expected",
        )
    text = text_of(operation)
    name = f"accord_{digest(operation.key)}"
    http.request(
        "POST",
        url(settings, f"/v1/{_NOTED[match['kind']]}/{{id}}", BASE_URL, id=match["id"]),
        headers={**_headers(settings), "Idempotency-Key": operation.key},
        data={f"metadata[{name}]": text if len(text) <= LONGEST_NOTE else text[: LONGEST_NOTE - 1] + "…"},
    )
    return Done(receipt=match["id"], detail=f"metadata {name}")


def check(settings: Settings, http: Http) -> str:
    """Read the newest event."""
    found = _get(settings, http, "/v1/events", {"limit": "1"})["data"].each()
    if not found:
        return "Stripe lets us read events; there is none of the last 30 days"
    mode = "live" if found[0]["livemode"].flag() else "test"
    return f"Stripe lets us read events of the {mode} mode"


def _get(settings: Settings, http: Http, path: str, params: Mapping[str, str], **parts: str) -> Foreign:
    found = http.request(
        "GET", url(settings, path, BASE_URL, **parts), headers=_headers(settings), params=params
    )
    return answer(found, "Stripe")


def _headers(settings: Settings) -> dict[str, str]:
    key = settings.get("api_key")
    if not key:
        raise refused(settings, "set `api_key` to a restricted key of Stripe")
    return {"Authorization": f"Bearer {key}"}
