"""Python imports this before a program of a test begins: the service's one clock then reads its offset from a file.

It also looks more often what is due. Everything else (sleeping, leases of Redis, timeouts of sockets) stays in real
time.
"""

import os
from datetime import datetime, timedelta
from pathlib import Path

from service import clock

_file = Path(os.environ["TEST_CLOCK_FILE"])
_now = clock.now


def _other_now() -> datetime:
    return _now() + timedelta(seconds=float(_file.read_text(encoding="ascii")))


clock.now = _other_now
clock.TURN_SECONDS = 1.0
