"""What a pause is about: a connection, a project, a rule or everything, by one name; and what it holds back.

In: the name that a person gave. Out: its kind and id, or LookupError naming what there is; how many wait, and since
when.
"""

from __future__ import annotations

from service.state import Context
from service.store.database import Connection
from service.store.figures import Queue, paused_queue


def kind_of(context: Context, name: str | None) -> tuple[str, str]:
    """(kind, id): ("everything", "*") for none. LookupError for a name that nothing has."""
    if not name:
        return "everything", "*"
    book = context.rulebook
    for kind, known in (
        ("connection", {*book.workspace.connections, book.mail_connection}),
        ("project", book.workspace.projects),
        ("rule", book.rules.rules),
    ):
        if name in known:
            return kind, name
    raise LookupError(f"no connection, project or rule is called {name}")


def waiting(connection: Connection, kind: str, id: str) -> Queue:
    """What a pause of this holds back now: how many actions, and since when the oldest waits."""
    return paused_queue(connection, kind, id)
