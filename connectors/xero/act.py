"""What Accord does in Xero: a note in the history of a document. Amounts are never changed.

In: a `book_note` operation whose target is an invoice, bill or credit note. Out: `Done`. The note is idempotent by
Xero's `Idempotency-Key`, which is the action's own key.
"""

from __future__ import annotations

import re
from typing import Final

from connectors.base import Done, Http, Operation, Settings
from connectors.operations import refused, text_of
from connectors.xero import api

_TARGET: Final = re.compile(
    r"(?:(?P<kind>invoice|credit_note|bank_transaction)/)?(?P<id>[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})(?:/.*)?"
)
_LISTS: Final = {"invoice": "Invoices", "credit_note": "CreditNotes", "bank_transaction": "BankTransactions"}
LONGEST: Final = 2500
LONGEST_KEY: Final = 128


def book_note(operation: Operation, settings: Settings, http: Http) -> Done:
    """Add the text to the history of the document named by `target` ("invoice/<id>", or its id alone)."""
    match = _TARGET.fullmatch(operation.target or "")
    if match is None:
        raise refused(
            settings, f"{str(operation.target)[:80]!r} is no document of Xero, one like invoice/<id> expected"
        )
    text = text_of(operation)
    found = api.put(
        settings,
        http,
        f"/{_LISTS[match['kind'] or 'invoice']}/{{id}}/History",
        {"HistoryRecords": [{"Details": text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"}]},
        headers={"Idempotency-Key": operation.key[:LONGEST_KEY]},
        id=match["id"],
    )
    errors = [record.get("ValidationErrors") for record in found["HistoryRecords"].each()]
    reasons = [error["Message"].text() for listed in errors if listed for error in listed.each()]
    if reasons:
        raise refused(settings, f"Xero refused the note: {'; '.join(reasons)[:200]}")
    return Done(receipt=match["id"], detail="note in the history")


def check(settings: Settings, http: Http) -> str:
    """Who we are there: the organisation and its currency."""
    organisation = api.get(settings, http, "/Organisation")["Organisations"].each()[0]
    return f"reads the books of {organisation['Name'].text()}, kept in {organisation['BaseCurrency'].text()}"
