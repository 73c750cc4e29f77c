"""The faults of the lab: each begins, lasts for a while where it is one that lasts, and ends.

In: a running office. Out: `FAULTS`, by name. A fault that has ended leaves everything running again; how long a lasting
one lasts is FAULT_SECONDS of the environment, one second where it is not set.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Literal

from service.store.database import BUSY_TIMEOUT_MS
from tests.faults.desk import LEASE_IS_OVER, PARTS, Desk
from tests.faults.more_processes import PARTS as MORE
from tests.faults.more_processes import beside
from tests.faults.record import Record
from tests.support.databases import Cluster
from tests.support.fault_proxy import Trouble
from tests.support.wait import PATIENCE, until

SECONDS = float(os.environ.get("FAULT_SECONDS", "1"))
TORN = b"\x37\x7f\x06\x82" + bytes(range(256)) * 9
"""What a power cut leaves at the end of a log: part of a page that was being written."""

REPEATED = 200
"""How many of the latest deliveries come again."""

Kind = Literal["sqlite", "postgresql"]


@dataclass(frozen=True)
class Fault:
    """One fault. strike: holds the fault for the length of a block.

    severs: calls that are under way when it strikes never reach their target, or their answer never comes back.
    lasts: whether it is held for as long as FAULT_SECONDS says.  only: the database for which there is such a fault,
    where it is not for both.  after: how far time goes on when it is over, so that whatever waits for the clock is due.
    """

    name: str
    strike: Callable[[Desk], AbstractContextManager[None]]
    severs: bool = False
    lasts: bool = False
    only: Kind | None = None
    after: timedelta = LEASE_IS_OVER

    @property
    def fills(self) -> bool:
        """Whether it needs a disk that can be filled."""
        return self.name == "fill the disk"


@contextmanager
def _kill(part: str, desk: Desk) -> Iterator[None]:
    desk.kill(part)
    yield


@contextmanager
def _cut_the_power(desk: Desk) -> Iterator[None]:
    """Everything stops at one moment. What is on disk at that moment is whole, and has all that was answered."""
    with desk.frozen("supervisor"):
        copy = desk.home.parent / f"at-the-power-cut-{len(list(desk.home.parent.iterdir()))}"
        shutil.copytree(desk.home / "var", copy, ignore=shutil.ignore_patterns("redis", "*-shm"))
        answered = {p.id for p in desk.posted}
        desk.stack.crash()
    _tear(copy)
    _tear(desk.home / "var")
    kept = Record(copy)
    kept.sound()
    assert answered <= kept.delivered(), "what was answered is on disk"
    shutil.rmtree(copy)
    yield
    desk.stack.start()


def _tear(var: Path) -> None:
    """The last page was being written: something stands behind what was committed."""
    for log in var.glob("*.db-wal"):
        with log.open("ab") as file:
            file.write(TORN)


@contextmanager
def _crash_with_database(desk: Desk) -> Iterator[None]:
    desk.stack.crash()
    _cluster().stop()
    _cluster().start_again()
    yield
    desk.stack.start()


@contextmanager
def _freeze(part: str, desk: Desk) -> Iterator[None]:
    with desk.frozen(part):
        yield
        last()


@contextmanager
def _freeze_while_another_goes_on(part: str, desk: Desk) -> Iterator[None]:
    """Longer than every lease; a second process of the part takes over, then the first one wakes up."""
    with ExitStack() as second:
        with desk.frozen(part):
            yield
            second.enter_context(beside(desk, part))
            desk.later()
            last(max(SECONDS, 5.0), desk.idle)
        until(desk.running, "the first one is awake", every=0.1)


@contextmanager
def _freeze_everything(desk: Desk) -> Iterator[None]:
    """A machine that sleeps: when it wakes up it is another time."""
    with desk.frozen("supervisor"):
        yield
        last()
        desk.at(desk.now + LEASE_IS_OVER)


@contextmanager
def _wipe_redis(desk: Desk) -> Iterator[None]:
    desk.redis().flushall()
    yield


@contextmanager
def _take_redis_away(desk: Desk) -> Iterator[None]:
    """Nobody starts it again for a while."""
    supervisor = desk.stack.pid("supervisor")
    os.kill(supervisor, signal.SIGSTOP)
    try:
        desk.stack.kill("redis")
        yield
        last()
    finally:
        os.kill(supervisor, signal.SIGCONT)


@contextmanager
def _lock(file: str, desk: Desk) -> Iterator[None]:
    """Another program holds the write lock for longer than a writer waits for it."""
    with closing(sqlite3.connect(desk.home / "var" / file, isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        last(max(SECONDS, BUSY_TIMEOUT_MS / 1000 + 1))
        other.execute("ROLLBACK")


@contextmanager
def _fill_the_disk(desk: Desk) -> Iterator[None]:
    assert desk.disk is not None
    writers = [desk.stack.pid(part) for part in PARTS if part != "redis"]
    with desk.disk.full(writers):
        yield
        last()


@contextmanager
def _break_the_ways(trouble: Trouble, desk: Desk) -> Iterator[None]:
    for way in desk.ways.values():
        way.trouble(trouble)
    try:
        yield
        last()
    finally:
        for way in desk.ways.values():
            way.mend()


@contextmanager
def _set_the_clock(by: timedelta, desk: Desk) -> Iterator[None]:
    """It is wrong for a while, and the clock has looked at it."""
    desk.at(desk.now + by)
    desk.swept()
    yield
    last()
    desk.at(desk.now - by)


@contextmanager
def _double_everything(desk: Desk) -> Iterator[None]:
    """Two workers of each queue and two clocks; the second ones end by kill -9."""
    with ExitStack() as more:
        for part in MORE:
            more.enter_context(beside(desk, part))
        yield
        last(max(SECONDS, 4.0), desk.idle)


@contextmanager
def _start_a_second_supervisor(desk: Desk) -> Iterator[None]:
    """It refuses, and names the first."""
    second = subprocess.run(
        [sys.executable, "-m", "service", "up"],
        cwd=desk.home,
        env={**os.environ, **desk.stack.environment, "PORT": str(desk.stack.port + 1)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert second.returncode == 2, second.stderr
    assert f"process {desk.stack.pid('supervisor')}" in second.stderr
    yield


@contextmanager
def _repeat_deliveries(desk: Desk) -> Iterator[None]:
    """What was delivered comes again, the latest first, by several callers at once."""
    with ThreadPoolExecutor(4) as callers:
        list(callers.map(desk.repeat, desk.posted[: -REPEATED - 1 : -1]))
    yield


@contextmanager
def _restart_postgresql(desk: Desk) -> Iterator[None]:
    _cluster().stop()
    yield
    last()
    _cluster().start_again()


def last(seconds: float = SECONDS, over: Callable[[], bool] = lambda: False) -> None:
    """A lasting fault lasts, unless it has shown what it can before."""
    with suppress(AssertionError):
        until(over, "the fault is over", seconds, every=0.1)


CLUSTERS: list[Cluster] = []
"""The cluster of this test process, where its tests use one."""


def _cluster() -> Cluster:
    return CLUSTERS[0]


_ALL = (
    *(Fault(f"kill {part}", partial(_kill, part), severs=part == "worker-deliver") for part in PARTS),
    Fault("cut the power", _cut_the_power, severs=True, only="sqlite"),
    Fault("crash with the database", _crash_with_database, severs=True, only="postgresql"),
    *(Fault(f"freeze {part}", partial(_freeze, part), lasts=True) for part in ("web", "clock", "redis")),
    *(
        Fault(f"freeze {part}, another goes on", partial(_freeze_while_another_goes_on, part), lasts=True)
        for part in ("worker-decide", "worker-deliver")
    ),
    Fault("freeze everything", _freeze_everything, lasts=True),
    Fault("wipe redis", _wipe_redis),
    Fault("take redis away", _take_redis_away, lasts=True),
    Fault("lock the record", partial(_lock, "accord.db"), lasts=True, only="sqlite"),
    Fault("lock the inbox", partial(_lock, "inbox.db"), lasts=True, only="sqlite"),
    Fault("fill the disk", _fill_the_disk, lasts=True, only="sqlite"),
    Fault("restart postgresql", _restart_postgresql, lasts=True, only="postgresql"),
    Fault("refuse connections", partial(_break_the_ways, "refused"), severs=True, lasts=True),
    Fault("drop packets", partial(_break_the_ways, "dropped"), lasts=True),
    Fault("cut answers", partial(_break_the_ways, "cut"), lasts=True),
    Fault("drip answers", partial(_break_the_ways, "drip"), lasts=True),
    Fault(
        "set the clock ahead",
        partial(_set_the_clock, timedelta(hours=1)),
        lasts=True,
        after=timedelta(minutes=62),
    ),
    Fault("set the clock back", partial(_set_the_clock, timedelta(hours=-1)), lasts=True),
    Fault("double everything", _double_everything),
    Fault("start a second supervisor", _start_a_second_supervisor),
    Fault("repeat deliveries", _repeat_deliveries),
)
FAULTS = {fault.name: fault for fault in _ALL}


def faults_for(kind: Kind) -> tuple[str, ...]:
    """The names of the faults that there are with this database."""
    return tuple(fault.name for fault in _ALL if fault.only in (None, kind))
