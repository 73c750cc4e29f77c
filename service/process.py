"""One process's parts, opened once: settings, database, files, connectors, bells, and the tools of a deliverer.

In: the settings of the environment. Out: `current()`, the same for every job of the process.
"""

from __future__ import annotations

from functools import cache

from connectors import registry
from service import clock, settings
from service.queue import Bells
from service.rulebook import Rulebook
from service.settings import Settings
from service.state import Context
from service.store import switches
from service.store.database import Database
from service.store.migrate import upgrade
from service.tools import Tools


class Process:
    """The opened parts. `tools` holds sessions, pool and renderer; they cost nothing until used."""

    def __init__(self, found: Settings) -> None:
        database = Database(found.database_url, found.var)
        upgrade(database)
        connectors = dict(registry.everything())
        rulebook = Rulebook(found.home, connectors, kept=lambda v: _kept(database, v))
        self.context = Context(found, database, rulebook, connectors, Bells(found.redis_url or ""), clock.now)
        self.tools = Tools()
        _keep(database, rulebook)

    def close(self) -> None:
        """Wait for running calls and close everything."""
        self.tools.close()
        self.context.database.close()


@cache
def current() -> Process:
    """This process's parts, opened when first asked for."""
    return Process(settings.load())


def _keep(database: Database, rulebook: Rulebook) -> None:
    with database.writing() as connection:
        switches.keep_version(
            connection, "rules", rulebook.rules.version, rulebook.sources.to_json(), clock.now()
        )


def _kept(database: Database, version: str) -> str | None:
    with database.reading() as connection:
        return switches.version_data(connection, "rules", version)
