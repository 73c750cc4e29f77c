"""One thing that breaks stops nothing else: it is kept, shown with its reason, and what came after it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from connectors.base import Delivery, Inbound, Read, Settings
from rules.facts.event import Event, SourceEvent
from service import jobs
from service.flow import decide, fetch, normalise, poll
from service.flow.recount import Recounter
from service.state import Context
from service.store import deliveries, journal, lists
from service.store.inbox import Incoming
from service.store.switches import connection_state
from service.tools import Tools
from tests.support.seeding import NOW, Seed, close, opened

UNSTORABLE = "half of a pair: \ud800"


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


def with_tracker(context: Context, **parts: Callable[..., Any]) -> Context:
    """The context with other parts in the tracker's connector."""
    jira = replace(context.connectors["jira"], **parts)
    return replace(context, connectors={**context.connectors, "jira": jira})


def source_event(key: str) -> SourceEvent:
    return SourceEvent("issue.created", NOW, key, "1", {"project": "APO"}, {"key": key, "title": "Work"})


def receive(seed: Seed, number: int) -> str:
    delivery = Delivery("tracker", "POST", "/hooks/tracker", {}, {}, str(number).encode(), NOW)
    writer = seed.app.extensions["accord"].writer
    return str(writer.store(Incoming(f"dlv_{number}", f"id:{number}", delivery)))


def became(context: Context, delivery: str) -> tuple[str, str]:
    with context.database.reading() as connection:
        found = deliveries.outcome(connection, delivery)
    assert found is not None
    return found["state"], found["reason"] or ""


def test_a_delivery_whose_meaning_cannot_be_stored_fails_alone(seed: Seed) -> None:
    """Its connector makes of it what no database takes: it is `failed` and says so; the next one is decided."""

    def understood(delivery: Delivery, _: Settings) -> Inbound:
        return Inbound((source_event(UNSTORABLE if delivery.body == b"1" else "APO-2"),))

    context = with_tracker(seed.context, normalise=understood)
    bad, good = receive(seed, 1), receive(seed, 2)
    assert normalise.normalise_waiting(context) == 2
    state, reason = became(context, bad)
    assert state == "failed"
    assert "could not be stored" in reason
    assert became(context, good)[0] in ("decided", "unmatched")
    assert normalise.normalise_waiting(context) == 0, "nothing is tried for ever"


def test_a_delivery_that_breaks_its_connector_fails_alone(seed: Seed) -> None:
    """An error nobody thought of names its kind, never the bytes; replay is possible after the mend."""

    def broken(delivery: Delivery, _: Settings) -> Inbound:
        raise ZeroDivisionError(delivery.body)

    context = with_tracker(seed.context, normalise=broken)
    one = receive(seed, 1)
    normalise.normalise_waiting(context)
    assert became(context, one) == (
        "failed",
        "the connector broke on it (ZeroDivisionError); it is kept and can be replayed",
    )


@pytest.mark.parametrize("found", [ZeroDivisionError, [source_event(UNSTORABLE)]])
def test_a_read_that_breaks_becomes_a_dead_letter(seed: Seed, tools: Tools, found: Any) -> None:
    """Whether the connector breaks on the record or what it made of it cannot be stored: given up, with the reason."""

    def understood(_delivery: Delivery, _settings: Settings) -> Inbound:
        return Inbound(reads=(Read("issue", "APO-1"),))

    def read(*_: Any) -> list[SourceEvent]:
        if isinstance(found, list):
            return found
        raise found

    context = with_tracker(seed.context, normalise=understood, read=read)
    one = receive(seed, 1)
    normalise.normalise_waiting(context)
    (job,) = fetch.due(context, 10)
    fetch.fetch(context, tools, lambda name, events, of: normalise.take_in(context, name, events, of), job.id)
    assert became(context, one)[0] == "failed"
    assert fetch.due(replace(context, now=lambda: NOW + timedelta(days=1)), 10) == []


def test_a_poll_that_breaks_waits_for_its_next_turn(seed: Seed, tools: Tools) -> None:
    """It is not tried again at once and without end; the connection shows the reason."""

    def polled(*_: Any) -> Any:
        raise ZeroDivisionError

    context = with_tracker(seed.context, poll=polled)
    poll.poll(context, tools, lambda *_: 0, "tracker")
    with context.database.reading() as connection:
        state = connection_state(connection, "tracker")
    assert "ZeroDivisionError" in state["error"]
    assert state["last_call_at"] is not None


def test_an_event_whose_decision_cannot_be_stored_is_parked(
    seed: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three times, then it stands aside for a person; the events of its partition behind it are decided."""
    context = seed.context
    events = [
        Event(f"evt_{n}", "issue.created", NOW, NOW, {"issue": {"id": f"tracker/APO-{n}", "key": f"APO-{n}"}})
        for n in (1, 2)
    ]
    with context.database.writing() as connection:
        journal.add(connection, events)
    stored = journal.decided

    def decided(connection: Any, found: Any, *rest: Any) -> None:
        if found[0].id == "evt_1":
            raise UnicodeEncodeError("utf-8", UNSTORABLE, 0, 1, "surrogates not allowed")
        stored(connection, found, *rest)

    monkeypatch.setattr(journal, "decided", decided)
    decide.decide_waiting(context)
    with context.database.reading() as connection:
        rows = [lists.event_row(connection, f"evt_{n}") for n in (1, 2)]
    assert [row["state"] for row in rows if row] == ["parked", "decided"]


def test_a_job_asked_to_stop_begins_nothing_more_and_loses_nothing(seed: Seed) -> None:
    """Told to stop after two deliveries or decisions, it leaves the rest as it was; the next job does it."""
    context = with_tracker(
        seed.context, normalise=lambda delivery, _: Inbound((source_event(delivery.body.decode()),))
    )
    for number in range(5):
        receive(seed, number)

    def after(times: int) -> Callable[[], bool]:
        left = iter([True] * times)
        return lambda: next(left, False)

    assert normalise.normalise_waiting(context, after(2)) == 2
    assert decide.decide_waiting(context, after(1)) == 1
    assert jobs.decide_all(context) == 4
    assert all(became(context, f"dlv_{number}")[0] != "received" for number in range(5))


def test_what_can_wait_for_tomorrow_does_not_end_the_clock(
    seed: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recount of the sums breaks: the clock was on time all the same, and what comes after it is done."""
    done: list[str] = []

    class Breaking(Recounter):
        def turn(self, context: Context) -> None:
            raise KeyError("people")

    monkeypatch.setattr(jobs.forget, "prune", lambda _: done.append("pruned"))
    process: Any = SimpleNamespace(context=seed.context, refresh=lambda: None, beat=done.append)
    jobs.clock_turn(process, Breaking())
    assert done == ["clock", "pruned"]
