"""The books of a project in the console: what takes two people is asked by one who signed in and decided by another."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from rules.facts.event import Record
from rules.facts.money import Money
from service.flow import decide
from service.store import attention, evidence
from tests.support.seeding import NOT_GIVEN, Seed, csrf_of

LOCALES = ("en", "zh-CN")
AUGUST = "2026-08-31"


@pytest.fixture
def apollo(seed: Seed) -> Seed:
    """Apollo under way, its books closed up to the end of August."""
    seed.project("apollo")
    seed.put(
        "period",
        {
            "id": "apollo",
            "project": "apollo",
            "client": "acme",
            "closed_until": date(2026, 8, 31),
            "steps": [
                {"at": seed.now, "closed_until": date(2026, 8, 31), "by": "wang", "declared": "deploy"}
            ],
        },
    )
    return seed


def as_person(seed: Seed, key: str, role: str = "member") -> FlaskClient:
    """Somebody signed in with the address of a person of the workspace."""
    return seed.signed_in(role, f"{key}@northwind.example")


def said(client: FlaskClient, path: str, locale: str = "en") -> str:
    answer = client.get(path, headers={"Accept-Language": locale})
    assert answer.status_code == 200, path
    assert NOT_GIVEN not in answer.text, path
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def send(client: FlaskClient, path: str, **fields: Any) -> Any:
    token = csrf_of(client.get("/account").text)
    return client.post(path, data={**fields, "csrf_token": token}, headers={"Accept-Language": "en"})


def ask(seed: Seed, client: FlaskClient, step: str, **fields: Any) -> int:
    status = int(send(client, f"/projects/apollo/books/{step}", **fields).status_code)
    decide.decide_waiting(seed.context)
    return status


def of(seed: Seed, kind: str) -> list[Record]:
    with seed.context.database.reading() as connection:
        return attention.records_of(connection, kind, ["apollo"])


def reopen(seed: Seed, client: FlaskClient) -> int:
    return ask(seed, client, "reopen", reopen_from="2026-08-01", reopen_reason="a bill was missing")


def test_closed_books_open_when_a_second_person_agrees(apollo: Seed) -> None:
    """Lin asks and cannot decide; Wang, who signed in, agrees; who asked, who agreed and the text are on record."""
    lin, wang = as_person(apollo, "lin"), as_person(apollo, "wang")
    assert reopen(apollo, lin) == 303
    (question,) = of(apollo, "approval")
    page = f"/approvals/{question['id']}"
    assert "Waits for a second person" in said(wang, "/projects/apollo/books")
    assert 'name="decision"' not in lin.get(page).text, "whoever asked is not offered to decide"
    send(lin, f"{page}/decide", decision="approved")
    decide.decide_waiting(apollo.context)
    assert of(apollo, "approval")[0]["status"] == "sent"
    assert [f["kind"] for f in of(apollo, "finding")] == ["denied"], "trying it is on record"
    assert send(wang, f"{page}/decide", decision="approved").status_code == 303
    decide.decide_waiting(apollo.context)
    (period,) = of(apollo, "period")
    assert period["closed_until"] == date(2026, 7, 31)
    assert {k: period["steps"][-1][k] for k in ("by", "agreed_by")} == {"by": "lin", "agreed_by": "wang"}
    with apollo.context.database.reading() as connection:
        kept = attention.evidence_of(connection, "apollo", question["id"])
        assert evidence.anchor_of(connection, "apollo", None) is not None
    assert [(e["record"]["person"], e["record"]["identified"]) for e in kept] == [("wang", "signed in")]
    assert "重新打开 Apollo 的账期" in kept[0]["record"]["text"], "the text as Wang read it"


def test_the_same_is_asked_once_and_never_of_nobody(apollo: Seed) -> None:
    """Asking again, or where there is no second person, is refused with the mend; what was typed stays."""
    lin = as_person(apollo, "lin")
    reopen(apollo, lin)
    again = send(lin, "/projects/apollo/books/reopen", reopen_from="2026-08-01", reopen_reason="once more")
    assert (again.status_code, "has asked for this already" in again.text) == (422, True)
    assert 'value="once more"' in again.text
    stranger = as_person(apollo, "nobody")
    page = send(stranger, "/projects/apollo/books/draw", draw_amount="10.00", draw_reason="x")
    assert "No person of the workspace has the address nobody@northwind.example" in unescape(page.text)
    assert len(of(apollo, "approval")) == 1


def test_whoever_asked_takes_it_back_and_nobody_else_without_the_right(apollo: Seed) -> None:
    """A member takes back what they asked; another member does not."""
    lin, wang = as_person(apollo, "lin"), as_person(apollo, "wang")
    reopen(apollo, lin)
    (question,) = of(apollo, "approval")
    send(wang, f"/approvals/{question['id']}/take-back")
    decide.decide_waiting(apollo.context)
    assert of(apollo, "approval")[0]["status"] == "sent"
    send(lin, f"/approvals/{question['id']}/take-back")
    decide.decide_waiting(apollo.context)
    assert of(apollo, "approval")[0]["status"] == "withdrawn"
    assert "refused=over" not in send(wang, f"/approvals/{question['id']}/decide", decision="approved").text
    decide.decide_waiting(apollo.context)
    assert of(apollo, "period")[0]["closed_until"] == date(2026, 8, 31)


def test_no_link_and_no_word_from_outside_agrees_in_place_of_a_second_person(apollo: Seed) -> None:
    """It is not written down as decided by phone, and no page of a link shows it."""
    reopen(apollo, as_person(apollo, "lin"))
    (question,) = of(apollo, "approval")
    owner = as_person(apollo, "wang", "owner")
    offline = {"person": "wang", "decision": "approved", "channel": "phone", "day": "2026-11-20"}
    assert send(owner, f"/approvals/{question['id']}/offline", **offline).status_code == 303
    assert of(apollo, "approval")[0]["status"] == "sent"
    link = apollo.link("approval", question["id"], "wang")
    assert apollo.app.test_client().get(f"/a/{link}").status_code == 404


@pytest.mark.parametrize(
    ("step", "fields", "message"),
    [
        ("close", {"close_until": "2026-11-20"}, "is not over"),
        ("close", {"close_until": "someday"}, "Give a day."),
        ("reopen", {"reopen_from": "2026-08-01"}, "Say why."),
        ("reopen", {"reopen_from": "2026-10-01", "reopen_reason": "x"}, "is not before that"),
        ("rebase", {"rebase_reason": "x"}, "says what is on record"),
        ("draw", {"draw_amount": "a lot", "draw_reason": "x"}, "Give an amount in USD"),
        ("draw", {"draw_amount": "-5", "draw_reason": "x"}, "more than 0"),
        ("draw", {"draw_amount": "5000.01", "draw_reason": "x"}, "is left of it"),
        ("accept", {"entry": "books/1"}, "waits for a confirmation"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    apollo: Seed, step: str, fields: dict[str, str], message: str
) -> None:
    """Nothing is asked of anybody."""
    page = send(as_person(apollo, "lin"), f"/projects/apollo/books/{step}", **fields)
    assert (page.status_code, message in unescape(page.text)) == (422, True)
    assert of(apollo, "approval") == []


def test_a_draw_is_asked_for_and_agreed_to_by_signed_in_people(apollo: Seed) -> None:
    """The example's client sees spending and has no rule for it here: a second person of the team agrees."""
    assert (
        ask(apollo, as_person(apollo, "lin"), "draw", draw_amount="1,500.00", draw_reason="A server") == 303
    )
    (question,) = [a for a in of(apollo, "approval") if a["status"] == "sent"]
    if question["party"] == "team":
        send(as_person(apollo, "wang"), f"/approvals/{question['id']}/decide", decision="approved")
        decide.decide_waiting(apollo.context)
        assert of(apollo, "baseline")[0]["drawn"] == Money.parse("1500 USD")


def test_a_questioned_entry_counts_once_somebody_says_that_it_is_meant(apollo: Seed) -> None:
    """The page lists it with its amount; one click, and it is on record who said so."""
    apollo.entry("books/9", "2000000.00", date(2026, 11, 2), number="BILL-9")
    entry = {**of(apollo, "entry")[0], "status": "questioned"}
    apollo.put("entry", entry)
    lin = as_person(apollo, "lin")
    assert "BILL-9" in said(lin, "/projects/apollo/books")
    assert ask(apollo, lin, "accept", entry="books/9") == 303
    (accepted,) = of(apollo, "entry")
    assert (accepted["status"], accepted["accepted"]["by"]) == ("posted", "lin")


@pytest.mark.parametrize("locale", LOCALES)
def test_the_page_says_where_the_books_stand(apollo: Seed, locale: str) -> None:
    """Closed until when, by whom, and that a command's name is only declared; viewers see no form."""
    viewer = apollo.signed_in("viewer")
    text = said(viewer, "/projects/apollo/books", locale)
    declared = {"en": "declared by the system account deploy", "zh-CN": "由系统账号 deploy 声明"}[locale]
    assert declared in text
    assert "<form" not in viewer.get("/projects/apollo/books").text.partition("<main")[2]
