"""Redis only rings the bell: without it hooks are taken, and once it is back everything goes on by itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from service.embedded_redis import EmbeddedRedis
from tests.faults.desk import Desk
from tests.support.standins.xero import line
from tests.support.wait import PATIENCE, until


@pytest.fixture
def own(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    """A Redis that the operator runs, which `accord up` neither starts nor mends."""
    place = tmp_path / "own"
    place.mkdir()
    server = EmbeddedRedis(place)
    server.start()
    yield server
    server.stop()


def spend(desk: Desk) -> str:
    bill = desk.xero.bill("BILL-1", "Devices Inc", [line("Devices", 40_000, "Apollo")], CurrencyCode="USD")
    return desk.tell_of(bill)


def missing(desk: Desk) -> list[str]:
    """What readiness says is missing: nothing with 200, something with 503."""
    ready = requests.get(f"{desk.stack.url}/readyz", timeout=PATIENCE)
    found: list[str] = ready.json()["missing"]
    assert ready.status_code == (503 if found else 200)
    return found


def told_once(desk: Desk, delivery: str) -> None:
    """The delivery is decided, the money is there, the alert arrived once."""
    desk.settle(delivery)
    desk.wait_for_mail("bob@acme.example", "82.0 % of the budget is spent")
    desk.stack.quiet()
    assert Decimal(desk.project("apollo")["budget"]["used"]) == Decimal("0.82")
    assert (
        len(desk.mails_to("bob@acme.example"))
        == len(desk.jira.comments_on("APO-1"))
        == len(desk.slack.posts)
        == 1
    )


def test_hooks_are_taken_without_redis_and_decided_when_it_is_back(
    tmp_path: Path, own: EmbeddedRedis
) -> None:
    """Redis is gone when the bill comes: the hook is answered 202, readiness says what is missing; then it returns."""
    url = (tmp_path / "own" / "redis" / "url").read_text().strip()
    with Desk(tmp_path, REDIS_URL=url) as desk:
        until(lambda: desk.project("apollo")["budget"], "the project is activated", every=0.1)
        own.stop()
        delivery = spend(desk)
        # An answer is kept for some seconds, so the first may be the one of before.
        until(
            lambda: "redis: does not answer" in missing(desk), "readiness says that Redis is gone", every=0.2
        )
        assert requests.get(f"{desk.stack.url}/healthz", timeout=PATIENCE).status_code == 200
        own.start()
        told_once(desk, delivery)


def test_hooks_are_taken_while_redis_is_frozen(tmp_path: Path, own: EmbeddedRedis) -> None:
    """Redis takes connections and answers nothing: ten hooks are answered 202 meanwhile, and decided afterwards."""
    url = (tmp_path / "own" / "redis" / "url").read_text().strip()
    with Desk(tmp_path, REDIS_URL=url) as desk:
        until(lambda: desk.project("apollo")["budget"], "the project is activated", every=0.1)
        assert own.pid is not None
        os.kill(own.pid, signal.SIGSTOP)
        try:
            delivery = spend(desk)
            for number in range(9):
                desk.log_hours(f"KB-{number + 10}", 1)
        finally:
            os.kill(own.pid, signal.SIGCONT)
        told_once(desk, delivery)
