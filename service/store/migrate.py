"""Bring the database to the schema of this version. Forward only; nothing is changed before there is a copy.

In: the database. Out: the steps that are missing, and the revisions applied. All steps are one transaction: a migration
that is cut off or fails leaves the database as it was. Only the commands that start or upgrade a service import this.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from service import clock
from service.log import get
from service.store import schema, switches
from service.store.database import Connection, Database, StorageError
from service.store.schema import SchemaError

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 4_242_001
LOCK_WAIT = "10s"
"""A change of a table waits behind its readers, and everybody else behind the change: rather give up and say so."""

log = get("migrate")


@dataclass(frozen=True, slots=True)
class Step:
    """One migration that the database lacks: its revision, what it does in words, the oldest code it serves."""

    revision: str
    says: str
    oldest: str


def pending(database: Database, scripts: Path = MIGRATIONS) -> list[Step]:
    """What the database lacks, oldest first; nothing where it is up to date, or ahead and still serves this version.

    Raises SchemaError where it is ahead and does not.
    """
    known = [_step(s.module) for s in reversed(list(ScriptDirectory(str(scripts)).walk_revisions()))]
    found = schema.revision(database)
    if found is None:
        return known
    if found not in [step.revision for step in known]:
        schema.require(database, known[-1].revision)
    return [step for step in known if step.revision > found]


def upgrade(database: Database, *, backed_up: bool = False, scripts: Path = MIGRATIONS) -> list[str]:
    """Apply what is missing; returns the revisions from and to, or an empty list when nothing was missing.

    backed_up: somebody has a copy already. Raises SchemaError where no copy can be made, StorageError where the
    database does not let itself be changed now.
    """
    steps = pending(database, scripts)
    before = schema.revision(database)
    if steps:
        if before and not backed_up:
            log.info("copied before the migration", copy=str(_back_up(database, before)))
        with database.writing() as connection:
            _wait_in_line(connection, database.kind)
            _apply(connection, scripts, steps)
    database.make_inbox()
    return [before or "empty", steps[-1].revision] if steps else []


def _step(module: object) -> Step:
    """A migration as its file tells it."""
    revision = str(getattr(module, "revision"))  # noqa: B009 (a migration is loaded by path, its names have no types)
    says = (getattr(module, "__doc__", None) or "").strip().splitlines()
    return Step(revision, says[0] if says else "", str(getattr(module, "serves", revision)))


def _wait_in_line(connection: Connection, kind: str) -> None:
    """Two that start at once must not both migrate, and no statement may wait for ever."""
    if kind == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'"))


def _apply(connection: Connection, scripts: Path, steps: Sequence[Step]) -> None:
    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.attributes["connection"] = connection
    command.upgrade(config, steps[-1].revision)
    for step in steps:
        switches.keep_version(connection, schema.KIND, step.revision, step.oldest, clock.now())


def _back_up(database: Database, revision: str) -> Path:
    """A consistent copy of the record; on disk whole, or not there under its name."""
    if database.kind == "sqlite":
        file = Path(str(database.main.url.database))
        copy = file.with_suffix(f".before-{revision}.db")
        draft = copy.with_suffix(".new")
        draft.unlink(missing_ok=True)
        _copy_of_sqlite(file, draft)
    else:
        copy = database.var / f"accord.before-{revision}.dump"
        draft = copy.with_suffix(".new")
        _dump_of_postgres(database, draft)
    draft.chmod(0o600)
    return draft.replace(copy)


def _copy_of_sqlite(file: Path, copy: Path) -> None:
    """By SQLite's own online backup: whoever writes meanwhile is not in the way."""
    try:
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as made:
            source.backup(made)
    except sqlite3.Error as error:
        copy.unlink(missing_ok=True)
        raise StorageError(f"the copy before the migration could not be written: {error}") from error


def _dump_of_postgres(database: Database, copy: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise SchemaError(
            "a migration is due, and pg_dump is not on PATH to copy the database before; "
            "copy it yourself, then run `accord migrate --backed-up`"
        )
    url = database.main.url
    environment = {**os.environ, "PGPASSWORD": url.password or ""}
    where = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    done = subprocess.run(  # noqa: S603 (the program was found by us, its arguments are ours)
        [program, "--format=custom", f"--file={copy}", f"--dbname={where}"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        copy.unlink(missing_ok=True)
        told = (done.stderr.strip().splitlines() or ["it said nothing"])[0]
        raise SchemaError(
            f"pg_dump could not copy the database before the migration: {told}; "
            "copy it yourself, then run `accord migrate --backed-up`"
        )
