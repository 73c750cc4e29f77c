"""Spending that somebody else agrees to, and a client who says at the end that it did not go well."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import requests

from tests.faults.person import Person
from tests.journeys.office import Office, link_in, office
from tests.support.wait import until

WANG, ANN = "wang@northwind.example", "ann@acme.example"


def answered(at: Office, path: str, **form: str) -> requests.Response:
    """A page opened from a mail and its form sent back, as a browser does."""
    url = at.stack.url + path
    found = re.search(r'name="nonce" value="([^"]+)"', requests.get(url, timeout=10).text)
    assert found, "the page has no form"
    return requests.post(url, data={**form, "nonce": found[1]}, timeout=10)


def the(at: Office, what: str, **filters: str) -> dict[str, Any]:
    (found,) = at.stack.items(what, project="apollo", **filters)
    return found


def spent(at: Office) -> Decimal:
    return Decimal(at.project("apollo")["budget"]["spent"]["amount"])


def test_an_expense_counts_once_somebody_else_has_approved_it(tmp_path: Path) -> None:
    """Lin's ticket comes in by a hook. Wang alone is asked; Lin's own click is refused and a finding says so; Wang's
    decision books it. A closing survey is mailed, answered on its page, and the low answer is a complaint with a day.
    """
    with office(tmp_path) as at:
        lin = Person(at.stack)
        claim = {"id": "E-7", "amount": "420.00 USD", "class": "travel", "title": "Train", "submitter": "lin"}
        body = {
            "type": "expense.submitted",
            "project": "apollo",
            "object": {**claim, "work_date": "2026-11-20"},
        }
        at.settle(at.stack.send("claims", body))
        assert (the(at, "entries")["status"], spent(at)) == ("draft", Decimal(42000))

        asked = at.wait_for_mail(WANG, "an expense to decide on")
        approval = the(at, "approvals")
        assert approval["asked"] == ["wang"]
        assert at.mails_to("lin@northwind.example") == []
        refused = lin.post(f"/approvals/{approval['id']}/decide", page="/account", decision="approved")
        assert "refused=not_asked" in refused.headers["Location"]
        at.stack.quiet()
        assert (the(at, "findings")["kind"], the(at, "entries")["status"]) == ("denied", "draft")

        done = answered(at, link_in(asked), decision="approved", name="Wang Fang", statement="yes")
        assert done.status_code == 200, done.text
        at.stack.quiet()
        entry = the(at, "entries")
        assert (entry["status"], entry["approver"], spent(at)) == ("posted", "wang", Decimal(42420))

        lin.post("/projects/apollo/surveys", page="/account", party="client", kind="closing")
        survey = at.wait_for_mail(ANN, "how did it go?")
        thanks = answered(at, link_in(survey, "s"), csat="2", nps="6", remark="Nobody called back")
        assert thanks.status_code == 200, thanks.text
        at.wait_for_mail("lin@northwind.example", "前联系客户")
        complaints = until(lambda: at.stack.items("complaints", project="apollo"), "a complaint is open")
        assert {(c["contact"], c["owner"], c["status"]) for c in complaints} == {("ann", "lin", "open")}
        scores = {s["kind"]: s["score"] for s in at.stack.items("surveys", project="apollo", client="acme")}
        assert scores == {"csat": 2, "nps": 6}
        assert at.project("apollo")["budget"]["used"] == "0.4242"
