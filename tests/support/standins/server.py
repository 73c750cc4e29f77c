"""A stand-in for an outside HTTP system: a real server on the loopback that records what it was sent.

`with StandIn() as there:` serves at `there.url` until the block ends. What was received is in `there.seen`, oldest
first, over how many connections in `there.connections`. `there.fail(...)` makes the next calls go wrong. A subclass
says what to answer in `answer(seen)`; this one answers every call with 200 and `{}`.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from tests.support.standins.holding import Hold

Fault = Literal["status", "hang", "reset", "half", "slow"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived. `path` is decoded by nobody; `query` and header names (lower case) are."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer. `json` wins over `body`."""

    status: int = 200
    json: Any = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Plan:
    fault: Fault
    reply: Reply
    times: int
    matches: Callable[[Seen], bool]


class StandIn:
    """The server. Thread-safe; every call is handled in a thread of its own."""

    def __init__(self, port: int = 0) -> None:
        self.seen: list[Seen] = []
        self.connections = 0
        self._plans: list[_Plan] = []
        self._holds: list[tuple[Hold, Callable[[Seen], bool]]] = []
        self._changed = threading.Condition()
        self._over = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.stand_in = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._over.set()
        for hold, _matches in self._holds:
            hold.drop()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, seen: Seen) -> Reply:
        return Reply(json={})

    def fail(
        self,
        fault: Fault = "status",
        *,
        status: int = 500,
        times: int = 1,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        matches: Callable[[Seen], bool] = lambda _: True,
    ) -> None:
        """The next `times` calls that match go wrong.

        status: that status.  hang: no answer until the stand-in closes.  reset: the connection breaks after the
        request was read.  half: the body stops in the middle.  slow: a byte a tenth of a second, half a minute long.
        """
        with self._changed:
            self._plans.append(_Plan(fault, Reply(status, body, headers=headers or {}), times, matches))

    def forgive(self) -> None:
        """What was to go wrong from now on goes well."""
        with self._changed:
            self._plans.clear()

    def hold(self, matches: Callable[[Seen], bool] = lambda _: True, *, after: bool = False) -> Hold:
        """Keep calls that match until the test releases them: before they have their effect, or after it."""
        with self._changed:
            self._holds.append((Hold(after=after), matches))
            return self._holds[-1][0]

    def wait_for(self, condition: Callable[[], bool], seconds: float = 20.0) -> bool:
        """Wait until a condition on what was received holds; False when the time is over."""
        with self._changed:
            return self._changed.wait_for(condition, seconds)

    def _record(self, seen: Seen) -> _Plan | None:
        with self._changed:
            self.seen.append(seen)
            plan = next((p for p in self._plans if p.times > 0 and p.matches(seen)), None)
            if plan:
                plan.times -= 1
            self._changed.notify_all()
        return plan

    def _held(self, seen: Seen) -> Hold | None:
        with self._changed:
            return next((hold for hold, matches in self._holds if not hold.over and matches(seen)), None)


class _Server(ThreadingHTTPServer):
    stand_in: StandIn
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def verify_request(self, request: Any, client_address: Any) -> bool:
        self.stand_in.connections += 1
        return True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away is what fault tests do on purpose."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one segment an answer: unbuffered headers wait for the caller's delayed acknowledgement

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        seen = Seen(
            self.command,
            parts.path,
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        plan = self.server.stand_in._record(seen)
        hold = self.server.stand_in._held(seen)
        if plan is None and hold is not None:
            self._hold(hold, seen)
        elif plan is None:
            self._send(self.server.stand_in.answer(seen))
        elif plan.fault == "status":
            self._send(plan.reply)
        else:
            self._misbehave(plan.fault)

    def _hold(self, hold: Hold, seen: Seen) -> None:
        reply = self.server.stand_in.answer(seen) if hold.after else None
        if hold.keep(self._gone):
            self._send(reply or self.server.stand_in.answer(seen))
        else:
            self.close_connection = True

    def _gone(self) -> bool:
        """Whether the caller has hung up."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        try:
            return bool(readable) and self.connection.recv(1, socket.MSG_PEEK) == b""
        except OSError:
            return True

    def _send(self, reply: Reply) -> None:
        body = reply.body if reply.json is None else json.dumps(reply.json, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"} if reply.json is not None else {}
        self.send_response(reply.status)
        for name, value in {**headers, **reply.headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _misbehave(self, fault: Fault) -> None:
        self.close_connection = True
        if fault == "hang":
            self.server.stand_in._over.wait()
        elif fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        elif fault == "half":
            self.wfile.write(
                b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"half":'
            )
        else:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            for _ in range(300):
                if self.server.stand_in._over.wait(0.1):
                    break
                self.wfile.write(b" ")
                self.wfile.flush()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815 - names of the base class

    def log_message(self, *_: Any) -> None:
        """Tests read `seen`, not a log."""
