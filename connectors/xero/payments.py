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
from rules.facts.event import Record, SourceEvent

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
    updated = moment(payment["UpdatedDateUTC"])
    key = f"payment/{payment['PaymentID'].id()}"
    fields = {"id": key, "status": "void" if void else "paid", "measure": measure}
    return [
        SourceEvent(
            type="payment.refunded" if void else event_type,
            at=updated,
            key=key,
            version=version(updated),
            scope={"customer": party(payment["Invoice"])[0], "tag": None, "tags": []},
            object={**fields, **_fields(payment, settings)},
        )
    ]


def _fields(payment: Foreign, settings: Settings) -> Record:
    invoice = payment["Invoice"]
    currency = invoice["CurrencyCode"]
    amount = money(payment["Amount"], currency)
    return {
        "number": text_or_none(payment.get("Reference")) or text_or_none(invoice.get("InvoiceNumber")),
        "party": party(invoice)[1],
        "at": moment(payment["Date"]),
        "total": amount,
        "kind": "payment",
        "class": "other",
        "amount": amount,
        "currency": currency.text(),
        "work_date": day(payment["Date"]),
        "tags": [],
        **rate(payment, currency, settings),
    }
