"""Counts and ages of what waits, for the metrics and the console's first page."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from service.store.tables import actions, events, reads, verdicts


def by_state(connection: Connection) -> dict[str, dict[str, int]]:
    """Family -> state -> how many: events, actions, reads; verdicts by kind."""
    found: dict[str, dict[str, int]] = {}
    for name, column in (
        ("events", events.c.state),
        ("actions", actions.c.state),
        ("reads", reads.c.state),
        ("verdicts", verdicts.c.kind),
    ):
        rows = connection.execute(select(column, func.count()).group_by(column)).all()
        found[name] = {str(state): int(count) for state, count in rows}
    return found


def oldest_waiting(connection: Connection) -> dict[str, str | None]:
    """The time of the oldest event to decide and the oldest action that is due but not over."""
    return {
        "event": connection.execute(
            select(func.min(events.c.received_at)).where(events.c.state == "new")
        ).scalar(),
        "action": connection.execute(
            select(func.min(actions.c.due_at)).where(actions.c.state.in_(("ready", "sending")))
        ).scalar(),
    }
