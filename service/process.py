"""One process's parts, opened once: database, files, connectors, bells, and the tools of a deliverer.

In: the settings of the environment. Out: `prepare`, then `current()`, the same for every job of the process.
"""

from __future__ import annotations

import os

from connectors import registry
from rules.facts.event import Event, digest, event_id
from service import clock
from service.queue import Bells
from service.rulebook import Rulebook
from service.settings import Settings
from service.state import Context
from service.store import journal, switches
from service.store.database import Database
from service.store.schema import require
from service.tools import Tools


class Process:
    """The opened parts. `tools` holds sessions, pool and renderer; they cost nothing until used."""

    def __init__(self, found: Settings) -> None:
        database = Database(found.database_url, found.var)
        require(database)
        connectors = dict(registry.everything())
        rulebook = Rulebook(found.home, connectors, kept=lambda v: _kept(database, v))
        self.context = Context(found, database, rulebook, connectors, Bells(found.redis_url or ""), clock.now)
        self.tools = Tools()
        self.keep()

    def refresh(self) -> None:
        """Take over changed files; a refused edit or a new rule set is an event that rules can answer."""
        rulebook = self.context.rulebook
        before = rulebook.refused
        if rulebook.refresh():
            self.keep()
            self._tell("rules.reloaded", rulebook.rules.version, [])
        elif rulebook.refused and rulebook.refused is not before:
            problems = [str(p) for p in rulebook.refused]
            self._tell("rules.refused", digest(*problems), problems)

    def keep(self) -> None:
        """Keep the sources of the rule set in force, for what waits beyond the next edit."""
        rulebook = self.context.rulebook
        with self.context.database.writing() as connection:
            switches.keep_version(
                connection, "rules", rulebook.rules.version, rulebook.sources.to_json(), clock.now()
            )

    def beat(self, role: str) -> None:
        """Say that a process of this role lives."""
        with self.context.database.writing() as connection:
            switches.beat(connection, f"{role}-{os.getpid()}", role, clock.now())

    def close(self) -> None:
        """Wait for running calls and close everything."""
        self.tools.close()
        self.context.database.close()

    def _tell(self, kind: str, version: str, problems: list[str]) -> None:
        now = clock.now()
        fields = {"id": version, "version": version, "problems": problems}
        event = Event(event_id(kind, version, now.strftime("%Y%m%d%H%M")), kind, now, now, {"rules": fields})
        with self.context.database.writing() as connection:
            journal.add(connection, [event])


_opened: list[Process] = []


def prepare(found: Settings) -> Process:
    """Open this process's parts. Raises SchemaError and BrokenFiles."""
    _opened[:] = [Process(found)]
    return _opened[0]


def current() -> Process:
    """This process's parts; `prepare` comes first."""
    return _opened[0]


def _kept(database: Database, version: str) -> str | None:
    with database.reading() as connection:
        return switches.version_data(connection, "rules", version)
