"""`accord up` with the example workspace: one command, everything running, nothing left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.support.processes import alive, descendants, proportional_megabytes
from tests.support.stack import Stack, agency, free_port
from tests.support.wait import until

PARTS = ["web", "worker-decide", "worker-deliver", "clock"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A copy of the example workspace, as in a fresh clone."""
    return agency(tmp_path)


def ready(stack: Stack) -> bool:
    try:
        return stack.http.get(f"{stack.url}/readyz", timeout=10).ok
    except requests.ConnectionError:
        return False


def refused(home: Path, port: int) -> str:
    """What `accord up` says when it does not start, on its error channel."""
    outside = ("REDIS_URL", "DATABASE_URL", "PUBLIC_URL", "SECRET_KEY")
    environment = {name: value for name, value in os.environ.items() if name not in outside}
    run = subprocess.run(
        [sys.executable, "-m", "service", "--home", str(home), "up"],
        env={**environment, "PORT": str(port)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 2, run.stderr
    return run.stderr


def test_one_command_brings_everything_up_and_an_interrupt_takes_everything_down(home: Path) -> None:
    """It says what to open and what to try, keeps the memory promise, and leaves no process when interrupted."""
    (home / "var").mkdir()
    (home / "var" / "first-sign-in.txt").write_text("http://127.0.0.1/the-way-in\n", encoding="utf-8")
    with Stack(home) as stack:
        until(lambda: "Accord is up" in stack.log.read_text(), "the greeting")
        until(lambda: "Sign in for the first time" in stack.log.read_text(), "the way in")
        assert stack.url in stack.log.read_text()
        supervisor = stack.pid("supervisor")
        everything = descendants(supervisor)
        assert {stack.pid(name) for name in [*PARTS, "redis"]} < everything
        assert proportional_megabytes(everything) < 300
        os.kill(supervisor, signal.SIGINT)
        until(lambda: not any(alive(pid) for pid in everything), "every process is gone", seconds=60)
        assert not (home / "var" / "run.json").exists()


def test_a_killed_part_comes_back(home: Path) -> None:
    """kill -9 of one part after the other: another process takes its place each time, the others stay, and the whole
    is ready again.
    """
    with Stack(home) as stack:
        for part in (*PARTS, "redis"):
            before = {name: stack.pid(name) for name in (*PARTS, "redis")}
            killed = stack.kill(part)
            until(lambda part=part, killed=killed: stack.pid(part) != killed, f"a new {part}")
            until(lambda: ready(stack), "all is ready again")
            now = {name: stack.pid(name) for name in (*PARTS, "redis")}
            assert {name for name in now if now[name] != before[name]} == {part}


def test_a_taken_port_is_told_before_anything_starts(home: Path) -> None:
    """Wrong use, in words, with a port to choose instead."""
    port = free_port()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        told = refused(home, port)
    assert f"port {port} of 127.0.0.1 is taken" in told
    assert f"PORT={port + 1}" in told


def test_a_broken_workspace_is_told_with_its_place(home: Path) -> None:
    """A slip in accord.yaml ends the start with file and line, not with a traceback."""
    file = home / "accord.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "\nprojekts: {}\n", encoding="utf-8")
    told = refused(home, free_port())
    assert "accord.yaml:" in told
    assert "projekts" in told
    assert "Traceback" not in told
