"""A stand-in for Xero: its token endpoint, the documents of one organisation, and the webhooks it would send.

`with XeroStandIn() as there:` serves the accounting API at `there.api` and tokens at `there.token_url`. A test writes
documents with `there.bill(...)` and `there.invoice(...)`, changes them with `there.change(...)`, and gets the webhook
Xero would send from `there.hook(...)`. Notes that were added are in `there.notes`, tokens given out are counted. Every
request is held against Xero's own description of the API where that lies on the shared shelf; one that breaks it is
answered 400 and noted in `there.violations`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import cache, reduce
from typing import Any
from urllib.parse import parse_qsl
from uuid import NAMESPACE_URL, uuid5

from tests.support.standins.openapi import Api, published
from tests.support.standins.server import Reply, Seen, StandIn

TENANT = "5f0f4bd2-7b1c-4a58-9c4e-3f6f0a9d1e10"
LOGIN = ("northwind-books", "example-client-secret")
WEBHOOK_KEY = "example-webhook-key-0001"
LISTS = ("Invoices", "CreditNotes", "Payments", "BankTransactions")
_PATH = re.compile(r".*?/(?P<list>[A-Z][A-Za-z]+)(?:/(?P<id>[0-9a-f-]{36}))?(?P<history>/History)?")


class XeroStandIn(StandIn):
    """`login` is client id and secret; `clock` gives the time that changes are dated with."""

    def __init__(
        self,
        login: tuple[str, str] = LOGIN,
        webhook_key: str = WEBHOOK_KEY,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        port: int = 0,
    ) -> None:
        super().__init__(port)
        self.records: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in LISTS}
        self.notes: list[tuple[str, str]] = []
        self.tokens = 0
        self.violations: list[str] = []
        self._login = login
        self._key = webhook_key
        self._clock = clock
        self._events = 0
        self._lock = threading.Lock()
        self._known_keys: set[str] = set()
        self._good: set[str] = set()
        self._api = _description()

    @property
    def api(self) -> str:
        return f"{self.url}/api.xro/2.0"

    @property
    def token_url(self) -> str:
        return f"{self.url}/connect/token"

    # What a bookkeeper does

    def bill(self, number: str, supplier: str, lines: list[dict[str, Any]], **fields: Any) -> str:
        """A bill; gives its id. Lines come from `line`."""
        return self._document("ACCPAY", number, supplier, lines, fields)

    def invoice(self, number: str, customer: str, lines: list[dict[str, Any]], **fields: Any) -> str:
        """A sales invoice; gives its id."""
        return self._document("ACCREC", number, customer, lines, fields)

    def change(self, ident: str, *, lines: list[dict[str, Any]] | None = None, **fields: Any) -> None:
        """Edit a document: `change(id, Status="VOIDED")`, `change(id, lines=[...])`."""
        with self._lock:
            document = self.records["Invoices"][ident]
            document.update(fields, **({"LineItems": lines} if lines is not None else {}))
            self._add_up(document)
            document["UpdatedDateUTC"] = _stamp(self._clock())

    def hook(self, *idents: str, verb: str = "UPDATE") -> tuple[bytes, dict[str, str]]:
        """Body and headers of the webhook that tells of these documents."""
        with self._lock:
            first = self._events + 1
            self._events += len(idents)
        at = self._clock().astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
        events = [
            {
                "resourceUrl": f"{self.api}/Invoices/{ident}",
                "resourceId": ident,
                "tenantId": TENANT,
                "tenantType": "ORGANISATION",
                "eventCategory": "INVOICE",
                "eventType": verb,
                "eventDateUtc": at,
            }
            for ident in idents
        ]
        body = json.dumps(
            {
                "events": events,
                "firstEventSequence": first if idents else 0,
                "lastEventSequence": self._events if idents else 0,
                "entropy": f"ENTROPY{first:013d}",
            }
        ).encode()
        digest = hmac.new(self._key.encode(), body, hashlib.sha256).digest()
        return body, {
            "Content-Type": "application/json; charset=utf-8",
            "x-xero-signature": base64.b64encode(digest).decode(),
        }

    def withdraw_tokens(self) -> None:
        """The tokens given out so far are good no more."""
        with self._lock:
            self._good.clear()

    # What Xero answers

    def answer(self, seen: Seen) -> Reply:
        with self._lock:
            if seen.path.endswith("/connect/token"):
                return self._token(seen)
            if seen.headers.get("authorization", "").removeprefix("Bearer ") not in self._good:
                return Reply(
                    401, {"Title": "Unauthorized", "Status": 401, "Detail": "AuthenticationUnsuccessful"}
                )
            match = _PATH.fullmatch(seen.path)
            if match is None:
                return Reply(404, {"Message": "not found"})
            problem = self._api.problem(seen, seen.path.partition("/api.xro/2.0")[2]) if self._api else None
            if problem:
                self.violations.append(f"{seen.method} {seen.path}: {problem}")
                return Reply(400, {"Message": problem})
            if match["history"]:
                return self._note(seen, match["list"], match["id"])
            return self._read(seen, match["list"], match["id"])

    def _token(self, seen: Seen) -> Reply:
        basic = base64.b64encode(":".join(self._login).encode()).decode()
        form = dict(parse_qsl(seen.body.decode()))
        if seen.headers.get("authorization") != f"Basic {basic}":
            return Reply(401, {"error": "invalid_client"})
        if form.get("grant_type") != "client_credentials" or not form.get("scope"):
            return Reply(400, {"error": "unsupported_grant_type"})
        self.tokens += 1
        token = f"example-access-token-{self.tokens:04d}"
        self._good.add(token)
        return Reply(json={"access_token": token, "expires_in": 1800, "token_type": "Bearer"})

    def _read(self, seen: Seen, name: str, ident: str | None) -> Reply:
        if name == "Organisation":
            return _answered("Organisations", [{"Name": "Northwind Studio", "BaseCurrency": "CNY"}])
        known = self.records.get(name, {})
        if ident is not None:
            return _answered(name, [known[ident]]) if ident in known else Reply(404, {"Message": "not found"})
        since = seen.headers.get("if-modified-since")
        after = datetime.fromisoformat(since) if since else datetime.min.replace(tzinfo=UTC)
        page, size = int(seen.query.get("page", "1")), int(seen.query.get("pageSize", "100"))
        found = sorted((r for r in known.values() if _time(r) >= after), key=_time)
        return _answered(name, found[(page - 1) * size : page * size])

    def _note(self, seen: Seen, name: str, ident: str) -> Reply:
        if ident not in self.records.get(name, {}):
            return Reply(404, {"Message": "not found"})
        records = seen.json["HistoryRecords"]
        key = seen.headers.get("idempotency-key", "")
        if key not in self._known_keys:
            self.notes += [(ident, record["Details"]) for record in records]
        self._known_keys |= {key} if key else set()
        return _answered("HistoryRecords", [{**record, "ValidationErrors": []} for record in records])

    def _document(
        self, kind: str, number: str, contact: str, lines: list[dict[str, Any]], fields: Mapping[str, Any]
    ) -> str:
        ident = str(uuid5(NAMESPACE_URL, f"{kind}/{number}"))
        day = self._clock().astimezone(UTC).date()
        document = {
            "Type": kind,
            "InvoiceID": ident,
            "InvoiceNumber": number,
            "Contact": {"ContactID": str(uuid5(NAMESPACE_URL, contact)), "Name": contact},
            "Date": _stamp(day),
            "DueDate": _stamp(day),
            "Status": "AUTHORISED",
            "LineAmountTypes": "Exclusive",
            "LineItems": lines,
            "CurrencyCode": "USD",
            "HasAttachments": False,
            "AmountPaid": 0.0,
            "AmountCredited": 0.0,
            "UpdatedDateUTC": _stamp(self._clock()),
            **fields,
        }
        self._add_up(document)
        with self._lock:
            self.records["Invoices"][ident] = document
        return ident

    @staticmethod
    def _add_up(document: dict[str, Any]) -> None:
        net = round(sum(line["LineAmount"] for line in document["LineItems"]), 2)
        tax = round(sum(line["TaxAmount"] for line in document["LineItems"]), 2)
        document.update(SubTotal=net, TotalTax=tax, Total=round(net + tax, 2))
        document["AmountDue"] = round(net + tax - document["AmountPaid"] - document["AmountCredited"], 2)


@cache
def _description() -> Api | None:
    """Xero's own description, with the references among its operations looked up; none where the shelf is absent."""
    document = published("xero_accounting.yaml")
    if not document:
        return None

    def looked_up(part: Any) -> Any:
        target = part.get("$ref", "").split("/")[1:] if isinstance(part, Mapping) else []
        return reduce(lambda here, step: here[step], target, document) if target else part

    paths: dict[str, dict[str, Any]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if isinstance(operation, Mapping):
                whole = {**operation, "parameters": [looked_up(p) for p in operation.get("parameters", ())]}
                body = looked_up(operation.get("requestBody"))
                paths.setdefault(path, {})[method] = {**whole, **({"requestBody": body} if body else {})}
    return Api([{**document, "paths": paths}])


def line(
    text: str, amount: float, project: str | None = None, *, account: str = "429", tax: float = 0.0
) -> dict[str, Any]:
    """One line of a document, with the tracking option of a project."""
    tracking = [{"Name": "Project", "Option": project}] if project else []
    return {
        "Description": text,
        "LineAmount": amount,
        "TaxAmount": tax,
        "AccountCode": account,
        "Tracking": tracking,
    }


def _answered(name: str, found: list[Any]) -> Reply:
    return Reply(json={"Status": "OK", "ProviderName": "Accord", name: found})


def _stamp(moment: datetime | date) -> str:
    at = (
        moment
        if isinstance(moment, datetime)
        else datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    )
    return f"/Date({int(at.timestamp() * 1000)}+0000)/"


def _time(record: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(int(record["UpdatedDateUTC"][6:19]) / 1000, UTC)
