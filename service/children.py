"""One child process of the supervisor: how it begins, how one learns that it ended, when it may begin again.

In: a `Program` and what to run.  Out: a process that ends with its parent, its exit code, and the wait before the next.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from service import lifeline, log

Entry = Callable[[Sequence[str]], int]
"""What a child runs: a command line in, an exit code out."""

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
STEADY_SECONDS: Final = 60.0
"""What ran this long in one go is taken for sound: its next restart is quick again."""
STOPS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

logger = log.get("supervisor")


@dataclass(frozen=True, slots=True)
class Program:
    """One part: its name in logs, and its command line behind `accord`."""

    name: str
    arguments: tuple[str, ...]


class Pause:
    """The wait before a restart: short after a long life, twice as long after each early death, up to half a minute.

    clock: monotonic seconds.  deaths: how many lives in a row ended early, this one included.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.deaths = 0
        self._clock = clock
        self._due = -math.inf

    def begin(self, lived: float) -> float:
        """Starts the wait after a life of so many seconds, and gives the wait's seconds."""
        self.deaths = 1 if lived > STEADY_SECONDS else self.deaths + 1
        seconds = min(FIRST_PAUSE * 2.0 ** min(self.deaths - 1, 10), LONGEST_PAUSE)
        self._due = self._clock() + seconds
        return seconds

    def left(self) -> float:
        """Seconds until the wait is over; negative afterwards."""
        return self._due - self._clock()

    def over(self, lived: float) -> int:
        """How many early deaths are forgotten now that a life has lasted so many seconds; 0 when none are."""
        if not self.deaths or lived <= STEADY_SECONDS:
            return 0
        forgotten, self.deaths = self.deaths, 0
        return forgotten


class Child:
    """A program and its current process; `pid` is none while it does not run."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.pid: int | None = None
        self.pause = Pause()
        self._started = 0.0

    @property
    def age(self) -> float:
        """Seconds since the latest start."""
        return time.monotonic() - self._started

    def start(self, entry: Entry, not_theirs: Sequence[int]) -> None:
        """Starts the process. not_theirs: descriptors of the supervisor that the child must not hold open."""
        self._started = time.monotonic()
        self.pid = _fork(self.program, entry, not_theirs) if sys.platform == "linux" else _spawn(self.program)
        logger.info("started", part=self.program.name, pid=self.pid)

    def collect(self) -> int | None:
        """The exit code (negative: the signal) when the process has ended since the last look, else none."""
        if self.pid is None:
            return None
        try:
            found, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:
            found, status = self.pid, 0
        if not found:
            return None
        self.pid = None
        return os.waitstatus_to_exitcode(status)

    def send(self, number: signal.Signals) -> None:
        """Sends a signal, if the process runs."""
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


def _fork(program: Program, entry: Entry, not_theirs: Sequence[int]) -> int:
    """Forks, so that the child shares the memory of everything that is imported already."""
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    if pid := os.fork():
        return pid
    code = 1
    try:
        _settle(program, parent, not_theirs)
        code = entry(program.arguments)
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 1
    except BaseException:
        logger.exception("failed", part=program.name)
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        # Never back into the supervisor's frames: what they would clean up is the parent's.
        os._exit(code)


def _settle(program: Program, parent: int, not_theirs: Sequence[int]) -> None:
    """Undoes in a forked child what belongs to the supervisor alone."""
    signal.set_wakeup_fd(-1)
    for number in (*STOPS, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for descriptor in not_theirs:
        os.close(descriptor)
    # A session of its own: Ctrl-C reaches the supervisor alone, which then stops the parts in order.
    os.setsid()
    lifeline.name(program.name)
    lifeline.tie(parent)


def _spawn(program: Program) -> int:
    """Starts a fresh interpreter, for systems whose libraries do not survive a fork."""
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "service", *program.arguments],
        {**os.environ, lifeline.PARENT: str(os.getpid())},
        setpgroup=0,
        setsigdef=[*STOPS, signal.SIGCHLD],
    )
