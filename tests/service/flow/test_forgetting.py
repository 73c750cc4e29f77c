"""Nothing is kept longer than the workspace says, a person can be erased, and the chain of evidence still verifies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import escape
from pathlib import Path

import pytest
from sqlalchemy import text

from rules.facts.evidence import verify_chain
from rules.language.documents import read
from rules.language.model import Operand
from rules.language.workspace import build
from service.cli import main
from service.flow import forget
from service.flow.decide import decide_waiting
from service.rulebook import Rulebook
from service.store import attention, evidence, inbox, lists
from service.store.actions import row_of
from service.store.deliveries import Became
from service.store.lists import Wanted
from tests.security.access import record_of
from tests.support.seeding import NOW, Seed, close, opened

YEARS = timedelta(days=900)
HOME = {
    "client_facing": True,
    "recipient": "ann",
    "address": "ann@acme.example",
    "target": "mail/ann",
}


@pytest.fixture
def seed(tmp_path: Path) -> Iterator[Seed]:
    made = opened(tmp_path)
    yield made
    close(made)


def decided(seed: Seed) -> str:
    """Ann approves a change on her page, with an address and a browser; the token of her link."""
    seed.project("apollo")
    seed.change()
    seed.approval()
    token = seed.link("approval", "apr_export", "ann")
    client = seed.app.test_client()
    nonce = client.get(f"/a/{token}").text.partition('name="nonce" value="')[2].partition('"')[0]
    said = {"decision": "approved", "name": "Ann Lee", "statement": "yes", "nonce": nonce}
    answer = client.post(f"/a/{token}", data=said, headers={"User-Agent": "Browser/1"})
    assert answer.status_code in (200, 303), answer.text
    return token


def beside(seed: Seed) -> set[str]:
    """The names of what is kept beside the chain."""
    with seed.context.database.reading() as connection:
        return {name for link in evidence.chain_of(connection, "apollo") for name in link["opened"]}


def everything(seed: Seed) -> list[str]:
    """Every row of the record and of the inbox."""
    return [row for rows in record_of(seed).values() for row in rows]


def verifies(seed: Seed, chain: str) -> bool:
    with seed.context.database.reading() as connection:
        found = evidence.chain_of(connection, chain)
    assert found, "there is something to verify"
    return verify_chain((link["record"], link["hash"]) for link in found) == []


def pruned(seed: Seed) -> None:
    while forget.prune(seed.context) or forget.prune_inbox(seed.context):
        continue


def test_what_is_old_goes_and_what_is_young_stays(seed: Seed) -> None:
    """Webhook calls, attempts and verdicts of long ago; the event, the message and what was decided remain."""
    event = seed.event("issue.created", {"issue": {"id": "tracker/APO-1"}}, YEARS)
    seed.verdict(event, "budget/levels", "fired", "budget.used is 81 %")
    action = seed.action(event, "comment", connection="tracker", target="tracker/APO-1")
    old = seed.delivery("tracker", '{"n": 1}', Became("decided"), YEARS)
    young = seed.delivery("tracker", '{"n": 2}', Became("decided"))
    pruned(seed)
    with seed.context.database.inbox_reading() as connection:
        assert inbox.one(connection, old) is None
        assert inbox.one(connection, young) is not None
    with seed.context.database.reading() as connection:
        assert lists.attempts_of(connection, action) == []
        assert lists.verdicts_page(connection, Wanted(), {}).rows == []
        assert lists.event_row(connection, event.id) is not None
        assert row_of(connection, action) is not None


def test_what_still_waits_is_kept_however_old(seed: Seed) -> None:
    """A delivery that is to be understood again, and the attempts of a message that is not over."""
    waits = seed.delivery("tracker", '{"n": 1}', Became("again"), YEARS)
    event = seed.event("issue.created", {"issue": {"id": "tracker/APO-1"}}, YEARS)
    dead = seed.action(event, "comment", "dead", connection="tracker", target="tracker/APO-1")
    pruned(seed)
    with seed.context.database.inbox_reading() as connection:
        assert inbox.one(connection, waits) is not None
    with seed.context.database.reading() as connection:
        assert len(lists.attempts_of(connection, dead)) == 1


def test_the_workspace_says_how_long(seed: Seed, monkeypatch: pytest.MonkeyPatch) -> None:
    """`retention: {deliveries: forever}` keeps them for good; a misspelt time is told with its place."""
    old = seed.delivery("tracker", '{"n": 1}', Became("decided"), YEARS)
    kept = {**seed.context.rulebook.workspace.retention, "deliveries": None}
    chosen = replace(seed.context.rulebook.workspace, retention=kept)
    monkeypatch.setattr(Rulebook, "workspace", property(lambda _: chosen))
    pruned(seed)
    with seed.context.database.inbox_reading() as connection:
        assert inbox.one(connection, old) is not None
    document, _ = read("version: 1\nretention: {deliveries: long}\n", "accord.yaml")
    assert document is not None
    _, problems = build([document])
    assert any("accord.yaml:2" in str(p) for p in problems)


def test_address_and_browser_go_and_the_chain_still_verifies(seed: Seed) -> None:
    """The chain holds commitments to them; what stands beside it goes when its time is over, the name stays."""
    decided(seed)
    assert beside(seed) == {"name", "by", "address", "agent"}
    seed.at(NOW + YEARS)
    pruned(seed)
    assert beside(seed) == {"name", "by"}
    assert verifies(seed, "apollo")


def test_a_person_is_erased_and_what_was_agreed_stays(seed: Seed, capsys: pytest.CaptureFixture[str]) -> None:
    """Words, addresses, webhook calls, circumstances and links go; the decision and its chain stay and verify."""
    token = decided(seed)
    home = str(seed.context.settings.home)
    call = seed.delivery("tracker", '{"comment": "call me at 555-0101"}', Became("decided"))
    told = {"comment": {"id": "c1", "author": "ann", "text": "call me at 555-0101"}}
    said = seed.event("comment.created", told, person="ann", delivery=call)
    sent = seed.action(said, "email", **HOME, names={"client": {"name": "Ann"}})
    waits = seed.action(said, "email", "ready", **{**HOME, "target": "mail/ann2"})
    assert main(["--home", home, "erase", "ann"]) == 0
    assert "--yes" in capsys.readouterr().out
    with seed.context.database.reading() as connection:
        assert (row_of(connection, sent) or {})["address"] == "ann@acme.example", "only asked so far"
    assert main(["--home", home, "erase", "ann", "--yes"]) == 0
    with seed.context.database.reading() as connection:
        rows = [row_of(connection, id) or {} for id in (sent, waits)]
        event = lists.event_row(connection, said.id) or {}
    assert [(r["state"], r["address"], r["body"]) for r in rows] == [
        ("sent", None, None),
        ("cancelled", None, None),
    ]
    assert "555-0101" not in str((rows, event))
    with seed.context.database.inbox_reading() as connection:
        stored = inbox.one(connection, call)
    assert stored is not None
    assert stored.delivery.body == b""
    assert beside(seed) == set()
    assert verifies(seed, "apollo")
    assert verifies(seed, "organisation"), "that somebody was erased is on record too"
    assert seed.app.test_client().get(f"/a/{token}").status_code == 404


def test_nothing_on_record_names_who_was_erased(seed: Seed) -> None:
    """Typed name, mail address and words of a contact are in no row any more: not in the decision, its event and its
    chain, not in what was told to others of it; a namesake at another client keeps theirs.
    """
    decided(seed)
    decide_waiting(seed.context)
    words = "<call> me & 555-0101"
    told = {"comment": {"id": "c1", "author": "ann", "text": words}, "issue": {"id": "tracker/APO-1"}}
    said = seed.event("comment.created", told, person="ann", connection="tracker")
    quoted = f"Ann Lee (ann@acme.example) wrote: {words}"
    html = f"<p>ANN LEE wrote: {escape(words)}</p>"
    seed.verdict(said, "talk/told", "fired", quoted, trace=(Operand("comment.text", True, ()),))
    to_lin = {"recipient": "lin", "address": "lin@northwind.example", "names": {"comment": told["comment"]}}
    told_of = {"text_out": ("From Ann Lee", quoted, html), "outcome": "250 ok, Reply-To: ann@acme.example"}
    sent = seed.action(said, "email", **told_of, **to_lin)
    namesake = seed.event("issue.created", {"issue": {"id": "x", "title": "for Ann Lee"}}, client="hengtai")
    assert any("555-0101" in row for row in everything(seed))
    people, clients = forget.people_behind(seed.context.rulebook.workspace, "ann")
    forget.erase(seed.context, "ann", people, clients)
    left = everything(seed)
    for gone in ("ann@acme.example", "555-0101", "Ann Lee wrote", "ANN LEE"):
        assert [row for row in left if gone in row] == [], gone
    assert sum(row.count("Ann Lee") for row in left) == 1
    with seed.context.database.reading() as connection:
        assert "Ann Lee" in (lists.event_row(connection, namesake.id) or {})["data"]
        assert (row_of(connection, sent) or {})["body"] == "[erased] ([erased]) wrote: [erased]"
        approval = attention.record(connection, "approval", "apr_export") or {}
    assert (approval["status"], approval["decisions"][0]["person"]) == ("approved", "ann")
    assert approval["decisions"][0]["name"] == "[erased]"
    assert verifies(seed, "apollo")


def test_what_an_earlier_version_kept_beside_the_chain_goes_too(seed: Seed) -> None:
    """Version 0.1.0 kept address and browser without a salt; its record names who decided for good, which is told."""
    seed.project("apollo")
    record = {"event": "approval.answered", "approval": "apr_1", "person": "ann", "by": "ann@acme.example"}
    with seed.context.database.writing() as connection:
        evidence.append(connection, "apollo", record, NOW)
        connection.execute(
            text("""UPDATE evidence SET private = '{"address": "203.0.113.9", "agent": "Browser/1"}'""")
        )
        assert evidence.chain_of(connection, "apollo")[0]["opened"] == {}
    found = forget.erase(seed.context, "ann", ["ann"], [])
    assert found["named_still"] == 1
    assert not any("203.0.113.9" in row for row in everything(seed))
    assert verifies(seed, "apollo")


def test_erasing_again_finds_nothing(seed: Seed) -> None:
    """What is gone is gone, and a broken run can be begun again."""
    decided(seed)
    for _ in range(2):
        found = forget.erase(seed.context, "ann", ["ann"], [])
    assert (found["texts"], found["evidence"], found["links"]) == (0, 0, 0)


def test_erasing_nobody_is_wrong_use(seed: Seed, capsys: pytest.CaptureFixture[str]) -> None:
    """A mistyped key erases nothing."""
    assert main(["--home", str(seed.context.settings.home), "erase", "anne", "--yes"]) == 2
    assert "anne" in capsys.readouterr().err
