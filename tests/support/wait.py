"""Waits for a condition instead of sleeping: a test goes on as soon as it holds, and fails if it never does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], what: str, seconds: float = 30.0, every: float = 0.02) -> T:
    """The first true value of `condition`; fails, saying `what` was awaited, when there is none in time.

    every: seconds between two looks, more where a look is work for others.
    """
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain: {what}"
        pause.wait(every)
    return value
