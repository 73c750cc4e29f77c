"""Migrations go forward only, after a copy, whole or not at all, and say beforehand what they would do."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from service.store import migrate, schema
from service.store.database import Database
from service.store.migrate import MIGRATIONS, pending, upgrade
from service.store.schema import HEAD, SchemaError, require
from tests.support.ahead import CONTRACT, EXPAND, FAILS_HALF_WAY, NEXT, ahead
from tests.support.databases import Cluster
from tests.support.shared import ROOT


def tables(database: Database) -> set[str]:
    return set(inspect(database.main).get_table_names())


def put_aside(database: Database) -> None:
    """Something on record that a copy has to have."""
    with database.writing() as connection:
        connection.execute(text("INSERT INTO partitions (id, version) VALUES ('acme', 7)"))


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Database]:
    """An SQLite record at this version's schema, with something in it."""
    made = Database(f"sqlite:///{tmp_path / 'accord.db'}", tmp_path)
    upgrade(made)
    put_aside(made)
    yield made
    made.close()


def test_every_migration_says_what_it_does_and_whom_it_serves() -> None:
    """A person reads the first line in `accord migrate --check`; an older process reads whether it may go on."""
    steps = list(ScriptDirectory(str(MIGRATIONS)).walk_revisions())
    assert steps[0].revision == HEAD
    for step in steps:
        assert (step.module.__doc__ or "").strip(), step.revision
        assert step.module.serves <= step.revision, step.revision


def test_what_is_missing_is_listed_and_nothing_is_missing_afterwards(
    database: Database, tmp_path: Path
) -> None:
    """Revision and words of each step, oldest first; then it is applied, on both databases."""
    scripts = ahead(tmp_path, EXPAND)
    assert pending(database) == []
    (step,) = pending(database, scripts)
    assert (step.revision, step.says) == (NEXT, "Deadlines of actions, and a table of their reminders")
    assert upgrade(database, scripts=scripts) == [HEAD, NEXT]
    assert pending(database, scripts) == []
    assert upgrade(database, scripts=scripts) == []
    assert "reminders" in tables(database)


def test_sqlite_is_copied_before_it_is_changed(record: Database, tmp_path: Path) -> None:
    """Beside the file, readable by its owner alone, at the former revision, with all that was committed."""
    upgrade(record, scripts=ahead(tmp_path, EXPAND))
    copy = tmp_path / f"accord.before-{HEAD}.db"
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as kept:
        assert kept.execute("SELECT version FROM partitions WHERE id = 'acme'").fetchone() == (7,)
        assert kept.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)
        assert kept.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_without_a_copy_nothing_is_changed(record: Database, tmp_path: Path) -> None:
    """The copy cannot be written: the schema stays as it was."""
    (tmp_path / f"accord.before-{HEAD}.new").mkdir()
    with pytest.raises(OSError, match="before"):
        upgrade(record, scripts=ahead(tmp_path, EXPAND))
    assert schema.revision(record) == HEAD
    assert "reminders" not in tables(record)


def test_postgresql_is_dumped_before_it_is_changed(postgres: Cluster, tmp_path: Path) -> None:
    """By pg_dump into var/, in the form that pg_restore reads."""
    if shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not installed here")
    made = Database(postgres.fresh(), tmp_path)
    upgrade(made)
    put_aside(made)
    upgrade(made, scripts=ahead(tmp_path, EXPAND))
    made.close()
    dump = tmp_path / f"accord.before-{HEAD}.dump"
    listed = subprocess.run(["pg_restore", "--list", dump], capture_output=True, text=True, check=True)
    assert "TABLE DATA public partitions" in listed.stdout


def test_postgresql_without_pg_dump_wants_to_be_told_that_there_is_a_copy(
    postgres: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the mend and changes nothing; an empty database needs no copy, and `backed_up` is taken at its word."""
    made = Database(postgres.fresh(), tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    upgrade(made)
    scripts = ahead(tmp_path, EXPAND)
    with pytest.raises(SchemaError, match="accord migrate --backed-up"):
        upgrade(made, scripts=scripts)
    assert schema.revision(made) == HEAD
    assert upgrade(made, backed_up=True, scripts=scripts) == [HEAD, NEXT]
    made.close()


def test_a_migration_that_fails_half_way_changes_nothing(database: Database, tmp_path: Path) -> None:
    """All of it is one transaction, on SQLite too; the mended one is applied afterwards."""
    scripts = ahead(tmp_path, FAILS_HALF_WAY)
    with pytest.raises(ValueError, match="the disk of the example"):
        upgrade(database, scripts=scripts)
    assert schema.revision(database) == HEAD
    assert "reminders" not in tables(database)
    shutil.rmtree(scripts)
    assert upgrade(database, scripts=ahead(tmp_path, EXPAND)) == [HEAD, NEXT]


def test_a_database_that_is_ahead_is_used_as_long_as_it_serves_this_version(
    record: Database, tmp_path: Path
) -> None:
    """Side by side: after an expanding migration of a newer version this one goes on, and has nothing to migrate."""
    upgrade(record, scripts=ahead(tmp_path, EXPAND))
    assert require(record) == NEXT
    assert pending(record) == []
    assert upgrade(record) == []


def test_a_database_that_is_ahead_too_far_is_refused_in_words(record: Database, tmp_path: Path) -> None:
    """What this version needs was taken away: it neither starts nor migrates, and says what to do."""
    upgrade(record, scripts=ahead(tmp_path, CONTRACT))
    for attempt in (require, pending, upgrade):
        with pytest.raises(SchemaError, match=f"at revision {NEXT}, made by a newer version") as refused:
            attempt(record)
        assert "put back the copy" in str(refused.value)


def test_two_that_migrate_at_once_do_it_once(database: Database, tmp_path: Path) -> None:
    """Both find the step missing; the one that comes second finds it done."""
    scripts = ahead(tmp_path, EXPAND)
    other = Database(database.url, tmp_path)
    found = migrate.pending(other, scripts)
    assert upgrade(database, scripts=scripts) == [HEAD, NEXT]
    with other.writing() as connection:
        migrate._apply(connection, scripts, found)
    other.close()
    assert schema.revision(database) == NEXT


def test_the_command_says_what_is_missing_and_then_does_it(tmp_path: Path) -> None:
    """`accord migrate --check` ends with 1 and names the step; `accord migrate` does it; then the check ends with 0."""

    def accord(*arguments: str) -> tuple[int, str]:
        run = subprocess.run(
            [sys.executable, "-m", "service", "--home", str(tmp_path), *arguments],
            cwd=ROOT,
            env={k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")},
            capture_output=True,
            text=True,
            check=False,
        )
        return run.returncode, run.stdout

    code, said = accord("migrate", "--check")
    assert code == 1
    assert said.splitlines()[0] == f"the database is empty; this version needs {HEAD}. Missing:"
    assert "  0001  The first schema" in said
    assert accord("migrate") == (0, f"migrated: empty -> {HEAD}\n")
    assert accord("migrate", "--check") == (0, f"up to date: at {HEAD}\n")
    assert accord("migrate") == (0, f"nothing to do: at {HEAD}\n")
