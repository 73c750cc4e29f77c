"""Keeps the parts of one installation running: starts them, starts again what dies, stops all of them together.

In: programs, each an `accord` command line, and the private Redis if one is needed.  Out: running processes,
`var/run.json` with their process ids, and an exit code. This process never starts a thread: it forks.
"""

from __future__ import annotations

import fcntl
import gc
import json
import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from service import log
from service.children import STEADY_SECONDS, STOPS, Child, Entry, Pause, Program
from service.embedded_redis import EmbeddedRedis, EmbeddedRedisError

WRONG_USE: Final = 2
"""A child that soon ends with this code says that no restart can help: a setting or a file is wrong."""

logger = log.get("supervisor")


class AlreadyRunningError(Exception):
    """Another supervisor runs this workspace; the message names its process."""


class Supervisor:
    """Runs programs until it is told to stop.

    entry: what a child runs with its command line.  redis: the private server, whose address children get as
    REDIS_URL; none when REDIS_URL is set already.  every_round: called about twice a second while all is running.
    grace: seconds that the parts get to finish what they are doing.
    """

    def __init__(
        self,
        var: Path,
        programs: Sequence[Program],
        entry: Entry,
        *,
        redis: EmbeddedRedis | None = None,
        every_round: Callable[[], None] = lambda: None,
        grace: float = 35.0,
    ) -> None:
        self._var = var
        self._children = [Child(program) for program in programs]
        self._entry = entry
        self._redis = redis
        self._redis_pause = Pause()
        self._redis_began = 0.0
        self._every_round = every_round
        self._grace = grace
        self._stops = 0
        self._hopeless = False
        self._descriptors: list[int] = []

    def run(self) -> int:
        """Blocks until SIGTERM, SIGINT or SIGHUP, then stops everything; 0, or 2 when a part cannot start at all.

        A second such signal ends the waiting. Raises `AlreadyRunningError`, and `EmbeddedRedisError` when the
        private server does not start in the first place.
        """
        with self._only_one(), self._signals() as wake:
            try:
                if self._redis is not None:
                    os.environ["REDIS_URL"] = self._redis.start()
                    self._redis_began = time.monotonic()
                # What is imported by now stays shared with every child, as long as nothing touches its counters.
                gc.collect()
                gc.freeze()
                while not self._stops and not self._hopeless:
                    self._round()
                    wake(self._until_next())
            finally:
                self._stop_all(wake)
        return WRONG_USE if self._hopeless else 0

    def _round(self) -> None:
        self._keep_redis()
        for child in self._children:
            if (code := child.collect()) is not None:
                self._note_end(child, code)
            elif child.pid is not None and (deaths := child.pause.over(child.age)):
                logger.info("runs steadily again", part=child.program.name, after_restarts=deaths)
        due = [child for child in self._children if child.pid is None and child.pause.left() <= 0]
        for child in due:
            child.start(self._entry, self._descriptors)
        if due:
            self._write_state()
        self._every_round()

    def _until_next(self) -> float:
        waits = [child.pause.left() for child in self._children if child.pid is None]
        return max(0.01, min([0.5, *waits]))

    def _keep_redis(self) -> None:
        """Starts the private server again when it has ended. The parts go on without it meanwhile."""
        if self._redis is None or self._redis.alive() or self._redis_pause.left() > 0:
            return
        pause = self._redis_pause
        logger.warning("the Redis server has ended; starting it again", in_a_row=pause.deaths + 1)
        pause.begin(time.monotonic() - self._redis_began)
        self._redis_began = time.monotonic()
        try:
            url = self._redis.start()
        except EmbeddedRedisError as error:
            logger.warning("the Redis server does not start", error=str(error))
            return
        self._write_state()
        if url != os.environ["REDIS_URL"]:
            os.environ["REDIS_URL"] = url
            self._send(signal.SIGTERM)

    def _note_end(self, child: Child, code: int) -> None:
        if code == WRONG_USE and child.age < STEADY_SECONDS:
            self._hopeless = True
            logger.error("cannot start; what is wrong stands above", part=child.program.name)
            return
        how = {"signal": signal.Signals(-code).name} if code < 0 else {"code": code}
        lived, pause = child.age, child.pause
        logger.warning(
            "ended; starting it again",
            part=child.program.name,
            **how,
            lived_seconds=round(lived, 1),
            wait_seconds=pause.begin(lived),
            in_a_row=pause.deaths,
        )

    def _stop_all(self, wake: Callable[[float], None]) -> None:
        """Asks all parts to end, kills what has not within the grace, then ends the server they needed."""
        patience = max(self._stops, 1)
        deadline = time.monotonic() + self._grace
        self._send(signal.SIGTERM)
        while self._running() and time.monotonic() < deadline and self._stops <= patience:
            wake(0.2)
        if late := self._running():
            logger.warning("killing what did not end in time", parts=[child.program.name for child in late])
            self._send(signal.SIGKILL)
            while self._running():
                wake(0.05)
        if self._redis is not None:
            self._redis.stop()
        (self._var / "run.json").unlink(missing_ok=True)
        logger.info("stopped")

    def _running(self) -> list[Child]:
        for child in self._children:
            child.collect()
        return [child for child in self._children if child.pid is not None]

    def _send(self, number: signal.Signals) -> None:
        for child in self._children:
            child.send(number)

    def _write_state(self) -> None:
        pids = {"supervisor": os.getpid(), **{child.program.name: child.pid for child in self._children}}
        if self._redis is not None:
            pids["redis"] = self._redis.pid
        draft = self._var / "run.json.new"
        draft.write_text(json.dumps(pids, indent=2), encoding="ascii")
        draft.replace(self._var / "run.json")

    @contextmanager
    def _only_one(self) -> Iterator[None]:
        """Holds the workspace for this supervisor, until it ends however that happens."""
        with (self._var / "up.lock").open("a+") as file:
            try:
                fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise AlreadyRunningError(
                    f"This workspace is up already (process {file.read().strip() or 'unknown'}); stop that one first."
                ) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            self._descriptors.append(file.fileno())
            yield

    @contextmanager
    def _signals(self) -> Iterator[Callable[[float], None]]:
        """Counts stop signals, and gives a wait that any signal (a child's end too) cuts short."""

        def stop(_number: int, _frame: object) -> None:
            self._stops += 1

        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        self._descriptors += [reader, writer]
        before = {number: signal.signal(number, stop) for number in STOPS}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        wakeup_before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)

        def wake(seconds: float) -> None:
            if select.select([reader], [], [], seconds)[0]:
                os.read(reader, 1024)

        try:
            yield wake
        finally:
            signal.set_wakeup_fd(wakeup_before)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(reader)
            os.close(writer)
