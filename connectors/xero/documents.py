"""Documents of Xero as events: one event for each project (tracking option) and cost class that a document names.

In: an invoice, bill, credit note or bank transaction of the accounting API, and the connection's settings. Out:
`SourceEvent`s with the document's fields and those of the part that belongs to one project. Nothing is taken from
differences: each event holds the whole state of its part and lists all parts there are now (`allocations`), so that
a part that was moved to another project can be voided.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from connectors.base import Settings
from connectors.foreign import Foreign
from connectors.xero.lines import Part, split
from connectors.xero.values import day, moment, money, one_of, priced, rate, text_or_none, version
from rules.facts.event import Record, SourceEvent

STATUSES: Final = {
    "DRAFT": "draft",
    "SUBMITTED": "draft",
    "AUTHORISED": "posted",
    "PAID": "paid",
    "VOIDED": "void",
    "DELETED": "void",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """What one of Xero's document types is in our words, and where it keeps its id, number and open amount.

    sign: a credit note takes away from what its like adds.  cash: money that moved, tax included.
    """

    noun: Literal["bill", "invoice", "payment"]
    first: str
    entry: str
    measure: str
    where: str
    id: str
    number: str
    open: str = ""
    sign: int = 1
    cash: bool = False


_BANK: Final[Any] = {"where": "bank_transaction", "id": "BankTransactionID", "number": "Reference"}
_INVOICE: Final[Any] = {"where": "invoice", "id": "InvoiceID", "number": "InvoiceNumber", "open": "AmountDue"}
_CREDIT: Final[Any] = {
    "where": "credit_note",
    "id": "CreditNoteID",
    "number": "CreditNoteNumber",
    "open": "RemainingCredit",
    "sign": -1,
}
KINDS: Final = {
    "ACCPAY": Kind("bill", "received", "bill", "incurred", **_INVOICE),
    "ACCPAYCREDIT": Kind("bill", "received", "credit", "incurred", **_CREDIT),
    "ACCREC": Kind("invoice", "issued", "invoice", "billed", **_INVOICE),
    "ACCRECCREDIT": Kind("invoice", "issued", "credit", "billed", **_CREDIT),
    # Spent without a bill: the cost is known when it is paid.
    "SPEND": Kind("bill", "paid", "expense", "incurred", **_BANK),
    "RECEIVE": Kind("payment", "received", "payment", "collected", cash=True, **_BANK),
    "RECEIVE-OVERPAYMENT": Kind("payment", "received", "payment", "collected", cash=True, **_BANK),
    "RECEIVE-PREPAYMENT": Kind("payment", "received", "payment", "collected", cash=True, **_BANK),
}
# An advance to a supplier is no cost before its bill; a transfer moves our own money.
NO_EVENT: Final = frozenset({"SPEND-OVERPAYMENT", "SPEND-PREPAYMENT", "SPEND-TRANSFER", "RECEIVE-TRANSFER"})
_ENDS: Final = {
    ("payment", "void"): "payment.refunded",
    ("bill", "void"): "bill.voided",
    ("invoice", "void"): "invoice.voided",
    ("bill", "paid"): "bill.paid",
    ("invoice", "paid"): "invoice.paid",
}


def events(document: Foreign, settings: Settings) -> list[SourceEvent]:
    """The events of one document as it is now.

    Their type follows from the state alone, so that webhook, poll and backfill tell one version alike and it counts
    once: approved and untouched since is `received` or `issued`; a draft, or one that is paid in part, is `changed`.
    """
    word = document["Type"].text()
    if word in NO_EVENT:
        return []
    kind = one_of(document["Type"], KINDS)
    status = one_of(document["Status"], STATUSES)
    if kind.where == "bank_transaction" and status == "posted":
        status = "paid"
    updated = moment(document["UpdatedDateUTC"])
    where = f"{kind.where}/{document[kind.id].id()}"
    parts = {f"{where}/{part.name}": part for part in split(document, settings, cash=kind.cash)}
    shared = {**_head(document, kind, status, settings), "document": where, "allocations": list(parts)}
    return [
        SourceEvent(
            type=_type(document, kind, status),
            at=updated,
            key=key,
            version=version(updated),
            scope=_scope(document, kind, part),
            object={**shared, "id": key, **_part(document, kind, part)},
        )
        for key, part in parts.items()
    ]


def party(document: Foreign) -> tuple[str | None, str | None]:
    """Id and name of the document's contact."""
    contact = document.get("Contact")
    name = contact.get("Name") if contact else None
    ident = contact.get("ContactID") if contact else None
    return (ident.id() if ident else None, name.text() if name else None)


def _type(document: Foreign, kind: Kind, status: str) -> str:
    if (kind.noun, status) in _ENDS:
        return _ENDS[kind.noun, status]
    fresh = status in ("posted", "paid") and not _touched(document)
    return f"{kind.noun}.{kind.first if fresh else 'changed'}"


def _touched(document: Foreign) -> bool:
    """Whether money was set against the document already."""
    used = [document.get(name) for name in ("AmountPaid", "AmountCredited")]
    left = document.get("RemainingCredit")
    return any(u and u.number() for u in used) or (
        left is not None and left.number() != document["Total"].number()
    )


def _head(document: Foreign, kind: Kind, status: str, settings: Settings) -> Record:
    """What all parts of a document share."""
    currency = document["CurrencyCode"]
    return {
        "number": text_or_none(document.get(kind.number)),
        "party": party(document)[1],
        "total": money(document["Total"], currency) * kind.sign,
        "status": status,
        **_dates(document, kind),
        "kind": kind.entry,
        "measure": kind.measure,
        "currency": currency.text(),
        "work_date": day(document["Date"]),
        **_receipt(document, kind),
        **rate(document, currency, settings),
    }


def _receipt(document: Foreign, kind: Kind) -> Record:
    """Whether the supplier's paper is attached. What we send ourselves needs no receipt."""
    attached = document.get("HasAttachments") if kind.noun == "bill" else None
    return {"receipt": "attached" if attached.flag() else None} if attached else {}


def _dates(document: Foreign, kind: Kind) -> Record:
    if kind.noun == "payment":
        return {"at": moment(document["Date"])}
    due, left = document.get("DueDate"), document.get(kind.open)
    return {
        "issued_on": day(document["Date"]),
        "due": day(due) if due else None,
        "open_amount": money(left, document["CurrencyCode"]) * kind.sign if left else None,
    }


def _part(document: Foreign, kind: Kind, part: Part) -> Record:
    return {
        "class": part.cost_class,
        "amount": priced(part.amount * kind.sign, document["CurrencyCode"]),
        "tags": list(part.tags),
        "title": part.title,
    }


def _scope(document: Foreign, kind: Kind, part: Part) -> Record:
    """A sales document knows its customer. A bill knows only who sent it: its project is the tracking option."""
    who = "supplier" if kind.noun == "bill" else "customer"
    return {who: party(document)[0], "tag": part.tags[0] if part.tags else None, "tags": list(part.tags)}
