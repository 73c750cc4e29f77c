"""Further processes beside those of `accord up`: `with beside(desk, "worker-decide") as process`."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

from tests.faults.desk import Desk

PARTS = {
    "worker-decide": ("worker", "--queue", "decide"),
    "worker-deliver": ("worker", "--queue", "deliver"),
    "clock": ("clock",),
}


@contextlib.contextmanager
def beside(desk: Desk, part: str) -> Iterator[subprocess.Popen[bytes]]:
    """One more process of that part; it is ended afterwards, however it is."""
    with (desk.home / f"more-{part}.log").open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "service", *PARTS[part]],
            cwd=desk.home,
            env={**os.environ, **desk.stack.environment},
            stdout=out,
            stderr=out,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
