"""Calls to Stripe: events that hooks missed, the charge behind a refund, and notes.

In: a `Read`, a cursor or an operation. Out: events, or `Done`. Stripe keeps events for 30 days.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from connectors.base import ConnectorError, Done, Http, Operation, Read, Settings, Unsupported
from connectors.foreign import Foreign, answer
from connectors.http import url
from connectors.stripe.objects import Change, reversal
from connectors.stripe.receive import REVERSALS, meaning
from rules.facts.event import SourceEvent, digest

BASE_URL: Final = "https://api.stripe.com"
PAGE: Final = 100
PAGES: Final = 1000
KEPT: Final = timedelta(days=30)
# An event can become visible a little after the second it is dated to.
OVERLAP: Final = timedelta(minutes=1)
LONGEST_NOTE: Final = 500
_PATHS: Final = {"refund": "/v1/refunds/{id}", "dispute": "/v1/disputes/{id}"}
_TARGET: Final = re.compile(r"(?:[a-z_]+/)?(?P<id>(?P<kind>in|cn|ch)_[A-Za-z0-9]{1,60})(?:/.*)?")
_NOTED: Final = {"in": "invoices", "cn": "credit_notes", "ch": "charges"}


def read(wanted: Read, settings: Settings, http: Http) -> list[SourceEvent]:
    """The refund or dispute a webhook spoke of, with its charge, which knows project and customer."""
    path, name = _PATHS.get(wanted.kind), str(wanted.params.get("event"))
    if path is None or name not in REVERSALS:
        raise ConnectorError(
            f"{settings.name}: there is no read of {wanted.kind} for {name[:60]}", retryable=False
        )
    thing = _get(settings, http, path, {"expand[]": "charge"}, id=wanted.id)
    change = Change(REVERSALS[name][0], datetime.fromisoformat(wanted.params["at"]), *REVERSALS[name][1:])
    return [reversal(thing, change, settings, thing["charge"])]


def poll(settings: Settings, http: Http, cursor: str, now: datetime) -> tuple[list[SourceEvent], str]:
    """Every event since the cursor, oldest first. The cursor is the time of the newest event seen."""
    since = _since(settings, cursor, now)
    newest = since
    found: list[SourceEvent] = []
    for event in reversed(_listed(settings, http, since - OVERLAP)):
        newest = max(newest, event["created"].epoch())
        try:
            inbound = meaning(event, settings)
        except Unsupported:
            continue
        found += inbound.events
        for wanted in inbound.reads:
            found += read(wanted, settings, http)
    return found, newest.isoformat()


def book_note(operation: Operation, settings: Settings, http: Http) -> Done:
    """Add the text to the metadata of an invoice, credit note or charge, under a name of the action's own."""
    match = _TARGET.fullmatch(operation.target or "")
    if match is None:
        raise ConnectorError(
            f"{settings.name}: {str(operation.target)[:80]!r} is no object of Stripe, one like invoice/in_... expected",
            retryable=False,
        )
    text = operation.message.short or operation.message.body
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


def _listed(settings: Settings, http: Http, since: datetime) -> list[Foreign]:
    """Events from that time on, newest first, as Stripe lists them."""
    found: list[Foreign] = []
    params = {"limit": str(PAGE), "created[gte]": str(int(since.timestamp()))}
    for _ in range(PAGES):
        page = _get(settings, http, "/v1/events", params)
        found += page["data"].each()
        if not page["has_more"].flag() or not found:
            return found
        params = {**params, "starting_after": found[-1]["id"].text()}
    raise ConnectorError(f"{settings.name}: more than {PAGES * PAGE} events in one poll", retryable=False)


def _since(settings: Settings, cursor: str, now: datetime) -> datetime:
    text = cursor.removeprefix("since:") or str(settings.get("since") or now.isoformat())
    found = datetime.fromisoformat(text)
    return max(found if found.tzinfo else found.replace(tzinfo=UTC), now - KEPT)


def _get(settings: Settings, http: Http, path: str, params: Mapping[str, str], **parts: str) -> Foreign:
    found = http.request(
        "GET", url(settings, path, BASE_URL, **parts), headers=_headers(settings), params=params
    )
    return answer(found, "Stripe")


def _headers(settings: Settings) -> dict[str, str]:
    key = settings.get("api_key")
    if not key:
        raise ConnectorError(f"{settings.name}: set `api_key` to a restricted key of Stripe", retryable=False)
    return {"Authorization": f"Bearer {key}"}
