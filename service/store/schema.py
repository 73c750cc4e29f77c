"""Which schema this version of the code needs, and whether the database has it."""

from __future__ import annotations

from sqlalchemy import inspect, text

from service.store.database import Database

HEAD = "0003"


class SchemaError(Exception):
    """The database's schema is not the one this version needs; the message has the mend."""


def revision(database: Database) -> str | None:
    """The revision the database is at; none for an empty one."""
    with database.reading() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def require(database: Database) -> None:
    """Raises SchemaError unless the database is at the revision of this code."""
    found = revision(database)
    if found != HEAD:
        state = f"at revision {found}" if found else "empty"
        raise SchemaError(f"the database is {state} and this version needs {HEAD}; run `accord migrate`")
