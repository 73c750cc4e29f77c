"""A client decides on a page: looking decides nothing, a decision stands, and what is over cannot be decided."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from rules.facts.event import Record
from rules.facts.evidence import text_hash, unfit, verify_chain
from service.store import attention, evidence, journal, lists
from service.store.lists import Wanted
from tests.support.seeding import CHANGE_TEXT, NOW, Seed

APPROVE = {"decision": "approved", "name": "Ann Lee", "statement": "yes"}


def asked(seed: Seed, **more: Any) -> str:
    """A change that Ann is asked about; the path of her page."""
    seed.project("apollo")
    seed.change()
    seed.approval(**more)
    return "/a/" + seed.link("approval", "apr_export", "ann")


def nonce_of(html: str) -> str:
    found = re.search(r'name="nonce" value="([^"]+)"', html)
    assert found, "the page has no form"
    return found[1]


def decide(client: FlaskClient, path: str, nonce: str | None = None, **fields: str) -> Any:
    token = nonce if nonce is not None else nonce_of(client.get(path).text)
    return client.post(path, data={**APPROVE, "nonce": token, **fields})


def approval(seed: Seed, id: str = "apr_export") -> Record:
    with seed.context.database.reading() as connection:
        found = attention.record(connection, "approval", id)
    assert found is not None
    return found


def answers(seed: Seed) -> list[dict[str, Any]]:
    with seed.context.database.reading() as connection:
        return lists.events_page(connection, Wanted(), {"type": "approval.answered"}).rows


def test_scanners_and_previews_decide_nothing(seed: Seed) -> None:
    """Twenty GETs, HEAD, OPTIONS and a POST without the page's own form leave the question open."""
    path, client = asked(seed), seed.app.test_client()
    assert {client.get(path).status_code for _ in range(20)} == {200}
    assert client.head(path).status_code == 200
    assert client.options(path).status_code == 200
    refused = client.post(path, data=APPROVE)
    assert refused.status_code == 400
    assert "The page was open too long. Nothing was recorded." in refused.text
    assert approval(seed)["status"] == "sent"
    assert answers(seed) == []
    assert client.get_cookie("accord") is None


def test_a_decision_is_recorded_once_and_stands(seed: Seed) -> None:
    """Approve: confirmed. The same again: the same confirmation. Reject afterwards: 409 with the first decision."""
    path, client = asked(seed), seed.app.test_client()
    nonce = nonce_of(client.get(path).text)
    first = decide(client, path, nonce)
    assert first.status_code == 200
    assert "You approved change CR-7: add an export to spreadsheet." in first.text
    again = decide(client, path, nonce)
    assert again.status_code == 200
    assert "This is what was recorded." in again.text
    other = decide(client, path, nonce, decision="rejected", reason="too dear")
    assert other.status_code == 409
    assert "Your decision was not changed: it is already approved." in other.text
    assert approval(seed)["status"] == "approved"
    assert len(answers(seed)) == 1
    assert "You approved change CR-7" in client.get(path).text


def test_the_confirmation_holds_what_proves_it(seed: Seed) -> None:
    """The evidence has the exact text and its hash, name, statement and address; the page shows its fingerprint."""
    path, client = asked(seed), seed.app.test_client()
    page = decide(client, path, decision="rejected", reason="Not this year.").text
    with seed.context.database.reading() as connection:
        (link,) = evidence.chain_of(connection, "apollo")
        (read,) = attention.evidence_of(connection, "apollo", "apr_export")
    record = link["record"]
    assert (record["text"], record["text_sha256"]) == (CHANGE_TEXT, text_hash(CHANGE_TEXT))
    assert (record["decision"], read["record"]["remark"]) == ("rejected", "Not this year.")
    assert (read["record"]["name"], read["record"]["by"]) == ("Ann Lee", "ann@acme.example")
    assert unfit(record, link["opened"]) == []
    assert set(link["opened"]) == set(record["personal"]) == {"name", "by", "remark", "address", "agent"}
    assert "Ann" not in str(record), "what may have to be erased is not in the chain"
    assert record["statement"] == "I have read the text above and decide for Acme Ltd."
    assert verify_chain([(record, link["hash"])]) == []
    for shown in (link["hash"], text_hash(CHANGE_TEXT), "Not this year.", "Ann Lee"):
        assert shown in page


def test_the_decision_becomes_an_event(seed: Seed) -> None:
    """What follows is decided like everything else: one event with the decision and the person."""
    path, client = asked(seed), seed.app.test_client()
    decide(client, path)
    (row,) = answers(seed)
    event = journal.decode(row["data"])
    assert (event.person, event.objects["decision"]["outcome"]) == ("ann", "approved")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"decision": ""}, "Choose one of the three."),
        ({"decision": "maybe"}, "Choose one of the three."),
        ({"decision": "rejected"}, "Say why, or what should be different."),
        ({"decision": "changes_requested", "reason": " "}, "Say why, or what should be different."),
        ({"name": " "}, "Type your full name."),
        ({"statement": ""}, "Tick that you have read the text."),
    ],
)
def test_what_is_left_out_is_asked_for_and_what_was_typed_stays(
    seed: Seed, fields: dict[str, str], says: str
) -> None:
    """Nothing is recorded, the page says what is missing beside the field, and the rest is still filled in."""
    path, client = asked(seed), seed.app.test_client()
    answer = decide(client, path, **{"reason": "", **fields})
    assert answer.status_code == 422
    assert says in answer.text
    if "name" not in fields:
        assert 'value="Ann Lee"' in answer.text
    assert approval(seed)["status"] == "sent"


def test_the_three_decisions_have_equal_weight(seed: Seed) -> None:
    """None is chosen beforehand, and each is one option of the same list."""
    page = seed.app.test_client().get(asked(seed)).text
    options = re.findall(r'<input type="radio" name="decision" value="(\w+)" required(\s+checked)?>', page)
    assert options == [("approved", ""), ("rejected", ""), ("changes_requested", "")]


def test_the_page_shows_text_figures_and_dates(seed: Seed) -> None:
    """The exact text, the effect on money and dates, the last day, and how to reach the lead."""
    page = seed.app.test_client().get(asked(seed)).text
    assert CHANGE_TEXT in page
    for shown in (
        "+\u00a0USD\u00a08,000.00",
        "USD\u00a0108,000.00",
        "+ 5 working days",
        "lin@northwind.example",
    ):
        assert shown in page
    assert "Friday, 4\u00a0December\u00a02026" in page
    assert "Launch: 29\u00a0January\u00a02027 → 5\u00a0February\u00a02027" in page


def test_after_the_end_of_the_clients_day_nothing_can_be_decided(seed: Seed) -> None:
    """A form opened in time is refused one second after midnight in New York; the page offers a new link."""
    path, client = asked(seed), seed.app.test_client()
    nonce = nonce_of(client.get(path).text)
    end = approval(seed)["expires_at"]
    seed.at(end - timedelta(seconds=1))
    assert client.get(path).status_code == 200
    seed.at(end)
    fresh = nonce_of_open(client, seed, path, end)
    late = decide(client, path, fresh)
    assert late.status_code == 410
    assert "This link expired on 4\u00a0December\u00a02026." in late.text
    assert "Ask for a new link" in client.get(path).text
    assert decide(client, path, nonce).status_code == 410
    assert approval(seed)["status"] == "sent"
    assert answers(seed) == []


def nonce_of_open(client: FlaskClient, seed: Seed, path: str, end: Any) -> str:
    """The nonce of the page as it was a second before the end."""
    seed.at(end - timedelta(seconds=1))
    nonce = nonce_of(client.get(path).text)
    seed.at(end)
    return nonce


def test_an_older_version_leads_to_the_newest_mail(seed: Seed) -> None:
    """The token of version 1 decides nothing once version 2 was sent."""
    path, client = asked(seed), seed.app.test_client()
    nonce = nonce_of(client.get(path).text)
    seed.approval(status="superseded")
    seed.approval("apr_export_2", version=2, text=CHANGE_TEXT.replace("8,000", "9,000"))
    answer = decide(client, path, nonce)
    assert answer.status_code == 410
    assert "There is a newer version of change CR-7" in answer.text
    assert approval(seed, "apr_export_2")["status"] == "sent"


@pytest.mark.parametrize("status", ["withdrawn", "expired"])
def test_what_was_taken_back_says_so(seed: Seed, status: str) -> None:
    """Withdrawn and expired questions are pages, not errors, and decide nothing."""
    path = asked(seed, status=status)
    client = seed.app.test_client()
    assert client.get(path).status_code == 410
    assert decide(client, path, "x").status_code == 410
    assert answers(seed) == []


def test_a_form_of_another_link_or_text_is_refused(seed: Seed) -> None:
    """The nonce is bound to the link and to the very text that was shown."""
    path, client = asked(seed, asked=("ann", "bob")), seed.app.test_client()
    bobs = "/a/" + seed.link("approval", "apr_export", "bob")
    of_bob = nonce_of(client.get(bobs).text)
    assert decide(client, path, of_bob).status_code == 400
    of_ann = nonce_of(client.get(path).text)
    seed.approval(asked=("ann", "bob"), text=CHANGE_TEXT.replace("+USD 8,000.00", "+USD 80,000.00"))
    assert decide(client, path, of_ann).status_code == 400
    seed.at(NOW + timedelta(hours=13))
    assert answers(seed) == []


def test_when_several_are_needed_each_decides_for_themselves(seed: Seed) -> None:
    """The first of two sees that one of two needed is there, and keeps their confirmation; the second completes it."""
    path, client = asked(seed, asked=("ann", "bob"), need="all"), seed.app.test_client()
    bobs = "/a/" + seed.link("approval", "apr_export", "bob")
    assert "1 of 2 needed" in decide(client, path).text
    assert approval(seed)["status"] == "sent"
    assert "You approved" in client.get(path).text
    assert "It takes effect now." in decide(client, bobs, name="Bob Ray").text
    assert approval(seed)["status"] == "approved"


def test_when_one_is_enough_the_other_sees_who_decided(seed: Seed) -> None:
    """Bob sees Ann's decision and can neither repeat nor change it."""
    path, client = asked(seed, asked=("ann", "bob")), seed.app.test_client()
    bobs = "/a/" + seed.link("approval", "apr_export", "bob")
    nonce = nonce_of(client.get(bobs).text)
    decide(client, path)
    seen = client.get(bobs)
    assert "Ann Lee has already decided: approved." in seen.text
    assert decide(client, bobs, nonce, decision="rejected", reason="no").status_code == 409


def test_a_revoked_link_and_a_guessed_one_lead_nowhere(seed: Seed) -> None:
    """Both are 404; the revoked one says to use the newest mail."""
    path, client = asked(seed), seed.app.test_client()
    seed.revoke("approval", "apr_export", "ann")
    gone = client.get(path, headers={"Accept-Language": "en"})
    assert gone.status_code == 404
    assert "This link is no longer valid." in gone.text
    assert client.get("/a/" + "x" * 43).status_code == 404
    assert client.post("/a/" + "x" * 43, data=APPROVE).status_code == 404


def test_the_page_speaks_the_persons_language(seed: Seed) -> None:
    """A contact whose locale is Chinese reads Chinese, whatever the browser asks for."""
    seed.project("kanban")
    seed.change(project="kanban", client="hengtai", title="增加导出功能")
    text = "变更内容：增加导出功能\n影响：+5 个工作日，+CNY 8,000.00\n调整后里程碑：不变\n"
    texts = {"zh-CN": {"text": text, "sha256": text_hash(text)}}
    seed.approval(("apr_zh"), ("liwei",), project="kanban", client="hengtai", texts=texts)
    path = "/a/" + seed.link("approval", "apr_zh", "liwei")
    page = seed.app.test_client().get(path, headers={"Accept-Language": "en"}).text
    assert '<html lang="zh-CN">' in page
    assert text in page
    assert "您" in page


def test_client_pages_are_private_and_need_no_script(seed: Seed) -> None:
    """Not kept, not indexed, not framed, no referrer, no script, and no cookie is set."""
    answer = seed.app.test_client().get(asked(seed))
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers
    assert "<script" not in answer.text
