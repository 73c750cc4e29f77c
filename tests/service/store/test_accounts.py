"""Who may sign in: one account an address, and sessions that end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from service.store import accounts
from service.store.accounts import User
from service.store.database import Database

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
LIN = User("usr_lin", "Lin Hao", "lin@northwind.example", "owner", ready=True)


def added(database: Database, user: User = LIN) -> None:
    with database.writing() as connection:
        assert accounts.add(connection, user, "hash", NOW)


def test_an_address_has_one_account_however_it_is_written(database: Database) -> None:
    """Capitals and blanks make no second account."""
    added(database)
    again = User("usr_2", "Lin", " LIN@Northwind.example ", "viewer", ready=True)
    with database.writing() as connection:
        assert not accounts.add(connection, again, "hash", NOW)
    with database.reading() as connection:
        found = accounts.of_email(connection, " Lin@NORTHWIND.example")
        assert found is not None
        assert found.id == "usr_lin"


def test_a_session_lasts_until_its_end_or_its_owner(database: Database) -> None:
    """Nothing is found after the end, after signing out, after another password, or once the person is gone."""
    added(database)
    until = NOW + timedelta(hours=12)
    second = User("usr_2", "Wang", "wang@northwind.example", "lead", ready=True)
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
        other = User("usr_2", "Wang", "wang@northwind.example", "owner", ready=True)
        assert accounts.add(connection, other, "hash", NOW)
        assert accounts.set_role(connection, LIN.id, "lead")
