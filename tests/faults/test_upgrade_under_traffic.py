"""A newer version migrates the database while this one works: both go on, and nothing is lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

from service.store import schema
from service.store.database import Database
from service.store.migrate import upgrade
from tests.faults.desk import Desk
from tests.support.ahead import EXPAND, NEXT, ahead
from tests.support.databases import Cluster
from tests.support.wait import until

HOURS = 60


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_expanding_migration_under_traffic_loses_nothing(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    """Worklogs come in all the time. In the middle the schema goes one revision ahead, then each part ends and starts
    again over the schema it does not know: every delivery is decided, the sum is right, the record fits.
    """
    options = {}
    if kind == "postgresql":
        postgres: Cluster = request.getfixturevalue("postgres")
        options["DATABASE_URL"] = postgres.fresh()
    with Desk(tmp_path, **options) as desk, ThreadPoolExecutor(1) as tracker:
        half, rest = threading.Event(), threading.Event()

        def work() -> list[str]:
            sent = []
            for number in range(HOURS):
                sent.append(desk.log_hours("APO-7", 1))
                if number == HOURS // 2:
                    half.set()
                    rest.wait(30)
            return sent

        traffic = tracker.submit(work)
        assert half.wait(60)
        database = Database(options.get("DATABASE_URL", f"sqlite:///{desk.home}/var/accord.db"), tmp_path)
        rest.set()
        upgrade(database, backed_up=True, scripts=ahead(tmp_path, EXPAND))
        for part in ("worker-decide", "web", "worker-deliver", "clock"):
            desk.kill(part)
        deliveries = traffic.result()
        until(desk.running, "everything runs", every=0.1)
        desk.exhausted()
        desk.settle(*deliveries)
        assert Decimal(desk.project("apollo")["budget"]["spent"]["amount"]) == 42_000 + HOURS * 150
        assert desk.problems() == []
        assert schema.revision(database) == NEXT
        database.close()
        assert "the database is ahead and still serves this version" in desk.stack.log.read_text()
        assert desk.stack.accord("migrate", "--check").returncode == 0
