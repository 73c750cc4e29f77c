"""Which schema this version of the code needs, and whether it can work with the one that the database has.

In: the database. Out: its revision; SchemaError with the mend where the two do not fit. A database may be ahead: a
newer version that runs beside this one has migrated it, and left on record which versions its schema still serves.
"""

from __future__ import annotations

from sqlalchemy import inspect, text

from service.log import get
from service.store import switches
from service.store.database import Database

HEAD = "0006"
KIND = "schema"
"""What a migrated revision is kept as among the versions: its text is the oldest revision whose code it serves."""

log = get("schema")


class SchemaError(Exception):
    """The database's schema is not the one this version needs; the message has the mend."""


def revision(database: Database) -> str | None:
    """The revision the database is at; none for an empty one."""
    with database.reading() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def require(database: Database, head: str = HEAD) -> str:
    """The revision the database is at. Raises SchemaError unless code made for revision `head` can work with it."""
    found = revision(database)
    if found is None or found < head:
        state = f"at revision {found}" if found else "empty"
        raise SchemaError(f"the database is {state} and this version needs {head}; run `accord migrate`")
    if found == head:
        return found
    with database.reading() as connection:
        oldest = switches.version_data(connection, KIND, found)
    if oldest is None or oldest > head:
        raise SchemaError(
            f"the database is at revision {found}, made by a newer version; "
            f"this one knows {head} and cannot work with it. "
            "Start the newer version, or put back the copy that was made before the migration"
        )
    log.info("the database is ahead and still serves this version", revision=found, needed=head)
    return found
