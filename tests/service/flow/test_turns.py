"""Deliveries are understood in turns: a burst of one connection holds up no other, and none is left behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Delivery, Inbound
from service import jobs
from service.flow import decide, forget, normalise
from service.state import Context
from service.store import backlog as store
from service.store import deliveries
from service.store.backlog import Backlog, backlog
from service.store.figures import by_state, waiting_deliveries
from service.store.inbox import Incoming
from service.store.tables import deliveries as kept
from tests.support.seeding import NOW, Seed, close, opened

YEARS = timedelta(days=5 * 365)


@pytest.fixture
def seed(tmp_path: Path) -> Iterator[Seed]:
    made = opened(tmp_path)
    yield made
    close(made)


def understanding(seed: Seed) -> Context:
    """The context with a tracker and books that make nothing of whatever they are told."""

    def nothing(*_: Any) -> Inbound:
        return Inbound(ignored="nothing to see")

    context = seed.context
    known = {name: replace(context.connectors[name], normalise=nothing) for name in ("jira", "xero")}
    return replace(context, connectors={**context.connectors, **known})


def told(seed: Seed, connection: str, count: int, ago: timedelta = timedelta()) -> list[str]:
    """So many deliveries of a connection; their ids."""
    writer = seed.app.extensions["accord"].writer
    calls = [
        Delivery(connection, "POST", f"/hooks/{connection}", {}, {}, str(n).encode(), NOW - ago)
        for n in range(count)
    ]
    return [
        writer.store(Incoming(f"dlv_{connection}_{ago.days}_{n}", f"id:{ago.days}/{n}", call))
        for n, call in enumerate(calls)
    ]


def looked(seed: Seed) -> Backlog:
    with seed.context.database.inbox_reading() as inbox, seed.context.database.reading() as connection:
        return backlog(inbox, connection)


def over(seed: Seed, ids: list[str]) -> int:
    """How many of these have an outcome."""
    with seed.context.database.reading() as connection:
        return len(deliveries.settled(connection, ids))


def test_a_burst_of_one_connection_holds_up_no_other(seed: Seed) -> None:
    """Three hundred of the tracker came first, two of the books after them: the books have their turn at once."""
    burst, late = told(seed, "tracker", 300), told(seed, "books", 2)
    assert normalise.normalise_waiting(understanding(seed), limit=4) == 4
    assert over(seed, late) == 2
    assert over(seed, burst) == 2


def test_none_is_left_behind_however_often_it_is_stopped(seed: Seed) -> None:
    """Some at a time, with others coming meanwhile: each is understood once, and what is over is looked at no more."""
    context = understanding(seed)
    ids = told(seed, "tracker", 900)
    count = normalise.normalise_waiting(context, limit=250)
    ids += told(seed, "books", 30)
    while more := normalise.normalise_waiting(context, limit=250):
        assert len(looked(seed).waiting) == len(ids) - count - more
        count += more
    assert count == len(ids) == over(seed, ids)
    assert looked(seed).kept >= 400
    with seed.context.database.inbox_reading() as inbox, seed.context.database.reading() as connection:
        assert waiting_deliveries(inbox, connection).count == 0


def test_a_burst_longer_than_any_look_back_is_understood_to_its_end(
    seed: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The books are understood long before the middle of the burst: the middle has its turn all the same."""
    monkeypatch.setattr(store, "LOOK_BACK", 20)
    context = understanding(seed)
    ids = told(seed, "tracker", 200) + told(seed, "books", 5)
    for _ in range(30):
        normalise.normalise_waiting(context, limit=10)
    assert over(seed, ids) == 205


def test_what_waits_to_be_decided_holds_up_no_delivery(seed: Seed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty events of one client wait, ten are a turn: a delivery that comes after the first turn is next."""
    monkeypatch.setattr(decide, "EVENTS_A_TURN", 10)
    context = understanding(seed)
    issue = {"issue": {"key": "APO-1", "title": "Work", "status": "Open"}}
    for n in range(30):
        seed.event("issue.created", issue, state="new", id=f"evt_{n}", key=f"APO-{n}", connection="tracker")
    late: list[str] = []

    def going() -> bool:
        with seed.context.database.reading() as connection:
            decided = by_state(connection)["events"].get("decided", 0)
        if decided == 10 and not late:
            late.extend(told(seed, "books", 1))
        return decided < 20 or over(seed, late) == 0

    jobs.decide_all(context, going)
    with seed.context.database.reading() as connection:
        assert by_state(connection)["events"]["new"] >= 10, "the delivery did not wait for these"
    assert over(seed, late) == 1


def test_an_inbox_that_was_replaced_is_read_from_its_beginning(seed: Seed) -> None:
    """The record knows of many deliveries, and the file that held them is gone: what comes now is understood."""
    context = understanding(seed)
    told(seed, "tracker", 1_200)
    normalise.normalise_waiting(context)
    with seed.context.database.inbox_writing() as inbox:
        inbox.execute(kept.delete())
    ids = told(seed, "books", 700, ago=YEARS)
    assert normalise.normalise_waiting(context) == 700
    assert over(seed, ids) == 700
    assert looked(seed).mark == 700


def test_what_comes_after_all_others_are_gone_is_understood(seed: Seed) -> None:
    """Nothing came for years and retention took what there was: the next delivery still has a place after the last."""
    context = understanding(seed)
    told(seed, "tracker", 800, ago=YEARS)
    normalise.normalise_waiting(context)
    while forget.prune_inbox(seed.context):
        continue
    ids = told(seed, "tracker", 2)
    assert normalise.normalise_waiting(context) == 2
    assert over(seed, ids) == 2
