"""What a pause is about: a connection, a project, a rule or everything, by one name.

In: the name that a person gave. Out: its kind and id, or LookupError naming what there is.
"""

from __future__ import annotations

from service.state import Context
from service.store.actions import count_open
from service.store.database import Connection


def kind_of(context: Context, name: str | None) -> tuple[str, str]:
    """(kind, id): ("everything", "*") for none. LookupError for a name that nothing has."""
    if not name:
        return "everything", "*"
    book = context.rulebook
    for kind, known in (
        ("connection", book.workspace.connections),
        ("project", book.workspace.projects),
        ("rule", book.rules.rules),
    ):
        if name in known:
            return kind, name
    raise LookupError(f"no connection, project or rule is called {name}")


def waiting(connection: Connection, kind: str, id: str) -> int:
    """How many actions a pause of this holds back now."""
    return count_open(connection, None if kind == "everything" else (kind, id))
