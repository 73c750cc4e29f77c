"""What is installed is what the repository holds: three packages with their files, from pinned and hashed sources."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.support.shared import ROOT

PACKAGES = ("service", "rules", "connectors")
LOCKS = ("requirements.lock", "requirements.run.lock", "requirements.bench.lock")
PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[^\s;\\]+)", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    """The names and versions of a lock."""
    return {
        found["name"]: found["version"] for found in PIN.finditer((ROOT / lock).read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize("name", [*PACKAGES, "tests.support.shared"])
def test_our_generic_names_mean_our_packages(name: str) -> None:
    """`service`, `rules`, `connectors` and `tests` are common words: each import is ours, not some library's."""
    module = importlib.import_module(name)
    assert module.__file__ is not None
    assert Path(module.__file__).resolve().is_relative_to(ROOT)


def test_no_other_distribution_brings_our_names() -> None:
    """Nothing that is installed beside us owns one of our top-level names."""
    owners = importlib.metadata.packages_distributions()
    for name in PACKAGES:
        assert set(owners.get(name, ["accord"])) == {"accord"}


def test_the_command_is_the_one_of_the_repository() -> None:
    """`accord` starts `service.cli:main`, and knows its version."""
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="accord")
    assert script.value == "service.cli:main"
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert importlib.metadata.version("accord") == declared


def test_a_wheel_holds_every_file_of_the_packages_and_nothing_else(tmp_path: Path) -> None:
    """YAML, schemas, templates, texts and pictures travel with the code; tests and examples do not."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == wanted


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes_and_no_address(lock: str) -> None:
    """An install cannot bring another file than the one that was tested, and does not depend on one server."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    for entry in re.split(r"\n(?=[a-z0-9])", text.strip()):
        assert PIN.match(entry), entry.splitlines()[0]
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_the_lock_covers_what_the_project_asks_for() -> None:
    """A dependency that was added to pyproject.toml but not locked is noticed here, not at the user's."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    for lock, asked in (
        ("requirements.lock", [project["dependencies"], *(e for n, e in extras.items() if n != "rivals")]),
        ("requirements.bench.lock", [extras["rivals"]]),
    ):
        lines = [line for group in asked for line in group]
        names = {re.split(r"[\s\[<>=;!~]", line, maxsplit=1)[0].lower().replace("_", "-") for line in lines}
        assert names - {"accord"} <= set(pins(lock))


def test_the_container_runs_the_versions_that_were_tested() -> None:
    """The container's lock is a part of the developers' lock."""
    assert pins("requirements.run.lock").items() <= pins("requirements.lock").items()
    assert not {"pytest", "playwright", "mypy"} & set(pins("requirements.run.lock"))
