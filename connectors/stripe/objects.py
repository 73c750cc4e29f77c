"""Stripe's invoices, credit notes, charges, refunds and disputes as events.

In: one object of an event or of an answer, what happened to it, and when. Out: a `SourceEvent` with the object's
whole state. Shapes of several API versions are understood: a field that moved is looked for in its old place too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from connectors.base import Settings
from connectors.foreign import Foreign
from connectors.operations import refused
from rules.facts.event import Record, SourceEvent
from rules.facts.money import MINOR_UNITS, BadNumber, Money, UnknownCurrency

# Where Stripe counts in other units than ISO 4217 does.
_UNITS: Final = {**MINOR_UNITS, "MGA": 0, "ISK": 2, "UGX": 2}
_STATUSES: Final = {
    "invoice": {
        "draft": "draft",
        "open": "posted",
        "uncollectible": "posted",
        "paid": "paid",
        "void": "void",
    },
    "credit_note": {"issued": "posted", "void": "void"},
    "refund": {
        "pending": "paid",
        "requires_action": "draft",
        "succeeded": "paid",
        "failed": "void",
        "canceled": "void",
    },
}


@dataclass(frozen=True, slots=True)
class Change:
    """What happened: our event type, when, how far along its life an object is then, and a status that it forces.

    Stripe's times are whole seconds and several things happen in one; `rank` puts those in order.
    """

    type: str
    at: datetime
    rank: int
    status: str | None = None

    def version(self, status: str) -> str:
        """Orders the states of one object: by time, then by status, then by what happened."""
        reached = {"draft": 0, "posted": 1, "paid": 2, "void": 3}[status]
        return f"{self.at.strftime('%Y-%m-%dT%H:%M:%SZ')}/{reached}{self.rank}"


def invoice(thing: Foreign, change: Change, settings: Settings) -> SourceEvent:
    """An invoice or a credit note, which takes away from what was billed."""
    credit = thing["object"].text() == "credit_note"
    sign = -1 if credit else 1
    status = change.status or _status(thing, "credit_note" if credit else "invoice")
    issued = _day(_issued(thing), settings)
    due, left = thing.get("due_date"), thing.get("amount_remaining")
    return _event(
        thing,
        change,
        settings,
        status,
        {
            "number": _text(thing.get("number")),
            "party": _text(thing.get("customer_name")),
            "issued_on": issued,
            "due": _day(due, settings) if due else None,
            "total": _money(thing["total"], thing) * sign,
            "open_amount": _money(left, thing) if left else None,
            "kind": "credit" if credit else "invoice",
            "measure": "billed",
            "amount": _net(thing, settings) * sign,
            "work_date": issued,
            "title": _text(thing.get("description")) or _text(thing.get("memo")),
        },
    )


def charge(thing: Foreign, change: Change, settings: Settings) -> SourceEvent:
    """Money that a customer paid."""
    amount = thing.get("amount_captured") or thing["amount"]
    details = thing.get("billing_details")
    return _event(
        thing,
        change,
        settings,
        "paid",
        {
            "number": _text(thing.get("receipt_number")),
            "party": _text(details.get("name")) if details else None,
            **_payment(thing, _money(amount, thing), "collected", settings),
            "title": _text(thing.get("description")),
        },
    )


def reversal(thing: Foreign, change: Change, settings: Settings, of: Foreign | None = None) -> SourceEvent:
    """Money that went back: a refund, or what a dispute withdrew. `of`: the charge, which knows the customer."""
    status = change.status or _status(thing, "refund")
    return _event(
        thing,
        change,
        settings,
        status,
        {
            "number": _text(thing.get("receipt_number")),
            "party": None,
            **_payment(thing, _money(thing["amount"], thing), "credited", settings),
            "title": _text(thing.get("reason")),
        },
        of,
    )


def project_of(thing: Foreign, settings: Settings) -> tuple[str | None, str | None]:
    """The project named in the metadata, and the customer."""
    metadata = thing.get("metadata")
    word = settings.get("metadata_key", "project")
    customer = thing.get("customer")
    if customer is not None and not isinstance(customer.value, str):
        customer = customer["id"]  # expanded
    return (
        _text(metadata.get(word)) if metadata else None,
        customer.text() if customer else None,
    )


def _event(
    thing: Foreign, change: Change, settings: Settings, status: str, fields: Record, of: Foreign | None = None
) -> SourceEvent:
    tag, customer = project_of(thing, settings)
    if of is not None:
        above = project_of(of, settings)
        tag, customer = tag or above[0], customer or above[1]
    document = f"{thing['object'].text()}/{thing['id'].id()}"
    key = f"{document}/{tag or '-'}"
    tags = [tag] if tag else []
    return SourceEvent(
        type=change.type,
        at=change.at,
        key=key,
        version=change.version(status),
        scope={"customer": customer, "tag": tag, "tags": tags},
        object={
            "id": key,
            **fields,
            "status": status,
            "class": "other",
            "currency": thing["currency"].text().upper(),
            "tags": tags,
            "document": document,
            "allocations": [key],
        },
    )


def _payment(thing: Foreign, amount: Money, measure: str, settings: Settings) -> Record:
    return {
        "at": thing["created"].epoch(),
        "total": amount,
        "kind": "payment",
        "measure": measure,
        "amount": amount,
        "work_date": _day(thing["created"], settings),
    }


def _status(thing: Foreign, kind: str) -> str:
    word = thing["status"].text()
    if word not in _STATUSES[kind]:
        raise thing.refuse(f"{thing.path}.status is {word[:40]!r}, known are {', '.join(_STATUSES[kind])}")
    return _STATUSES[kind][word]


def _issued(thing: Foreign) -> Foreign:
    """When an invoice became one; for a draft, when it was made."""
    steps = thing.get("status_transitions")
    found = (
        thing.get("effective_at"),
        steps.get("finalized_at") if steps else None,
        thing.get("finalized_at"),
        thing.get("created"),
    )
    return next((moment for moment in found if moment), None) or thing["date"]


def _net(thing: Foreign, settings: Settings) -> Money:
    """The amount without tax, unless the connection says otherwise."""
    wanted = settings.get("tax", "exclusive")
    if wanted not in ("exclusive", "inclusive"):
        raise refused(settings, f"`tax` is {wanted!r}, exclusive or inclusive expected")
    without = thing.get("total_excluding_tax")
    total = _money(thing["total"], thing)
    if wanted == "inclusive":
        return total
    return _money(without, thing) if without else total - _tax(thing)


def _tax(thing: Foreign) -> Money:
    whole = thing.get("tax")
    lists = (thing.get("total_taxes"), thing.get("total_tax_amounts"), thing.get("tax_amounts"))
    listed = next((found.each() for found in lists if found), [])
    amounts: Iterable[Foreign] = [whole] if whole else [each["amount"] for each in listed]
    total = Money.zero(_currency(thing))
    for amount in amounts:
        total += _money(amount, thing)
    return total


def _money(value: Foreign, thing: Foreign) -> Money:
    """A whole number of the currency's smallest unit, as Stripe counts them."""
    currency = _currency(thing)
    try:
        return Money(Decimal(f"{value.whole()}E-{_UNITS[currency]}"), currency)
    except BadNumber as problem:
        raise value.refuse(f"{value.path}: {problem}") from None


def _currency(thing: Foreign) -> str:
    code = thing["currency"].text().upper()
    try:
        return Money.zero(code).currency
    except UnknownCurrency as problem:
        raise thing.refuse(f"{thing.path}.currency: {problem}") from None


def _day(value: Foreign, settings: Settings) -> object:
    """The day of a moment where the books are kept: Stripe gives moments only."""
    name = settings.get("time_zone", "UTC")
    try:
        return value.epoch().astimezone(ZoneInfo(str(name))).date()
    except (LookupError, ValueError, OSError):
        raise refused(settings, f"`time_zone` is {name!r}, a name like Europe/Berlin expected") from None


def _text(value: Foreign | None) -> str | None:
    return (value.text().strip()[:200] or None) if value else None
