"""Waits for a condition instead of sleeping: a test goes on as soon as it holds, and fails if it never does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE = 120.0
"""Seconds until something counts as never happening. A machine that does much else is slow, and not wrong."""


def until(condition: Callable[[], T], what: str, seconds: float = PATIENCE, every: float = 0.02) -> T:
    """The first true value of `condition`; fails, saying `what` was awaited, when there is none in time.

    every: seconds between two looks, more where a look is work for others.
    """
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain: {what}"
        pause.wait(every)
    return value


def while_it_moves(measure: Callable[[], T], end: T, what: str, every: float = 0.5) -> None:
    """Wait until `measure` comes to `end`, however long that takes; fails when it stays the same for too long."""
    pause, deadline = threading.Event(), time.monotonic() + PATIENCE
    before = measure()
    while before != end:
        assert time.monotonic() < deadline, f"no progress for {PATIENCE:g} s at {before}: {what}"
        pause.wait(every)
        if (now := measure()) != before:
            before, deadline = now, time.monotonic() + PATIENCE
