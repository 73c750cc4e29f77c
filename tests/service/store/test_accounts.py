"""Who may sign in: one account an address, tries counted before they are checked, sessions that end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from service.store import accounts
from service.store.accounts import User
from service.store.database import Database

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
LIN = User("usr_lin", "Lin Hao", "lin@northwind.example", "owner", ready=True, failures=0, locked_until=None)


def added(database: Database, user: User = LIN) -> None:
    with database.writing() as connection:
        assert accounts.add(connection, user, "hash", NOW)


def test_an_address_has_one_account_however_it_is_written(database: Database) -> None:
    """Capitals and blanks make no second account."""
    added(database)
    again = User(
        "usr_2", "Lin", " LIN@Northwind.example ", "viewer", ready=True, failures=0, locked_until=None
    )
    with database.writing() as connection:
        assert not accounts.add(connection, again, "hash", NOW)
    with database.reading() as connection:
        found = accounts.of_email(connection, " Lin@NORTHWIND.example")
        assert found is not None
        assert found.id == "usr_lin"


def test_tries_at_once_cannot_outrun_the_count(database: Database) -> None:
    """Of sixteen tries in the same moment five may be checked; the others meet the lock."""
    added(database)

    def one_try(_: int) -> datetime | None:
        with database.writing() as connection:
            return accounts.begin_try(connection, LIN, NOW)

    with ThreadPoolExecutor(16) as threads:
        met = list(threads.map(one_try, range(16)))
    assert met.count(None) == accounts.FREE_TRIES


def test_the_pause_doubles_up_to_eight_hours(database: Database) -> None:
    """One, two, four minutes and on, never longer than the longest; a success forgets all of it."""
    added(database)
    at, pauses = NOW, []
    for _ in range(16):
        with database.writing() as connection:
            assert accounts.begin_try(connection, LIN, at) is None
            user = accounts.of_id(connection, LIN.id)
        assert user is not None
        if user.locked_until:
            pauses.append(user.locked_until - at)
            at = user.locked_until
    assert pauses[:4] == [timedelta(minutes=n) for n in (1, 2, 4, 8)]
    assert pauses[-1] == accounts.LONGEST_PAUSE
    with database.writing() as connection:
        accounts.succeeded(connection, LIN.id)
        user = accounts.of_id(connection, LIN.id)
    assert user is not None
    assert (user.failures, user.locked_until) == (0, None)


def test_a_session_lasts_until_its_end_or_its_owner(database: Database) -> None:
    """Nothing is found after the end, after signing out, after another password, or once the person is gone."""
    added(database)
    until = NOW + timedelta(hours=12)
    second = User(
        "usr_2", "Wang", "wang@northwind.example", "lead", ready=True, failures=0, locked_until=None
    )
    added(database, second)
    with database.writing() as connection:
        for hashed, user in (("a", LIN.id), ("b", LIN.id), ("c", second.id)):
            accounts.open_session(connection, hashed, user, until, NOW)
    with database.writing() as connection:
        held = accounts.session_of(connection, "a", NOW)
        assert held is not None
        assert held.user.name == "Lin Hao"
        assert accounts.session_of(connection, "a", until) is None
        accounts.close_session(connection, "a")
        assert accounts.session_of(connection, "a", NOW) is None
        accounts.set_password(connection, LIN.id, "another hash")
        assert accounts.session_of(connection, "b", NOW) is None
        assert accounts.remove(connection, second.id)
        assert accounts.session_of(connection, "c", NOW) is None


def test_the_last_owner_stays(database: Database) -> None:
    """Neither removing nor another role is possible while there is no other owner."""
    added(database)
    with database.writing() as connection:
        assert not accounts.remove(connection, LIN.id)
        assert not accounts.set_role(connection, LIN.id, "lead")
        other = User(
            "usr_2", "Wang", "wang@northwind.example", "owner", ready=True, failures=0, locked_until=None
        )
        assert accounts.add(connection, other, "hash", NOW)
        assert accounts.set_role(connection, LIN.id, "lead")
