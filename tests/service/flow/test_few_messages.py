"""What leaves together leaves once: several workers and one heap, a worker that died with a heap in its hands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from service import releasing
from service.flow import deliver
from service.store import actions
from service.tools import LEASE, Tools
from tests.support.seeding import NOW, Seed, close, opened

TEXT = {"inline": {"en": {"subject": "Word {{ number }}", "body": "Said.", "short": ""}}}


@pytest.fixture
def seed(tmp_path: Path) -> Iterator[Seed]:
    made = opened(tmp_path)
    yield made
    close(made)


@pytest.fixture
def tools() -> Iterator[Tools]:
    made = Tools()
    yield made
    made.close()


def heap(seed: Seed, count: int) -> list[str]:
    """So many messages to Bob that wait for the same hours, which have come."""
    event = seed.event("ledger.posted", {"entry": {"id": "E1"}})
    to_bob: dict[str, Any] = {"recipient": "bob", "address": "bob@acme.example", "target": "mail/bob"}
    return [
        seed.action(
            event,
            "email",
            "waiting",
            id=f"act_{number}",
            waits="hours",
            heap="one",
            text=TEXT,
            names={"number": number},
            client_facing=True,
            **to_bob,
        )
        for number in range(count)
    ]


def states(seed: Seed, ids: list[str]) -> list[tuple[str, str | None]]:
    with seed.context.database.reading() as connection:
        rows = [actions.row_of(connection, id) or {} for id in ids]
    return [(row["state"], row["into"]) for row in rows]


def mails(place: Path) -> list[str]:
    return sorted(path.name for path in place.rglob("*.eml"))


def test_many_workers_release_one_heap_once(seed: Seed, tools: Tools, tmp_path: Path) -> None:
    """Eight workers take four messages of one heap: one mail leaves, and the others are said in it."""
    ids = heap(seed, 4)
    given = (seed.context, tools, lambda *_: 0)
    workers = [Thread(target=deliver.deliver, args=(*given, id)) for id in ids for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert states(seed, ids) == [("merged", "act_3")] * 3 + [("sent", None)]
    assert mails(tmp_path) == ["act_3.eml"]


def test_a_heap_whose_worker_died_is_taken_up_as_a_whole(seed: Seed, tools: Tools, tmp_path: Path) -> None:
    """Claimed and never begun: nobody else has it before the lease is over; then it leaves once, with nothing lost."""
    ids = heap(seed, 3)
    assert len(releasing.claim(seed.context, ids[0], LEASE)) == 3
    deliver.deliver(seed.context, tools, lambda *_: 0, ids[1])
    assert mails(tmp_path) == []
    seed.at(NOW + LEASE + timedelta(seconds=1))
    deliver.deliver(seed.context, tools, lambda *_: 0, ids[1])
    assert states(seed, ids) == [("merged", "act_2")] * 2 + [("sent", None)]
    assert mails(tmp_path) == ["act_2.eml"]
