"""Workspaces to run commands over: a copy of the example, and small edits to it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from service.cli import Invocation, main
from service.cli._open import opened
from service.flow import decide, tick
from service.process import Process
from tests.support.shared import ROOT

AGENCY = ROOT / "examples" / "agency"

Accord = Callable[..., tuple[int, str, str]]
"""Runs a command line: its exit code, what it printed, what it said on standard error."""


def copy_of_the_example(place: Path) -> Path:
    """The example workspace without its secrets and its record, as in a fresh clone."""
    home = place / "agency"
    shutil.copytree(AGENCY, home, ignore=shutil.ignore_patterns("var", ".env", "__pycache__"))
    return home


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A copy of the example workspace."""
    return copy_of_the_example(tmp_path)


@pytest.fixture
def begun(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    """The example with its projects begun, on a database of its own."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    shutil.copy(home / ".env.example", home / ".env")
    (home / ".env").chmod(0o600)
    with opened(Invocation(home)) as process:
        tick.follow_files(process.context)
        decide.decide_waiting(process.context)
        yield process


@pytest.fixture
def accord(capsys: pytest.CaptureFixture[str]) -> Accord:
    """The command line in this process."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main([str(a) for a in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def parsed(text: str) -> Any:
    return json.loads(text)
