"""Generic webhooks: a mapping in YAML that says what is wrong with it, our own words, and signed posts."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import (
    ConnectorError,
    Delivery,
    Done,
    Malformed,
    Message,
    Operation,
    Settings,
    Unauthentic,
    Unsupported,
)
from connectors.http import http_client
from connectors.webhook import connector, receive
from connectors.webhook.problems import problems
from connectors.webhook.words import TYPES
from rules.facts.catalogue import EVENTS
from rules.facts.duration import Duration
from rules.facts.event import SourceEvent
from rules.facts.money import Money
from rules.language.documents import read as read_yaml
from tests.support.shared import shared_path
from tests.support.standins.webhook import WebhookReceiver

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"example-signing-key-of-32-bytes!").decode()

ENTRIES = """
- when: {event: claim.created, claim.kind: [travel, hotel]}
  type: expense.submitted
  key: "claim/{claim.id}"
  version: claim.revision
  at: claim.updated_at
  person: claim.employee
  scope: {tag: claim.centre}
  map:
    amount: {amount: claim.total, currency: claim.currency}
    class: {lookup: claim.kind, in: {travel: travel, hotel: travel}}
    kind: {value: expense}
    work_date: claim.day
    title: claim.lines.0.text
    receipt: claim.receipt
    reason: claim.reason
- when: {event: claim.created}
  type: time.logged
  key: "time/{claim.id}"
  project: {value: apollo}
  map: {duration: claim.spent, person: claim.employee}
"""
CLAIM: dict[str, Any] = {
    "id": 881,
    "revision": 3,
    "kind": "hotel",
    "total": 1480.5,
    "currency": "CNY",
    "day": "2026-11-18",
    "updated_at": "2026-11-19T09:12:44+08:00",
    "employee": "lin@northwind.example",
    "centre": "Apollo",
    "lines": [{"text": "苏州，两晚"}],
    "receipt": None,
}


def entries(text: str = ENTRIES) -> Any:
    """A mapping as the workspace's reader gives it."""
    document, found = read_yaml(text, "accord.yaml")
    assert not found
    assert document is not None
    return document.value


def delivery(body: Any) -> Delivery:
    """A call whose signature was checked; it was signed a minute ago."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(NOW.timestamp()) - 60)}
    return Delivery("erp", "POST", "/hooks/erp", {}, headers, raw, NOW)


def understood(body: Any, **values: Any) -> tuple[SourceEvent, ...]:
    """The events of a body."""
    return receive.normalise(delivery(body), Settings("erp", values)).events


def claim(**fields: Any) -> dict[str, Any]:
    """A body of an expense tool."""
    return {"event": "claim.created", "claim": {**CLAIM, **fields}}


# Who sent it


def test_published_signatures_decide_who_is_believed() -> None:
    """Every case of the published vectors, through the connector, with the id as the delivery's id."""
    known = json.loads(shared_path("vectors/standard-webhooks-python.json").read_text("utf-8"))
    for case in known["cases"]:
        at = datetime.fromtimestamp(case.get("now", known["now_for_valid"]), UTC)
        call = Delivery("erp", "POST", "/", {}, case["headers"], base64.b64decode(case["body_base64"]), at)
        try:
            receive.verify(call, Settings("erp", {}, (known["secret"],)))
            valid = True
        except Unauthentic:
            valid = False
        assert valid == case["valid"], case["name"]
        assert receive.delivery_id(call) == case["headers"].get("webhook-id")


def test_a_secret_that_is_no_base64_is_told_to_whoever_sends() -> None:
    """`accord send` still sends; the answer names the setting to mend."""
    known = Settings("erp", {}, ("not base64!",))
    headers = receive.sign(b"{}", known, NOW, "x")
    call = Delivery("erp", "POST", "/", {}, headers, b"{}", NOW)
    with pytest.raises(Unauthentic, match="must be base64"):
        receive.verify(call, known)


# The mapping


def test_a_mapped_body_is_the_event_it_stands_for() -> None:
    """Paths, constants, a translation, money of two places, types of the catalogue; null is none, missing unknown."""
    (event,) = understood(claim(), events=entries())[:1]
    assert (event.type, event.key, event.version) == ("expense.submitted", "claim/881", "3".zfill(20))
    assert event.at == datetime(2026, 11, 19, 1, 12, 44, tzinfo=UTC)
    assert (event.person, event.scope) == ("lin@northwind.example", {"tag": "Apollo", "tags": ["Apollo"]})
    assert event.object == {
        "id": "claim/881",
        "amount": Money(Decimal("1480.5"), "CNY"),
        "currency": "CNY",
        "class": "travel",
        "kind": "expense",
        "work_date": date(2026, 11, 18),
        "title": "苏州，两晚",
        "receipt": None,
    }


def test_every_entry_that_is_about_a_body_makes_an_event() -> None:
    """One delivery can be several events; one that no entry is about is left aside with the reason."""
    found = understood(claim(spent="90m"), events=entries())
    assert [event.type for event in found] == ["expense.submitted", "time.logged"]
    assert found[1].object["duration"] == Duration(90, "m")
    assert found[1].scope == {"workspace_project": "apollo"}
    assert found[1].at == datetime(2026, 11, 20, 9, 59, tzinfo=UTC), "when it was signed"
    inbound = receive.normalise(delivery({"event": "other"}), Settings("erp", {"events": entries()}))
    assert inbound.ignored == "none of the 2 entries of `events` is about this body"


@pytest.mark.parametrize(
    ("wanted", "there", "holds"),
    [
        ("travel", "travel", True),
        (["travel", "hotel"], "hotel", True),
        ("travel", "hotel", False),
        (1, 1, True),
        (1, True, False),
        (True, True, True),
        (True, 1, False),
        (Decimal("1.5"), 1.5, True),
        ("x", None, False),
        ("x", [], False),
    ],
)
def test_when_compares_values_and_not_looks(wanted: Any, there: Any, holds: bool) -> None:
    """True is not 1, and a path that is not there holds nothing."""
    entry = {"when": {"kind": wanted}, "type": "issue.changed", "key": "k/{id}", "map": {}}
    body = json.dumps({"kind": there, "id": 1})
    assert bool(understood(body.encode(), events=[entry]) if holds else False) == holds
    if not holds:
        assert receive.normalise(delivery(body.encode()), Settings("erp", {"events": [entry]})).ignored


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"total": "a lot"}, "claim.total"),
        ({"currency": "XXQ"}, "claim.currency: XXQ"),
        ({"currency": None}, "claim.currency is null"),
        ({"day": "18.11.2026"}, "claim.day is '18.11.2026'"),
        (
            {"updated_at": "2026-11-19T09:12:44"},
            "claim.updated_at is '2026-11-19T09:12:44', a time with a zone",
        ),
        ({"id": None}, "claim.id is missing, the event's key needs it"),
        ({"lines": [{"text": {}}]}, "claim.lines[0].text is an object"),
    ],
)
def test_a_value_that_does_not_fit_is_named_by_its_place_in_the_body(
    fields: dict[str, Any], said: str
) -> None:
    """The sender's words, not ours."""
    with pytest.raises(Malformed) as caught:
        understood(claim(**fields), events=entries())
    assert said in str(caught.value)


WRONG = {
    "events[0]: when, type, key and map expected": "- 1",
    "events[0].key: is missing": "- {when: {}, type: issue.changed, map: {}}",
    "events[0].wen: not known; did you mean when": "- {wen: {}, when: {}, type: issue.changed, key: 'a/{b}', map: {}}",
    "events[0].type: issue.change is not taken; did you mean issue.changed": (
        "- {when: {}, type: issue.change, key: 'a/{b}', map: {}}"
    ),
    "events[0].map.amuont: not known; did you mean amount": (
        "- {when: {}, type: expense.submitted, key: 'a/{b}', map: {amuont: x}}"
    ),
    "events[0].map.title: a path, {value: ...}": "- {when: {}, type: issue.changed, key: 'a/{b}', map: {title: 7}}",
    "events[0].map.title: a path": "- {when: {}, type: issue.changed, key: 'a/{b}', map: {title: {vlaue: x}}}",
    "events[0].map.title: a path, ": "- {when: {}, type: issue.changed, key: 'a/{b}', map: {title: a..b}}",
    "events[0].scope.custmer: not known; did you mean customer": (
        "- {when: {}, type: issue.changed, key: 'a/{b}', map: {}, scope: {custmer: x}}"
    ),
    "events[0].at: a path": "- {when: {}, type: issue.changed, key: 'a/{b}', map: {}, at: 7}",
    "events[0].key: a text with a path in braces": "- {when: {}, type: issue.changed, key: constant, map: {}}",
    "events[0].when.a..b: a path with a value": "- {when: {a..b: x}, type: issue.changed, key: 'a/{b}', map: {}}",
    "events[0].map: names with values expected": "- {when: {}, type: issue.changed, key: 'a/{b}', map: [x]}",
    "events: a list of entries expected": "{when: {}}",
}


@pytest.mark.parametrize(("said", "text"), WRONG.items(), ids=list(WRONG))
def test_a_wrong_mapping_is_told_before_a_delivery_meets_it(said: str, text: str) -> None:
    """By its place, with what is meant or allowed; a delivery that meets it is refused with the same words."""
    found = problems(entries(text))
    assert len(found) == 1
    assert said in found[0]
    with pytest.raises(ConnectorError) as caught:
        understood({"x": 1}, events=entries(text))
    assert said in str(caught.value)


def test_a_good_mapping_has_no_problems() -> None:
    """Neither the one above nor an empty one."""
    assert problems(entries()) == []
    assert problems([]) == []


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["when", "type", "key", "map", "at", "scope", "value", "amount"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_mapping_has_problems_or_works(value: Any) -> None:
    """Checking never breaks, and what it lets through runs."""
    if problems(value):
        return
    try:
        understood({"a": 1, "type": 1}, events=value)
    except (Malformed, Unsupported):
        return


# Our own words


def words(**fields: Any) -> dict[str, Any]:
    """A body that speaks them."""
    thing = {"id": "B1", "amount": "1200.00 USD", "class": "material", "work_date": "2026-11-19"}
    return {"type": "ledger.posted", "project": "apollo", "object": thing, **fields}


def test_a_body_in_our_words_needs_no_mapping() -> None:
    """Type, project, object; time and version follow from the signature when they are not given."""
    (event,) = understood(words())
    assert (event.type, event.key, event.scope) == ("ledger.posted", "B1", {"workspace_project": "apollo"})
    assert event.at == datetime(2026, 11, 20, 9, 59, tzinfo=UTC)
    assert event.version == "2026-11-20T09:59:00.000000+00:00"


@pytest.mark.parametrize(
    "amount",
    [
        {"amount": "1200.00 USD"},
        {"amount": {"amount": "1200.00", "currency": "USD"}},
        {"amount": 1200, "currency": "USD"},
        {"amount": "1200.00", "currency": "USD"},
    ],
)
def test_money_is_exact_in_every_way_of_writing_it(amount: dict[str, Any]) -> None:
    """As the API prints it, as texts do, or as a number beside its currency."""
    (event,) = understood(words(object={"id": "B1", **amount}))
    assert event.object["amount"] == Money(Decimal(1200), "USD")
    assert event.object["currency"] == "USD"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (words(projct="apollo"), "projct is no part of an event"),
        (words(object={"id": "B1", "amuont": "1 USD"}), "object.amuont is no field of entry"),
        (words(object={"id": "B1", "amount": 12}), "object.amount names no currency"),
        (words(object={"id": "B1", "class": "stuff"}), "object.class is 'stuff', known are staff"),
        (words(object={"id": "B1", "measure": "guessed"}), "object.measure is 'guessed'"),
        (words(object={"amount": "1 USD"}), "neither key nor object.id"),
        (words(object=[]), "object is a list"),
        (words(scope={"custmer": "42"}), "scope.custmer is no word of a scope"),
        (words(at="today"), "at is 'today'"),
        ({"project": "apollo"}, "type is missing"),
    ],
)
def test_a_typing_mistake_is_seen(body: dict[str, Any], said: str) -> None:
    """Nothing is silently left out."""
    with pytest.raises(Malformed) as caught:
        understood(body)
    assert said in str(caught.value)


@pytest.mark.parametrize("name", sorted(EVENTS.keys() - TYPES))
def test_what_accord_does_itself_cannot_be_claimed(name: str) -> None:
    """Consent, changes, baselines and messages are never taken from outside."""
    with pytest.raises(Unsupported, match="made by Accord itself"):
        understood({"type": name, "project": "apollo", "object": {"id": "x"}})


def test_numbers_of_versions_sort_as_numbers() -> None:
    """10 comes after 9."""
    versions = [understood(words(version=number))[0].version for number in (9, 10, 100)]
    assert versions == sorted(versions)


# Posts


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    """A system that checks signatures by the specification and drops what it has seen."""
    with WebhookReceiver(SECRET) as there:
        yield there


def post(known: Settings, **keys: Any) -> Done:
    """Execute a `webhook` operation."""
    operation = Operation("webhook", "act_1", None, Message(subject="Apollo", body="81.0 %"), keys)
    with http_client(known) as http:
        return connector.operations["webhook"].act(operation, known, http)


def outward(receiver: WebhookReceiver, **values: Any) -> Settings:
    """The connection to it."""
    known = {"url": receiver.url + "/in/example0path", "signing_secret": SECRET, **values}
    return Settings("erp", known, private_network=True)


def test_a_post_is_believed_and_counts_once(receiver: WebhookReceiver) -> None:
    """Sent twice with the same key, it is taken once."""
    body = {
        "project": "apollo",
        "spent": Money(Decimal(81000), "USD"),
        "on": date(2026, 11, 20),
        "客户": "恒泰制造",
    }
    for _ in range(2):
        assert post(outward(receiver), body=body).receipt == "act_1"
    expected = {**body, "spent": {"amount": "81000.00", "currency": "USD"}, "on": "2026-11-20"}
    assert receiver.taken == {"act_1": expected}
    assert receiver.repeats == 1


def test_another_secret_is_not_believed(receiver: WebhookReceiver) -> None:
    """The receiver's 401 is permanent."""
    other = base64.b64encode(b"another-key").decode()
    with pytest.raises(ConnectorError) as caught:
        post(outward(receiver, signing_secret=other))
    assert (caught.value.status, caught.value.retryable) == (401, False)
    assert not receiver.taken


def test_what_we_post_we_would_take_ourselves(receiver: WebhookReceiver) -> None:
    """Two installations can be connected to each other."""
    post(outward(receiver), body={"type": "ledger.posted", "object": {"id": "B1", "amount": "1.00 USD"}})
    seen = receiver.seen[0]
    at = datetime.fromtimestamp(int(seen.headers["webhook-timestamp"]), UTC)
    call = Delivery("erp", "POST", "/hooks/erp", {}, seen.headers, seen.body, at)
    receive.verify(call, Settings("erp", {}, (SECRET,)))
    assert [event.key for event in receive.normalise(call, Settings("erp", {})).events] == ["B1"]
