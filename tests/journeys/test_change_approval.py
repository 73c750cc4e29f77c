"""A change, from a label in the tracker to a decision on a page and its effects on budget, dates and tracker."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import requests

from tests.journeys.office import Office, link_in, office, plain
from tests.support.wait import until


class DecisionPage:
    """The page behind the link of a decision mail, as a browser without cookies uses it."""

    def __init__(self, at: Office, path: str) -> None:
        self.url = at.stack.url + path

    def call(self, method: str = "GET", **form: str) -> requests.Response:
        return requests.request(method, self.url, data=form or None, timeout=10)

    def decide(self, decision: str, **form: str) -> requests.Response:
        """Open the page, fill its form, send it."""
        found = re.search(r'name="nonce"[^>]*value="([^"]+)"', self.call().text)
        nonce = found[1] if found else ""
        given = {"decision": decision, "name": "Ann Lee", "statement": "yes", "nonce": nonce, "reason": ""}
        return self.call("POST", **{**given, **form})


def asked(at: Office) -> dict[str, Any]:
    """The one approval of the office."""
    (found,) = at.stack.items("approvals")
    return found


def open_change(at: Office) -> DecisionPage:
    """APO-9 is labelled, estimated at 40 hours; Ann has her mail and opens its link."""
    at.settle(at.mark_as_change("APO-9", "Export to spreadsheet", 40))
    mail = at.wait_for_mail("ann@acme.example", "decision on change CR-1")
    assert "USD 6,000.00" in plain(mail)
    return DecisionPage(at, link_in(mail))


def test_a_label_becomes_a_decision_and_the_decision_moves_budget_dates_and_tracker(tmp_path: Path) -> None:
    """Scanners that open the link decide nothing; the form does, once; everything follows and both sides have it in
    writing with the exact text and its fingerprint.
    """
    with office(tmp_path, m2_due="2031-06-16") as at:
        page = open_change(at)
        for method in (*["GET"] * 20, "HEAD", "OPTIONS"):
            assert page.call(method).status_code in (200, 204)
        assert page.call("POST", decision="approved", name="Ann Lee", statement="yes").status_code >= 400
        assert asked(at)["status"] == "sent"

        assert page.decide("approved").status_code == 200
        until(lambda: at.project("apollo")["budget"]["total"]["amount"] == "106000.00", "the budget is moved")
        due = {m["key"]: m["due"] for m in at.project("apollo")["milestones"]}
        assert due == {"m1": "2031-03-21", "m2": "2031-06-23"}, (
            "five working days later, and what comes after it"
        )
        at.stack.quiet()
        assert any("CR-1" in text for text in at.jira.comments_on("APO-9"))
        assert at.jira.status_of("APO-9") == "In Progress"

        fingerprint = asked(at)["text_sha256"]
        client = plain(at.wait_for_mail("ann@acme.example", "change CR-1 is approved"))
        team = plain(at.wait_for_mail("lin@northwind.example", "CR-1"))
        assert "Export to spreadsheet" in client
        assert fingerprint in client.replace("\r\n", "").replace("\n", "")
        assert "Export to spreadsheet" in team

        assert page.decide("approved").status_code == 200, "the same decision again is confirmed again"
        assert page.decide("rejected", reason="Too late").status_code == 409, "another one is not taken"
        at.stack.quiet()
        assert at.project("apollo")["budget"]["total"]["amount"] == "106000.00"
        assert at.stack.items("actions", state="dead") == []


def test_a_rejection_needs_a_reason_and_changes_nothing(tmp_path: Path) -> None:
    """Without a reason the page asks for one; with it both sides have it in writing, and budget and dates stay."""
    with office(tmp_path) as at:
        page = open_change(at)
        assert page.decide("rejected").status_code >= 400
        assert asked(at)["status"] == "sent"
        assert page.decide("rejected", reason="Not this year").status_code == 200
        at.stack.quiet()
        until(lambda: at.stack.items("changes")[0]["status"] == "rejected", "the change is rejected")
        assert at.project("apollo")["budget"]["total"]["amount"] == "100000.00"
        at.wait_for_mail("ann@acme.example", "CR-1")
        at.wait_for_mail("lin@northwind.example", "CR-1")
