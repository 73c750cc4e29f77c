"""One deadline over a whole call: look-up, connecting, sending, and every byte of the answer.

In: a `Call` that is made current for its thread. Out: a socket to a checked address, and answers read from it that
give up at the deadline however slowly their bytes trickle in. TimeoutError when the time is over.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from connectors.addresses import reachable
from connectors.base import Settings


@dataclass(slots=True)
class Call:
    """A call being made: when it must be over (monotonic seconds), and whether bytes of it left us."""

    settings: Settings
    until: float
    sent: bool = False

    def left(self) -> float:
        """Seconds until the deadline."""
        seconds = self.until - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("deadline")
        return seconds


current: ContextVar[Call] = ContextVar("current")


def connect(host: str, port: int) -> socket.socket:
    """A socket to the first address of a host that may be called and answers; each is the address that was checked."""
    call = current.get()
    settings = call.settings
    found = reachable(
        host, port, connection=settings.name, private_network=settings.private_network, timeout=call.left()
    )
    for family, where in found[:-1]:
        try:
            return _open(family, where, call.left() / 2)
        except OSError:
            continue
    return _open(*found[-1], call.left())


def _open(family: socket.AddressFamily, where: tuple[Any, ...], timeout: float) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect(where)
        sock.settimeout(current.get().left())
    except OSError:
        sock.close()
        raise
    return sock


class BoundedResponse(http.client.HTTPResponse):
    """The standard library's response, reading under the current call's deadline."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_DeadlineReader(sock))


class _DeadlineReader(io.RawIOBase):
    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(current.get().left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
