"""Work spread over the cores of this machine: results come in the order of the work, however many processes do it.

In: a function, the things to do it with, the number of processes. Out: an iterator over the results. The function and
what it needs reach the processes by forking, so both may be anything; what it returns has to be picklable.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_SHARES = 4  # Of each process: small enough that one slow share does not leave the others idle.
_here: list[tuple[Callable[[Any], Any], Sequence[Any]]] = []
"""In a process of the pool: its work. It came with the fork."""


def count() -> int:
    """How many of them this process may use."""
    able = getattr(os, "sched_getaffinity", None)
    return len(able(0)) if able else os.cpu_count() or 1


def spread(work: Callable[[T], R], over: Sequence[T], jobs: int) -> Iterator[R]:
    """`work` done with each of them; an exception comes at the place of its result. One job stays in this process."""
    jobs = min(jobs, len(over))
    if jobs <= 1:
        yield from map(work, over)
        return
    gc.freeze()  # What is here already is never collected in a child: its pages stay shared.
    pool = ProcessPoolExecutor(
        jobs, multiprocessing.get_context("fork"), initializer=_begin, initargs=(work, over)
    )
    try:
        share = max(1, len(over) // (jobs * _SHARES))
        yield from pool.map(_one, range(len(over)), chunksize=share)
    finally:
        pool.shutdown(cancel_futures=True)
        gc.unfreeze()


@contextmanager
def without_collector() -> Iterator[None]:
    """No search for circles of garbage: what a short command builds, it needs to its end."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _begin(work: Callable[[Any], Any], over: Sequence[Any]) -> None:
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C ends the command, and the command ends its processes.
    _here[:] = [(work, over)]


def _one(number: int) -> Any:
    work, over = _here[0]
    return work(over[number])
