"""The pool that makes the calls: connections that hang keep their own room and none of anybody else's."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from service.tools import LANE_FAILING, LANE_HEALTHY, Job, Tools, Work, pause_after
from tests.support.wait import until


@pytest.fixture
def tools() -> Iterator[Tools]:
    made = Tools()
    yield made
    made.close()


class Outside:
    """Work for the pool: `hung` lanes wait until `over`, others are done at once. Notes what runs and what ran."""

    def __init__(self, *hung: str) -> None:
        self.hung = hung
        self.over = threading.Event()
        self.running: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.done: list[str] = []
        self._lock = threading.Lock()
        self.jobs: dict[str, Job] = {}

    def add(self, lane: str, count: int) -> None:
        for number in range(count):
            self.jobs[f"{lane}-{number}"] = Job(f"{lane}-{number}", lane)

    def look(self, running: set[str]) -> list[tuple[Job, Work]]:
        return [(job, self.work) for job in self.jobs.values() if job.id not in {*running, *self.done}]

    def work(self, id: str) -> None:
        lane = self.jobs[id].lane
        with self._lock:
            self.running[lane] += 1
            self.most[lane] = max(self.most[lane], self.running[lane])
        if lane in self.hung:
            self.over.wait()
        with self._lock:
            self.running[lane] -= 1
            self.done.append(id)


def draining(
    tools: Tools, outside: Outside, limit: Callable[[str], int] = lambda _: LANE_HEALTHY
) -> threading.Thread:
    """A drain under way in a thread of its own."""
    deadline = time.monotonic() + 60
    thread = threading.Thread(target=tools.drain, args=(outside.look, limit, deadline, lambda: False))
    thread.start()
    return thread


def test_two_connections_that_hang_hold_up_no_third(tools: Tools) -> None:
    """A hundred calls each to two targets that never answer, and ten to a third: the ten are made."""
    outside = Outside("jira", "slack")
    for lane, count in (("jira", 100), ("slack", 100), ("books", 10)):
        outside.add(lane, count)
    thread = draining(tools, outside)
    until(lambda: len(outside.done) == 10, "the third connection's calls")
    assert {id.partition("-")[0] for id in outside.done} == {"books"}
    outside.add("mail", 5)
    until(lambda: len(outside.done) == 15, "what came later goes out as well")
    outside.over.set()
    thread.join()
    assert len(outside.done) == 215
    assert outside.most["jira"] <= LANE_HEALTHY


def test_a_connection_that_fails_is_tried_by_one_call_at_a_time(tools: Tools) -> None:
    """The limit of a lane is asked for while it runs: after a failure there is room for one."""
    outside = Outside()
    outside.add("jira", 20)
    draining(tools, outside, lambda _: LANE_FAILING).join()
    assert outside.most == {"jira": 1}
    assert len(outside.done) == 20


def test_work_that_breaks_stops_nothing(tools: Tools) -> None:
    """An error nobody thought of is logged; the other jobs are done."""
    outside = Outside()
    outside.add("jira", 3)
    broken = iter([True])

    def work(id: str) -> None:
        outside.work(id)
        if next(broken, False):
            raise ZeroDivisionError

    found = lambda running: [(job, work) for job, _ in outside.look(running)]  # noqa: E731
    assert tools.drain(found, lambda _: 1, time.monotonic() + 60, lambda: False) == 3
    assert len(outside.done) == 3


def test_nothing_new_is_begun_once_it_is_to_stop(tools: Tools) -> None:
    """Asked to stop it finishes what runs, and leaves the rest to the next process."""
    outside = Outside("jira")
    outside.add("jira", 200)
    stopping = threading.Event()
    deadline = time.monotonic() + 60
    thread = threading.Thread(target=tools.drain, args=(outside.look, lambda _: 4, deadline, stopping.is_set))
    thread.start()
    until(lambda: outside.running["jira"] == 4, "four are under way")
    stopping.set()
    outside.over.set()
    thread.join()
    assert len(outside.done) < 200


def test_pauses_grow_spread_and_are_never_shorter_than_asked() -> None:
    """Exponential with full jitter up to an hour; what the target asks for is the least, even where it is longer."""
    for tries in range(20):
        longest = min(3600.0, 5.0 * 2**tries)
        pauses = {pause_after(tries, None) for _ in range(50)}
        assert all(longest / 10 <= p <= longest for p in pauses)
        assert len(pauses) > 40
    assert pause_after(0, 120.0) == 120.0
    assert pause_after(0, 7200.0) == 7200.0
