"""A call that a stand-in holds until the test has done something meanwhile: killed a process, moved the clock.

`hold = there.hold(...)`, then `hold.wait()`: a call is there. `hold.release()` lets it and every later one go on;
`hold.drop()` makes an outside system of it that never did anything with what it was sent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from tests.support.wait import PATIENCE


class Hold:
    """after: the call has its effect and only the answer is held; otherwise nothing has happened yet."""

    def __init__(self, *, after: bool = False) -> None:
        self.after = after
        self.calls = 0
        self._arrived = threading.Event()
        self._over = threading.Event()
        self._dropped = False

    def wait(self, seconds: float = PATIENCE) -> None:
        """Until a call is held here; fails when none comes."""
        assert self._arrived.wait(seconds), f"waited {seconds:g} s in vain for a call to hold"

    def release(self) -> None:
        """Go on as if nothing had been."""
        self._over.set()

    def drop(self) -> None:
        """What is held ends without an answer, and without an effect that it has not had yet."""
        self._dropped = True
        self._over.set()

    @property
    def over(self) -> bool:
        """Whether it holds no more."""
        return self._over.is_set()

    def keep(self, gone: Callable[[], bool] = lambda: False) -> bool:
        """Called by the stand-in: waits, then says whether the call goes on. One whose caller is `gone` does not: a
        system that acts minutes after nobody waits for it any more is none that could be read back.
        """
        self.calls += 1
        self._arrived.set()
        while not self._over.wait(0.2):
            if gone():
                return False
        return not self._dropped
