"""The web server: it finishes what it has begun, cuts off who never finishes, and says when it cannot start."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service.web.server import taken
from tests.support.processes import alive
from tests.support.shared import ROOT
from tests.support.stack import free_port
from tests.support.wait import until

Serve = Callable[..., subprocess.Popen[str]]

APP = """
import os, pathlib, sys, threading
from service import log
from service.web import server

port, place, patience, loadable = int(sys.argv[1]), pathlib.Path(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
server.REQUEST_SECONDS = patience

def answer(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if environ["PATH_INFO"] == "/slow":
        (place / "begun").touch()
        while not (place / "go").exists():
            threading.Event().wait(0.02)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getppid()} {os.getpid()} {threading.get_ident()} {len(body)}".encode()]

def make_app():
    if loadable == "no":
        sys.exit(server.NOT_LOADABLE)
    return answer

log.configure("info", role="web")
sys.exit(server.serve(make_app, "127.0.0.1", port))
"""


@pytest.fixture
def port() -> int:
    """A port that nobody listens on, nor is given by the system."""
    return free_port()


@pytest.fixture
def serve(port: int, tmp_path: Path) -> Iterator[Serve]:
    """Starts the server with a small application that answers with process ids and the size of the body."""
    started: list[subprocess.Popen[str]] = []

    def run(*, patience: float = 30.0, loadable: str = "yes") -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", APP, str(port), str(tmp_path), str(patience), loadable],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield run
    (tmp_path / "go").touch()
    for process in started:
        process.terminate()
        process.communicate(timeout=30)


def get(port: int, path: str = "/", body: bytes = b"") -> list[int]:
    """The numbers of one answer; empty when nothing listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", path, body)
        return [int(part) for part in connection.getresponse().read().split()]
    except ConnectionRefusedError:
        return []
    finally:
        connection.close()


def test_one_process_answers_with_threads(serve: Serve, port: int) -> None:
    """The inbox has one writer: all requests are answered by one process."""
    serve()
    until(lambda: get(port), "the server answers")
    processes = {tuple(get(port, body=b"x" * 70_000)[:2]) for _ in range(5)}
    assert len(processes) == 1


def test_a_running_request_is_finished_before_the_end(serve: Serve, port: int, tmp_path: Path) -> None:
    """SIGTERM during a request: it is answered, and then the server ends with 0."""
    process = serve()
    until(lambda: get(port), "the server answers")
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    client.request("GET", "/slow")
    until((tmp_path / "begun").exists, "the request is being answered")
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    until(lambda: "signal" in process.stdout.readline(), "the server has the signal")
    (tmp_path / "go").touch()
    assert client.getresponse().status == 200
    client.close()
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_client_that_never_finishes_its_request_is_cut_off(serve: Serve, port: int) -> None:
    """Half a request held open by many clients does not keep others from being served."""
    serve(patience=1.0)
    until(lambda: get(port), "the server answers")
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    for client in slow:
        client.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
    assert get(port, body=b"whole")[3] == 5
    for client in slow:
        client.settimeout(20)
        client.recv(1000)
        client.close()


def test_the_answering_process_does_not_outlive_its_parent(serve: Serve, port: int) -> None:
    """kill -9 of the server's parent process frees the port for the next one."""
    process = serve()
    _, answering, *_ = until(lambda: get(port), "the server answers")
    process.kill()
    process.communicate()
    until(lambda: not alive(answering), "the answering process is gone")
    assert not taken("127.0.0.1", port)


def test_what_cannot_be_loaded_is_not_tried_for_ever(serve: Serve) -> None:
    """An application that says that it cannot start ends the server, with a code that says so."""
    process = serve(loadable="no")
    process.communicate(timeout=30)
    assert process.returncode == 4


def test_a_taken_port_is_seen(port: int) -> None:
    """What listens elsewhere on the port is noticed before anything is started."""
    assert not taken("127.0.0.1", port)
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        assert taken("127.0.0.1", port)
