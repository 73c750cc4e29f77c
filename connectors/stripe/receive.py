"""Stripe's webhooks: fat snapshots, signed with a time.

In: a delivery. Out: what it means in our words, or why it counts for nothing. The signature is hex HMAC-SHA256 over
time and raw body, its key the whole secret with the `whsec_`; a time more than five minutes away, on either side, is
refused.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from connectors.base import Delivery, Inbound, Malformed, Read, Settings, Unsupported
from connectors.foreign import Foreign, read
from connectors.signatures import sign_stripe, verify_stripe
from connectors.stripe.objects import Change, charge, invoice, project_of, reversal

# Stripe's event -> ours, its rank among those of one second, and the status it forces.
INVOICES: Final = {
    "invoice.created": ("invoice.changed", 0, None),
    "invoice.updated": ("invoice.changed", 1, None),
    "invoice.finalized": ("invoice.issued", 2, None),
    "invoice.marked_uncollectible": ("invoice.changed", 3, None),
    "invoice.paid": ("invoice.paid", 4, "paid"),
    "invoice.voided": ("invoice.voided", 5, "void"),
    "invoice.deleted": ("invoice.voided", 6, "void"),
    "credit_note.created": ("invoice.issued", 0, None),
    "credit_note.updated": ("invoice.changed", 1, None),
    "credit_note.voided": ("invoice.voided", 5, "void"),
}
REVERSALS: Final = {
    "refund.created": ("payment.refunded", 0, None),
    "refund.updated": ("payment.refunded", 1, None),
    "charge.refund.updated": ("payment.refunded", 1, None),
    "refund.failed": ("payment.refunded", 2, "void"),
    "charge.dispute.funds_withdrawn": ("payment.refunded", 0, "paid"),
    "charge.dispute.funds_reinstated": ("payment.refunded", 1, "void"),
}
# What other events tell already, and what is no money of a project. `x.*` is all of x.
IGNORED: Final = frozenset(
    {
        "account.*", "application_fee.*", "balance.*", "billing.*", "billing_portal.*", "capability.*",
        "cash_balance.*", "charge.dispute.closed", "charge.dispute.created", "charge.dispute.updated",
        "charge.expired", "charge.failed", "charge.pending", "charge.updated", "checkout.*", "coupon.*",
        "customer.*", "customer_cash_balance_transaction.*", "entitlements.*", "file.*",
        "financial_connections.*", "identity.*", "invoice.finalization_failed", "invoice.overdue",
        "invoice.overpaid", "invoice.payment_action_required", "invoice.payment_failed",
        "invoice.payment_succeeded", "invoice.sent", "invoice.upcoming", "invoice.will_be_due",
        "invoice_payment.*", "invoiceitem.*", "mandate.*", "payment_intent.*", "payment_link.*",
        "payment_method.*", "payout.*", "person.*", "plan.*", "price.*", "product.*", "promotion_code.*",
        "quote.*", "radar.*", "reporting.*", "review.*", "setup_intent.*", "sigma.*", "source.*",
        "subscription_schedule.*", "tax.*", "tax_rate.*", "terminal.*", "test_helpers.*", "topup.*", "transfer.*",
    }
)  # fmt: skip
_ZEROS: Final = re.compile(r"[a-z_.]+_0+")


def verify(delivery: Delivery, settings: Settings) -> None:
    """Raises Unauthentic unless Stripe signed these bytes within the last five minutes."""
    verify_stripe(delivery, settings.webhook_secrets)


def sign(body: bytes, settings: Settings, now: datetime, _name: str) -> dict[str, str]:
    """The header Stripe would send."""
    return sign_stripe(body, settings.webhook_secrets[0], now)


def delivery_id(delivery: Delivery) -> str | None:
    """The event's id. Test events of the dashboard all have one of zeros, which tells nothing apart."""
    try:
        ident = read(delivery.body)["id"].text()
    except Malformed:
        return None
    return None if _ZEROS.fullmatch(ident) else ident


def normalise(delivery: Delivery, settings: Settings) -> Inbound:
    """The delivery's one event."""
    return meaning(read(delivery.body), settings)


def meaning(event: Foreign, settings: Settings) -> Inbound:
    """What an event object means, whichever way it came. Raises Malformed or Unsupported."""
    if event["object"].text() != "event":
        raise Unsupported(
            f"object is {event['object'].text()[:40]!r}: thin events are not read, add a snapshot one"
        )
    name = event["type"].text()
    if _is_ignored(name):
        return Inbound(ignored=f"{name} events are not used")
    if event["livemode"].flag() != bool(settings.get("livemode", True)):
        which = "live" if event["livemode"].flag() else "test"
        return Inbound(ignored=f"a {which} event; this connection takes the others (`livemode`)")
    thing = event["data"]["object"]
    at = event["created"].epoch()
    if name in INVOICES:
        return Inbound((invoice(thing, Change(INVOICES[name][0], at, *INVOICES[name][1:]), settings),))
    if name in REVERSALS:
        return _reversed(thing, name, at, settings)
    if name in ("charge.succeeded", "charge.captured"):
        return _charged(thing, at, settings)
    if name == "charge.refunded":
        return _refunded(thing, at, settings)
    raise Unsupported(f"type is {name[:60]!r}, which this connector does not know")


def _is_ignored(name: str) -> bool:
    parts = name.split(".")
    families = {f"{'.'.join(parts[:n])}.*" for n in range(1, len(parts))}
    return bool(IGNORED & {name, *families})


def _charged(thing: Foreign, at: datetime, settings: Settings) -> Inbound:
    if not thing["captured"].flag():
        return Inbound(ignored="the charge is authorised only; charge.captured tells when it is paid")
    return Inbound((charge(thing, Change("payment.received", at, 0), settings),))


def _refunded(thing: Foreign, at: datetime, settings: Settings) -> Inbound:
    """Old API versions list the refunds on the charge, which knows the customer; new ones send them apart."""
    listed = thing.get("refunds")
    if listed is None:
        return Inbound(ignored="the refund is told by its own event")
    change = Change("payment.refunded", at, 0)
    return Inbound(tuple(reversal(refund, change, settings, thing) for refund in listed["data"].each()))


def _reversed(thing: Foreign, name: str, at: datetime, settings: Settings) -> Inbound:
    """A refund often names neither project nor customer: with a key its charge is read, which does."""
    change = Change(REVERSALS[name][0], at, *REVERSALS[name][1:])
    if any(project_of(thing, settings)) or not settings.get("api_key"):
        return Inbound((reversal(thing, change, settings),))
    kind = thing["object"].text()
    if kind not in ("refund", "dispute"):
        raise thing.refuse(f"{thing.path}.object is {kind[:40]!r}, refund or dispute expected")
    return Inbound(reads=(Read(kind, thing["id"].text(), {"event": name, "at": at.isoformat()}),))
