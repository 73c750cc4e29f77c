"""Who may sign in, and who is signed in: users with a role, and sessions kept as hashes.

In: hashes of passwords and of session tokens, never the things themselves. Out: `User`s. `store.tries` counts how often
somebody tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from service.store.database import from_iso, iso
from service.store.tables import sessions, users


@dataclass(frozen=True, slots=True)
class User:
    """Someone who may use the console. `role`: owner, lead, member or viewer; `ready`: a password is set."""

    id: str
    name: str
    email: str
    role: str
    ready: bool


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody is signed in until `expires_at`."""

    user: User
    expires_at: datetime


def anyone(connection: Connection) -> bool:
    """Whether there is a user at all."""
    return connection.execute(select(users.c.id).limit(1)).first() is not None


def add(connection: Connection, user: User, password: str | None, now: datetime) -> bool:
    """Add a user; false when the mail address is taken. `password` is its hash, none while it is to be chosen."""
    if of_email(connection, user.email) is not None:
        return False
    connection.execute(
        insert(users).values(
            id=user.id,
            name=user.name,
            email=plain(user.email),
            password=password,
            role=user.role,
            failures=0,
            at=iso(now),
        )
    )
    return True


def everyone(connection: Connection) -> list[User]:
    """All users by name."""
    rows = connection.execute(select(users).order_by(func.lower(users.c.name), users.c.id)).mappings()
    return [_user(dict(row)) for row in rows]


def of_id(connection: Connection, id: str) -> User | None:
    """The user of that id."""
    row = connection.execute(select(users).where(users.c.id == id)).mappings().first()
    return _user(dict(row)) if row else None


def of_email(connection: Connection, email: str) -> User | None:
    """The user with that mail address, however it is written."""
    row = connection.execute(select(users).where(users.c.email == plain(email))).mappings().first()
    return _user(dict(row)) if row else None


def password_of(connection: Connection, id: str) -> str | None:
    """The hash of a user's password."""
    return connection.execute(select(users.c.password).where(users.c.id == id)).scalar()


def set_password(connection: Connection, id: str, password: str) -> None:
    """Replace a password by this hash; who knew the old one is signed out."""
    connection.execute(update(users).where(users.c.id == id).values(password=password))
    sign_out_everywhere(connection, id)


def rename(connection: Connection, id: str, name: str) -> None:
    """Give a user another name."""
    connection.execute(update(users).where(users.c.id == id).values(name=name))


def set_role(connection: Connection, id: str, role: str) -> bool:
    """Give a user another role; false when that would leave no owner."""
    if role != "owner" and _last_owner(connection, id):
        return False
    connection.execute(update(users).where(users.c.id == id).values(role=role))
    return True


def remove(connection: Connection, id: str) -> bool:
    """Remove a user and sign them out; false when that would leave no owner."""
    if _last_owner(connection, id):
        return False
    sign_out_everywhere(connection, id)
    connection.execute(delete(users).where(users.c.id == id))
    return True


def open_session(connection: Connection, hashed: str, user: str, until: datetime, now: datetime) -> None:
    """Somebody signed in; sessions that ended are forgotten on the way."""
    connection.execute(delete(sessions).where(sessions.c.expires_at <= iso(now)))
    connection.execute(insert(sessions).values(hash=hashed, user=user, expires_at=iso(until), at=iso(now)))


def session_of(connection: Connection, hashed: str, now: datetime) -> Session | None:
    """The session of that hash while it lasts."""
    row = (
        connection.execute(
            select(users, sessions.c.expires_at)
            .join_from(sessions, users, sessions.c.user == users.c.id)
            .where(sessions.c.hash == hashed, sessions.c.expires_at > iso(now))
        )
        .mappings()
        .first()
    )
    return Session(_user(dict(row)), from_iso(row["expires_at"])) if row else None


def prolong(connection: Connection, hashed: str, until: datetime) -> None:
    """Let a session that is used go on."""
    connection.execute(update(sessions).where(sessions.c.hash == hashed).values(expires_at=iso(until)))


def close_session(connection: Connection, hashed: str) -> None:
    """Somebody signed out."""
    connection.execute(delete(sessions).where(sessions.c.hash == hashed))


def sign_out_everywhere(connection: Connection, user: str) -> None:
    """End every session of a user."""
    connection.execute(delete(sessions).where(sessions.c.user == user))


def plain(email: str) -> str:
    """A mail address as it is kept and compared."""
    return email.strip().lower()


def _last_owner(connection: Connection, id: str) -> bool:
    owners = select(users.c.id).where(users.c.role == "owner").with_for_update()
    return list(connection.execute(owners).scalars()) == [id]


def _user(row: Mapping[str, Any]) -> User:
    return User(
        id=row["id"],
        name=row["name"],
        email=row["email"],
        role=row["role"],
        ready=row["password"] is not None,
    )
