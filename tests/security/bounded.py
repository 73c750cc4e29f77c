"""A piece of work in a process of its own with hard limits: so much memory, so much processor time, then it is ended.

`bounded(work)` gives what the work returned as text; AssertionError when the limits ended it or it broke.
"""

from __future__ import annotations

import os
import resource
import traceback
from collections.abc import Callable

MEMORY = 384 * 1024 * 1024
"""What the work may take beyond what the tests take already."""
SECONDS = 4


def bounded(work: Callable[[], str]) -> str:
    """What the work came to."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code = 1
        try:
            _limit()
            said = work()
            code = 0
        except BaseException:  # noqa: BLE001 - told to the parent, which fails
            said = traceback.format_exc()[-1500:]
        with os.fdopen(writing, "wb") as out:
            out.write(said.encode("utf-8", "replace"))
        os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as answered:
        said = answered.read().decode("utf-8", "replace")
    _, status = os.waitpid(child, 0)
    ended = os.waitstatus_to_exitcode(status)
    assert ended == 0, f"ended with {ended} (negative: by a limit): {said}"
    return said


def _limit() -> None:
    taken = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()  # noqa: PTH123, SIM115
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, taken + MEMORY))
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (until, until))
