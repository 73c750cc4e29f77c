"""Tries to sign in are counted before they are checked, and what strangers do locks out nobody who is known."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from service.store import tries
from service.store.database import Database
from tests.support.seeding import NOW

LIN = "lin@northwind.example"


def attempt(
    database: Database, at: datetime = NOW, browser: str = tries.STRANGER, email: str = LIN
) -> datetime | None:
    with database.writing() as connection:
        return tries.begin(connection, email, browser, at)


def test_tries_at_once_cannot_outrun_the_count(database: Database) -> None:
    """Of sixteen tries in the same moment five may be checked; the others meet the pause."""
    with ThreadPoolExecutor(16) as threads:
        met = list(threads.map(lambda _: attempt(database), range(16)))
    assert met.count(None) == tries.FREE


def test_the_pause_doubles_up_to_eight_hours(database: Database) -> None:
    """One, two, four minutes and on, never longer than the longest; a success forgets all of it."""
    at, pauses = NOW, []
    for _ in range(16):
        assert attempt(database, at) is None
        with database.reading() as connection:
            until = tries.pause_of(connection, " Lin@NORTHWIND.example", at)
        if until:
            pauses.append(until - at)
            at = until
    assert pauses[:4] == [timedelta(minutes=n) for n in (1, 2, 4, 8)]
    assert pauses[-1] == tries.LONGEST_PAUSE
    with database.writing() as connection:
        tries.forget(connection, LIN, tries.STRANGER)
        assert tries.pause_of(connection, LIN, at - timedelta(seconds=1)) is None
    assert [attempt(database, at) for _ in range(tries.FREE)] == [None] * tries.FREE


def test_a_known_browser_has_a_count_of_its_own(database: Database) -> None:
    """Strangers who fail pause strangers; the browser that let its person in before may try, five times as well."""
    assert [attempt(database) for _ in range(5)] == [None] * 5
    assert attempt(database) is not None
    assert [attempt(database, browser="one") for _ in range(5)] == [None] * 5
    assert attempt(database, browser="one") is not None
    assert attempt(database, browser="other") is None
    with database.writing() as connection:
        tries.forget(connection, LIN)
    assert attempt(database) is None


def test_made_up_addresses_do_not_fill_the_disk(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many are counted and no more; an account is counted whatever strangers made up."""
    monkeypatch.setattr(tries, "MOST", 3)
    with database.writing() as connection:
        for n in range(20):
            assert tries.begin(connection, f"n{n}@nobody.example", "", NOW, known=False) is None
        for _ in range(5):
            assert tries.begin(connection, LIN, "", NOW) is None
        assert tries.begin(connection, LIN, "", NOW) is not None
        assert [tries.begin(connection, "n19@nobody.example", "", NOW, known=False) for _ in range(9)] == [
            None
        ] * 9
