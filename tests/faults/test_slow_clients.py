"""Clients that send drop by drop, or far too much: cut off or refused, and everybody else is served meanwhile."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
import requests

from service.web.server import THREADS
from tests.faults.desk import Desk
from tests.support.wait import PATIENCE, until

FULL = "HTTP/1.1\r\nHost: accord\r\n"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with Desk(tmp_path_factory.mktemp("desk")) as opened:
        yield opened


def caller(desk: Desk, sent: str) -> socket.socket:
    """A connection to the web server on which this was sent so far."""
    opened = socket.create_connection(("127.0.0.1", desk.stack.port), timeout=PATIENCE)
    opened.sendall(sent.encode())
    return opened


def answered(opened: socket.socket) -> bytes:
    """What the server says until it hangs up."""
    found = b""
    with suppress(ConnectionError):
        while part := opened.recv(4096):
            found += part
    return found


def dripping(callers: list[socket.socket], over: threading.Event) -> None:
    """Each sends one byte more every tenth of a second, as long as it is let."""
    while not over.wait(0.1):
        for one in callers:
            with suppress(OSError):
                one.sendall(b"x")


def test_a_slow_client_for_each_thread_holds_up_nobody(desk: Desk) -> None:
    """A quarter stops in its headers, a quarter drips its headers, half of them drip their bodies: they have every
    thread. A hook is taken and decided meanwhile, and all of them are cut off.
    """
    each = THREADS // 4
    with ExitStack() as opened:
        still = [opened.enter_context(caller(desk, f"GET /healthz {FULL}X-A: 1")) for _ in range(each)]
        heads = [opened.enter_context(caller(desk, f"GET /healthz {FULL}X-A: ")) for _ in range(each)]
        begun = f"POST /hooks/tracker {FULL}Content-Length: 100000\r\n\r\n{{"
        bodies = [opened.enter_context(caller(desk, begun)) for _ in range(2 * each)]
        over = threading.Event()
        opened.callback(over.set)
        threading.Thread(target=dripping, args=(heads + bodies, over), daemon=True).start()
        desk.settle(desk.log_hours("APO-7", 3))
        for one in (*still, *heads, *bodies):
            assert b" 200 " not in answered(one)
    assert desk.record.delivered() == {p.id for p in desk.posted}, "nothing of half a request is kept"


@pytest.mark.parametrize(
    ("request_line", "headers"),
    [
        pytest.param("GET /healthz", "X-A: " + "a" * 20_000, id="a long header"),
        pytest.param("GET /healthz", "\r\n".join(f"X-{n}: a" for n in range(2_000)), id="many headers"),
        pytest.param(f"GET /{'a' * 20_000}", "X-A: 1", id="a long address"),
        pytest.param("GET /healthz", "X-A: " + "a" * 4_000_000, id="megabytes of one header"),
        pytest.param("POST /hooks/tracker", "Content-Length: 99999999999", id="a body of gigabytes"),
    ],
)
def test_what_is_far_too_large_is_refused_before_it_is_read(
    desk: Desk, request_line: str, headers: str
) -> None:
    """Refused with a 4xx or a closed connection; the server answers the next one, and nothing is stored."""
    before = desk.record.delivered()
    with socket.create_connection(("127.0.0.1", desk.stack.port), timeout=PATIENCE) as opened:
        # The server may hang up while it is still being told.
        with suppress(ConnectionError):
            opened.sendall(f"{request_line} {FULL}{headers}\r\n\r\n".encode())
        found = answered(opened)
    assert found == b"" or found.startswith(b"HTTP/1.1 4"), found[:200]
    until(lambda: requests.get(f"{desk.stack.url}/healthz", timeout=PATIENCE).ok, "the next one is answered")
    assert desk.record.delivered() == before
