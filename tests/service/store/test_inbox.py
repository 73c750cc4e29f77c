"""The inbox: what is answered with success is on disk, once, whoever asks at once."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.base import Delivery
from service.store import inbox
from service.store.database import Database, StorageError
from service.store.inbox import Incoming, Writer
from service.store.migrate import upgrade

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def incoming(number: int, dedup: str = "") -> Incoming:
    call = Delivery("tracker", "POST", "/hooks/tracker", {}, {"x-a": "1"}, f"body {number}".encode(), NOW)
    return Incoming(f"dlv_{number:05d}", dedup or f"id:{number}", call)


def test_many_threads_share_commits_and_each_gets_its_own_id(database: Database) -> None:
    """200 calls at once: 200 rows, in an order of arrival without gaps, each answered with its id."""
    writer = Writer(database)
    with ThreadPoolExecutor(32) as threads:
        ids = list(threads.map(lambda n: writer.store(incoming(n)), range(200)))
    writer.close()
    assert ids == [f"dlv_{n:05d}" for n in range(200)]
    with database.inbox_reading() as connection:
        stored = inbox.some(connection, ids)
    assert set(stored) == set(ids)
    assert sorted(s.seq for s in stored.values()) == list(range(1, 201))


def test_a_delivery_seen_before_is_answered_with_the_first_id(database: Database) -> None:
    """The source sends again what it did not see answered: one row, the same id."""
    writer = Writer(database)
    first = writer.store(incoming(1, dedup="id:same"))
    again = writer.store(incoming(2, dedup="id:same"))
    with ThreadPoolExecutor(8) as threads:
        both = set(threads.map(lambda n: writer.store(incoming(n, dedup="id:twin")), range(10, 18)))
    writer.close()
    assert again == first
    assert len(both) == 1


def test_the_bytes_come_back_as_they_came(database: Database) -> None:
    """Not UTF-8, NUL bytes, an empty body: kept as they are."""
    writer = Writer(database)
    bodies = [b"\x00\xff\xfe", b"", "变更".encode()]
    for number, body in enumerate(bodies):
        call = Delivery("c", "POST", "/hooks/c", {"q": "\ud800"}, {"x": "é"}, body, NOW)
        writer.store(Incoming(f"dlv_{number}", f"id:{number}", call))
    writer.close()
    with database.inbox_reading() as connection:
        stored = inbox.some(connection, ["dlv_0", "dlv_1", "dlv_2"])
        assert [stored[f"dlv_{n}"].delivery.body for n in range(3)] == bodies
        assert inbox.one(connection, "dlv_0") is not None
        assert inbox.one(connection, "dlv_x") is None


def test_a_locked_database_is_a_refusal_and_not_a_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program holds the file: the caller hears that nothing was stored, and a later try succeeds."""
    monkeypatch.setattr("service.store.database.BUSY_TIMEOUT_MS", 50)
    database = Database(f"sqlite:///{tmp_path / 'accord.db'}", tmp_path)
    upgrade(database)
    writer = Writer(database)
    lock = sqlite3.connect(tmp_path / "inbox.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="locked"):
        writer.store(incoming(1))
    lock.execute("ROLLBACK")
    assert writer.store(incoming(1)) == "dlv_00001"
    lock.close()
    writer.close()
    database.close()
