"""Any system that sends Standard Webhooks: signed, fresh, with an id that stays the same on every try.

In: a delivery. Out: the events that the setting `events` makes of it, or the one that its body speaks of in our words.
Source: the Standard Webhooks specification, scheme v1 (HMAC-SHA256).
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from connectors.base import Delivery, Inbound, Settings
from connectors.foreign import read
from connectors.operations import refused
from connectors.signatures import sign_standard_webhooks, standard_key, verify_standard_webhooks
from connectors.webhook import mapping
from connectors.webhook.event import build, spoken
from connectors.webhook.problems import problems
from rules.facts.event import digest


def verify(delivery: Delivery, settings: Settings) -> None:
    """Raises Unauthentic unless the sender signed id, time and these bytes within the last five minutes."""
    verify_standard_webhooks(delivery, settings.webhook_secrets)


def sign(body: bytes, settings: Settings, now: datetime, name: str) -> dict[str, str]:
    """The headers a sender would send; the same body has the same id."""
    ident = f"msg_{digest(name, body.decode('utf-8', 'replace'))}"
    return sign_standard_webhooks(body, _encoded(settings.webhook_secrets[0]), ident, now)


def delivery_id(delivery: Delivery) -> str | None:
    """The sender's id, which is part of what is signed."""
    return delivery.headers.get("webhook-id")


def normalise(delivery: Delivery, settings: Settings) -> Inbound:
    """The events of a body. Raises Malformed or Unsupported, and ConnectorError for a mapping that is wrong."""
    body = read(delivery.body)
    body.members()
    signed_at = _signed_at(delivery)
    entries = settings.get("events") or []
    wrong = problems(entries)
    if wrong:
        raise refused(settings, "; ".join(wrong))
    found = mapping.drafts(entries, body)
    if found:
        return Inbound(tuple(build(draft, signed_at) for draft in found))
    if entries and not ("type" in body and "object" in body):
        return Inbound(ignored=f"none of the {len(entries)} entries of `events` is about this body")
    return Inbound((build(spoken(body), signed_at),))


def _signed_at(delivery: Delivery) -> datetime:
    seconds = delivery.headers.get("webhook-timestamp", "")
    return datetime.fromtimestamp(int(seconds), UTC) if seconds.isdecimal() else delivery.received_at


def _encoded(secret: str) -> str:
    """The secret, or for one that is no base64 a key that makes a signature which nobody accepts."""
    try:
        standard_key(secret)
    except ValueError:
        return base64.b64encode(secret.encode()).decode()
    return secret
