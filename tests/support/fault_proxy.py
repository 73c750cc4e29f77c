"""The way to an outside system, which a test can break: a TCP proxy on the loopback.

`with FaultProxy(port) as way:` passes everything on at `way.port` until `way.trouble(...)`; `way.mend()` ends it. What
is under way meets the trouble too: kept-alive connections break or hang like new ones.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from types import TracebackType
from typing import Final, Literal, Self

Trouble = Literal["refused", "dropped", "cut", "drip"]
TROUBLES: Final[tuple[Trouble, ...]] = ("refused", "dropped", "cut", "drip")
CUT_AFTER: Final = 20
"""Bytes of an answer that still arrive: less than the first line and headers of any."""
DRIP_SECONDS: Final = 0.2
LOOK_SECONDS: Final = 0.05


class FaultProxy:
    """refused: nobody listens and what is open is reset.  dropped: bytes vanish in both directions, nothing ends.
    cut: an answer is reset after its first bytes.  drip: answers come a byte at a time.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._trouble: Trouble | None = None
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._spoilt: set[tuple[socket.socket, socket.socket]] = set()
        self._listener: socket.socket | None = None
        self.port = self._listen(0)
        self._thread = threading.Thread(target=self._accept, name="fault-proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        self._deafen()
        self._reset(self._pairs)

    def trouble(self, kind: Trouble) -> None:
        """From now on the way is broken like that."""
        with self._lock:
            self._trouble = kind
        if kind == "refused":
            self._deafen()
            self._reset(self._pairs)

    def mend(self) -> None:
        """The way is good again; conversations that lost bytes on it end."""
        with self._lock:
            self._trouble = None
        self._reset(self._spoilt)
        if self._listener is None:
            self._listen(self.port)

    def _listen(self, port: int) -> int:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
        self._listener = listener
        return int(listener.getsockname()[1])

    def _deafen(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()

    def _accept(self) -> None:
        while not self._over.wait(0 if self._listener else LOOK_SECONDS):
            listener = self._listener
            # A listener that is closed meanwhile is one that refuses.
            with contextlib.suppress(OSError, ValueError):
                if listener is None or not select.select([listener], [], [], LOOK_SECONDS)[0]:
                    continue
                client, _ = listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            _break(client)
            return
        pair = (client, server)
        with self._lock:
            self._pairs.add(pair)
        back = threading.Thread(target=self._pump, args=(pair, server, client), daemon=True)
        back.start()
        self._pump(pair, client, server)
        back.join()
        with self._lock:
            self._pairs.discard(pair)
            self._spoilt.discard(pair)
        for end in pair:
            end.close()

    def _pump(
        self, pair: tuple[socket.socket, socket.socket], source: socket.socket, sink: socket.socket
    ) -> None:
        """Pass on what comes from `source` until either end is over."""
        is_answer = source is pair[1]
        with contextlib.suppress(OSError, ValueError):
            while not self._over.is_set():
                if not select.select([source], [], [], LOOK_SECONDS)[0]:
                    continue
                part = source.recv(65_536)
                if not part:
                    sink.shutdown(socket.SHUT_WR)
                    return
                self._pass_on(pair, part, sink, is_answer=is_answer)

    def _pass_on(
        self, pair: tuple[socket.socket, socket.socket], part: bytes, sink: socket.socket, *, is_answer: bool
    ) -> None:
        if self._trouble == "dropped":
            with self._lock:
                self._spoilt.add(pair)
        elif self._trouble == "cut" and is_answer:
            sink.sendall(part[:CUT_AFTER])
            self._reset({pair})
        elif self._trouble == "drip" and is_answer:
            self._drip(part, sink)
        else:
            sink.sendall(part)

    def _drip(self, part: bytes, sink: socket.socket) -> None:
        for place in range(len(part)):
            if self._trouble != "drip" or self._over.wait(DRIP_SECONDS):
                sink.sendall(part[place:])
                return
            sink.sendall(part[place : place + 1])

    def _reset(self, pairs: set[tuple[socket.socket, socket.socket]]) -> None:
        with self._lock:
            broken = list(pairs)
            pairs -= set(broken)
        for pair in broken:
            for end in pair:
                _break(end)


def _break(end: socket.socket) -> None:
    """End a connection by a reset, at once."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()
