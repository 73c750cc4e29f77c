"""A sum over the step-up: the decision needs a code that goes to the known address, and nothing less decides."""

from __future__ import annotations

import email
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.policy import default
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.flow import deliver
from service.store import actions, evidence, lists
from service.store.lists import Wanted
from service.tools import Tools
from tests.service.web.test_client_decision import answers, approval, decide, nonce_of
from tests.support.seeding import CHANGE_TEXT, NOW, Seed

MINUTE = timedelta(minutes=1)


@pytest.fixture
def mailed(seed: Seed) -> Iterator[Callable[[], list[str]]]:
    """Lets what is due leave; the bodies of all mails that left so far, in order."""
    tools, tops = Tools(), []
    place = seed.context.settings.var / "mail"

    def leave() -> list[str]:
        with seed.context.database.reading() as connection:
            due = [id for id, _ in actions.due(connection, seed.context.now(), lambda _: 50)]
        for id in due:
            deliver.deliver(seed.context, tools, lambda *_: 0, id)
        for path in sorted(place.rglob("*.eml"), key=lambda p: p.stat().st_mtime_ns):
            if path.name not in {name for name, _ in tops}:
                read = email.message_from_bytes(path.read_bytes(), policy=default)
                body = read.get_body(("plain",))
                assert body is not None
                tops.append((path.name, f"To: {read['to']}\n{body.get_content()}"))
        return [said for _, said in tops]

    yield leave
    tools.close()


def large(seed: Seed, **more: Any) -> str:
    """A change over the step-up that Ann is asked about; the path of her page."""
    seed.project("apollo")
    seed.change()
    seed.approval(**{"_code": True, **more})
    return "/a/" + seed.link("approval", "apr_export", "ann")


def ask(client: FlaskClient, path: str, **fields: str) -> Any:
    """Press the button under the form."""
    return client.post(path, data={"nonce": nonce_of(client.get(path).text), "ask": "code", **fields})


def code_in(mail: str) -> str:
    found = re.search(r"\b(\d{6})\b", mail)
    assert found, mail
    return found[1]


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def states(seed: Seed) -> list[str]:
    with seed.context.database.reading() as connection:
        return [row["state"] for row in lists.actions_page(connection, Wanted(), {}).rows]


def test_a_large_sum_is_decided_with_the_code_from_the_mail(seed: Seed, mailed: Any) -> None:
    """The button sends it to the address on record, at once; with it the decision stands, and the record says when it
    was proved and never what it was.
    """
    path, client = large(seed), seed.app.test_client()
    assert "Send me the code" in client.get(path).text
    asked = ask(client, path, decision="approved", name="Ann Lee", statement="yes")
    assert asked.status_code == 200
    assert "on its way to ann@acme.example" in asked.text
    assert 'value="Ann Lee"' in asked.text
    (mail,) = mailed()
    assert "To: ann@acme.example" in mail
    assert "change CR-7" in mail
    done = decide(client, path, code=f" {code_in(mail)[:3]} {code_in(mail)[3:]} ")
    assert done.status_code == 200
    assert approval(seed)["status"] == "approved"
    with seed.context.database.reading() as connection:
        (kept,) = evidence.chain_of(connection, "apollo")
    assert kept["record"]["identified"] == "link+code"
    assert kept["record"]["code_proved_at"] == kept["record"]["at"]
    assert code_in(mail) not in str(kept)


def test_looking_sends_nothing_and_neither_does_a_strange_form(seed: Seed, mailed: Any) -> None:
    """Twenty GETs and a POST without the page's own form send no code, and a small sum has no code to send."""
    path, client = large(seed), seed.app.test_client()
    assert {client.get(path).status_code for _ in range(20)} == {200}
    assert client.head(path).status_code == 200
    assert client.post(path, data={"ask": "code"}).status_code == 400
    seed.approval(_code=False)
    assert ask(client, path).status_code == 422
    assert mailed() == []


def test_without_the_right_code_nothing_is_decided(seed: Seed, mailed: Any) -> None:
    """None sent, none typed, a wrong one: each is said, what was typed stays, and the question stays open."""
    path, client = large(seed), seed.app.test_client()
    assert "if you have none, have it sent" in decide(client, path, code="123456").text
    ask(client, path)
    assert decide(client, path).status_code == 422
    (mail,) = mailed()
    wrong = decide(client, path, code=other_than(code_in(mail)))
    assert wrong.status_code == 422
    assert "This code is not right." in wrong.text
    assert 'value="Ann Lee"' in wrong.text
    for outcome in ("rejected", "changes_requested"):
        assert decide(client, path, decision=outcome, reason="no", code="nonsense").status_code == 422
    assert approval(seed)["status"] == "sent"
    assert answers(seed) == []


def test_five_wrong_tries_end_a_code(seed: Seed, mailed: Any) -> None:
    """After the fifth the right one is refused too; a new one works, and the one before does not."""
    path, client = large(seed), seed.app.test_client()
    ask(client, path)
    (first,) = mailed()
    for _ in range(5):
        last = decide(client, path, code=other_than(code_in(first)))
    assert "wrong too often" in last.text
    assert "wrong too often" in decide(client, path, code=code_in(first)).text
    seed.at(NOW + 2 * MINUTE)
    ask(client, path)
    second = mailed()[-1]
    assert code_in(second) != code_in(first)
    assert decide(client, path, code=code_in(first)).status_code == 422
    assert answers(seed) == []
    assert decide(client, path, code=code_in(second)).status_code == 200


def test_a_code_lasts_fifteen_minutes(seed: Seed, mailed: Any) -> None:
    """A second before it is right, at the quarter of an hour it is not."""
    path, client = large(seed), seed.app.test_client()
    ask(client, path)
    (mail,) = mailed()
    seed.at(NOW + 15 * MINUTE)
    assert "no longer valid" in decide(client, path, code=code_in(mail)).text
    assert answers(seed) == []
    seed.at(NOW + 15 * MINUTE - timedelta(seconds=1))
    assert decide(client, path, code=code_in(mail)).status_code == 200


def test_a_code_is_good_for_its_person_and_its_version_alone(seed: Seed, mailed: Any) -> None:
    """Bob's code decides nothing on Ann's page, and the code of a version nothing about the next one."""
    path, client = large(seed, asked=("ann", "bob"), need="all"), seed.app.test_client()
    bobs = "/a/" + seed.link("approval", "apr_export", "bob")
    ask(client, path)
    ask(client, bobs)
    sent = {mail.split("\n")[0]: code_in(mail) for mail in mailed()}
    assert set(sent) == {"To: ann@acme.example", "To: bob@acme.example"}
    assert decide(client, path, code=sent["To: bob@acme.example"]).status_code == 422
    seed.approval("apr_next", version=2, text=CHANGE_TEXT, _code=True)
    following = "/a/" + seed.link("approval", "apr_next", "ann", version=2)
    assert decide(client, following, code=sent["To: ann@acme.example"]).status_code == 422
    assert answers(seed) == []


def test_codes_are_few(seed: Seed, mailed: Any) -> None:
    """Not two within a minute, whoever presses; after ten for one question the page names the lead."""
    path, client = large(seed), seed.app.test_client()
    assert ask(client, path).status_code == 200
    again = ask(client, path)
    assert (again.status_code, "less than a minute ago" in again.text) == (429, True)
    for number in range(1, 10):
        seed.at(NOW + number * 2 * MINUTE)
        assert ask(client, path).status_code == 200
    seed.at(NOW + 30 * MINUTE)
    last = ask(client, path)
    assert (last.status_code, "No more codes" in last.text) == (429, True)
    assert "lin@northwind.example" in last.text


def test_nobody_on_the_team_reads_a_code(seed: Seed, mailed: Any) -> None:
    """It stands neither in the database's messages nor on the console's page of the mail, before or after it left."""
    path, client = large(seed), seed.app.test_client()
    ask(client, path)
    with seed.context.database.reading() as connection:
        (row,) = lists.actions_page(connection, Wanted(), {}).rows
    console = seed.signed_in("owner")
    before = console.get(f"/messages/{row['id']}").text
    (mail,) = mailed()
    after = console.get(f"/messages/{row['id']}").text
    html = console.get(f"/messages/{row['id']}/mail").text
    for page in (before, after, html):
        assert code_in(mail) not in page
    with seed.context.database.reading() as connection:
        kept = actions.row_of(connection, row["id"])
    assert code_in(mail) not in str(kept)
    assert "…" in str((kept or {})["body"])


def test_a_code_that_ran_out_on_its_way_is_not_sent(seed: Seed, mailed: Any) -> None:
    """The mail system was away for a quarter of an hour: a code that proves nothing does not leave, and says why."""
    path, client = large(seed), seed.app.test_client()
    ask(client, path)
    seed.at(NOW + 16 * MINUTE)
    assert mailed() == []
    assert states(seed) == ["dead"]
