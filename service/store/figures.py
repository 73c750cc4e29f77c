"""Counts and ages of what waits, for the metrics and the console's first page."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from service.store.database import iso
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


def due_now(connection: Connection, now: datetime) -> dict[str, int]:
    """How many actions and reads are due or under way at this moment."""
    open_actions = select(func.count()).where(
        (actions.c.state == "sending")
        | ((actions.c.state == "ready") & (actions.c.due_at <= iso(now)))
        | ((actions.c.state == "waiting") & (actions.c.waits != "review") & (actions.c.due_at <= iso(now)))
    )
    open_reads = select(func.count()).where(
        (reads.c.state == "reading") | ((reads.c.state == "ready") & (reads.c.due_at <= iso(now)))
    )
    return {
        "actions": int(connection.execute(open_actions).scalar() or 0),
        "reads": int(connection.execute(open_reads).scalar() or 0),
    }
