"""Hand-over, acceptance offline and by the contract's term, what waits on the client: each click and what it leaves."""

from __future__ import annotations

import hashlib
import io
import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from rules.facts.event import Event, Record, event_id
from service.flow.decide import decide_waiting
from service.flow.tick import follow_files, tick
from service.store import attention, evidence, journal
from tests.support.seeding import NOW, Seed, csrf_of, post

HERE = "/projects/apollo/milestones/m2"
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def live(seed: Seed) -> Seed:
    """The agency with its projects begun."""
    follow_files(seed.context)
    decide_waiting(seed.context)
    return seed


def record(seed: Seed, kind: str, id: str) -> Record:
    with seed.context.database.reading() as connection:
        found = attention.record(connection, kind, id)
    assert found is not None
    return found


def records(seed: Seed, kind: str) -> list[Record]:
    with seed.context.database.reading() as connection:
        return attention.records_of(connection, kind, ["apollo"])


def tell(seed: Seed, kind: str, **objects: Record) -> None:
    now = seed.context.now()
    event = Event(event_id("test", kind, str(now), str(objects)), kind, now, now, objects, "apollo", "acme")
    with seed.context.database.writing() as connection:
        journal.add(connection, [event])
    decide_waiting(seed.context)


def ask(seed: Seed, about: str = "milestone", **more: Any) -> Record:
    """The question whether Launch is accepted, asked of Ann; the mail with it left."""
    tell(seed, "milestone.handed_over", milestone={"id": "m2"})
    # The pack has asked by itself; the question of this test, with its mail that left, takes that one's place.
    for own in records(seed, "approval"):
        seed.put("approval", {**own, "status": "superseded"})
    milestone = record(seed, "milestone", "apollo/m2")
    seed.put("milestone", {**milestone, "status": "in_acceptance", "deemed_on": date(2026, 12, 8)})
    subject = {
        "about": about,
        "subject": "apollo/m2",
        "milestone": "apollo/m2",
        "expires_on": date(2026, 12, 8),
    }
    sent = [{"id": "act_1", "to": "ann", "status": "sent", "at": seed.now}]
    return seed.approval("apr_m2", text="Acceptance of Launch\n", messages=sent, **(subject | more))


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def item(seed: Seed, **more: Any) -> None:
    said = {"id": "itm_1", "title": "Test data", "kind": "input", "party": "client", "owner": "ann"}
    tell(
        seed, "action_item.opened", action_item={**said, "due": date(2026, 11, 16), "blocks": ["m2"], **more}
    )


def test_a_milestone_is_ticked_and_handed_over(live: Seed) -> None:
    """Each click is an event with who did it; the pack then asks the client; a viewer only looks."""
    lead = live.signed_in("lead")
    assert "Launch" in plain(lead.get(HERE, headers=ENGLISH).text)
    assert post(lead, HERE, f"{HERE}/check", criterion="Data moved", met="yes").status_code == 303
    assert post(lead, HERE, f"{HERE}/check", criterion="Anything", met="yes").status_code == 404
    post(lead, HERE, f"{HERE}/hand-over")
    decide_waiting(live.context)
    launch = record(live, "milestone", "apollo/m2")
    assert (launch["status"], launch["criteria_met"]) == ("in_acceptance", 1)
    viewer = live.signed_in("viewer")
    assert "Hand over" not in viewer.get(HERE, headers=ENGLISH).text
    assert post(viewer, "/account", f"{HERE}/hand-over").status_code == 403


def test_a_delay_moves_the_plan_and_says_why(live: Seed) -> None:
    """With the shares of the causes; what cannot be meant is said at its field."""
    lead = live.signed_in("lead")
    wrong = post(lead, HERE, f"{HERE}/delay", days="400", cause="weather")
    assert wrong.status_code == 422
    before = record(live, "milestone", "apollo/m2")["due"]
    post(lead, HERE, f"{HERE}/delay", days="3", cause="resource", remark="two are ill")
    decide_waiting(live.context)
    launch = record(live, "milestone", "apollo/m2")
    assert launch["due"] > before == launch["baseline_due"]
    assert "people 100%" in plain(lead.get(HERE, headers=ENGLISH).text)


def test_a_decision_by_phone_is_kept_apart_with_its_evidence(live: Seed) -> None:
    """Who, when, how, who wrote it down, and the fingerprint of the note; never approved online."""
    ask(live)
    lead = live.signed_in("lead")
    page = "/approvals/apr_m2/offline"
    token = csrf_of(lead.get(page).text)
    wrong = lead.post(page, data={"csrf_token": token, "person": "bob", "decision": "approved"})
    assert wrong.status_code == 422
    note = b"Ann called at ten and accepts."
    form = {
        "csrf_token": token,
        "person": "ann",
        "decision": "approved",
        "channel": "phone",
        "day": "2026-11-19",
        "witness": "Wang",
        "file": (io.BytesIO(note), "note.txt"),
    }
    assert lead.post(page, data=form, content_type="multipart/form-data").status_code == 303
    decide_waiting(live.context)
    assert record(live, "approval", "apr_m2")["status"] == "approved_offline"
    launch = record(live, "milestone", "apollo/m2")
    assert (launch["status"], launch["acceptance"]) == ("accepted", "offline")
    with live.context.database.reading() as connection:
        (kept,) = evidence.chain_of(connection, "apollo")
    assert kept["record"]["file_sha256"] == hashlib.sha256(note).hexdigest()
    assert (kept["record"]["identified"], kept["record"]["channel"]) == ("offline", "phone")
    assert kept["opened"]["witness"]["value"] == "Wang"
    assert "entered afterwards" in plain(lead.get(HERE, headers=ENGLISH).text)


def test_silence_is_acceptance_by_the_clock_with_the_proof_kept(live: Seed) -> None:
    """At the end of the client's day; the clock may tick again, the evidence is one."""
    ask(live)
    live.at(datetime(2026, 12, 9, 4, 59, tzinfo=UTC))
    tick(live.context)
    decide_waiting(live.context)
    assert record(live, "milestone", "apollo/m2")["status"] == "in_acceptance"
    live.at(datetime(2026, 12, 9, 5, 1, tzinfo=UTC))
    tick(live.context)
    tick(live.context)
    decide_waiting(live.context)
    assert record(live, "milestone", "apollo/m2")["status"] == "deemed_accepted"
    with live.context.database.reading() as connection:
        (kept,) = evidence.chain_of(connection, "apollo")
    assert (kept["record"]["clause"], kept["record"]["channel"]) == ("7.2", "deemed")
    assert [m["message"] for m in kept["record"]["delivered"]] == ["act_1"]


def test_an_expired_page_asks_for_a_new_link_once(live: Seed) -> None:
    """The lead gets one task; nothing is decided; the old link stays dead."""
    ask(live, expires_on=date(2026, 11, 18))
    token, browser = live.link("approval", "apr_m2", "ann"), live.app.test_client()
    page = browser.get(f"/a/{token}")
    assert page.status_code == 410
    nonce = page.text.partition('name="nonce" value="')[2].partition('"')[0]
    assert browser.post(f"/a/{token}", data={"ask": "new", "nonce": "x"}).status_code == 400
    for _ in range(2):
        answer = browser.post(f"/a/{token}", data={"ask": "new", "nonce": nonce})
        assert "was told and sends you a new link" in plain(answer.text)
    decide_waiting(live.context)
    (task,) = records(live, "task")
    assert "Ann Lee" in task["title"]
    lead = live.signed_in("lead")
    assert post(lead, "/approvals/apr_m2", "/approvals/apr_m2/again").status_code == 303
    post(lead, "/projects/apollo", f"/projects/apollo/tasks/{task['id']}/done")
    decide_waiting(live.context)
    assert record(live, "task", task["id"])["status"] == "done"


def test_the_client_answers_on_their_page(live: Seed) -> None:
    """Looking answers nothing; the form of the page does, once, with what they wrote."""
    item(live)
    token, browser = live.link("project", "apollo", "ann"), live.app.test_client()
    for _ in range(3):
        page = browser.get(f"/c/{token}")
    shown = plain(page.text)
    assert "Apollo: 1 thing waits on you." in shown
    assert "Launch is now expected on" in shown
    assert records(live, "action_item")[0]["status"] == "open"
    nonce = page.text.partition('name="nonce" value="')[2].partition('"')[0]
    stale = browser.post(f"/c/{token}", data={"item": "itm_1", "nonce": "made up"})
    assert stale.status_code == 400
    done = browser.post(f"/c/{token}", data={"item": "itm_1", "nonce": nonce, "remark": "in the folder"})
    assert "Your answer is on its way: Test data." in plain(done.text)
    decide_waiting(live.context)
    answered = records(live, "action_item")[0]
    assert (answered["status"], answered["answered_by"], answered["remark"]) == (
        "answered",
        "ann",
        "in the folder",
    )
    assert [d["cause"] for d in records(live, "delay")] == ["client_input"]
    assert "nothing waits on you" in plain(browser.get(f"/c/{token}").text)


def test_what_the_team_owes_is_not_asked_of_the_client(live: Seed) -> None:
    """Nor can it be answered with a form of another item."""
    item(live, party="team", owner="lin")
    token, browser = live.link("project", "apollo", "ann"), live.app.test_client()
    assert "Test data" not in browser.get(f"/c/{token}").text
    assert browser.post(f"/c/{token}", data={"item": "itm_1", "nonce": "x"}).status_code == 404


def test_the_team_writes_down_what_is_waited_for_and_logs_the_calls(live: Seed) -> None:
    """Two clicks for a call; the one that brought the answer ends the ladder."""
    lead = live.signed_in("lead")
    new = "/projects/apollo/items/new"
    assert post(lead, new, new, title="", owner="nobody", due="soon").status_code == 422
    form = {"title": "Test data", "kind": "input", "owner": "ann", "due": "2026-11-16", "blocks": "apollo/m2"}
    place = post(lead, new, new, **form).location.partition("?")[0]
    decide_waiting(live.context)
    assert "4 working days late: Launch would move to" in plain(lead.get(place, headers=ENGLISH).text)
    post(lead, place, f"{place}/contact", channel="phone", summary="no answer")
    decide_waiting(live.context)
    assert records(live, "action_item")[0]["rung"] == 1
    live.at(NOW + timedelta(hours=1))
    post(lead, place, f"{place}/contact", channel="meeting", answered="yes")
    decide_waiting(live.context)
    assert records(live, "action_item")[0]["status"] == "answered"
    post(lead, place, f"{place}/done")
    decide_waiting(live.context)
    assert records(live, "action_item")[0]["status"] == "done"


def test_an_address_of_the_client_s_page_is_made_once_and_revoked(live: Seed) -> None:
    """A new one ends the one before; nobody of another client gets one."""
    lead = live.signed_in("lead")
    addresses = []
    for _ in range(2):
        page = post(lead, "/projects/apollo", "/projects/apollo/links", person="ann")
        addresses += re.findall(r"/c/[A-Za-z0-9_-]{43}", page.text)[:1]
    browser = live.app.test_client()
    assert [browser.get(a).status_code for a in addresses] == [404, 200]
    post(lead, "/projects/apollo", "/projects/apollo/links/revoke", person="ann")
    assert browser.get(addresses[1]).status_code == 404
    post(lead, "/projects/apollo", "/projects/apollo/links/renew", person="ann")
    assert browser.get(addresses[1]).status_code == 404, "what was revoked stays so"
    assert post(lead, "/projects/apollo", "/projects/apollo/links", person="liwei").status_code == 404


def test_an_address_of_the_client_s_page_ends_and_is_kept_open_by_a_click(live: Seed) -> None:
    """Page and team see until when; afterwards it says whom to ask and nothing else, until the team opens it again."""
    lead = live.signed_in("lead")
    address = re.findall(
        r"/c/[A-Za-z0-9_-]{43}", post(lead, "/projects/apollo", "/projects/apollo/links", person="ann").text
    )[0]
    guest = live.app.test_client()
    assert "This link is open until 18 February 2027." in plain(guest.get(address).text)
    assert "open until 18 February 2027" in plain(lead.get("/projects/apollo", headers=ENGLISH).text)
    live.at(NOW + timedelta(days=90))
    over = guest.get(address, headers=ENGLISH)
    assert over.status_code == 410
    assert "This link ended on 18 February 2027. Ask Lin Hao for a new one: lin@northwind.example" in plain(
        over.text
    )
    assert "Apollo" not in over.text
    assert "<form" not in over.text
    lead = live.signed_in("lead")
    assert "ended on 18 February 2027" in plain(lead.get("/projects/apollo", headers=ENGLISH).text)
    post(lead, "/projects/apollo", "/projects/apollo/links/renew", person="ann")
    assert "This link is open until 19 May 2027." in plain(guest.get(address).text)
