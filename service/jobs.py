"""Where the stages are strung together: what one ring of each bell does, and what the clock does each time.

In: the id of the request that rang, for the log. Out: nothing; all work stands in the database.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable
from functools import partial
from threading import Event

from rules.facts.event import SourceEvent
from service import clock
from service.flow import decide as deciding
from service.flow import deliver as delivering
from service.flow import fetch, forget, normalise, poll, tick, watch
from service.flow.recount import Recounter
from service.log import get
from service.process import Process, current, prepare
from service.queue import stopping
from service.settings import Settings
from service.state import Context
from service.store.database import StorageError
from service.store.switches import connection_state
from service.tools import LANE_FAILING, LANE_HEALTHY, Job, Tools, Work

log = get("jobs")
SECONDS = 200.0
"""A job begins nothing new after this long and rings again: well within what the queue grants it."""
LOOK = 400
AT_ONCE = deciding.EVENTS_A_TURN
__all__ = ["clock_turn", "decide", "decide_all", "deliver", "deliver_all", "keep_time", "prepare"]


def decide(request_id: str = "") -> None:
    """One ring of the bell `decide`: normalise and decide all that waits, then ring `deliver`."""
    process = current()
    context = process.context
    context.bells.clear_wake("decide")
    process.refresh()
    process.beat("decide")
    until = time.monotonic() + SECONDS
    decide_all(context, lambda: time.monotonic() < until and not stopping())
    context.bells.ring("deliver", request_id)
    if time.monotonic() >= until:
        context.bells.ring("decide", request_id)


def decide_all(context: Context, going: Callable[[], bool] = lambda: True) -> int:
    """Normalise and decide until nothing waits; how many events were decided.

    going: whether anything more may be begun. A job that ran into the queue's own limit would be interrupted in the
    middle of an event, which would count as the event's fault.
    """
    count = 0
    while True:
        # In turns: what came early is decided, and its messages leave, while the rest of a burst is still read; and
        # what has to be decided meanwhile holds up no delivery.
        taken = normalise.normalise_waiting(context, going, AT_ONCE)
        decided = deciding.decide_some(context, going)
        count += decided
        if not (taken or decided) or not going():
            return count


def deliver(request_id: str = "") -> None:
    """One ring of the bell `deliver`: make the calls that are due, through the pool."""
    process = current()
    context = process.context
    context.bells.clear_wake("deliver")
    process.refresh()
    process.beat("deliver")
    if deliver_all(context, process.tools, time.monotonic() + SECONDS):
        context.bells.ring("decide", request_id)


def deliver_all(context: Context, tools: Tools, until: float) -> int:
    """Make every call that is due until nothing is or the time is over; how many were begun."""
    return tools.drain(partial(_look, context, tools), partial(_lane_limit, context), until, stopping)


def keep_time(settings: Settings) -> None:
    """The clock's process: a turn every few seconds until it is told to stop. Two of them do no harm."""
    process = prepare(settings)
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    recounter = Recounter()
    while not stop.is_set():
        clock_turn(process, recounter)
        stop.wait(clock.TURN_SECONDS)
    recounter.close()
    process.rest()
    process.close()


def clock_turn(process: Process, recounter: Recounter) -> None:
    """What the clock does each time: fire slots, activate projects, ring for whatever waits."""
    context = process.context
    try:
        process.refresh()
        # Before this turn is noted: a clock that stood still says so itself.
        watch.watch(context)
        tick.follow_files(context)
        tick.tick(context)
        process.beat("clock")
        _keep_house(context, recounter)
    except StorageError as problem:
        log.warning("the clock could not reach the database", error=str(problem))
    context.bells.ring("decide")
    context.bells.ring("deliver")


def _keep_house(context: Context, recounter: Recounter) -> None:
    """What can wait for tomorrow: where it breaks, no hour is missed for its sake."""
    for duty in (recounter.turn, forget.prune):
        try:
            duty(context)
        except StorageError:
            raise
        except Exception:
            log.exception("a duty of the clock broke; the clock goes on", duty=duty.__qualname__)


def _look(context: Context, tools: Tools, running: set[str]) -> Iterable[tuple[Job, Work]]:
    """Everything that may be begun now: reads first (amounts before alerts), then actions, then polls."""
    take_in = partial(_take_in, context)
    found: list[tuple[Job, Work]] = [
        (j, partial(fetch.fetch, context, tools, take_in)) for j in fetch.due(context, LOOK)
    ]
    found += [
        (j, partial(delivering.deliver, context, tools, take_in)) for j in delivering.due(context, LOOK)
    ]
    found += [(j, partial(poll.poll, context, tools, take_in)) for j in poll.due(context)]
    return [(job, work) for job, work in found if job.id not in running]


def _take_in(context: Context, name: str, found: Iterable[SourceEvent], delivery: str | None = None) -> int:
    count = normalise.take_in(context, name, found, delivery)
    if count:
        context.bells.ring("decide")
    return count


def _lane_limit(context: Context, lane: str) -> int:
    with context.database.reading() as connection:
        failing = connection_state(connection, lane)["failures"]
    return LANE_FAILING if failing else min(LANE_HEALTHY, context.limits(lane).concurrency or LANE_HEALTHY)
