"""Bring the database to the schema of this version. Forward only; a copy of an SQLite file is kept before.

In: the database. Out: the revisions applied. Only the commands that start or upgrade a service import this.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from service.store import schema
from service.store.database import Database

LOCK = 4_242_001


def upgrade(database: Database) -> list[str]:
    """Apply what is missing; returns the revisions from and to, or an empty list when nothing was missing."""
    before = schema.revision(database)
    if before != schema.HEAD:
        if before and database.kind == "sqlite":
            _back_up(Path(str(database.main.url.database)), before)
        with database.main.connect() as connection:
            if database.kind == "postgresql":
                # Two machines that start at once must not both migrate; the lock ends with the connection.
                connection.execute(text(f"SELECT pg_advisory_lock({LOCK})"))
                connection.commit()
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    database.make_inbox()
    return [] if before == schema.HEAD else [before or "empty", schema.HEAD]


def _back_up(file: Path, revision: str) -> None:
    """A consistent copy beside the file, by SQLite's own online backup."""
    with (
        closing(sqlite3.connect(file)) as source,
        closing(sqlite3.connect(file.with_suffix(f".before-{revision}.db"))) as copy,
    ):
        source.backup(copy)
