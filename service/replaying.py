"""Processing again: an event is decided again, a delivery is normalised again with the connector as it is now.

In: an id. Out: whether it was there. Deterministic ids make both harmless: what was made before is not made twice.
"""

from __future__ import annotations

from service.state import Context
from service.store import deliveries, inbox, journal


def replay(context: Context, id: str) -> bool:
    """Put an event or a delivery back in line; false for an id that is neither."""
    if id.startswith("dlv_"):
        with context.database.inbox_reading() as connection:
            if inbox.one(connection, id) is None:
                return False
        with context.database.writing() as connection:
            deliveries.forget(connection, id)
        return True
    with context.database.writing() as connection:
        return journal.replay(connection, id)
