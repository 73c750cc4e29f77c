"""What a delivering process keeps between actions: kept-alive HTTP sessions, the renderer's child, the pool.

In: connection settings, jobs with a lane. Out: clients, and `drain`: jobs run at once, at most so many a lane,
so that a connection that hangs never holds up the others.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from connectors.base import Settings
from connectors.http import Client, http_client
from service.log import get
from service.renderer import Renderer

log = get("pool")
THREADS = 128
LANE_HEALTHY = 32
LANE_FAILING = 1
FRESH_SECONDS = 0.25
"""What was found due is worked through this long before another look at the database."""


LEASE = timedelta(seconds=60)
"""How long an action is held; longer than what is done before its call, or than its call."""
GRACE = timedelta(seconds=30)
"""A call without an answer may still be at work over there: that long passes before we look what became of it."""
MAX_TRIES = 16
FIRST_PAUSE = 5.0
LONGEST_PAUSE = 3600.0


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do: `id` names it, `lane` is the connection it counts against."""

    id: str
    lane: str


Work = Callable[[str], None]
"""Does the job of that id, if it is still to be had."""


def pause_after(tries: int, asked: float | None) -> float:
    """Seconds until the next try: exponential with full jitter, never sooner than the target asked for."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2**tries)
    spread = random.uniform(longest / 10, longest)  # noqa: S311 (spreads load, guards nothing)
    return max(asked or 0.0, spread)


class Tools:
    """One a process. `close` ends sessions, pool and child."""

    def __init__(self) -> None:
        self.renderer = Renderer()
        self._clients: dict[str, tuple[Settings, Client]] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="call")

    def http(self, settings: Settings) -> Client:
        """The kept-alive client of a connection; a new one after its settings changed."""
        with self._lock:
            kept = self._clients.get(settings.name)
            if kept is None or kept[0] is not settings:
                if kept is not None:
                    kept[1].close()
                kept = self._clients[settings.name] = (settings, http_client(settings))
            return kept[1]

    def drain(
        self,
        look: Callable[[set[str]], Iterable[tuple[Job, Work]]],
        lane_limit: Callable[[str], int],
        until: float,
        stopping: Callable[[], bool],
    ) -> int:
        """Run what `look` finds (it is told which ids run already) until there is nothing, or the time is over.

        until: monotonic seconds after which nothing new is begun.  Returns how many jobs were run.
        """
        running: dict[Future[None], Job] = {}
        found: list[tuple[Job, Work]] = []
        begun, looked, limit = 0, 0.0, cache(lane_limit)
        while True:
            now = time.monotonic()
            may_begin = now < until and not stopping()
            if may_begin and (not found or now - looked > FRESH_SECONDS):
                found, looked, limit = (
                    list(look({job.id for job in running.values()})),
                    now,
                    cache(lane_limit),
                )
            if may_begin:
                rest = self._begin(found, limit, running)
                begun += len(found) - len(rest)
                found = rest
            if not running:
                return begun
            over, _ = wait(running, timeout=FRESH_SECONDS, return_when=FIRST_COMPLETED)
            for future in over:
                job = running.pop(future)
                if future.exception():
                    log.error("a job of the pool broke", job=job.id, exc_info=future.exception())

    def _begin(
        self,
        found: list[tuple[Job, Work]],
        lane_limit: Callable[[str], int],
        running: dict[Future[None], Job],
    ) -> list[tuple[Job, Work]]:
        """Begin what its lane has room for; what is left over."""
        lanes = Counter(job.lane for job in running.values())
        rest: list[tuple[Job, Work]] = []
        for job, work in found:
            if len(running) >= THREADS or lanes[job.lane] >= lane_limit(job.lane):
                rest.append((job, work))
                continue
            lanes[job.lane] += 1
            running[self._pool.submit(work, job.id)] = job
        return rest

    def close(self) -> None:
        """Wait for running calls, then end everything."""
        self._pool.shutdown(wait=True)
        self.renderer.close()
        for _, client in self._clients.values():
            client.close()
