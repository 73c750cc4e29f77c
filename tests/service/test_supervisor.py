"""The supervisor keeps its parts running, and takes all of them with it when it goes. Real processes throughout."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from service.children import STEADY_SECONDS, Pause
from tests.support.processes import alive
from tests.support.shared import ROOT
from tests.support.wait import until

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a small installation over `tmp_path`; whatever is left of it at the end is stopped."""
    started: list[subprocess.Popen[str]] = []

    def run(*parts: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.small_installation", str(tmp_path), *parts],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.terminate()
        process.communicate(timeout=30)


def pids(var: Path) -> dict[str, int]:
    """What `run.json` says; empty while it is not there."""
    try:
        return dict(json.loads((var / "run.json").read_text(encoding="ascii")))
    except FileNotFoundError:
        return {}


def test_a_part_that_is_killed_is_started_again(start: Start, tmp_path: Path) -> None:
    """kill -9 of a part leads to a new process for it, named in run.json; its siblings are not disturbed."""
    start("steady", "stubborn")
    first = until(lambda: pids(tmp_path), "all parts started")
    os.kill(first["steady"], signal.SIGKILL)
    second = until(lambda: (now := pids(tmp_path))["steady"] != first["steady"] and now, "a new process")
    assert alive(second["steady"])
    assert second["stubborn"] == first["stubborn"]


def test_a_part_that_dies_again_and_again_is_started_more_and_more_rarely(
    start: Start, tmp_path: Path
) -> None:
    """Each early death doubles the wait, the log tells how it ended, how long it lived and which one in a row it was;
    what runs beside it is not disturbed.
    """
    process = start("steady", "brittle")
    first = until(lambda: pids(tmp_path), "all parts started")
    assert process.stdout is not None
    told = (json.loads(line) for line in process.stdout)
    ends = list(islice((t for t in told if t["event"] == "ended; starting it again"), 4))
    assert [(t["part"], t["code"], t["in_a_row"]) for t in ends] == [("brittle", 1, n) for n in (1, 2, 3, 4)]
    assert [t["wait_seconds"] for t in ends] == [0.5, 1.0, 2.0, 4.0]
    assert all(t["lived_seconds"] < STEADY_SECONDS for t in ends)
    assert pids(tmp_path)["steady"] == first["steady"]


def test_the_wait_before_a_restart_is_capped_and_forgotten_after_a_quiet_while() -> None:
    """Up to half a minute, however often a part dies; a life of more than a minute makes the next restart quick."""
    now = 1000.0
    pause = Pause(lambda: now)
    assert [pause.begin(0.1) for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert (pause.left(), pause.deaths) == (30, 9)
    now += 31
    assert pause.left() < 0
    assert pause.over(STEADY_SECONDS - 1) == 0, "it has not run for long yet"
    assert pause.over(STEADY_SECONDS + 1) == 9
    assert pause.over(STEADY_SECONDS + 2) == 0, "that is said once"
    assert pause.begin(STEADY_SECONDS + 40) == 0.5


def test_an_asked_stop_lets_parts_finish(start: Start, tmp_path: Path) -> None:
    """SIGTERM reaches every part as SIGTERM; the supervisor ends with 0, leaving neither process nor run.json."""
    process = start("steady")
    running = until(lambda: pids(tmp_path), "the part started")
    process.terminate()
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0, out
    assert (tmp_path / "steady.ended").exists()
    assert not alive(running["steady"])
    assert not pids(tmp_path)


def test_a_part_that_does_not_listen_is_killed_after_the_grace(start: Start, tmp_path: Path) -> None:
    """A part that ignores SIGTERM cannot keep the installation from ending, and the log names it."""
    process = start("stubborn")
    running = until(lambda: pids(tmp_path), "the part started")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert not alive(running["stubborn"])
    assert "killing what did not end in time" in out
    assert "stubborn" in out


def test_nothing_outlives_a_supervisor_that_is_killed(start: Start, tmp_path: Path) -> None:
    """After kill -9 of the supervisor its parts and its Redis end by themselves, and a new one can start."""
    process = start("steady", "redis")
    running = until(lambda: pids(tmp_path), "the part started")
    redis = int((tmp_path / "redis" / "redis.pid").read_text(encoding="ascii"))
    process.kill()
    process.communicate()
    until(lambda: not alive(running["steady"]) and not alive(redis), "part and Redis are gone")
    start("steady", "redis")
    until(
        lambda: pids(tmp_path).get("steady", running["steady"]) != running["steady"],
        "a new supervisor's part",
    )


def test_a_killed_redis_comes_back_at_the_same_address(start: Start, tmp_path: Path) -> None:
    """kill -9 of the private Redis leads to a new server with the old address, so that no part has to restart."""
    start("steady", "redis")
    running = until(lambda: pids(tmp_path), "the part started")
    file, address = tmp_path / "redis" / "redis.pid", (tmp_path / "redis" / "url").read_text(encoding="utf-8")
    first = file.read_text(encoding="ascii")
    os.kill(int(first), signal.SIGKILL)
    until(lambda: file.exists() and file.read_text(encoding="ascii") not in ("", first), "a new Redis")
    assert (tmp_path / "redis" / "url").read_text(encoding="utf-8") == address
    assert pids(tmp_path)["steady"] == running["steady"]


def test_a_wrong_setting_ends_everything_instead_of_restarting_for_ever(start: Start) -> None:
    """A part that ends with 2 cannot be helped by a restart: the supervisor says which and ends with 2."""
    process = start("steady", "wrong")
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 2
    assert '"part": "wrong"' in out


def test_one_workspace_has_one_supervisor(start: Start, tmp_path: Path) -> None:
    """A second start over the same workspace is refused and names the process that has it."""
    first = start("steady")
    until(lambda: pids(tmp_path), "the part started")
    second = start("steady")
    out, _ = second.communicate(timeout=30)
    assert second.returncode == 3
    assert f"process {first.pid}" in out
