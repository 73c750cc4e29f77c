"""A supervisor over tiny parts, run as a process of its own: `python -m tests.support.small_installation VAR PART...`.

Parts: `steady` runs until it is told to end and then notes that in VAR/steady.ended; `stubborn` does not listen;
`brittle` ends at once; `wrong` ends at once as one does whose settings are wrong; `redis` adds the private server.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from service import log
from service.children import Program
from service.embedded_redis import EmbeddedRedis
from service.supervisor import AlreadyRunningError, Supervisor


def part(arguments: Sequence[str]) -> int:
    """What a child does, told by the first argument; the second is VAR."""
    if arguments[0] == "wrong":
        return 2
    if arguments[0] == "brittle":
        return 1
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set() if arguments[0] == "steady" else None)
    while not ended.wait(0.05):
        continue
    (Path(arguments[1]) / "steady.ended").touch()
    return 0


def main(var: Path, names: Sequence[str]) -> int:
    """Runs the supervisor; 3 when another one runs already."""
    log.configure("info", role="up")
    redis = EmbeddedRedis(var) if "redis" in names else None
    programs = [Program(name, (name, str(var))) for name in names if name != "redis"]
    try:
        return Supervisor(var, programs, part, redis=redis, grace=1.0).run()
    except AlreadyRunningError as error:
        sys.stdout.write(f"{error}\n")
        return 3


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
