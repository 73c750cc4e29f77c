"""Ties a process to the one that started it, so that nothing of ours outlives a supervisor that was killed.

In: the parent's process id.  Out: this process gets a signal when that parent ends, however it ends.
Run as a command, it ties itself and then becomes another program: `python -m service.lifeline PARENT PROGRAM ...`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
from typing import Final

PARENT: Final = "ACCORD_PARENT"
"""The variable by which a freshly started interpreter learns whom it is tied to."""

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NAME: Final = 15
_LONGEST_NAME: Final = 15


def tie(parent: int, ending: signal.Signals = signal.SIGTERM) -> None:
    """Sends `ending` to this process when `parent`, which started it, ends.

    On Linux the kernel does so, also across an exec; elsewhere a thread looks every second.
    A parent that is gone already ends this process at once.
    """
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, int(ending))
    else:
        threading.Thread(target=_watch, args=(parent, ending), name="lifeline", daemon=True).start()
    if os.getppid() != parent:
        os.kill(os.getpid(), ending)


def name(text: str) -> None:
    """The name that `ps` and `top` show for this process, where the system lets it be set."""
    if sys.platform == "linux":
        _prctl(_PR_SET_NAME, ctypes.c_char_p(text.encode()[:_LONGEST_NAME]))


def command(program: list[str]) -> list[str]:
    """The command line that starts `program` tied to the calling process."""
    return [sys.executable, "-m", "service.lifeline", str(os.getpid()), *program]


def _prctl(option: int, value: int | ctypes.c_char_p) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _watch(parent: int, ending: signal.Signals) -> None:
    gone = threading.Event()
    while os.getppid() == parent:
        gone.wait(1.0)
    with contextlib.suppress(ProcessLookupError):
        os.kill(os.getpid(), ending)


if __name__ == "__main__":
    tie(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 (no shell is wanted)
