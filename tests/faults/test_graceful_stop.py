"""An asked stop: nothing new is begun, what is under way ends and is on record, nothing is left to guess."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.faults.desk import Desk, is_comment, is_document
from tests.support.standins.xero import line
from tests.support.wait import until


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk(tmp_path) as opened:
        yield opened


def bill(desk: Desk, number: str, amount: float, project: str, currency: str) -> str:
    return desk.xero.bill(number, "Devices Inc", [line("Devices", amount, project)], CurrencyCode=currency)


def documents_read(desk: Desk) -> int:
    return sum(is_document(seen) for seen in list(desk.xero.seen))


def test_a_worker_that_is_asked_to_stop_ends_its_calls_and_begins_no_other(desk: Desk) -> None:
    """SIGTERM while a comment is being written: a read that comes due meanwhile is left to the next worker; the comment
    is recorded as sent by its first try.
    """
    hold = desk.jira.hold(is_comment)
    desk.tell_of(bill(desk, "BILL-1", 40_000, "Apollo", "USD"))
    hold.wait()
    asked = desk.stack.pid("worker-deliver")
    os.kill(asked, signal.SIGTERM)
    before = documents_read(desk)
    told = desk.tell_of(bill(desk, "FP-1", 255_000, "产线看板", "CNY"))
    until(lambda: desk.stack.get(f"deliveries/{told}")["state"] == "reading", "a read is due", every=0.1)
    desk.swept()
    assert documents_read(desk) == before
    assert desk.stack.pid("worker-deliver") == asked, "it still waits for its comment"
    hold.release()
    desk.settle(told)
    assert desk.stack.pid("worker-deliver") != asked
    comments = desk.stack.items("actions", kind="comment")
    assert [(c["state"], c["tries"]) for c in comments] == [("sent", 1)] * 2
    assert desk.problems() == []


def test_a_stop_waits_for_what_has_left_and_leaves_nothing_unknown(desk: Desk) -> None:
    """`accord up` is asked to stop while a mail is accepted and its answer is on the way: it waits, ends with 0, and
    the next start finds the mail sent.
    """
    mail, comment = desk.smtp.hold(after=True), desk.jira.hold(is_comment, after=True)
    desk.tell_of(bill(desk, "BILL-1", 40_000, "Apollo", "USD"))
    mail.wait()
    comment.wait()
    with ThreadPoolExecutor(1) as operator:
        stopping = operator.submit(desk.stack.stop)
        until(lambda: not _taken(desk), "nothing new is taken")
        mail.release()
        comment.release()
        assert stopping.result() == 0
    assert "killing what did not end in time" not in desk.stack.log.read_text()
    desk.stack.start()
    desk.stack.quiet()
    shown = desk.stack.items("actions")
    assert {a["kind"]: (a["state"], a["tries"]) for a in shown} == {
        "email": ("sent", 1),
        "comment": ("sent", 1),
        "chat": ("sent", 1),
    }
    assert desk.problems() == []


def test_a_delivery_that_is_arriving_is_still_answered(desk: Desk) -> None:
    """The web part is asked to stop while half of a webhook has arrived: the rest is read, stored and answered."""
    body, headers = desk.xero.hook(bill(desk, "BILL-1", 40_000, "Apollo", "USD"))
    lines = [
        "POST /hooks/books HTTP/1.1",
        "Host: accord",
        "Connection: close",
        # The server says so when it reads: a call that nobody has taken yet is refused by the end of the listener.
        "Expect: 100-continue",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    with socket.create_connection(("127.0.0.1", desk.stack.port), timeout=30) as caller:
        caller.sendall("\r\n".join([*lines, "", ""]).encode() + body[:50])
        assert caller.recv(4096).startswith(b"HTTP/1.1 100")
        os.kill(desk.stack.pid("web"), signal.SIGTERM)
        until(lambda: not _taken(desk), "nothing new is taken")
        caller.sendall(body[50:])
        answer = b"".join(iter(lambda: caller.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 202"), answer[:200]
    until(desk.running, "another web part runs", every=0.1)
    desk.wait_for_mail("bob@acme.example", "82.0 % of the budget is spent")


def _taken(desk: Desk) -> bool:
    """Whether a new call is answered. One that is not may hang until the stop is over, so it is not waited for."""
    try:
        return requests.get(f"{desk.stack.url}/healthz", timeout=1).ok
    except requests.RequestException:
        return False
