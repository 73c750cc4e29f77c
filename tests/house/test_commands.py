"""The commands that people and machines start from: Makefile, CI script, container files."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.support.shared import ROOT

TARGETS = (
    "run",
    "setup",
    "test",
    "check",
    "fix",
    "demo",
    "bench",
    "soak",
    "faults",
    "docs",
    "audit",
    "sbom",
    "help",
)


def test_make_help_explains_every_target() -> None:
    """`make` alone lists the targets, each with a sentence."""
    run = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    explained = dict(re.findall(r"^  make (\w+) +(\S.+)$", run.stdout, flags=re.MULTILINE))
    assert tuple(explained) == TARGETS


def test_make_refuses_a_python_that_is_too_old(tmp_path: Path) -> None:
    """A wrong interpreter is told which ones fit and how to name one, before anything is made."""
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n", encoding="ascii")
    old.chmod(0o755)
    run = subprocess.run(
        ["make", "setup", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 2
    assert "3.11, 3.12 or 3.13" in run.stderr
    assert not (tmp_path / "venv").exists()


def test_a_finished_setup_does_nothing_again(tmp_path: Path) -> None:
    """Once set up, `make setup` needs neither time nor a network; a changed lock would make it start again."""
    command = ["make", "--dry-run", "setup", f"VENV={tmp_path}"]
    first = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "--require-hashes -r requirements.lock" in first
    stamp = Path(first.split()[-1])
    assert stamp.parent == tmp_path
    stamp.touch()
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "install" not in again


@pytest.mark.parametrize("name", [".ci/run", "examples/agency/demo"])
def test_scripts_are_executable_and_parse(name: str) -> None:
    """What is called by its path can be called, and bash understands it."""
    path = ROOT / name
    assert path.stat().st_mode & stat.S_IXUSR
    if path.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash"):
        subprocess.run(["bash", "-n", str(path)], check=True)


def test_the_compose_file_is_valid(tmp_path: Path) -> None:
    """docker-compose accepts the file with the secrets of a filled-in `.env`."""
    compose = shutil.which("docker-compose")
    if compose is None:
        pytest.skip("needs docker-compose, which is not on PATH")
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    filled = re.sub(
        r"^(\w+)=$", r"\1=example", (ROOT / ".env.example").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    (tmp_path / ".env").write_text(filled, encoding="utf-8")
    run = subprocess.run([compose, "config"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    for part in ("web", "worker-decide", "worker-deliver", "clock", "redis", "postgres"):
        assert f"  {part}:" in run.stdout


def test_compose_refuses_to_start_without_secrets(tmp_path: Path) -> None:
    """There is no default password: what is not set is asked for by name."""
    compose = shutil.which("docker-compose")
    if compose is None:
        pytest.skip("needs docker-compose, which is not on PATH")
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    (tmp_path / ".env").touch()
    run = subprocess.run([compose, "config", "-q"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "set it in .env" in run.stderr


def test_the_image_holds_no_secret_and_runs_as_nobody_special() -> None:
    """The container does not run as root, and neither `.env` nor a workspace is copied into it."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER (?!root)\w+$", text, flags=re.MULTILINE)
    assert (ROOT / ".dockerignore").read_text(encoding="utf-8").startswith("*\n")
