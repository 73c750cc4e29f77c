"""Xero's webhooks: thin, signed over the raw body, with a handshake that tests both answers.

In: a delivery. Out: the reads it asks for; an amount is believed only when it is read back. Source: Xero's webhook
OpenAPI 16.1.0. Signature: base64 HMAC-SHA256 of the raw body, the key being the text as shown, not decoded.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from connectors.base import Answer, Delivery, Inbound, Malformed, Read, Settings, Unauthentic, Unsupported
from connectors.foreign import Foreign, read
from connectors.signatures import sign_hmac, verify_hmac
from rules.facts.event import digest

HEADER: Final = "x-xero-signature"
READS: Final = {"INVOICE": "invoice", "CREDITNOTE": "credit_note"}
IGNORED: Final = frozenset({"CONTACT", "SUBSCRIPTION", "PREPAYMENT", "OVERPAYMENT"})


def verify(delivery: Delivery, settings: Settings) -> None:
    """Raises Unauthentic unless Xero signed these bytes with the webhook key."""
    verify_hmac(delivery, settings.webhook_secrets, header=HEADER, encoding="base64")


def sign(body: bytes, settings: Settings, _now: datetime, _name: str) -> dict[str, str]:
    """The header Xero would send."""
    return {HEADER: sign_hmac(body, settings.webhook_secrets[0], encoding="base64")}


def handshake(delivery: Delivery, settings: Settings) -> Answer | None:
    """The "intent to receive": calls without events, some signed wrongly on purpose. 200 or 401, with an empty body."""
    try:
        if read(delivery.body)["events"].each():
            return None
    except Malformed:
        return None
    try:
        verify(delivery, settings)
    except Unauthentic:
        return Answer(401)
    return Answer(200)


def delivery_id(delivery: Delivery) -> str | None:
    """What is the same when Xero sends again: it gives no id, and `entropy` is new on every try."""
    try:
        body = read(delivery.body)
        told = [
            digest(*(event[name].text() for name in ("tenantId", "resourceId", "eventDateUtc", "eventType")))
            for event in body["events"].each()
        ]
        return (
            digest(body["firstEventSequence"].id(), body["lastEventSequence"].id(), *told) if told else None
        )
    except Malformed:
        return None


def normalise(delivery: Delivery, settings: Settings) -> Inbound:
    """One read for each record that changed. Contacts, subscriptions and other organisations are left aside."""
    body = read(delivery.body)
    # Xero numbers its events: whoever keeps the last number sees by a gap that some were lost.
    sequence = [body["firstEventSequence"].whole(), body["lastEventSequence"].whole()]
    reads: dict[tuple[str, str], Read] = {}
    reasons: dict[str, None] = {}
    for event in body["events"].each():
        kind, ident, tenant = (
            READS.get(_category(event), ""),
            event["resourceId"].id(),
            event["tenantId"].text(),
        )
        reason = _left_aside(event, tenant, settings)
        if reason:
            reasons[reason] = None
        else:
            reads[kind, ident] = Read(kind, ident, {"tenant": tenant, "sequence": sequence})
    if reads:
        return Inbound(reads=tuple(reads.values()))
    return Inbound(ignored="; ".join(reasons) or "no events in it: Xero tests whether we listen")


def _category(event: Foreign) -> str:
    return event["eventCategory"].text().upper()


def _left_aside(event: Foreign, tenant: str, settings: Settings) -> str | None:
    """Why an event asks for no read; none when it does."""
    category = _category(event)
    if category in IGNORED:
        return f"{category} events are not used"
    if category not in READS:
        known = ", ".join(sorted({*READS, *IGNORED}))
        raise Unsupported(f"{event.path}.eventCategory is {category[:40]}, known are {known}")
    wanted = settings.get("tenant")
    if wanted and tenant != wanted:
        return f"organisation {tenant[:40]} is not the one this connection reads (`tenant`)"
    return None
