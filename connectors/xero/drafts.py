"""What Accord drafts in Xero: a sales invoice, and a quote as the estimate of a change. A person approves them there.

In: an operation whose target is the id of a contact. Out: `Done` with the id of the draft. Both are idempotent by
Xero's `Idempotency-Key`, which is the action's own key. Nothing is ever approved, sent or changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from connectors.base import Done, Http, Operation, Settings
from connectors.operations import refused
from connectors.xero import api
from rules.facts.money import Money

_CONTACT: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
LONGEST_TITLE: Final = 100
LONGEST_LINE: Final = 4000
LONGEST_REFERENCE: Final = 255
LONGEST_KEY: Final = 128


def draft_invoice(operation: Operation, settings: Settings, http: Http) -> Done:
    """A draft of a sales invoice. keys read: `lines` ([{text, amount}]), `reference`, `tag` (the tracking option)."""
    lines = operation.keys.get("lines") or []
    body = {
        "Type": "ACCREC",
        "Status": "DRAFT",
        "Contact": {"ContactID": _contact(operation, settings)},
        "LineAmountTypes": "Inclusive" if _inclusive(settings) else "Exclusive",
        "LineItems": [_line(str(line["text"]), line["amount"], operation, settings) for line in lines],
        "CurrencyCode": _currency([line["amount"] for line in lines], settings),
        "Reference": str(operation.keys.get("reference") or "")[:LONGEST_REFERENCE],
    }
    return _drafted("Invoices", "InvoiceID", body, operation, settings, http)


def draft_estimate(operation: Operation, settings: Settings, http: Http) -> Done:
    """A draft of a quote. keys read: `amount`, `title`, `reference`, `tag` (the tracking option)."""
    amount, title = operation.keys.get("amount"), str(operation.keys.get("title") or "")
    body = {
        "Status": "DRAFT",
        "Contact": {"ContactID": _contact(operation, settings)},
        "LineAmountTypes": "INCLUSIVE" if _inclusive(settings) else "EXCLUSIVE",
        "LineItems": [_line(title, amount, operation, settings)],
        "CurrencyCode": _currency([amount], settings),
        "Title": title[:LONGEST_TITLE],
        "Reference": str(operation.keys.get("reference") or "")[:LONGEST_REFERENCE],
    }
    return _drafted("Quotes", "QuoteID", body, operation, settings, http)


def _drafted(
    where: str, ident: str, body: Mapping[str, Any], operation: Operation, settings: Settings, http: Http
) -> Done:
    found = api.put(
        settings,
        http,
        f"/{where}",
        {where: [body]},
        headers={"Idempotency-Key": operation.key[:LONGEST_KEY]},
    )
    made = found[where].each()
    reasons = [e["Message"].text() for one in made for e in _each(one.get("ValidationErrors"))]
    if reasons or not made:
        raise refused(settings, f"Xero refused the draft: {'; '.join(reasons)[:200] or 'it made none'}")
    return Done(receipt=made[0][ident].id(), detail="draft")


def _each(listed: Any) -> list[Any]:
    return listed.each() if listed else []


def _line(text: str, amount: Any, operation: Operation, settings: Settings) -> dict[str, Any]:
    if not isinstance(amount, Money):
        raise refused(settings, f"{str(amount)[:40]!r} is no amount to draft; give money with its currency")
    line: dict[str, Any] = {
        "Description": text[:LONGEST_LINE] or "-",
        "Quantity": 1,
        "UnitAmount": _number(amount.amount, settings),
    }
    account, category, tag = (
        settings.get("sales_account"),
        settings.get("tracking_category"),
        operation.keys.get("tag"),
    )
    if account:
        line["AccountCode"] = str(account)
    if category and tag:
        line["Tracking"] = [{"Name": str(category), "Option": str(tag)}]
    return line


def _number(value: Decimal, settings: Settings) -> int | float:
    """Xero's amounts are JSON numbers: all digits, or not at all."""
    number = int(value) if value == value.to_integral_value() else float(value)
    if Decimal(str(number)) != value:
        raise refused(settings, f"{value} has more digits than a number of Xero holds")
    return number


def _currency(amounts: list[Any], settings: Settings) -> str:
    currencies = {amount.currency for amount in amounts if isinstance(amount, Money)}
    if len(currencies) != 1:
        raise refused(settings, "a draft needs amounts in one currency")
    return str(currencies.pop())


def _contact(operation: Operation, settings: Settings) -> str:
    target = operation.target or ""
    if not _CONTACT.fullmatch(target):
        raise refused(
            settings, f"{target[:80]!r} is no contact of Xero; put its ContactID into `booked_in: customer`"
        )
    return target


def _inclusive(settings: Settings) -> bool:
    return bool(settings.get("tax") == "inclusive")
