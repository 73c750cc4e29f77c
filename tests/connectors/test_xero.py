"""Xero through its connector: the handshake, one document in several projects, tokens, notes and polls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.base import ConnectorError, Delivery, Malformed, Message, Operation, Read, Settings
from connectors.foreign import Foreign
from connectors.http import Answer, Client, http_client
from connectors.xero import connector, documents, receive
from rules.engine.placing import place_all
from rules.facts.event import SourceEvent
from rules.facts.ledger import total
from rules.facts.money import Money
from tests.connectors import recorded
from tests.support.shared import shared_path
from tests.support.standins.xero import LOGIN, WEBHOOK_KEY, XeroStandIn, line
from tests.support.worlds import World

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@pytest.fixture
def xero() -> Iterator[XeroStandIn]:
    """One organisation's books."""
    with XeroStandIn() as there:
        yield there
        assert there.violations == []


@pytest.fixture
def settings(xero: XeroStandIn) -> Settings:
    """The connection to it."""
    values = {
        "base_url": xero.api,
        "token_url": xero.token_url,
        "client_id": LOGIN[0],
        "client_secret": LOGIN[1],
        "class_by_account": {"451": "equipment", 429: "material"},
    }
    return Settings("books", values, (WEBHOOK_KEY,), private_network=True)


@pytest.fixture
def http(settings: Settings) -> Iterator[Client]:
    """The client of the connection."""
    with http_client(settings) as client:
        yield client


def delivery(body: bytes, headers: dict[str, str]) -> Delivery:
    """A call as it arrives."""
    lower = {name.lower(): value for name, value in headers.items()}
    return Delivery("books", "POST", "/hooks/books", {}, lower, body, NOW)


def told(xero: XeroStandIn, settings: Settings, http: Client, *idents: str) -> list[SourceEvent]:
    """The events that come of a webhook about these documents: checked, understood, read back."""
    call = delivery(*xero.hook(*idents))
    receive.verify(call, settings)
    assert connector.read is not None
    return [
        event
        for wanted in receive.normalise(call, settings).reads
        for event in connector.read(wanted, settings, http)
    ]


def amounts(events: list[SourceEvent]) -> dict[tuple[str, str], str]:
    """Type, project with class, and amount of each event."""
    return {(e.type, "/".join(e.key.split("/")[2:])): str(e.object["amount"]) for e in events}


# The handshake


def test_handshake_answers_the_published_vectors() -> None:
    """Rightly signed calls without events get 200, wrongly signed ones 401, both with an empty body and no headers."""
    known = json.loads(shared_path("vectors/xero-intent-to-receive.json").read_text("utf-8"))
    settings = Settings("books", {}, (known["secret"],))
    for case in known["cases"]:
        found = receive.handshake(delivery(case["body"].encode(), case["headers"]), settings)
        assert found is not None
        assert (case["expected_http_status"], b"", {}) == (found.status, found.body, found.headers)


def test_handshake_is_refused_without_a_key_and_leaves_deliveries_alone(xero: XeroStandIn) -> None:
    """Nobody proves anything to a connection without a secret; a call with events is no handshake."""
    empty = receive.handshake(delivery(*xero.hook()), Settings("books", {}))
    assert empty is not None
    assert empty.status == 401
    ident = xero.bill("BILL-1", "Example Device Rental", [line("Devices", 10.0)])
    for body in (xero.hook(ident)[0], b"{}", b"[]", b"not json"):
        assert receive.handshake(delivery(body, {}), Settings("books", {}, (WEBHOOK_KEY,))) is None


# Deliveries


def test_delivery_is_the_same_when_only_its_entropy_is_new(xero: XeroStandIn) -> None:
    """Xero gives no id and new entropy on every try: what happened to which record tells deliveries apart."""
    body = json.loads(xero.hook("a1110000-0000-4000-8000-000000000001")[0])
    again = {**body, "entropy": "SOMETHINGELSE"}
    later = {**body, "events": [{**body["events"][0], "eventDateUtc": "2030-01-01T00:00:00"}]}
    ids = [receive.delivery_id(delivery(json.dumps(b).encode(), {})) for b in (body, again, later)]
    assert ids[0] == ids[1] != ids[2]
    assert receive.delivery_id(delivery(b"[", {})) is None


# One document, several projects


def test_edit_move_and_void_of_a_bill_reach_the_ledger(
    xero: XeroStandIn, settings: Settings, http: Client
) -> None:
    """From the webhook to the sums of two projects: edited replaces, moved leaves, void is gone."""
    booked = {"booked_in": [{"connection": "books", "tag": "Apollo"}]}
    other = {"client": "acme", "name": "Hermes", "status": "active", "lead": "lin", "currency": "USD"}
    other |= {"budget": {"total": 1000}, "booked_in": [{"connection": "books", "tag": "Hermes"}]}
    world = World(workspace={"projects": {"apollo": booked, "hermes": other}})
    lines: dict[str, str | None] = {}

    def after_webhook(ident: str) -> tuple[Decimal, Decimal]:
        events = told(xero, settings, http, ident)
        for placed in place_all(world.workspace, "books", events, NOW, lambda _: dict(lines)):
            lines[str(placed.event.key)] = placed.event.project
            world.decide(placed.event)
        apollo, hermes = (
            total(world.record("sums", name), "incurred").amount for name in ("apollo", "hermes")
        )
        return apollo, hermes

    ident = xero.bill(
        "BILL-90", "Example Device Rental", [line("Devices", 1000.0, "Apollo"), line("Icons", 50.0, "Hermes")]
    )
    assert after_webhook(ident) == (1000, 50)
    xero.change(ident, lines=[line("Devices", 900.0, "Apollo"), line("Icons", 50.0, "Apollo")])
    assert after_webhook(ident) == (950, 0)
    xero.change(ident, Status="VOIDED")
    assert after_webhook(ident) == (0, 0)


def test_a_bill_is_one_event_for_each_project_and_cost_class(
    xero: XeroStandIn, settings: Settings, http: Client
) -> None:
    """Lines are put together by tracking option and account; each part lists all of them, and adds up to the bill."""
    lines = [
        line("Devices", 1000.0, "Apollo", account="451", tax=60.0),
        line("More devices", 150.0, "Apollo", account="451", tax=9.0),
        line("Icons", 320.0, "Apollo", account="429"),
        line("Devices", 400.0, "产线看板", account="451"),
        line("Delivery", 25.5, account="400"),
    ]
    ident = xero.bill("BILL-91", "Example Device Rental", lines, HasAttachments=True)
    events = told(xero, settings, http, ident)
    assert amounts(events) == {
        ("bill.received", "Apollo/equipment"): "1150.00 USD",
        ("bill.received", "Apollo/material"): "320.00 USD",
        ("bill.received", "产线看板/equipment"): "400.00 USD",
        ("bill.received", "-/other"): "25.50 USD",
    }
    assert {tuple(e.key for e in events)} == {tuple(e.object["allocations"]) for e in events}
    assert {f"invoice/{ident}"} == {e.object["document"] for e in events}
    assert {"attached"} == {e.object["receipt"] for e in events}
    assert [e.scope["tags"] for e in events] == [["Apollo"], ["Apollo"], ["产线看板"], []]
    assert all("customer" not in e.scope for e in events), "a supplier is nobody's customer"


def test_lines_that_move_to_another_project_leave_the_list(
    xero: XeroStandIn, settings: Settings, http: Client
) -> None:
    """After an edit the list of parts is without the one that was left, and the version is newer."""
    ident = xero.bill("BILL-92", "Example Device Rental", [line("Devices", 100.0, "Apollo")])
    (first,) = told(xero, settings, http, ident)
    xero.change(ident, lines=[line("Devices", 100.0, "Hermes")])
    (second,) = told(xero, settings, http, ident)
    assert first.object["document"] == second.object["document"]
    assert first.key not in second.object["allocations"]
    assert first.version < second.version


def test_a_voided_bill_is_voided_with_the_same_key(
    xero: XeroStandIn, settings: Settings, http: Client
) -> None:
    """Xero has no delete event: the record that is read back says it."""
    ident = xero.bill("BILL-93", "Example Device Rental", [line("Devices", 100.0, "Apollo")])
    (before,) = told(xero, settings, http, ident)
    xero.change(ident, Status="VOIDED")
    (after,) = told(xero, settings, http, ident)
    assert ("bill.voided", before.key, "void") == (after.type, after.key, after.object["status"])


@pytest.mark.parametrize(
    ("status", "fields", "expected"),
    [
        ("DRAFT", {}, ("invoice.changed", "draft")),
        ("SUBMITTED", {}, ("invoice.changed", "draft")),
        ("AUTHORISED", {}, ("invoice.issued", "posted")),
        ("AUTHORISED", {"AmountPaid": 40.0}, ("invoice.changed", "posted")),
        ("AUTHORISED", {"AmountCredited": 1.0}, ("invoice.changed", "posted")),
        ("PAID", {"AmountPaid": 100.0}, ("invoice.paid", "paid")),
        ("VOIDED", {}, ("invoice.voided", "void")),
        ("DELETED", {}, ("invoice.voided", "void")),
    ],
)
def test_state_of_an_invoice_decides_its_event(
    xero: XeroStandIn,
    settings: Settings,
    http: Client,
    status: str,
    fields: dict[str, Any],
    expected: tuple[str, str],
) -> None:
    """Hooks and polls tell one version alike, since nothing but the document decides."""
    ident = xero.invoice("INV-1", "Acme Ltd", [line("Work", 100.0, "Apollo")], Status=status, **fields)
    (event,) = told(xero, settings, http, ident)
    assert expected == (event.type, event.object["status"])


def read_document(document: dict[str, Any], **values: Any) -> list[SourceEvent]:
    """The events of one document."""
    return documents.events(Foreign(document, "Invoices[0]"), Settings("books", values))


def bill(**fields: Any) -> dict[str, Any]:
    """A bill of 100 net and 6 tax."""
    amount = {"LineAmount": Decimal(100), "TaxAmount": Decimal(6), "AccountCode": "429"}
    return {
        "Type": "ACCPAY",
        "InvoiceID": "b1",
        "Status": "AUTHORISED",
        "CurrencyCode": "USD",
        "LineAmountTypes": "Exclusive",
        "LineItems": [amount],
        "Total": Decimal(106),
        "SubTotal": Decimal(100),
        "Date": "/Date(1795046400000)/",
        "UpdatedDateUTC": "/Date(1795046400123+1300)/",
        **fields,
    }


@pytest.mark.parametrize(
    ("written", "line_amount", "net", "gross"),
    [("Exclusive", "100", "100", "106"), ("Inclusive", "106", "100", "106"), ("NoTax", "100", "100", "106")],
)
def test_tax_is_in_the_amount_only_when_it_is_wanted(
    written: str, line_amount: str, net: str, gross: str
) -> None:
    """Whichever way the document writes its lines."""
    lines = [{"LineAmount": Decimal(line_amount), "TaxAmount": Decimal(6)}]
    document = bill(LineAmountTypes=written, LineItems=lines)
    assert Money(Decimal(net), "USD") == read_document(document)[0].object["amount"]
    assert Money(Decimal(gross), "USD") == read_document(document, tax="inclusive")[0].object["amount"]


def test_document_without_lines_counts_as_a_whole() -> None:
    """Some answers leave the lines out: the sum is not lost, and belongs to no project yet."""
    (event,) = read_document(bill(LineItems=[], Reference="Devices"))
    assert (Money(Decimal(100), "USD"), [], "Devices") == tuple(
        event.object[k] for k in ("amount", "tags", "title")
    )


def test_times_are_utc_whatever_offset_xero_shows() -> None:
    """The milliseconds are UTC; the version sorts by them; a document's day is the UTC day."""
    (event,) = read_document(bill())
    assert datetime(2026, 11, 19, 0, 0, 0, 123_000, UTC) == event.at
    assert event.version == "2026-11-19T00:00:00.123Z"
    assert date(2026, 11, 19) == event.object["work_date"]


def test_exchange_rate_is_kept_only_towards_the_currency_of_the_books() -> None:
    """Xero writes foreign units for one of ours; either direction can be configured."""
    foreign = bill(CurrencyRate=Decimal("0.125"))
    assert "rate" not in read_document(foreign)[0].object
    assert Decimal(8) == read_document(foreign, base_currency="CNY")[0].object["rate"]
    other_way = read_document(foreign, base_currency="CNY", currency_rate="base_per_foreign")
    assert Decimal("0.125") == other_way[0].object["rate"]
    assert "rate" not in read_document(foreign, base_currency="USD")[0].object


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"Type": "OTHER"}, "Invoices[0].Type is 'OTHER'"),
        ({"Status": "ODD"}, "Invoices[0].Status is 'ODD'"),
        ({"CurrencyCode": "XXQ"}, "Invoices[0].CurrencyCode: XXQ"),
        ({"LineItems": [{"LineAmount": "100"}]}, "Invoices[0].LineItems[0].LineAmount is text"),
        ({"UpdatedDateUTC": "yesterday"}, "Invoices[0].UpdatedDateUTC is 'yesterday'"),
        ({"CurrencyRate": Decimal(0)}, "Invoices[0].CurrencyRate is 0"),
    ],
)
def test_odd_documents_are_refused_by_path(fields: dict[str, Any], said: str) -> None:
    """A value that cannot be what it claims is named with its place."""
    with pytest.raises(Malformed) as caught:
        read_document(bill(**fields), base_currency="CNY")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"class_by_account": {"429": "stuff"}}, "`class_by_account` names 'stuff'"),
        ({"class_by_account": "429"}, "`class_by_account` must look like"),
        ({"default_class": "stuff"}, "`default_class` names 'stuff'"),
        ({"tax": "some"}, "`tax` is 'some'"),
    ],
)
def test_a_wrong_setting_is_named(values: dict[str, Any], said: str) -> None:
    """With the connection, the setting and what is allowed."""
    document = bill() if "default_class" not in values else bill(LineItems=[])
    with pytest.raises(ConnectorError) as caught:
        read_document(document, **values)
    assert str(caught.value).startswith("books: ")
    assert said in str(caught.value)
    assert not caught.value.retryable


@pytest.mark.parametrize("name", ["Invoices", "BankTransactions", "Payments"])
def test_published_answers_are_understood(name: str) -> None:
    """The example answers of Xero's own description, through a poll."""
    answer = json.loads(shared_path(f"payloads/xero/api.get.{name}.json").read_text("utf-8"))
    events = polled({name: answer[name]})
    expected = {
        "Invoices": ["invoice.voided", "invoice.paid", "invoice.issued"],
        "BankTransactions": ["payment.received"],
        "Payments": ["payment.received", "payment.refunded"],
    }
    assert expected[name] == [event.type for event in events]


def test_published_record_of_money_spent_is_a_cost() -> None:
    """A recorded answer of a live organisation: spent from the bank without a bill, without its tax."""
    path = "payloads/xero/api.recorded.bank_transaction_object.json"
    answer = json.loads(shared_path(path).read_text("utf-8"))
    (event,) = polled({"BankTransactions": answer["BankTransactions"]})
    assert (event.type, event.object["measure"], event.object["kind"]) == ("bill.paid", "incurred", "expense")
    assert Money(Decimal("93.3"), "USD") == event.object["amount"]


class Books:
    """An `Http` whose lists hold these records."""

    def __init__(self, lists: dict[str, list[Any]]) -> None:
        self.lists = lists
        self.asked: list[str] = []

    def request(self, method: str, url: str, **_: Any) -> Answer:
        name = url.rpartition("/")[2]
        if method == "POST":
            return Answer(200, {}, b'{"access_token": "t", "expires_in": 1800}')
        self.asked.append(name)
        return Answer(200, {}, json.dumps({name: self.lists.get(name, [])}).encode())


def polled(lists: dict[str, list[Any]], cursor: str = "since:2018-01-01T00:00:00+00:00") -> list[SourceEvent]:
    """What one round brings."""
    assert connector.poll is not None
    return list(connector.poll(recorded.settings(connector), Books(lists), cursor, NOW)[0])


# Polls


def test_a_poll_brings_what_hooks_bring(xero: XeroStandIn, settings: Settings, http: Client) -> None:
    """Same type, key and version: what comes both ways counts once."""
    ident = xero.bill("BILL-94", "Example Device Rental", [line("Devices", 100.0, "Apollo")])
    assert connector.poll is not None
    found, _ = connector.poll(settings, http, "since:2020-01-01T00:00:00+00:00", datetime.now(UTC))
    assert told(xero, settings, http, ident) == list(found)


def test_every_changed_document_comes_once_over_many_pages(
    xero: XeroStandIn, settings: Settings, http: Client
) -> None:
    """More than a page, several changed in the same second: none is left out, and the round ends."""
    start = datetime(2026, 11, 1, tzinfo=UTC)
    for number in range(250):
        at = start + timedelta(seconds=number // 120)
        ident = xero.bill(f"BILL-{number}", "Example Stock Images", [line("Photo", 1.0, "Apollo")])
        xero.records["Invoices"][ident]["UpdatedDateUTC"] = f"/Date({int(at.timestamp() * 1000)})/"
    assert connector.poll is not None
    found, cursor = connector.poll(settings, http, "since:2026-11-01T00:00:00+00:00", NOW)
    assert len({event.key for event in found}) == 250
    assert list(connector.poll(settings, http, cursor, NOW)[0]) == []


def test_slow_lists_are_read_when_ten_minutes_pass() -> None:
    """Credit notes, payments and bank transactions have no need of a call a minute."""
    assert connector.poll is not None
    asked = []
    for minute in range(9, 13):
        books = Books({})
        begun = NOW - timedelta(hours=1) + timedelta(minutes=minute)
        cursor = json.dumps({"since": begun.isoformat(), "started": begun.isoformat()})
        connector.poll(recorded.settings(connector), books, cursor, begun + timedelta(minutes=1))
        asked.append(len(books.asked))
    assert asked == [4, 1, 1, 1]


# Tokens and notes


def test_one_token_serves_many_calls_at_once(xero: XeroStandIn, settings: Settings, http: Client) -> None:
    """Workers share it, and only one of them fetches it."""
    ident = xero.bill("BILL-95", "Example Device Rental", [line("Devices", 100.0)])
    assert connector.read is not None
    read = connector.read
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: list(read(Read("invoice", ident), settings, http)), range(16)))
    assert len(found) == 16
    assert xero.tokens == 1


def test_a_withdrawn_token_is_fetched_anew_once(xero: XeroStandIn, settings: Settings, http: Client) -> None:
    """A refused token is replaced; refused again, Xero's word counts."""
    ident = xero.bill("BILL-96", "Example Device Rental", [line("Devices", 100.0)])
    assert connector.read is not None
    connector.read(Read("invoice", ident), settings, http)
    xero.withdraw_tokens()
    assert connector.read(Read("invoice", ident), settings, http)
    assert xero.tokens == 2
    xero.fail(status=401, times=9, matches=lambda seen: seen.method == "GET")
    with pytest.raises(ConnectorError) as caught:
        connector.read(Read("invoice", ident), settings, http)
    assert (caught.value.status, caught.value.retryable) == (401, False)


def test_a_note_is_written_once_however_often_it_is_sent(
    xero: XeroStandIn, settings: Settings, http: Client
) -> None:
    """The action's key is Xero's idempotency key."""
    ident = xero.invoice("INV-2", "Acme Ltd", [line("Work", 100.0, "Apollo")])
    note = Operation(
        "book_note", "act_1", f"invoice/{ident}/Apollo/other", Message(body="CR-7 was approved.")
    )
    for _ in range(2):
        assert ident == connector.operations["book_note"].act(note, settings, http).receipt
    assert [(ident, "CR-7 was approved.")] == xero.notes


def test_missing_credentials_are_named(http: Client) -> None:
    """Before anything is sent."""
    assert connector.check is not None
    with pytest.raises(ConnectorError, match="`client_id` and `client_secret`"):
        connector.check(Settings("books", {"base_url": "https://api.xero.example"}), http)
