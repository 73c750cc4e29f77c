"""The files that people edit, as one checked whole: workspace, connections, rules and texts.

In: the workspace directory. Out: the set that is valid now, and earlier rule sets by their hash. A change of the
files is read, checked and swapped as one; a broken edit keeps the old set and is told.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from connectors.base import Connector
from connectors.base import Settings as ConnectionSettings
from rules.facts.project import Workspace
from rules.language.loader import load_rules
from rules.language.model import Position, Problem, RuleSet
from rules.packs import read_pack
from service.log import get
from service.workspace import Loaded, WorkspaceError, load

log = get("rulebook")
MAIL = "mail"
_MOST_KEPT: Final = 4
_compiled: dict[tuple[Sources, str, frozenset[Any]], tuple[RuleSet | None, list[Problem]]] = {}


class BrokenFiles(Exception):
    """The files cannot be used. `problems` name file, line, column and the mend."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(p) for p in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Sources:
    """The texts of rules and messages as read: what an earlier rule set is compiled from again."""

    rules: tuple[tuple[str, str], ...]
    texts: tuple[tuple[str, str, str], ...]

    @staticmethod
    def of(home: Path) -> Sources:
        """What stands in the files of a workspace now; paths are those below it."""
        rules = [(str(p.relative_to(home)), _text(p)) for p in sorted(home.glob("rules/*.yaml"))]
        texts = [(str(p.relative_to(home)), p.stem, _text(p)) for p in sorted(home.glob("texts/*.yaml"))]
        return Sources(tuple(rules), tuple(texts))

    def write(self, home: Path, aside: Path) -> None:
        """Put these texts in the place of those that stand there now, which are kept below `aside`.

        Each file is replaced as a whole; what is written is what a reader finds, or what was there before. Raises
        OSError where the workspace cannot be written.
        """
        wanted = dict([*self.rules, *((path, text) for path, _, text in self.texts)])
        there = [*sorted(home.glob("rules/*.yaml")), *sorted(home.glob("texts/*.yaml"))]
        for path in there:
            copy = aside / path.relative_to(home)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
        for name, text in wanted.items():
            draft = home / f"{name}.new"
            draft.parent.mkdir(exist_ok=True)
            draft.write_text(text, encoding="utf-8", errors="surrogateescape")
        for name in wanted:
            (home / f"{name}.new").replace(home / name)
        for path in there:
            if str(path.relative_to(home)) not in wanted:
                path.unlink()

    def to_json(self) -> str:
        """As it is kept."""
        return json.dumps({"rules": self.rules, "texts": self.texts}, ensure_ascii=False, sort_keys=True)

    @staticmethod
    def from_json(text: str) -> Sources:
        """As it was kept."""
        data = json.loads(text)
        return Sources(tuple((p, t) for p, t in data["rules"]), tuple((p, x, t) for p, x, t in data["texts"]))


class Valid(NamedTuple):
    """One checked state of all files."""

    loaded: Loaded
    rules: RuleSet
    sources: Sources


_KINDS: Final = ("projects", "clients", "people")


def gone(kind: str, key: str) -> Problem:
    """That a key with history is no longer in the files, and how it can leave them."""
    mend = {
        "projects": "keep it with `status: archived`",
        "clients": "keep it, with its projects archived",
        "people": "keep the person with `until: DATE` and a `successor`",
    }[kind]
    noun = {"projects": "project", "clients": "client", "people": "person"}[kind]
    hint = f"{mend}, or write `was: {key}` where it has another key now"
    return Problem(Position("accord.yaml", 1, 1), f"the {noun} `{key}` is gone, and has a history", hint)


class Rulebook:
    """What is valid now. `kept` finds the sources of an earlier rule set by its version; `on_record` says whether a key
    ("projects", "apollo") has a history.
    """

    def __init__(
        self,
        home: Path,
        connectors: Mapping[str, Connector],
        kept: Callable[[str], str | None] | None = None,
        environment: Mapping[str, str] | None = None,
        on_record: Callable[[str, str], bool] | None = None,
    ) -> None:
        self._home = home
        self._on_record = on_record or (lambda _kind, _key: False)
        self._connectors = connectors
        self._kept = kept or (lambda _version: None)
        self._environment = environment
        self._stamp = _stamp(home)
        # Replaced as one; `held` keeps one state for several looks.
        self._valid = self._read()
        self._earlier: dict[str, RuleSet] = {self.rules.version: self.rules}
        self.refused: list[Problem] = []

    def held(self) -> Rulebook:
        """The same, staying as it is now: for whoever reads more than once and must not see half of an edit."""
        return copy.copy(self)

    @property
    def rules(self) -> RuleSet:
        """The rule set in force."""
        return self._valid.rules

    @property
    def sources(self) -> Sources:
        """What the rule set in force was compiled from."""
        return self._valid.sources

    @property
    def workspace(self) -> Workspace:
        """Organisation, people, clients, projects, connections."""
        return self._valid.loaded.workspace

    @property
    def connections(self) -> Mapping[str, ConnectionSettings]:
        """Settings by name of connection, secrets resolved."""
        return self._valid.loaded.settings

    @property
    def mail_connection(self) -> str:
        """The connection that mails leave through: the first of connector email, or mails written to files."""
        named = (n for n, c in self.workspace.connections.items() if c.connector == "email")
        return next(named, MAIL)

    def refresh(self) -> bool:
        """Read the files again if they changed; true when another valid set is in force now."""
        stamp = _stamp(self._home)
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            valid = self._read()
            self._keeps_what_has_a_history(valid.loaded.workspace)
        except BrokenFiles as broken:
            self.refused = broken.problems
            problems = [str(p) for p in broken.problems]
            log.warning("the edit is refused, the former rules stay in force", problems=problems)
            return False
        versions = (valid.rules.version, valid.loaded.workspace.version)
        changed = versions != (self.rules.version, self.workspace.version)
        self.refused = []
        self._valid = valid
        self._earlier[valid.rules.version] = valid.rules
        if changed:
            log.info("rules reloaded", ruleset=versions[0], workspace=versions[1])
        return changed

    def of(self, version: str) -> RuleSet:
        """The rule set of that version; the present one when its sources are no longer valid."""
        if version not in self._earlier:
            text = self._kept(version)
            found = compile_sources(Sources.from_json(text), self.workspace)[0] if text else None
            self._earlier[version] = found or self.rules
        return self._earlier[version]

    def kept_version(self, version: str) -> RuleSet | None:
        """The rule set of that version; none where it is not kept, or no longer valid."""
        text = self._kept(version)
        return compile_sources(Sources.from_json(text), self.workspace)[0] if text else None

    def _keeps_what_has_a_history(self, after: Workspace) -> None:
        """Raises BrokenFiles for keys that the edit took away though things are on record about them."""
        taken = (
            (kind, key)
            for kind in _KINDS
            for key in sorted(set(getattr(self.workspace, kind)) - set(getattr(after, kind)))
        )
        problems = [gone(kind, key) for kind, key in taken if self._on_record(kind, key)]
        if problems:
            raise BrokenFiles(problems)

    def _read(self) -> Valid:
        try:
            loaded = load(self._home, self._connectors, self._environment)
            sources = Sources.of(self._home)
        except WorkspaceError as broken:
            raise BrokenFiles(list(broken.problems)) from None
        except OSError as error:
            name = Path(error.filename or self._home).name
            problem = Problem(
                Position(name, 1, 1),
                f"it cannot be read: {error.strerror}",
                "check that it is there, and its rights",
            )
            raise BrokenFiles([problem]) from None
        rules, problems = compile_sources(sources, loaded.workspace)
        if rules is None:
            raise BrokenFiles(problems)
        return Valid(loaded, rules, sources)


def compile_sources(sources: Sources, workspace: Workspace) -> tuple[RuleSet | None, list[Problem]]:
    """The rule set of these texts, or none with what is wrong.

    The last ones are kept: a part that a supervisor starts finds there what was compiled before, in memory it shares.
    """
    key = (sources, workspace.version, frozenset(workspace.operations.items()))
    if key not in _compiled:
        while len(_compiled) >= _MOST_KEPT:
            _compiled.pop(next(iter(_compiled)), None)
        _compiled[key] = load_rules(sources.rules, sources.texts, workspace, read_pack)
    rules, problems = _compiled[key]
    return rules, list(problems)


def _text(path: Path) -> str:
    # Bytes that are not UTF-8 become characters that no YAML may have: the file is refused with their place.
    return path.read_text(encoding="utf-8", errors="surrogateescape")


def _stamp(home: Path) -> tuple[tuple[str, int, int], ...]:
    """What changes when a file is edited: path, time and size of each."""
    found = []
    for pattern in ("*.yaml", "clients/*.yaml", "projects/*.yaml", "rules/*.yaml", "texts/*.yaml", ".env"):
        for path in home.glob(pattern):
            # An editor may be about to put another file in this one's place.
            with suppress(FileNotFoundError):
                status = path.stat()
                found.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(sorted(found))
