"""What Accord does in Xero: a note in the history of a document. Amounts are never changed.

In: a `book_note` operation whose target is an invoice, bill or credit note. Out: `Done`. The note is idempotent by
Xero's `Idempotency-Key`, which is the action's own key.
"""

from __future__ import annotations

import re
from typing import Final

from connectors.base import ConnectorError, Done, Http, Operation, Settings
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
        raise ConnectorError(
            f"{settings.name}: {str(operation.target)[:80]!r} is no document of Xero, one like invoice/<id> expected",
            retryable=False,
        )
    text = operation.message.short or operation.message.body
    found = api.put(
        settings,
        http,
        f"/{_LISTS[match['kind'] or 'invoice']}/{{id}}/History",
        {"HistoryRecords": [{"Details": text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"}]},
        headers={"Idempotency-Key": operation.key[:LONGEST_KEY]},
        id=match["id"],
    )
    refused = [
        error["Message"].text()
        for record in found["HistoryRecords"].each()
        if (errors := record.get("ValidationErrors"))
        for error in errors.each()
    ]
    if refused:
        raise ConnectorError(
            f"{settings.name}: Xero refused the note: {'; '.join(refused)[:200]}", retryable=False
        )
    return Done(receipt=match["id"], detail="note in the history")


def check(settings: Settings, http: Http) -> str:
    """Who we are there: the organisation and its currency."""
    organisation = api.get(settings, http, "/Organisation")["Organisations"].each()[0]
    return f"reads the books of {organisation['Name'].text()}, kept in {organisation['BaseCurrency'].text()}"
