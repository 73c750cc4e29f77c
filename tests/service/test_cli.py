"""The command line's frame: exit codes, help, and answers to slips of the hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from service.cli import accord, main
from tests.support.shared import ROOT


def test_an_unknown_command_names_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong use is 2, on standard error, with a way on."""
    assert main(["wroker"]) == 2
    assert "Did you mean worker" in capsys.readouterr().err
    assert main(["--colour", "up"]) == 2


def test_help_lists_every_command_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """Each module of the folder is a command, and each says what it does."""
    assert main(["--help"]) == 0
    lines = capsys.readouterr().out.partition("Commands:")[2].splitlines()
    listed = {line.split()[0]: line.split()[1:] for line in lines if line.strip() and line[2] != " "}
    assert set(listed) == set(accord.list_commands(None))  # type: ignore[arg-type]
    assert {"up", "web", "worker", "clock"} <= set(listed)
    assert all(listed.values())


def test_wrong_settings_are_listed_and_nothing_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`up`, `web`, `worker` and `clock` refuse wrong settings the same way: all of them, with exit code 2."""
    monkeypatch.setenv("PORT", "none")
    monkeypatch.setenv("LOG_LEVEL", "loud")
    for command in (["up"], ["web"], ["worker", "--queue", "decide"], ["clock"]):
        assert main(["--home", str(tmp_path), *command]) == 2
        err = capsys.readouterr().err
        assert "PORT:" in err
        assert "LOG_LEVEL:" in err


def test_a_workspace_that_is_not_there_is_wrong_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistyped path is told with the command that makes a workspace."""
    assert main(["--home", str(tmp_path / "nowhere"), "web"]) == 2
    assert "accord init" in capsys.readouterr().err


def test_a_part_alone_without_redis_says_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Started on its own, a part does not bring a Redis; it says where one comes from."""
    monkeypatch.delenv("REDIS_URL", raising=False)
    assert main(["--home", str(tmp_path), "worker", "--queue", "decide"]) == 2
    assert "REDIS_URL" in capsys.readouterr().err


def test_help_is_quick_because_commands_are_imported_by_need() -> None:
    """Asking for help imports neither the database nor the web framework."""
    code = (
        "import sys; from service.cli import main; main(['--version']);"
        "assert not {'flask', 'sqlalchemy', 'rq', 'requests'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)


def test_the_module_is_the_command() -> None:
    """`python -m service` is `accord`, with its version and its exit codes."""
    run = subprocess.run(
        [sys.executable, "-m", "service", "--version"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert (run.returncode, run.stdout.startswith("accord, version ")) == (0, True)
