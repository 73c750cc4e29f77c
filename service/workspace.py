"""The workspace directory: its files read, its secrets resolved, its connections held against their connectors.

In: the directory. Out: `Loaded` with the checked workspace and one `Settings` a connection, or `WorkspaceError`
with every problem: file, line, column and the mend. Secrets are registered for redaction and appear in no error.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from connectors.base import Connector, Limits
from connectors.base import Settings as ConnectionSettings
from rules.facts.project import Workspace
from rules.language.documents import Document, read
from rules.language.model import Position, Problem
from rules.language.nearest import allowed_here
from rules.language.workspace import build
from service import log
from service.settings import Environment, SettingsError

PATTERNS = ("accord.yaml", "clients/*.yaml", "projects/*.yaml")
COMMON = (
    *("connector", "base_url", "webhook_secret", "receive", "quiet_after", "owner", "private_network"),
    *("limits", "timeout"),
)
_REFERENCE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class WorkspaceError(Exception):
    """Files that cannot be used. `problems` have their places."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(p) for p in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The workspace, and the settings of its connections by name."""

    workspace: Workspace
    settings: Mapping[str, ConnectionSettings]


def load(home: Path, connectors: Mapping[str, Connector], process: Mapping[str, str] | None = None) -> Loaded:
    """Read and check everything. Raises WorkspaceError with all problems at once."""
    found, problems = inspect(home, connectors, process)
    if found is None:
        raise WorkspaceError(problems)
    return found


def inspect(
    home: Path,
    connectors: Mapping[str, Connector],
    process: Mapping[str, str] | None = None,
    *,
    unset: Literal["error", "warning"] = "error",
) -> tuple[Loaded | None, list[Problem]]:
    """The workspace with every problem, warnings included; none when anything is an error.

    unset: how bad a `${NAME}` without a value is. Whoever only checks files may do so where the secrets are not; what
    stands in its place then is empty.
    """
    documents, problems = _documents(home)
    workspace = None
    if documents:
        workspace, found = build(documents)
        problems += found
    if workspace is not None:
        declared = {name: frozenset(connector.operations) for name, connector in connectors.items()}
        workspace = replace(workspace, operations=declared)
        problems += _room_that_cannot_chat(documents, workspace)
    settings: dict[str, ConnectionSettings] = {}
    for document in documents:
        reader = _Connections(document, home, connectors, os.environ if process is None else process, unset)
        settings |= reader.settings()
        problems += reader.problems
    if workspace is None or any(p.severity == "error" for p in problems):
        return None, problems
    mail = [n for n, c in workspace.connections.items() if c.connector == "email"]
    for name in mail:
        # Mails come from the organisation unless the connection says otherwise.
        settings[name] = replace(settings[name], values={"from": workspace.sender, **settings[name].values})
    if not mail:
        settings["mail"] = _mails_to_files(home, workspace, connectors["email"].limits)
    return Loaded(workspace, MappingProxyType(settings)), problems


def _room_that_cannot_chat(documents: list[Document], workspace: Workspace) -> list[Problem]:
    """`organisation.tell.chat` has to be a connection that takes chat messages."""
    chat = workspace.tell.chat
    if chat is None or workspace.can(chat, "chat"):
        return []
    place = ("organisation", "tell", "chat")
    at = next(d.at(place) for d in documents if d.get(place) is not None)
    able = ", ".join(workspace.able("chat"))
    return [Problem(at, f"`{chat}` takes no chat messages", f"name a connection of {able}")]


def _documents(home: Path) -> tuple[list[Document], list[Problem]]:
    paths = [p for pattern in PATTERNS for p in sorted(home.glob(pattern))]
    if not paths:
        at = Position("accord.yaml", 1, 1)
        return [], [
            Problem(at, f"there is no accord.yaml in {home}", f"`accord init {home}` makes a workspace")
        ]
    documents, problems = [], []
    for path in paths:
        name = str(path.relative_to(home))
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            problems.append(Problem(Position(name, 1, 1), "the file is not UTF-8 text", "save it as UTF-8"))
            continue
        document, found = read(text, name)
        problems += found
        if document is not None:
            documents.append(document)
    return documents, problems


class _Connections:
    """The connections of one document: `${NAME}` resolved, keys held against the connector's own list."""

    def __init__(
        self,
        document: Document,
        home: Path,
        connectors: Mapping[str, Connector],
        process: Mapping[str, str],
        unset: Literal["error", "warning"],
    ) -> None:
        self.unset = unset
        self.document = document
        self.home = home
        self.connectors = connectors
        self.problems: list[Problem] = []
        self.environment = self._environment(process)

    def settings(self) -> dict[str, ConnectionSettings]:
        """Settings by connection; what is wrong is in `problems`."""
        given = self.document.get(("connections",)) or {}
        if not isinstance(given, dict):
            return {}
        return {n: self._one(n, keys) for n, keys in given.items() if isinstance(keys, dict)}

    def _environment(self, process: Mapping[str, str]) -> Environment | None:
        try:
            return Environment(self.home, process)
        except SettingsError as error:
            at = Position(".env", 1, 1)
            self.problems += [Problem(at, text) for text in error.problems]
            return None

    def _one(self, name: str, keys: Mapping[str, Any]) -> ConnectionSettings:
        connector = self.connectors.get(str(keys.get("connector")))
        if connector is None:
            word = str(keys.get("connector", ""))
            self._tell(
                (name, "connector"), f"there is no connector `{word}`", allowed_here(word, self.connectors)
            )
            return ConnectionSettings(name, {})
        self._check_keys(name, keys, connector)
        own = {k: v for k, v in keys.items() if k not in ("connector", "limits")}
        values = {k: self._resolved((name, k), v) for k, v in own.items()}
        defaults = {s.name: s.default for s in connector.settings if s.default is not None}
        if connector.base_url:
            defaults["base_url"] = connector.base_url
        for setting in connector.settings:
            if setting.secret and isinstance(values.get(setting.name), str):
                log.register_secret(values[setting.name])
        secrets = values.pop("webhook_secret", None)
        held = tuple(s for s in (secrets if isinstance(secrets, list) else [secrets]) if s)
        for secret in held:
            log.register_secret(secret)
        return ConnectionSettings(
            name,
            {**defaults, "home": str(self.home), **values},
            held,
            bool(keys.get("private_network", False)),
            replace(connector.limits, **keys.get("limits", {})),
        )

    def _check_keys(self, name: str, keys: Mapping[str, Any], connector: Connector) -> None:
        allowed = [*COMMON, *(s.name for s in connector.settings)]
        for key in keys:
            if key not in allowed:
                hint = allowed_here(key, allowed)
                self._tell((name, key), f"`{key}` is no setting of {connector.title}", hint, key=True)
        for setting in connector.settings:
            if setting.required and setting.name not in keys:
                self._tell((name,), f"{connector.title} needs `{setting.name}`", setting.help, key=True)

    def _resolved(self, path: tuple[str, ...], value: Any) -> Any:
        """`${NAME}` replaced wherever it stands; what it stood for is redacted everywhere from now on."""
        if isinstance(value, list):
            return [self._resolved(path, v) for v in value]
        if isinstance(value, dict):
            return {k: self._resolved(path, v) for k, v in value.items()}
        if not isinstance(value, str):
            return value
        return _REFERENCE.sub(lambda m: self._secret(path, m.group(1)), value)

    def _secret(self, path: tuple[str, ...], name: str) -> str:
        try:
            found = self.environment.get(name) if self.environment else ""
        except SettingsError as error:
            self._tell(path, error.problems[0])
            return ""
        if found is None:
            self._tell(
                path,
                f"${{{name}}} is not set",
                f"put {name}=... into .env or the environment, or {name}_FILE",
                severity=self.unset,
            )
            return ""
        if found:
            log.register_secret(found)
        return found

    def _tell(
        self,
        path: tuple[str, ...],
        message: str,
        hint: str = "",
        *,
        key: bool = False,
        severity: Literal["error", "warning"] = "error",
    ) -> None:
        at = self.document.at(("connections", *path), key=key)
        self.problems.append(Problem(at, message, hint, severity))


def _mails_to_files(home: Path, workspace: Workspace, limits: Limits) -> ConnectionSettings:
    """While no mail server is configured, mails are files that anyone can look at."""
    values = {"directory": str(home / "var" / "mail"), "from": workspace.sender}
    return ConnectionSettings("mail", values, limits=limits)
