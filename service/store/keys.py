"""Keys of the files that the record knows: whose history hangs on them.

In: a kind ("projects", "clients", "people") and a key. Out: whether anything is on record under it.
"""

from __future__ import annotations

from sqlalchemy import Connection, Select, select

from service.store.tables import actions, events, records

_BEGUN = records.c.status.notin_(("draft",))


def on_record(connection: Connection, kind: str, key: str) -> bool:
    """Whether a project has begun, a client has had events, a person was written to."""
    wanted: dict[str, Select[tuple[str]]] = {
        "projects": select(records.c.id).where(records.c.kind == "project", records.c.id == key, _BEGUN),
        "clients": select(events.c.id).where(events.c.client == key),
        "people": select(actions.c.id).where(actions.c.recipient == key),
    }
    return connection.execute(wanted[kind].limit(1)).first() is not None


def begun_projects(connection: Connection) -> list[str]:
    """The keys of all projects that have begun."""
    rows = connection.execute(select(records.c.id).where(records.c.kind == "project", _BEGUN))
    return sorted(rows.scalars())
