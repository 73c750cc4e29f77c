"""Connections to the record: one engine for the main database, one for the inbox, both with their safety settings.

In: a database URL and the workspace's `var` directory. Out: `Database` with `reading()` and `writing()` blocks.
On SQLite the inbox is a file of its own, so that durable receiving never waits for deciding (the two would share
one write lock); on PostgreSQL both are the same server.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import QueuePool

from service.store.tables import inbox_metadata

__all__ = ["Connection", "Database", "StorageError", "from_iso", "insert_new", "iso", "upsert"]

BUSY_TIMEOUT_MS = 5000


class StorageError(Exception):
    """The database could not store or read now: locked, full, or away. Trying again later can help."""


class Database:
    """The two engines. `kind` is "sqlite" or "postgresql", `var` the workspace's folder for files of ours."""

    def __init__(self, url: str, var: Path) -> None:
        self.url = url.replace("postgresql://", "postgresql+psycopg://", 1)
        self.var = var
        self.kind = "sqlite" if url.startswith("sqlite") else "postgresql"
        self.main = _engine(self.url)
        self.inbox = _engine(f"sqlite:///{var / 'inbox.db'}") if self.kind == "sqlite" else self.main
        # Threads of one process take turns here instead of asking SQLite again and again for its one write lock.
        self._turn = threading.Lock() if self.kind == "sqlite" else nullcontext()

    def make_inbox(self) -> None:
        """Make the inbox's own table where it is not there yet (on SQLite it has its own file)."""
        inbox_metadata.create_all(self.inbox)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view of the main database: what others commit meanwhile is not seen."""
        with _named_failures(), self.main.connect() as connection:
            if self.kind == "sqlite":
                connection.exec_driver_sql("BEGIN")
                yield connection
            else:
                yield connection.execution_options(isolation_level="REPEATABLE READ")

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One write transaction on the main database: all of it is on disk afterwards, or nothing."""
        with self._turn, _named_failures(), self.main.connect() as connection:
            _begin_immediate(connection, self.kind)
            with connection.begin() if not connection.in_transaction() else _closing(connection):
                yield connection

    @contextmanager
    def inbox_reading(self) -> Iterator[Connection]:
        """A view of the inbox."""
        with _named_failures(), self.inbox.connect() as connection:
            yield connection

    @contextmanager
    def inbox_writing(self) -> Iterator[Connection]:
        """One write transaction on the inbox; only the web process's writer thread uses it."""
        with _named_failures(), self.inbox.connect() as connection:
            _begin_immediate(connection, self.kind)
            with connection.begin() if not connection.in_transaction() else _closing(connection):
                yield connection

    def check(self) -> None:
        """Raises StorageError when the main database does not answer."""
        with self.reading() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close all connections."""
        self.main.dispose()
        self.inbox.dispose()


def insert_new(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows, leaving out those whose key is there already."""
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(table).on_conflict_do_nothing(), rows)


def insert_at_once(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> int:
    """As `insert_new` and in the order of the rows, but as one statement; gives how many were new.

    The driver lets other threads run at each statement and each row of many: in one that answers a crowd of callers the
    writer would wait for its turn once a row.
    """
    names = tuple(rows[0])
    sign = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    values = tuple(row[name] for row in rows for name in names)
    return connection.exec_driver_sql(_insertion(table.name, names, len(rows), sign), values).rowcount


@lru_cache(maxsize=512)
def _insertion(table: str, names: tuple[str, ...], rows: int, sign: str) -> str:
    columns, row = ", ".join(f'"{name}"' for name in names), ", ".join(sign for _ in names)
    every = ", ".join(f"({row})" for _ in range(rows))
    return f'INSERT INTO "{table}" ({columns}) VALUES {every} ON CONFLICT DO NOTHING'  # noqa: S608 (names of our own)


def upsert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows; where the primary key is there already, replace all other columns that the row gives."""
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    keys = [c.name for c in table.primary_key]
    update = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=update), rows)


def iso(at: datetime) -> str:
    """A time as it is stored: UTC, microseconds, sorts as text."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_iso(text: str) -> datetime:
    """A stored time, aware UTC."""
    return datetime.fromisoformat(text)


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, pool_size=8, max_overflow=8)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=8,
        # The driver's own transaction control would begin too late and too weakly: see _begin_immediate.
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False, "isolation_level": None},
    )
    event.listen(engine, "connect", _set_pragmas)
    return engine


def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "journal_size_limit=67108864",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection, kind: str) -> None:
    """Take SQLite's write lock at the start: a transaction that reads first and writes later can fail half-way."""
    if kind == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def _closing(connection: Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


@contextmanager
def _named_failures() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise StorageError(_plain(error)) from error
    except PoolTimeoutError:
        raise StorageError("the database refused: every connection to it is in use") from None
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StorageError(_plain(error)) from error
        raise


def _plain(error: DBAPIError) -> str:
    """The driver's own words without the statement and its values, which may be private."""
    return f"the database refused: {str(error.orig).splitlines()[0] if error.orig else 'unknown cause'}"
