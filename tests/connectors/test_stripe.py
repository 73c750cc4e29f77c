"""Stripe through its connector: snapshots of several API versions, money in odd units, order within one second."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.base import ConnectorError, Delivery, Inbound, Malformed, Settings, Unauthentic, Unsupported
from connectors.stripe import connector, receive
from rules.facts.event import SourceEvent
from tests.support.shared import shared_path

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
CREATED = 1_795_000_000


def event(kind: str, thing: dict[str, Any], **fields: Any) -> bytes:
    """A snapshot event."""
    whole = {"object": "event", "id": "evt_1", "type": kind, "created": CREATED, "livemode": True}
    return json.dumps({**whole, "data": {"object": thing}, **fields}).encode()


def delivery(body: bytes) -> Delivery:
    """A call whose signature was checked."""
    return Delivery("cards", "POST", "/hooks/cards", {}, {}, body, NOW)


def understood(body: bytes, **values: Any) -> Inbound:
    """What a body means to a connection with these settings."""
    return receive.normalise(delivery(body), Settings("cards", values))


def one(kind: str, thing: dict[str, Any], **values: Any) -> SourceEvent:
    """The one event of a snapshot."""
    (found,) = understood(event(kind, thing), **values).events
    return found


def invoice(**fields: Any) -> dict[str, Any]:
    """An open invoice over 100.00 USD."""
    return {
        "object": "invoice",
        "id": "in_1",
        "status": "open",
        "currency": "usd",
        "total": 10_000,
        "created": CREATED,
        "customer": "cus_1",
        "metadata": {},
        **fields,
    }


def refund(**fields: Any) -> dict[str, Any]:
    """A refund of 5.00 USD that names its project."""
    return {
        "object": "refund",
        "id": "re_1",
        "status": "succeeded",
        "amount": 500,
        "currency": "usd",
        "created": CREATED,
        "metadata": {"project": "Apollo"},
        **fields,
    }


# Who sent it


def test_published_signatures_decide_who_is_believed() -> None:
    """Every case of the published vectors, through the connector."""
    known = json.loads(shared_path("vectors/stripe-header.json").read_text("utf-8"))
    for case in known["cases"]:
        at = datetime.fromtimestamp(case["now"], UTC)
        call = Delivery("cards", "POST", "/", {}, case["headers"], base64.b64decode(case["body_base64"]), at)
        try:
            receive.verify(call, Settings("cards", {}, (known["secret"],)))
            valid = True
        except Unauthentic:
            valid = False
        assert valid == case["valid"], case["name"]


def test_the_id_of_zeros_tells_no_deliveries_apart() -> None:
    """Test events of the dashboard share it: taken for the delivery's id, all but the first would be lost."""
    assert receive.delivery_id(delivery(event("invoice.paid", {}))) == "evt_1"
    for zeros in ("evt_00000000000000", "invoice.deleted_00000000000000"):
        assert receive.delivery_id(delivery(event("invoice.paid", {}, id=zeros))) is None
    assert receive.delivery_id(delivery(b"{")) is None


# What it means


def test_test_events_stay_out_of_a_live_connection_and_the_other_way_round() -> None:
    """Money of the test mode is no money."""
    test = event("invoice.finalized", invoice(), livemode=False)
    live = event("invoice.finalized", invoice())
    assert "test event" in str(understood(test).ignored)
    assert "live event" in str(understood(live, livemode=False).ignored)
    assert understood(test, livemode=False).events
    assert understood(live).events


def test_thin_and_unknown_events_are_unsupported() -> None:
    """They are told apart from those that are left aside on purpose."""
    for body in (
        event("v1.billing.meter.error_report_triggered", {}, object="v2.core.event"),
        event("some.new_thing", {}),
    ):
        with pytest.raises(Unsupported):
            understood(body)
    assert "not used" in str(understood(event("customer.subscription.updated", {})).ignored)


@pytest.mark.parametrize(
    ("currency", "units", "expected"),
    [
        ("usd", 12_345, "123.45 USD"),
        ("jpy", 12_345, "12345 JPY"),
        ("krw", 12_345, "12345 KRW"),
        ("kwd", 12_345, "12.345 KWD"),
        ("bhd", 5, "0.005 BHD"),
        ("mga", 700, "700.00 MGA"),
        ("isk", 12_345, "123.45 ISK"),
        ("ugx", 12_300, "123.00 UGX"),
        ("cny", 0, "0.00 CNY"),
    ],
)
def test_amounts_are_counted_as_stripe_counts_them(currency: str, units: int, expected: str) -> None:
    """Whole numbers of the smallest unit, which is not always the one of ISO 4217."""
    assert str(one("invoice.finalized", invoice(currency=currency, total=units)).object["amount"]) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"total": 10_600, "total_excluding_tax": 10_000},
        {"total": 10_600, "tax": 600},
        {"total": 10_600, "tax": None, "total_tax_amounts": [{"amount": 400}, {"amount": 200}]},
        {"total": 10_600, "total_taxes": [{"amount": 600}]},
        {"total": 10_000, "tax": None},
    ],
)
def test_tax_is_taken_out_whatever_the_api_version_calls_it(fields: dict[str, Any]) -> None:
    """The field moved twice; without one there was no tax."""
    assert str(one("invoice.finalized", invoice(**fields)).object["amount"]) == "100.00 USD"
    whole = one("invoice.finalized", invoice(**fields), tax="inclusive").object["amount"]
    assert whole.amount * 100 == fields["total"]


def test_states_of_one_second_are_in_order() -> None:
    """Stripe dates to the second: created, updated, finalized, paid and voided sort as they follow."""
    made = [
        one("invoice.created", invoice(status="draft")),
        one("invoice.updated", invoice(status="draft")),
        one("invoice.updated", invoice()),
        one("invoice.finalized", invoice()),
        one("invoice.updated", invoice(status="paid")),
        one("invoice.paid", invoice(status="paid")),
        one("invoice.voided", invoice(status="void")),
    ]
    versions = [event.version for event in made]
    assert versions == sorted(set(versions))


def test_the_event_wins_over_a_status_that_contradicts_it() -> None:
    """The dashboard sends `invoice.voided` with an open invoice inside."""
    assert one("invoice.voided", invoice(status="open")).object["status"] == "void"
    assert one("invoice.deleted", invoice(status="draft")).type == "invoice.voided"


def test_a_refund_that_fails_later_is_taken_back() -> None:
    """Succeeded first, failed days after: the same key, a newer version, void."""
    first = one("refund.created", refund())
    (later,) = understood(event("refund.failed", refund(status="failed"), created=CREATED + 9)).events
    assert (first.object["status"], later.object["status"]) == ("paid", "void")
    assert first.key == later.key
    assert first.version < later.version


def test_a_refund_without_project_is_looked_up_only_with_a_key() -> None:
    """With `api_key` its charge is read; without one it stays what it is, visible and unmatched."""
    bare = event("refund.created", refund(metadata={}))
    (wanted,) = understood(bare, api_key="rk_live_example").reads
    assert (wanted.kind, wanted.id) == ("refund", "re_1")
    (found,) = understood(bare).events
    assert found.scope == {"customer": None, "tag": None, "tags": []}


def test_a_document_belongs_to_the_day_where_the_books_are_kept() -> None:
    """Late in the evening in London it is the next day in Shanghai, and may be the next month."""
    late = int(datetime(2026, 11, 30, 18, 30, tzinfo=UTC).timestamp())
    days = [
        one("invoice.finalized", invoice(effective_at=late), time_zone=zone).object["work_date"].isoformat()
        for zone in ("UTC", "Asia/Shanghai")
    ]
    assert days == ["2026-11-30", "2026-12-01"]
    for odd in ("Nowhere/Land", "", "../etc/passwd"):
        with pytest.raises(ConnectorError, match="`time_zone`"):
            one("invoice.finalized", invoice(), time_zone=odd)


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        (invoice(currency="xxq"), "data.object.currency"),
        (invoice(total="100"), "data.object.total is text"),
        (invoice(total=True), "data.object.total is true or false"),
        (invoice(status="odd"), "data.object.status is 'odd'"),
        (invoice(created=-1), "data.object.created is -1"),
    ],
)
def test_odd_objects_are_refused_by_path(thing: dict[str, Any], said: str) -> None:
    """A value that cannot be what it claims is named with its place."""
    with pytest.raises(Malformed) as caught:
        one("invoice.finalized", thing)
    assert said in str(caught.value)


PUBLISHED = {
    "charge.refunded": ["payment.refunded"],
    "charge.succeeded": ["payment.received"],
    "invoice.created": ["invoice.changed"],
    "invoice.deleted": ["invoice.voided"],
    "invoice.paid": ["invoice.paid"],
    "invoice.updated": ["invoice.changed"],
}


@pytest.mark.parametrize(
    "name",
    [
        *PUBLISHED,
        "checkout.session.completed",
        "customer.created",
        "invoice.payment_failed",
        "invoiceitem.created",
        "invoiceitem.deleted",
        "payment_intent.succeeded",
        "quote.accepted",
    ],
)
def test_published_events_are_understood(name: str) -> None:
    """Events of several API versions, sent in test mode: understood, or left aside by name."""
    body = shared_path(f"payloads/stripe/event.{name}.json").read_bytes()
    inbound = understood(body, livemode=False)
    assert [found.type for found in inbound.events] == PUBLISHED.get(name, [])
    assert bool(inbound.ignored) != bool(inbound.events)


def test_ignored_names_are_none_that_are_used() -> None:
    """What is left aside on purpose and what is understood do not overlap."""
    used = {*receive.INVOICES, *receive.REVERSALS, "charge.succeeded", "charge.captured", "charge.refunded"}
    assert not [name for name in used if "not used" in str(_reason(name))]
    assert connector.ignored == receive.IGNORED


def _reason(name: str) -> str | None:
    try:
        return understood(event(name, {})).ignored
    except (Malformed, Unsupported):
        return None
