"""What people do in the console: each click says before what happens to whom, and is on record afterwards."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from connectors.base import Read
from rules.facts.event import Event
from rules.facts.money import Money
from service.store import actions, attention, deliveries, journal, lists, switches
from service.store.deliveries import Became
from service.store.lists import Wanted
from tests.support.seeding import NOW, Seed, csrf_of, post

MAIL: dict[str, Any] = {
    "recipient": "bob",
    "address": "bob@acme.example",
    "client_facing": True,
    "locale": "en",
}
ENGLISH = {"Accept-Language": "en"}
ALERT = ("budget/levels|apollo||", "0.8", 1)


def booked(seed: Seed) -> Event:
    return seed.event("ledger.posted", {"entry": {"id": "e1", "title": "Design work"}})


def row(seed: Seed, id: str) -> dict[str, Any]:
    with seed.context.database.reading() as connection:
        found = actions.row_of(connection, id)
    assert found is not None
    return found


def events(seed: Seed, kind: str) -> list[Event]:
    with seed.context.database.reading() as connection:
        rows = lists.events_page(connection, Wanted(), {"type": kind, "state": "new"}).rows
    return [journal.decode(r["data"]) for r in rows]


def said(client: FlaskClient, path: str) -> str:
    answer = client.get(path, headers=ENGLISH)
    assert answer.status_code == 200, path
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def test_a_released_message_may_leave_and_is_checked_again(seed: Seed) -> None:
    """It leaves when the recipient's hours begin, after one more check, with who released it on record."""
    rules = seed.context.rulebook.rules.rules
    rule = next(id for id, rule in rules.items() if rule.send_in is None)
    text = {"inline": {"en": {"body": "x"}}}
    id = seed.action(
        booked(seed), "email", "waiting", waits="review", recheck=True, text=text, rule=rule, **MAIL
    )
    lead = seed.signed_in("lead")
    assert "it goes to Bob Ray at bob@acme.example" in said(lead, f"/messages/{id}")
    assert post(lead, f"/messages/{id}", f"/messages/{id}/release").location == f"/messages/{id}"
    after = row(seed, id)
    assert (after["state"], after["waits"]) == ("waiting", "hours")
    assert after["reason"] == "released by Lead <lead@northwind.example>"
    # 09:30 UTC is 04:30 in New York: the client's day begins at 09:00 there.
    assert after["due_at"].startswith("2026-11-20T14:00")
    again = post(lead, "/account", f"/messages/{id}/release")
    assert again.location == f"/messages/{id}?faster=1"


def test_a_cancelled_message_stays_on_record_and_its_ladder_hears_of_it(seed: Seed) -> None:
    """Cancelled with reason and name; the level that was waiting for it is told that nobody was."""
    id = seed.action(booked(seed), "email", "waiting", waits="review", text="level", alert=ALERT, **MAIL)
    lead = seed.signed_in("lead")
    assert "Bob Ray does not get:" in said(lead, f"/messages/{id}/cancel")
    assert row(seed, id)["state"] == "waiting"
    post(lead, f"/messages/{id}/cancel", f"/messages/{id}/cancel", reason="agreed by phone")
    assert row(seed, id)["state"] == "cancelled"
    assert row(seed, id)["reason"] == "agreed by phone (Lead <lead@northwind.example>)"
    (told,) = events(seed, "message.failed")
    assert (told.objects["message"]["status"], told.objects["message"]["alert"]) == ("cancelled", list(ALERT))


def test_an_unknown_outcome_is_settled_by_a_person(seed: Seed) -> None:
    """It arrived: sent, and the ladder hears it. Nothing is sent again."""
    id = seed.action(booked(seed), "email", "unknown", alert=ALERT, outcome="the connection broke", **MAIL)
    lead = seed.signed_in("lead")
    post(lead, f"/messages/{id}", f"/messages/{id}/arrived")
    assert (row(seed, id)["state"], row(seed, id)["left"]) == ("sent", True)
    assert [e.objects["message"]["id"] for e in events(seed, "message.sent")] == [id]


def test_sending_again_says_to_whom_and_that_it_may_be_read_twice(seed: Seed) -> None:
    """A page before the click; then the action is ready, and an attempt without an end stands in its way no more."""
    id = seed.action(booked(seed), "email", "ready", text="level", **MAIL)
    with seed.context.database.writing() as connection:
        held = actions.claim(connection, id, NOW, NOW + timedelta(seconds=1))
        assert held is not None
        actions.begin(connection, id, held.token, ("s", "b", None), NOW)
        late = actions.claim(connection, id, NOW + timedelta(minutes=1), NOW + timedelta(minutes=2))
        assert late is not None
        over = actions.Outcome("unknown", "a former attempt was begun")
        actions.finish(connection, id, late.token, over, NOW + timedelta(minutes=1))
    lead = seed.signed_in("lead")
    page = said(lead, f"/messages/{id}/resend")
    assert "Bob Ray gets it at bob@acme.example" in page
    assert "may read it twice" in page
    assert row(seed, id)["state"] == "unknown"
    post(lead, f"/messages/{id}/resend", f"/messages/{id}/resend")
    assert row(seed, id)["state"] == "ready"
    with seed.context.database.writing() as connection:
        held = actions.claim(connection, id, NOW + timedelta(hours=1), NOW + timedelta(hours=2))
    assert held is not None
    assert not held.open_attempt


def test_only_what_is_open_can_be_settled(seed: Seed) -> None:
    """A sent message can be neither released, cancelled, marked nor sent again."""
    id = seed.action(booked(seed), "email", "sent", **MAIL)
    lead = seed.signed_in("lead")
    for verb in ("release", "arrived", "resend", "cancel"):
        assert post(lead, "/account", f"/messages/{id}/{verb}", reason="x").location.endswith("?faster=1")
    assert row(seed, id)["state"] == "sent"


def test_all_dead_letters_go_again_with_numbers_first(seed: Seed) -> None:
    """Messages, changes elsewhere and contacts are counted before; what came to the list later is not sent along."""
    event = booked(seed)
    ids = [seed.action(event, "email", "dead", status=550, **MAIL)]
    ids.append(seed.action(event, "comment", "dead", connection="tracker", address="APO-1"))
    ids.append(seed.action(event, "transition", "dead", connection="tracker", address="APO-2"))
    lead = seed.signed_in("lead")
    page = said(lead, "/dead-letters/redrive")
    for number in (
        "2 messages",
        "1 change in another system",
        "1 client contact may get mail: bob@acme.example",
    ):
        assert number in page
    form = lead.get("/dead-letters/redrive").text
    listed = re.search(r'name="ids" value="([^"]+)"', form)
    assert listed
    later = seed.action(event, "comment", "dead", connection="tracker", address="APO-3")
    answer = lead.post("/dead-letters/redrive", data={"ids": listed[1], "csrf_token": csrf_of(form)})
    assert answer.location == "/dead-letters?redriven=3"
    assert {row(seed, id)["state"] for id in ids} == {"ready"}
    assert row(seed, later)["state"] == "dead"


def test_one_dead_letter_and_a_dead_read_go_again_alone(seed: Seed) -> None:
    """By id, from its own page; the others stay."""
    event = booked(seed)
    one = seed.action(event, "comment", "dead", connection="tracker", address="APO-1")
    other = seed.action(event, "comment", "dead", connection="tracker", address="APO-2")
    with seed.context.database.writing() as connection:
        deliveries.add_reads(connection, "dlv_1", "books", [Read("invoice", "9")], NOW)
        ((read, _),) = deliveries.reads_due(connection, NOW, lambda _: 10)
        held = deliveries.claim_read(connection, read, NOW, NOW)
        assert held is not None
        deliveries.finish_read(connection, held, "dead", "books answered 404", NOW)
    lead = seed.signed_in("lead")
    for id in (one, read):
        form = lead.get(f"/dead-letters/redrive?id={id}").text
        assert lead.post(
            "/dead-letters/redrive", data={"ids": id, "id": id, "csrf_token": csrf_of(form)}
        ).location
    assert [row(seed, id)["state"] for id in (one, other)] == ["ready", "dead"]
    with seed.context.database.reading() as connection:
        assert deliveries.dead_reads(connection) == []


@pytest.mark.parametrize(
    ("kind", "id"),
    [("everything", "*"), ("project", "apollo"), ("connection", "tracker"), ("rule", "budget/levels")],
)
def test_pausing_says_how_much_and_whom_it_holds_back(seed: Seed, kind: str, id: str) -> None:
    """The numbers before the click; on record with who did it; resuming takes it back."""
    seed.action(booked(seed), "email", "waiting", waits="hours", connection="tracker", **MAIL)
    lead = seed.signed_in("lead")
    page = said(lead, f"/pause?kind={kind}&id={id}")
    assert "1 message that waits now keeps waiting" in page
    assert "hears nothing" in page or "hear nothing" in page
    post(lead, f"/pause?kind={kind}&id={id}", "/pause", kind=kind, id=id)
    with seed.context.database.reading() as connection:
        (held,) = attention.pauses_now(connection)
    assert (held["kind"], held["id"], held["by"]) == (kind, id, "lead@northwind.example")
    assert "paused" in said(lead, "/pauses")
    assert "1 message may leave now" in said(lead, f"/resume?kind={kind}&id={id}")
    post(lead, f"/resume?kind={kind}&id={id}", "/resume", kind=kind, id=id)
    with seed.context.database.reading() as connection:
        assert switches.paused(connection) == switches.Paused(False, frozenset(), frozenset(), frozenset())


def test_only_what_there_is_can_be_paused(seed: Seed) -> None:
    """A name of nothing is 404 and pauses nothing."""
    lead = seed.signed_in("lead")
    assert lead.get("/pause?kind=project&id=nothing").status_code == 404
    assert post(lead, "/account", "/pause", kind="planet", id="earth").status_code == 404


def test_a_change_is_assessed_by_a_form(seed: Seed) -> None:
    """The event that follows carries amount, days and milestone, and who said it."""
    seed.user("lead", "lin@northwind.example", "Lin Hao")
    seed.project("apollo")
    seed.change(status="draft", amount=None, days=None)
    path = "/projects/apollo/changes/chg_export/assess"
    member = seed.signed_in("member")
    answer = post(member, path, path, amount="8,000.50", days="5", milestone="apollo/m2")
    assert answer.location == "/projects/apollo/changes/chg_export?said=1"
    (event,) = events(seed, "change.assessed")
    given = event.objects["change"]
    assert given["amount"] == Money(Decimal("8000.50"), "USD")
    assert (given["id"], given["days"], given["milestones"]) == ("chg_export", 5, ["apollo/m2"])
    assert (event.project, event.client, event.cause) == ("apollo", "acme", None)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"amount": "much"}, "Give an amount in USD"),
        ({"amount": "1.005"}, "Give an amount in USD"),
        ({"amount": "NaN"}, "Give an amount in USD"),
        ({"amount": "1e400"}, "Give an amount in USD"),
        ({"days": "2.5"}, "Give a whole number of working days"),
        ({"days": "9999"}, "Give a whole number of working days"),
        ({"milestone": "kanban/m1"}, "This project has no such milestone"),
    ],
)
def test_a_wrong_assessment_is_said_and_nothing_is_kept(
    seed: Seed, fields: dict[str, str], says: str
) -> None:
    """What was typed stays in the form; no event is made."""
    seed.project("apollo")
    seed.change(status="draft", amount=None, days=None)
    path = "/projects/apollo/changes/chg_export/assess"
    member = seed.signed_in("member")
    member.set_cookie("locale", "en")
    answer = post(member, path, path, **{"amount": "100", "days": "1", **fields})
    assert answer.status_code == 422
    assert says in answer.text
    assert events(seed, "change.assessed") == []


def test_a_change_can_be_written_down(seed: Seed) -> None:
    """A title and its effect make a drafted change of the project."""
    seed.project("apollo")
    member = seed.signed_in("member")
    path = "/projects/apollo/changes/new"
    answer = post(member, path, path, title="Second language", amount="-500", days="0")
    (event,) = events(seed, "change.drafted")
    assert event.objects["change"]["title"] == "Second language"
    assert event.objects["change"]["amount"] == Money(Decimal(-500), "USD")
    assert answer.location == f"/projects/apollo/changes/{event.objects['change']['id']}?said=1"
    assert member.get(answer.location).status_code == 202


def test_what_is_decided_cannot_be_assessed(seed: Seed) -> None:
    """A change that was applied has no form."""
    seed.project("apollo")
    seed.change(status="applied")
    path = "/projects/apollo/changes/chg_export"
    member = seed.signed_in("member")
    assert member.get(f"{path}/assess").location == path
    assert post(member, "/account", f"{path}/assess", amount="1", days="1").location == path
    assert events(seed, "change.assessed") == []


def test_a_change_of_another_project_is_not_there(seed: Seed) -> None:
    """An address that mixes two projects leads nowhere."""
    seed.project("apollo")
    seed.change()
    assert seed.signed_in("lead").get("/projects/kanban/changes/chg_export").status_code == 404


def test_a_question_is_withdrawn_with_what_that_means_first(seed: Seed) -> None:
    """How many links decide nothing any more; then the event that takes it back."""
    seed.project("apollo")
    seed.change()
    seed.approval(asked=("ann", "bob"))
    lead = seed.signed_in("lead")
    assert "2 links that were sent decide nothing any more" in said(lead, "/approvals/apr_export/withdraw")
    post(lead, "/approvals/apr_export/withdraw", "/approvals/apr_export/withdraw")
    (event,) = events(seed, "approval.withdrawn")
    assert event.objects["approval"]["id"] == "apr_export"
    assert "_able" not in event.objects["approval"]


def test_an_event_and_a_delivery_can_be_put_back_in_line(seed: Seed) -> None:
    """A parked event waits to be decided again; an unmatched delivery to be read again."""
    parked = seed.event("rules.reloaded", {"rules": {"id": "x"}}, state="parked", project=None, client=None)
    delivery = seed.delivery("books", "{}", Became("unmatched", "no project claims it"))
    lead = seed.signed_in("lead")
    post(lead, f"/events/{parked.id}", f"/events/{parked.id}/replay")
    post(lead, f"/deliveries/{delivery}", f"/deliveries/{delivery}/replay")
    with seed.context.database.reading() as connection:
        found = lists.event_row(connection, parked.id)
        assert found is not None
        assert (found["state"], found["tries"]) == ("new", 0)
        assert deliveries.again(connection) == [delivery]
    assert post(lead, "/account", "/events/evt_nothing/replay").status_code == 404


def test_letting_a_project_speak_says_what_it_means(seed: Seed) -> None:
    """How many contacts will hear from it, what is not sent later, and the line of the file that does it."""
    seed.project("hermes", "observe")
    seed.action(booked(seed), "email", "sent", project="hermes", observed=True, **MAIL)
    page = said(seed.signed_in("lead"), "/projects/hermes/mode?to=live")
    assert "2 contacts get messages" in page
    assert "1 message was written in observe mode; it is not sent later" in page
    assert "mode: live" in page
