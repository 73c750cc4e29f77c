"""Payments of Xero as events: money that a customer paid, or got back.

In: one record of `/Payments`. Out: one `SourceEvent`, or none for payments to suppliers: their cost is counted at the
bill, which changes to paid by itself. There are no webhooks for payments; polls bring them.
"""

from __future__ import annotations

from typing import Final

from connectors.base import Settings
from connectors.foreign import Foreign
from connectors.xero.documents import STATUSES, party
from connectors.xero.values import day, moment, money, one_of, rate, text_or_none, version
from rules.facts.event import SourceEvent

# Xero's word -> our event and measure.
KINDS: Final = {
    "ACCRECPAYMENT": ("payment.received", "collected"),
    "ARCREDITPAYMENT": ("payment.refunded", "credited"),
    "AROVERPAYMENTPAYMENT": ("payment.refunded", "credited"),
    "ARPREPAYMENTPAYMENT": ("payment.refunded", "credited"),
    "ACCPAYPAYMENT": None,
    "APCREDITPAYMENT": None,
    "APOVERPAYMENTPAYMENT": None,
    "APPREPAYMENTPAYMENT": None,
}


def events(payment: Foreign, settings: Settings) -> list[SourceEvent]:
    """The event of one payment as it is now. A deleted one is void, under the same key."""
    kind = one_of(payment["PaymentType"], KINDS)
    if kind is None:
        return []
    event_type, measure = kind
    void = one_of(payment["Status"], STATUSES) == "void"
    invoice = payment["Invoice"]
    currency = invoice["CurrencyCode"]
    customer, name = party(invoice)
    updated = moment(payment["UpdatedDateUTC"])
    key = f"payment/{payment['PaymentID'].id()}"
    amount = money(payment["Amount"], currency)
    return [
        SourceEvent(
            type="payment.refunded" if void else event_type,
            at=updated,
            key=key,
            version=version(updated),
            scope={"customer": customer, "tag": None, "tags": []},
            object={
                "id": key,
                "number": text_or_none(payment.get("Reference"))
                or text_or_none(invoice.get("InvoiceNumber")),
                "party": name,
                "at": moment(payment["Date"]),
                "total": amount,
                "status": "void" if void else "paid",
                "kind": "payment",
                "measure": measure,
                "class": "other",
                "amount": amount,
                "currency": currency.text(),
                "work_date": day(payment["Date"]),
                "tags": [],
                **rate(payment, currency, settings),
            },
        )
    ]
