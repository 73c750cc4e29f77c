"""The gate of a connection: its breaker opens, rests longer each time, and lets one call of all processes try."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import Limits
from rules.engine.verdicts import Planned
from service.store import actions, gates
from service.store.actions import Outcome
from service.store.database import Database
from service.store.switches import connection_state

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
FREE = Limits()
CALL = timedelta(seconds=60)


def seconds(n: float) -> datetime:
    return NOW + timedelta(seconds=n)


def fails(database: Database, times: int, at: datetime = NOW, asked: float | None = None) -> None:
    with database.writing() as connection:
        for _ in range(times):
            gates.failed(connection, "tracker", "tracker answered 503", asked, at)


def enters(database: Database, at: datetime, limits: Limits = FREE) -> bool:
    with database.writing() as connection:
        return gates.enter(connection, "tracker", limits, at, at + CALL)


def state(database: Database) -> dict[str, Any]:
    with database.reading() as connection:
        return connection_state(connection, "tracker")


def test_four_failures_leave_it_closed_and_the_fifth_opens_it(database: Database) -> None:
    """A target that stumbles now and then is asked on; one that fails five times in a row rests for a minute."""
    fails(database, 4)
    assert gates.breaker(state(database), NOW) == "closed"
    fails(database, 1)
    assert gates.breaker(state(database), seconds(59)) == "open"
    assert not enters(database, seconds(59))
    assert gates.breaker(state(database), seconds(60)) == "half_open"


def test_half_open_one_call_tries_for_all_processes(database: Database) -> None:
    """After the rest one call goes; until it is over, or must be over, no other does."""
    fails(database, 5)
    assert enters(database, seconds(61))
    assert not enters(database, seconds(62)), "the first one's answer is not known yet"
    assert enters(database, seconds(61 + 61)), "the one that tried died on the way"


def test_each_try_that_fails_doubles_the_rest_up_to_ten_minutes(database: Database) -> None:
    """60 seconds, 120, 240, 480, then 600; calls that were under way when it opened add nothing."""
    fails(database, 40)
    at, rests = NOW, []
    for _ in range(6):
        until = datetime.fromisoformat(state(database)["open_until"])
        rests.append((until - at).total_seconds())
        at = until
        assert enters(database, at)
        fails(database, 1, at)
    assert rests == [60, 120, 240, 480, 600, 600]


def test_an_answer_closes_it_and_forgets(database: Database) -> None:
    """One call that gets through ends the rest; the next trouble begins from the start."""
    fails(database, 5)
    assert enters(database, seconds(61))
    with database.writing() as connection:
        gates.answered(connection, "tracker", seconds(62))
    assert gates.breaker(state(database), seconds(62)) == "closed"
    assert state(database)["failing_since"] is None
    fails(database, 5, seconds(100))
    assert state(database)["open_until"].startswith(seconds(160).strftime("%Y-%m-%dT%H:%M:%S"))


def test_what_the_target_asks_for_is_kept(database: Database) -> None:
    """`Retry-After` of one answer rests the connection at once, and an earlier end never shortens it."""
    fails(database, 1, asked=300.0)
    fails(database, 1, asked=10.0)
    assert not enters(database, seconds(299))
    assert enters(database, seconds(300))


def test_concurrency_counts_calls_that_were_begun_by_any_process(database: Database) -> None:
    """With two places, two calls are under way; the third waits until one of them is over."""
    limits = Limits(concurrency=2)
    ids = ["act_1", "act_2", "act_3"]
    usual = {"event": "evt_1", "rule": "r", "kind": "comment", "ordinal": 0, "due": NOW}
    with database.writing() as connection:
        wanted = [Planned(id=id, connection="tracker", target=f"tracker/{id}", **usual) for id in ids]
        actions.add(connection, wanted, "evt_1", "rs", NOW)
        held = [actions.claim(connection, id, NOW, NOW + CALL) for id in ids]
    tokens = {one.planned.id: one.token for one in held if one}
    for id in ids[:2]:
        assert enters(database, NOW, limits)
        with database.writing() as connection:
            assert actions.begin(connection, id, tokens[id], ("", "", None), NOW)
    assert not enters(database, NOW, limits)
    with database.writing() as connection:
        actions.finish(connection, "act_1", tokens["act_1"], Outcome("sent", left=True), NOW)
    assert enters(database, NOW, limits)


@pytest.mark.parametrize("per_minute", [1, 6, 90])
def test_no_minute_holds_more_calls_than_the_rate(database: Database, per_minute: int) -> None:
    """However calls come, no 60 seconds hold more than allowed, from whichever moment they are counted."""
    comes = random.Random(per_minute)  # noqa: S311 (the same calls each time)
    went, at = [], 0.0
    for _ in range(60):
        at += comes.choice((0.25, 0.5, 1.0, 4.0, 17.0))
        while enters(database, seconds(at), Limits(per_minute=per_minute)):
            went.append(at)
    for first in went:
        assert sum(first <= one < first + 60 for one in went) <= per_minute


def test_a_rate_lets_through_what_it_promises(database: Database) -> None:
    """Asked every second for ten minutes, 60 a minute come to more than nine tenths of it."""
    went = sum(enters(database, seconds(n), Limits(per_minute=60)) for n in range(600))
    assert 540 < went <= 600
