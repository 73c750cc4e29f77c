"""One process's parts, opened once: database, files, connectors, bells, and the tools of a deliverer.

In: the settings of the environment. Out: `prepare`, then `current()`, the same for every job of the process.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from functools import partial

from connectors import registry
from rules.facts.event import Event, event_id
from rules.language.changes import changes
from rules.language.model import RuleSet
from service import clock, versions
from service.queue import Bells
from service.rulebook import BrokenFiles, Rulebook, gone
from service.settings import Settings
from service.state import Context
from service.store import journal, keys, switches
from service.store.database import Database, StorageError
from service.store.schema import require
from service.tools import Tools

ROLES = ("decide", "deliver", "clock", "web")


class Process:
    """The opened parts. `tools` holds sessions, pool and renderer; they cost nothing until used."""

    def __init__(self, found: Settings) -> None:
        database = Database(found.database_url, found.var)
        require(database)
        connectors = dict(registry.everything())
        rulebook = Rulebook(
            found.home, connectors, kept=lambda v: _kept(database, v), on_record=partial(_on_record, database)
        )
        with database.reading() as connection:
            begun = keys.begun_projects(connection)
        if missing := [gone("projects", key) for key in begun if key not in rulebook.workspace.projects]:
            database.close()
            raise BrokenFiles(missing)
        self.context = Context(found, database, rulebook, connectors, Bells(found.redis_url or ""), clock.now)
        self.tools = Tools()
        with database.reading() as connection:
            former = versions.in_force(connection)
        self.keep()
        if former is not None and rulebook.rules.version != former:
            self._tell_reloaded(rulebook.of(former))

    def refresh(self) -> None:
        """Take over changed files; a new rule set is an event that rules can answer."""
        before = self.context.rulebook.rules
        if self.context.rulebook.refresh():
            self.keep()
            self._tell_reloaded(before)

    def keep(self) -> None:
        """Keep the sources of the rule set in force, for what waits beyond the next edit."""
        rulebook = self.context.rulebook
        with self.context.database.writing() as connection:
            switches.keep_version(
                connection, "rules", rulebook.rules.version, rulebook.sources.to_json(), clock.now()
            )

    def beat(self, role: str) -> None:
        """Say that a process of this role lives, and by which rules it works."""
        beat_of(self.context, role)

    def rest(self) -> None:
        """Say that this process ends as it should: nobody has to miss it."""
        with suppress(StorageError), self.context.database.writing() as connection:
            switches.forget_beats(connection, [_name(role) for role in ROLES])

    def close(self) -> None:
        """Wait for running calls and close everything."""
        self.tools.close()
        self.context.database.close()

    def _tell_reloaded(self, before: RuleSet) -> None:
        """What the rule set in force changed, and whose memory begins anew, is on record."""
        now, rules = clock.now(), self.context.rulebook.rules
        version = rules.version
        fields = {"id": version, "version": version, "problems": [], **changes(before, rules).plain()}
        id = event_id("rules.reloaded", version, now.strftime("%Y%m%d%H%M"))
        with self.context.database.writing() as connection:
            journal.add(connection, [Event(id, "rules.reloaded", now, now, {"rules": fields})])


def beat_of(context: Context, role: str) -> None:
    """Note that this process lives and plays that role."""
    version = context.rulebook.rules.version
    with context.database.writing() as connection:
        switches.beat(connection, _name(role), role, clock.now(), version)


_opened: list[Process] = []


def prepare(found: Settings) -> Process:
    """Open this process's parts. Raises SchemaError and BrokenFiles."""
    _opened[:] = [Process(found)]
    return _opened[0]


def current() -> Process:
    """This process's parts; `prepare` comes first."""
    return _opened[0]


def _name(role: str) -> str:
    # The same process ids come again on another machine.
    return f"{role}-{socket.gethostname()[:60]}-{os.getpid()}"


def _on_record(database: Database, kind: str, key: str) -> bool:
    with database.reading() as connection:
        return keys.on_record(connection, kind, key)


def _kept(database: Database, version: str) -> str | None:
    with database.reading() as connection:
        return switches.version_data(connection, "rules", version)
