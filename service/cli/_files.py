"""What commands that only look at files share: a workspace read and checked without its secrets or its record.

In: a directory. Out: `Files`: workspace, rule set, settings and every problem, with paths as they are from here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from connectors import registry
from connectors.base import Settings as ConnectionSettings
from rules.facts.project import Workspace
from rules.language.loader import load_rules
from rules.language.model import Problem, RuleSet
from rules.packs import read_pack
from service.rulebook import Sources
from service.settings import Environment, SettingsError
from service.workspace import inspect

MAIN: Final = "accord.yaml"
_LINE: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)")


@dataclass(frozen=True, slots=True)
class Files:
    """A workspace as its files say. `rules` and `workspace` are none where an error keeps them from being used."""

    home: Path
    workspace: Workspace | None
    rules: RuleSet | None
    settings: Mapping[str, ConnectionSettings]
    problems: tuple[Problem, ...]

    @property
    def broken(self) -> bool:
        """Whether anything is an error."""
        return any(p.severity == "error" for p in self.problems)


def home_of(path: Path) -> Path:
    """The workspace that a path is in: itself, or the nearest directory above that has an accord.yaml."""
    place = path if path.is_dir() else path.parent
    return next((p for p in (place, *place.parents) if (p / MAIN).is_file()), place)


def read_files(home: Path) -> Files:
    """Read and check the files of a workspace.

    Secrets need no value here: what .env.example has stands in for them, and a name that it does not have is a warning.
    """
    process = {**_stand_ins(home), **os.environ}
    loaded, found = inspect(home, registry.everything(), process, unset="warning")
    problems = located(home, found)
    if loaded is None:
        return Files(home, None, None, {}, tuple(problems))
    sources = Sources.of(home)
    rules, told = load_rules(sources.rules, sources.texts, loaded.workspace, read_pack)
    problems += located(home, told)
    return Files(home, loaded.workspace, rules, loaded.settings, tuple(problems))


def _stand_ins(home: Path) -> dict[str, str]:
    """Values of .env.example for the names that .env does not have."""
    example = home / ".env.example"
    lines = example.read_text(encoding="utf-8", errors="replace").splitlines() if example.is_file() else []
    given = {f[1]: f[2] for line in lines if (f := _LINE.fullmatch(line.strip()))}
    try:
        own = Environment(home, {})
        return {name: value for name, value in given.items() if value and own.get(name) is None}
    except SettingsError:
        return {}  # Told as a problem of .env.


def located(home: Path, problems: Iterable[Problem]) -> list[Problem]:
    """The problems with paths from the current directory; those of shipped packs keep theirs."""
    return [
        replace(p, at=replace(p.at, path=shown(home / p.at.path))) if (home / p.at.path).exists() else p
        for p in problems
    ]


def shown(path: Path) -> str:
    """A path as one would type it here."""
    here = Path.cwd()
    resolved = path.resolve()
    return str(resolved.relative_to(here)) if resolved.is_relative_to(here) else str(resolved)


def scenario_files(home: Path) -> list[Path]:
    """The scenario files of a workspace."""
    return sorted(home.glob("scenarios/**/*.yaml"))
