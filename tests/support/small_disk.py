"""A disk that a test can fill: a small file system of its own where one may be mounted, else a limit on file sizes.

`with SmallDisk(place) as disk:` then `with disk.full(pids):` nothing more can be written below `place`.
"""

from __future__ import annotations

import errno
import os
import resource
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

MEGABYTES: Final = 64
BLOCK: Final = 65_536
LEFT_BY_LIMIT: Final = 4096


class SmallDisk:
    """`mounted` says whether it is a real file system; without the right to mount, the limit takes its place."""

    def __init__(self, place: Path) -> None:
        self._place = place
        place.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(place)]
        self.mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self._place)], check=True)

    @contextmanager
    def full(self, pids: Collection[int]) -> Iterator[None]:
        """The disk is full for the length of the block. pids: whom the limit is for, where it has to be that."""
        with self._ballast() if self.mounted else _limited(pids):
            yield

    @contextmanager
    def _ballast(self) -> Iterator[None]:
        ballast = self._place / "ballast"
        try:
            with ballast.open("wb", buffering=0) as file:
                _fill(file.fileno())
            yield
        finally:
            ballast.unlink(missing_ok=True)


def _fill(descriptor: int) -> None:
    size = BLOCK
    while size:
        try:
            os.write(descriptor, bytes(size))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            size //= 2


@contextmanager
def _limited(pids: Collection[int]) -> Iterator[None]:
    before = {}
    for pid in pids:
        with suppress(ProcessLookupError):
            before[pid] = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (LEFT_BY_LIMIT, before[pid][1]))
    try:
        yield
    finally:
        for pid, limits in before.items():
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
