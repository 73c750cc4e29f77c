"""A milestone is handed over and accepted: by the client's word on a page, in rounds, or by the contract's term."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from tests.journeys.office import Office, link_in, office, plain
from tests.support.other_time import OtherTime
from tests.support.wait import until

SHANGHAI = ZoneInfo("Asia/Shanghai")
BOTH_AT_WORK = datetime(2026, 10, 13, 9, 30, tzinfo=ZoneInfo("America/New_York"))
PASSWORD = "heron copper window nine"


class Console:
    """Lin's browser: signed in by the first link that the service wrote."""

    def __init__(self, at: Office) -> None:
        self._url, self._session = at.stack.url, requests.Session()
        first = at.home / "var" / "first-sign-in.txt"
        until(first.is_file, "the first link is written")
        page = at.stack.url + "/welcome/" + first.read_text().strip().rpartition("/welcome/")[2]
        chosen = {
            "name": "Lin Hao",
            "email": "lin@northwind.example",
            "password": PASSWORD,
            "again": PASSWORD,
        }
        assert self._send(page, page, chosen).status_code == 303

    def hand_over(self, milestone: str) -> None:
        """Press the button on the milestone's page."""
        page = f"{self._url}/projects/{milestone}"
        assert self._send(page, f"{page}/hand-over", {}).status_code in (302, 303)

    def _send(self, page: str, action: str, form: dict[str, str]) -> requests.Response:
        token = found_in(r'name="csrf_token" value="([^"]+)"', self._session.get(page, timeout=10).text)
        self._without_tls()
        answer = self._session.post(
            action,
            data={**form, "csrf_token": token},
            headers={"Referer": page},
            timeout=10,
            allow_redirects=False,
        )
        self._without_tls()
        return answer

    def _without_tls(self) -> None:
        """The proxy with TLS is left out here: its cookies are for TLS alone, and this browser has to send them."""
        for cookie in self._session.cookies:
            cookie.secure = False


def found_in(pattern: str, page: str) -> str:
    found = re.search(pattern, page)
    assert found, page[:400]
    return found[1]


@pytest.fixture
def clock(tmp_path: Path) -> OtherTime:
    made = OtherTime(tmp_path)
    made.set(BOTH_AT_WORK)
    return made


@pytest.fixture
def at(tmp_path: Path, clock: OtherTime) -> Iterator[Office]:
    with office(tmp_path, **clock.environment) as opened:
        until(lambda: milestone(opened, "apollo/m1"), "the projects are activated")
        yield opened


def milestone(at: Office, id: str) -> dict[str, Any]:
    return next((m for m in at.stack.items("milestones") if m["id"] == id), {})


def mail_saying(at: Office, address: str, words: str) -> EmailMessage:
    """The first mail to the person whose text has these words."""
    return until(lambda: [m for m in at.mails_to(address) if words in plain(m)], f"a mail saying {words!r}")[
        0
    ]


def has(at: Office, count: int) -> bool:
    return len(at.mails_to("li.wei@hengtai.example")) >= count


def decide(at: Office, words: str, **form: str) -> None:
    """Ann opens the link of the mail whose subject or text has these words, and answers."""
    page = at.stack.url + link_in(mail_saying(at, "ann@acme.example", words))
    nonce = found_in(r'name="nonce" value="([^"]+)"', requests.get(page, timeout=10).text)
    said = {"name": "Ann Lee", "statement": "yes", "nonce": nonce, **form}
    assert requests.post(page, data=said, timeout=10).status_code == 200


def test_handed_over_rejected_mended_and_accepted(at: Office) -> None:
    """Lin hands over in the console; Ann's mail leads to a page; her no needs a reason, which Lin gets as a task; after
    the second hand-over her yes is confirmed to her with the fingerprint, and Lin is told to invoice 30 %.
    """
    console = Console(at)
    console.hand_over("apollo/milestones/m1")
    decide(at, "(round 1)", decision="rejected", reason="The import loses umlauts")
    rework = at.wait_for_mail("lin@northwind.example", "请整改")
    assert "The import loses umlauts" in plain(rework)
    assert (milestone(at, "apollo/m1")["status"], milestone(at, "apollo/m1")["round"]) == ("rejected", 2)

    console.hand_over("apollo/milestones/m1")
    decide(at, "(round 2)", decision="approved")
    confirmed = at.wait_for_mail("ann@acme.example", "Prototype is accepted")
    assert "(round 2)" in plain(confirmed)
    assert "fingerprint (SHA-256)" in plain(confirmed)
    assert "30%" in str(at.wait_for_mail("lin@northwind.example", "开票")["subject"])
    at.stack.quiet()
    done = milestone(at, "apollo/m1")
    assert (done["status"], done["acceptance"]) == ("accepted", "online")


def test_silence_counts_by_the_contract_and_only_with_proof_of_delivery(at: Office, clock: OtherTime) -> None:
    """The question and both reminders announce the clause; after ten working days it counts as accepted, on record by
    that name, with the message that proves the question arrived.
    """
    Console(at).hand_over("kanban/milestones/m1")
    until(
        lambda: milestone(at, "kanban/m1")["status"] == "in_acceptance", "the client is asked on 13 October"
    )
    clock.set(datetime(2026, 10, 14, 9, 30, tzinfo=SHANGHAI))
    asked = mail_saying(at, "li.wei@hengtai.example", "样机评审已交付")
    assert "按合同第 7.2 条视同验收" in plain(asked)
    for day, count in ((20, 2), (26, 3), (28, 4)):
        moment = datetime(2026, 10, day, 9, 30, tzinfo=SHANGHAI)
        clock.set(moment)
        until(partial(at.stack.clock_has_seen, moment), f"the clock has seen {day} October")
        until(partial(has, at, count), f"the mail of {day} October")
        at.stack.quiet()
    said = [plain(m) for m in at.mails_to("li.wei@hengtai.example")]
    assert ["7.2" in text for text in said] == [True] * 4
    assert ["样机评审待您验收" in text for text in said] == [False, True, True, False]
    done = milestone(at, "kanban/m1")
    assert (done["status"], done["acceptance"]) == ("deemed_accepted", "deemed")
    (approval,) = at.stack.items("approvals")
    assert approval["status"] == "deemed_accepted"
    assert [m["status"] for m in approval["messages"]][:1] == ["sent"]
