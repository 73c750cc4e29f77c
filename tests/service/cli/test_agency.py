"""The example as a newcomer runs it: `make run` with its outside systems, then `make demo`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.docs.lesson import Lesson
from tests.docs.markdown import blocks, section
from tests.service.cli.places import copy_of_the_example, edit
from tests.support.processes import alive, descendants
from tests.support.shared import ROOT
from tests.support.stack import free_port
from tests.support.wait import until

BIN = Path(sys.executable).parent


class Running:
    """What `examples/agency/run` started, over a copy of the example."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        inherited = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
        self.environment = {
            **inherited,
            "PORT": str(self.port),
            "ACCORD_BIN": str(BIN),
            "PYTHONPATH": str(ROOT),
        }
        self.log = home.parent / "run.log"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen([str(home / "run")], env=self.environment, stdout=out, stderr=out)

    def ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/readyz", timeout=2).ok
        except requests.RequestException:
            return False

    def demo(self) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(self.home / "demo")]
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=150, check=False
        )


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """The example running on ports of its own."""
    home = copy_of_the_example(tmp_path)
    edit(home / ".env.example", "127.0.0.1:8190", f"127.0.0.1:{free_port()}")
    (home / ".env.example").rename(home / ".env")
    (home / ".env").chmod(0o600)
    found = Running(home)
    until(found.ready, "the example is ready", 60)
    yield found
    if found.process.poll() is None:
        found.process.terminate()
        found.process.wait(timeout=60)


def differences_of_the_tour(running: Running) -> list[str]:
    """Where docs/tour.md shows something else of a service after the demo than the commands print."""
    (running.home.parent / "examples").mkdir()
    (running.home.parent / "examples" / "agency").symlink_to(running.home)

    def accord(words: list[str], place: Path) -> str:
        command = [str(BIN / "accord"), *words]
        told = subprocess.run(
            command, cwd=place, env=running.environment, capture_output=True, text=True, check=False
        )
        return told.stdout

    page = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
    shown = blocks(section(page, "After `make run` and `make demo`"), "console")
    reader = Lesson(running.home.parent, accord)
    return [str(difference) for block in shown for difference in reader.follow(block)]


def test_the_demo_tells_its_stories_and_everything_ends_together(running: Running) -> None:
    """Alert, correction and a question with a link arrive; tracker and room hear too; an interrupt ends all of it."""
    told = running.demo()
    assert told.returncode == 0, told.stderr
    assert "Subject: Apollo: 81.2 % of the budget is spent" in told.stdout
    assert "Subject: Apollo: budget figure corrected to 42.3 %" in told.stdout
    assert "Subject: Apollo: your decision on change CR-1 by " in told.stdout
    link = next(
        line.strip() for line in told.stdout.splitlines() if "/a/" in line and line.strip().startswith("http")
    )
    page = requests.get(link, timeout=10)
    assert page.status_code == 200
    assert "Export the report as a spreadsheet" in page.text
    outside = running.log.read_text()
    assert "[tracker] comment on APO-1: Apollo 预算已达 80% 档位" in outside
    assert "[room] " in outside

    assert differences_of_the_tour(running) == []

    everything = descendants(running.process.pid)
    assert len(everything) > 5, "outside systems, web, workers, clock and Redis"
    running.process.send_signal(signal.SIGINT)
    running.process.wait(timeout=60)
    until(lambda: not any(alive(pid) for pid in everything), "nothing is left")


def test_without_a_service_the_demo_says_how_to_start_one(tmp_path: Path) -> None:
    """A second terminal is what newcomers forget."""
    home = copy_of_the_example(tmp_path)
    environment = {**os.environ, "PORT": str(free_port()), "ACCORD_BIN": str(BIN)}
    told = subprocess.run(
        [sys.executable, str(home / "demo")], env=environment, capture_output=True, text=True, check=False
    )
    assert told.returncode == 1
    assert "make run" in told.stderr
