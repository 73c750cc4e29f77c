"""What comes into the inbox finds the message, the decision, the item and the person that it is about."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from service import jobs, troubles
from service.flow import settle
from service.store import actions, journal, lists
from service.store.lists import Wanted
from service.store.switches import connection_state
from service.tools import Tools
from tests.support.seeding import NOW, Seed, close, opened
from tests.support.standins.imap import ImapStandIn

MINUTE = timedelta(minutes=1)


@pytest.fixture
def there() -> Iterator[ImapStandIn]:
    with ImapStandIn() as server:
        yield server


@pytest.fixture
def tools() -> Iterator[Tools]:
    made = Tools()
    yield made
    made.close()


@pytest.fixture
def seed(tmp_path: Path, there: ImapStandIn, tools: Tools) -> Iterator[Seed]:
    """The agency with an inbox that was looked into once."""
    inbox = (
        f'  mail: {{connector: email, inbox: "{there.url}", private_network: true, owner: lin, timeout: 2}}'
    )
    made = opened(tmp_path, inbox)
    look(made, tools)
    yield made
    close(made)


def look(seed: Seed, tools: Tools, at: timedelta = timedelta(0)) -> None:
    """A turn of the clock: what is due is asked, what came is decided, what follows leaves."""
    seed.at(NOW + at)
    jobs.deliver_all(seed.context, tools, time.monotonic() + 20)
    jobs.decide_all(seed.context)
    jobs.deliver_all(seed.context, tools, time.monotonic() + 20)


def sent(seed: Seed, **more: Any) -> str:
    """A mail to Ann that left."""
    entry = {"id": "E1", "amount": None}
    event = seed.event("ledger.posted", {"entry": entry})
    return seed.action(
        event, "email", recipient="ann", address="ann@acme.example", client_facing=True, **more
    )


def of_type(seed: Seed, kind: str) -> list[dict[str, Any]]:
    with seed.context.database.reading() as connection:
        rows = lists.events_page(connection, Wanted(), {"type": kind}).rows
        found = [journal.one(connection, row["id"]) for row in rows]
    return [{"project": e.project, "person": e.person, **e.objects} for e in found if e]


def row(seed: Seed, id: str) -> dict[str, Any]:
    with seed.context.database.reading() as connection:
        found = actions.row_of(connection, id)
    assert found is not None
    return found


def answer(id: str, sender: str = "Ann@acme.example") -> str:
    return f"From: {sender}\nMessage-ID: <a1@acme.example>\nIn-Reply-To: <{id}@northwind.example>\n\nHere it is.\n"


def bounce(id: str) -> str:
    return (
        "From: MAILER-DAEMON@mx.example\nMessage-ID: <b1@mx.example>\nSubject: Undelivered\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\n\n--x\n'
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
        "Final-Recipient: rfc822; ann@acme.example\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 no such user\n\n--x\nContent-Type: text/rfc822-headers\n\n"
        f"Message-ID: <{id}@northwind.example>\n\n--x--\n"
    )


def test_an_answer_ends_what_the_mail_asked_for(seed: Seed, there: ImapStandIn, tools: Tools) -> None:
    """The item is answered by Ann, as if she had written it on her page; the same mail answers nothing twice."""
    item = {"id": "itm_1", "project": "apollo", "client": "acme", "title": "Test data", "kind": "input"}
    more = {"party": "client", "owner": "ann", "status": "open", "due": None, "blocks": [], "contacts": []}
    seed.put("action_item", {**item, **more, "asked_at": NOW, "answered_at": None, "late_days": 0, "rung": 0})
    id = sent(seed, names={"action_item": {"id": "itm_1"}})
    there.put(answer(id))
    look(seed, tools, MINUTE)
    look(seed, tools, 2 * MINUTE)
    (reply,) = of_type(seed, "message.replied")
    assert (reply["project"], reply["person"], reply["message"]["text"]) == ("apollo", "ann", "Here it is.")
    (answered,) = of_type(seed, "action_item.answered")
    assert answered["action_item"]["answered_by"] == "ann"


def test_a_mail_that_came_back_is_marked_and_the_lead_is_told(
    seed: Seed, there: ImapStandIn, tools: Tools
) -> None:
    """With the server's reason; the decision that it asked for knows that it reached nobody."""
    seed.put(
        "approval", {"id": "apr_1", "project": "apollo", "client": "acme", "status": "sent", "about": "scope"}
    )
    id = sent(seed, keys={"link": {"approval": "apr_1"}})
    there.put(bounce(id))
    look(seed, tools, MINUTE)
    look(seed, tools, 2 * MINUTE)
    assert (row(seed, id)["state"], row(seed, id)["reason"]) == ("bounced", "550 no such user")
    (task,) = [t for t in of_type(seed, "task.opened") if t["task"]["owner"] == "lin"]
    assert "Ann Lee" in task["task"]["title"]
    assert f"accord redrive {id}" in task["task"]["title"]
    with seed.context.database.reading() as connection:
        approval = seed.context.state(connection).book.get("approval", "apr_1")
    assert approval is not None
    assert approval["bounced_at"] is not None
    assert approval["messages"][0]["status"] == "bounced"


def test_what_came_back_can_be_sent_again(seed: Seed, there: ImapStandIn, tools: Tools) -> None:
    """It stands among the dead letters until a person has mended the address."""
    id = sent(seed)
    there.put(bounce(id))
    look(seed, tools, MINUTE)
    assert settle.redrive(seed.context, [id], "Lin Hao") == [id]
    assert row(seed, id)["state"] == "ready"


def test_a_letter_of_a_contact_is_logged_with_its_project(
    seed: Seed, there: ImapStandIn, tools: Tools
) -> None:
    """Li Wei has one project here, so it is about that one."""
    there.put("From: li.wei@hengtai.example\nMessage-ID: <c1@hengtai.example>\nSubject: 进度\n\n请来电。\n")
    look(seed, tools, MINUTE)
    (contact,) = of_type(seed, "contact.logged")
    assert (contact["project"], contact["contact"]["with"], contact["contact"]["channel"]) == (
        "kanban",
        "liwei",
        "mail",
    )


def test_a_letter_that_may_be_about_two_projects_waits_for_a_person(
    seed: Seed, there: ImapStandIn, tools: Tools
) -> None:
    """Acme has two projects: the letter is kept, and somebody says whose it is."""
    there.put("From: ann@acme.example\nMessage-ID: <c2@acme.example>\nSubject: Hello\n\nA word.\n")
    look(seed, tools, MINUTE)
    (contact,) = of_type(seed, "contact.logged")
    assert contact["project"] is None


def test_a_letter_of_a_stranger_is_left_where_it_is(seed: Seed, there: ImapStandIn, tools: Tools) -> None:
    """The record is about people who are in the files; advertising has no place in it."""
    there.put("From: sales@vendor.example\nMessage-ID: <c3@vendor.example>\nSubject: Buy\n\nNow.\n")
    look(seed, tools, MINUTE)
    assert of_type(seed, "contact.logged") == []


def test_while_the_inbox_is_away_mail_still_leaves(seed: Seed, there: ImapStandIn, tools: Tools) -> None:
    """Its failures are its own; after five minutes of them the connection's owner is told which one fails."""
    for minutes in (1, 2, 3, 4, 5, 7, 9, 12, 20):
        there.fail("no", "EXAMINE")
        look(seed, tools, minutes * MINUTE)
        there.faults.clear()
    with seed.context.database.reading() as connection:
        assert connection_state(connection, "mail")["failures"] == 0
        assert connection_state(connection, "mail.inbox")["failures"] > 0
        found = troubles.found(seed.context, connection, lambda _: None)
    assert [(t.kind, t.subject, t.owner) for t in found if t.kind == "connection_failing"] == [
        ("connection_failing", "mail.inbox", "lin")
    ]
    id = sent(seed)
    settle.redrive(seed.context, [id], "nobody")
    there.put(answer(id))
    look(seed, tools, timedelta(hours=3))
    assert len(of_type(seed, "message.replied")) == 1
