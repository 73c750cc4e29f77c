"""Commands to try: a recorded payload for each connection that is told things by webhook, and how it is set up there.

In: the workspace and the connectors' own folders. Out: `accord send` lines, and the steps of a connector's page.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

import connectors
from service.state import Context

_STEP: Final = re.compile(r"^\d+\. ")
_HEADING: Final = re.compile(r"^## ")
_MARKUP: Final = re.compile(r"[`*]")


def commands(context: Context) -> list[str]:
    """One `accord send` line for each connection that has a payload to send."""
    found = (command(context, name) for name in sorted(context.rulebook.workspace.connections))
    return [line for line in found if line]


def command(context: Context, name: str) -> str | None:
    """The line that posts a recorded payload as the system behind this connection would; none without one."""
    known = context.rulebook.workspace.connections[name]
    connector = context.connectors.get(known.connector)
    if connector is None or connector.sign is None:
        return None
    place = _payload(context.settings.home, name) or fixture(known.connector)
    return f"accord send {name} {place}" if place else None


@cache
def fixture(connector: str) -> str | None:
    """A recorded payload that comes with the connector."""
    found = sorted((Path(connectors.__path__[0]) / connector / "fixtures").glob("*.json"))
    usable = [p for p in found if not p.name.endswith(".events.json") and p.name != "settings.json"]
    return str(usable[0]) if usable else None


@cache
def steps(connector: str) -> tuple[str, ...]:
    """What has to be done in the other system, from the connector's own page; empty when it says nothing."""
    page = Path(connectors.__path__[0]) / connector / "README.md"
    if not page.is_file():
        return ()
    found: list[str] = []
    inside = False
    for line in page.read_text(encoding="utf-8").splitlines():
        if _HEADING.match(line):
            inside = line.strip().lower() == "## set it up there"
        elif inside and _STEP.match(line):
            found.append(_STEP.sub("", line))
        elif inside and found and line.startswith("   "):
            found[-1] += " " + line.strip()
    return tuple(_MARKUP.sub("", step) for step in found)


def _payload(home: Path, name: str) -> str | None:
    """A payload of the workspace that is kept under the connection's name."""
    folder = home / "payloads"
    found = sorted(p for p in folder.rglob("*.json") if name in str(p.relative_to(folder)))
    return str(found[0].relative_to(home)) if found else None
