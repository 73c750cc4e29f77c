"""A database that is locked for a while: hooks say 503 and store nothing, or are stored and decided later."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from tests.faults.desk import Desk, Posted
from tests.support.standins.xero import line
from tests.support.wait import until


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk(tmp_path) as opened:
        until(lambda: opened.project("apollo")["budget"], "the project is activated", every=0.1)
        opened.stack.quiet()
        yield opened


@contextlib.contextmanager
def locked(desk: Desk, name: str) -> Iterator[None]:
    """Another program holds the write lock of the file."""
    other = sqlite3.connect(desk.home / "var" / name, isolation_level=None, timeout=30)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def bill_and_hook(desk: Desk) -> tuple[bytes, dict[str, str]]:
    bill = desk.xero.bill("BILL-1", "Devices Inc", [line("Devices", 40_000, "Apollo")], CurrencyCode="USD")
    return desk.xero.hook(bill)


def test_a_locked_inbox_answers_503_and_keeps_nothing_half(desk: Desk) -> None:
    """503 as a problem with Retry-After; the source sends again when the lock is gone: one delivery, one alert."""
    body, headers = bill_and_hook(desk)
    url = f"{desk.stack.url}/hooks/books"
    with locked(desk, "inbox.db"):
        refused = requests.post(url, data=body, headers=headers, timeout=30)
        assert refused.status_code == 503
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert int(refused.headers["Retry-After"]) > 0
        assert refused.headers["X-Request-Id"]
        assert "send it again" in refused.json()["detail"]
        assert desk.stack.items("deliveries") == []
    taken = requests.post(url, data=body, headers=headers, timeout=30)
    assert taken.status_code in (200, 202)
    desk.settle(taken.json()["id"])
    assert len(desk.stack.items("deliveries")) == 1
    desk.wait_for_mail("bob@acme.example", "82.0 %")


def test_a_full_disk_answers_503_and_keeps_nothing_half(tmp_path: Path) -> None:
    """Nothing more can be written below the workspace, not even a log: 503; the source sends again when there is room
    again: one delivery, one alert, and a record without a contradiction.
    """
    with Desk(tmp_path, small_disk=True) as desk:
        until(lambda: desk.project("apollo")["budget"], "the project is activated", every=0.1)
        desk.stack.quiet()
        body, headers = bill_and_hook(desk)
        assert desk.disk is not None
        with desk.disk.full([desk.stack.pid(part) for part in ("web", "worker-decide", "worker-deliver")]):
            refused = desk.post("books", body, headers)
            assert refused is not None
            assert refused.status_code == 503
            assert int(refused.headers["Retry-After"]) > 0
        desk.settle(desk.repeat(Posted("books", body, headers, "")))
        desk.wait_for_mail("bob@acme.example", "82.0 %")
        desk.exhausted()
        assert len(desk.stack.items("deliveries")) == 1
        assert desk.problems() == []
        assert desk.running()


def test_a_locked_main_database_delays_deciding_only(desk: Desk) -> None:
    """The inbox is a file of its own: the hook is answered 202 while the main file is locked; then all goes its way."""
    body, headers = bill_and_hook(desk)
    with locked(desk, "accord.db"):
        taken = requests.post(f"{desk.stack.url}/hooks/books", data=body, headers=headers, timeout=30)
        assert taken.status_code == 202
        assert desk.stack.get(f"deliveries/{taken.json()['id']}")["state"] == "received"
    desk.settle(taken.json()["id"])
    desk.wait_for_mail("bob@acme.example", "82.0 %")
    assert Decimal(desk.project("apollo")["budget"]["used"]) == Decimal("0.82")


def test_a_decision_is_made_whole_or_not_at_all(desk: Desk) -> None:
    """The lock falls while events are being decided, again and again: sums, verdicts and messages agree in the end."""
    deliveries = []
    for hours in range(1, 11):
        deliveries.append(desk.log_hours("APO-7", hours))
        with locked(desk, "accord.db"):
            until(lambda: True, "a moment")
    desk.settle(*deliveries)
    assert Decimal(desk.project("apollo")["budget"]["spent"]["amount"]) == 42_000 + 55 * 150
    posted = [e for e in desk.stack.items("events", limit="200") if e["type"] == "ledger.posted"]
    assert len(posted) == 10


def test_what_a_call_came_to_is_not_forgotten_because_of_a_lock(desk: Desk) -> None:
    """The mail is accepted while the database is locked for longer than a writer waits: it is recorded as sent
    afterwards, not as unknown, and not sent again.
    """
    hold = desk.smtp.hold(after=True)
    body, headers = bill_and_hook(desk)
    requests.post(f"{desk.stack.url}/hooks/books", data=body, headers=headers, timeout=30)
    hold.wait()
    with locked(desk, "accord.db"):
        hold.release()
        told = "an outcome could not be written down yet"
        until(lambda: told in desk.stack.log.read_text(), "the worker was refused", every=0.2)
    until(lambda: desk.stack.items("actions", kind="email", state="sent"), "the mail is on record", every=0.1)
    desk.stack.quiet()
    assert len(desk.mails_to("bob@acme.example")) == 1
