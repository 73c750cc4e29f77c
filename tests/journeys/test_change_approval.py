"""A client's wish in the tracker becomes an agreed change: asked by mail, decided on a page, carried out everywhere."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.journeys.office import Office, link_in, plain
from tests.support.wait import until

ANN = {"decision": "approved", "name": "Ann Lee", "statement": "yes"}


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Office]:
    """An office where a labelled issue of 100 hours was drafted, reckoned (15,000 USD) and put to Ann by mail."""
    with Office(tmp_path) as opened:
        opened.settle(opened.mark_as_change("APO-9", "Export to Excel", 100))
        yield opened


class Page:
    """A person's browser on the page behind the link of a mail."""

    def __init__(self, at: Office, address: str = "ann@acme.example") -> None:
        mail = next(m for m in at.mails_to(address) if "/a/" in plain(m))
        self.url = at.stack.url + link_in(mail)

    def get(self) -> requests.Response:
        return requests.get(self.url, timeout=10)

    def nonce(self) -> str:
        found = re.search(r'name="nonce" value="([^"]+)"', self.get().text)
        assert found, "the page has no form"
        return found[1]

    def post(self, **form: str) -> requests.Response:
        return requests.post(self.url, data=form, timeout=10)

    def text(self) -> str:
        """The exact text that is agreed to."""
        found = re.search(r'<div class="agreed">(.*?)</div>', self.get().text, re.DOTALL)
        assert found
        return found[1]


def the(at: Office, what: str) -> dict[str, Any]:
    """The only change or approval."""
    (found,) = at.stack.items(what)
    return found


def total(at: Office) -> Decimal:
    return Decimal(at.project("apollo")["budget"]["total"]["amount"])


def dates(at: Office) -> dict[str, str]:
    return {m["key"]: m["due"] for m in at.project("apollo")["milestones"]}


def applied(at: Office) -> None:
    until(lambda: the(at, "changes")["status"] == "applied", "the change is applied", every=0.1)
    at.stack.quiet()


def test_from_the_label_to_the_new_budget(at: Office) -> None:
    """The approver reads amount and days in her mail and on the page; her yes makes 100,000 a budget of 115,000, puts
    off the milestones, moves the issue, and both sides get the same text with the same fingerprint.
    """
    assert (the(at, "changes")["status"], the(at, "approvals")["status"]) == ("sent", "sent")
    before = dates(at)
    page = Page(at)
    agreed = page.text()
    assert "15,000.00" in agreed

    answer = page.post(**ANN, nonce=page.nonce())
    assert answer.status_code == 200
    fingerprint = the(at, "approvals")["texts"]["en"]["sha256"]
    assert fingerprint in answer.text

    applied(at)
    assert total(at) == 115_000
    after = dates(at)
    assert after["m1"] > before["m1"]
    assert after["m2"] > before["m2"]
    assert at.jira.status_of("APO-9") == "In Progress"
    (comment,) = at.jira.comments_on("APO-9")
    assert "CR-1" in comment
    for address, words in (("ann@acme.example", "Keep this mail"), ("lin@northwind.example", "指纹")):
        mail = plain(at.mails_to(address)[-1])
        assert all(row in mail for row in agreed.strip().splitlines()), "the exact text"
        assert words in mail
        assert fingerprint in mail


def test_the_fingerprint_is_the_texts_own(at: Office) -> None:
    """Whoever keeps the mail can reckon it again: SHA-256 of the text, as it stands on the page."""
    asked = the(at, "approvals")["texts"]["en"]
    assert hashlib.sha256(asked["text"].encode()).hexdigest() == asked["sha256"]
    assert Page(at).text().strip() == asked["text"].strip()


def test_looking_decides_nothing_whoever_looks_and_how(at: Office) -> None:
    """Twenty times opened, by a scanner's HEAD and OPTIONS, posted to without the page's own form or with that of
    nobody: the question stays open, and nothing is said to anyone.
    """
    page = Page(at)
    said = (len(at.smtp.mails), len(at.stack.items("events")))
    assert {page.get().status_code for _ in range(20)} == {200}
    assert requests.head(page.url, timeout=10).status_code == 200
    assert requests.options(page.url, timeout=10).status_code == 200
    assert page.post(**ANN).status_code == 400
    assert page.post(**ANN, nonce="forged").status_code == 400
    assert page.post(**ANN, nonce=page.nonce()[:-2] + "xx").status_code == 400
    assert requests.put(page.url, timeout=10).status_code == 405
    at.stack.quiet()
    assert the(at, "approvals")["status"] == "sent"
    assert total(at) == 100_000
    assert (len(at.smtp.mails), len(at.stack.items("events"))) == said


def test_what_is_left_out_is_asked_for(at: Office) -> None:
    """Name, tick and choice are needed; without one of them nothing is recorded."""
    page = Page(at)
    for missing in ("name", "statement", "decision"):
        form = {k: v for k, v in ANN.items() if k != missing}
        assert page.post(**form, nonce=page.nonce()).status_code == 422
    assert the(at, "approvals")["status"] == "sent"


def test_a_decision_stands(at: Office) -> None:
    """The same again is the same confirmation; another one afterwards is 409; budget and mails are moved once."""
    page = Page(at)
    nonce = page.nonce()
    first, again = (page.post(**ANN, nonce=nonce) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    other = page.post(**{**ANN, "decision": "rejected", "reason": "too dear"}, nonce=nonce)
    assert other.status_code == 409
    applied(at)
    assert page.post(**ANN, nonce=nonce).status_code == 200, "even when all is done"
    assert total(at) == 115_000
    assert len([m for m in at.mails_to("ann@acme.example") if "approved" in str(m["subject"])]) == 1
    assert len(the(at, "approvals")["decisions"]) == 1


def test_two_answers_at_once_are_one(at: Office) -> None:
    """Yes and no in the same moment, from two windows: one of them stands, the other is told so."""
    page = Page(at)
    nonce = page.nonce()
    forms = [{**ANN, "nonce": nonce}, {**ANN, "nonce": nonce, "decision": "rejected", "reason": "no"}] * 4
    with ThreadPoolExecutor(8) as windows:
        statuses = Counter(a.status_code for a in windows.map(lambda form: page.post(**form), forms))
    assert statuses == {200: 4, 409: 4}
    assert len(the(at, "approvals")["decisions"]) == 1


def test_a_no_leaves_everything_as_it_was(at: Office) -> None:
    """Rejected with a reason: budget and dates stay, the issue is not moved, both sides are told."""
    page, before = Page(at), dates(at)
    assert (
        page.post(
            **{**ANN, "decision": "rejected", "reason": "Not this year."}, nonce=page.nonce()
        ).status_code
        == 200
    )
    until(lambda: the(at, "changes")["status"] == "rejected", "the change is rejected", every=0.1)
    at.stack.quiet()
    assert (total(at), dates(at)) == (100_000, before)
    assert at.jira.status_of("APO-9") == "To Do"
    assert any("Not this year." in text for text in at.jira.comments_on("APO-9"))
    assert any("Not this year." in plain(m) for m in at.mails_to("lin@northwind.example"))
    assert len(at.mails_to("ann@acme.example")) == 2
