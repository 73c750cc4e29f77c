"""Counts and ages of what waits, for the metrics and the console's first page."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, false, func, select

from service.store.database import iso
from service.store.switches import Standing, standing_still
from service.store.tables import actions, attempts, events, reads, verdicts


def by_state(connection: Connection) -> dict[str, dict[str, int]]:
    """Family -> state -> how many: events, actions, reads; verdicts by kind; attempts that ended, by how.

    An attempt that ended `late` was made by a process that had been taken for dead: possibly its effect is there twice.
    """
    found: dict[str, dict[str, int]] = {}
    for name, column in (
        ("events", events.c.state),
        ("actions", actions.c.state),
        ("reads", reads.c.state),
        ("verdicts", verdicts.c.kind),
        ("attempts", attempts.c.outcome),
    ):
        rows = connection.execute(select(column, func.count()).where(column.is_not(None)).group_by(column))
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
    """How many actions and reads are under way, or due and kept by nothing, at this moment."""
    standing = standing_still(connection, now)
    over = (actions.c.due_at <= iso(now)) & _may_leave(standing)
    open_actions = select(func.count()).where(
        (actions.c.state == "sending")
        | ((actions.c.state == "ready") & over)
        | ((actions.c.state == "waiting") & (actions.c.waits != "review") & over)
    )
    open_reads = select(func.count()).where(
        (reads.c.state == "reading") | ((reads.c.state == "ready") & (reads.c.due_at <= iso(now)))
    )
    return {
        "actions": int(connection.execute(open_actions).scalar() or 0),
        "reads": int(connection.execute(open_reads).scalar() or 0),
    }


def _may_leave(standing: Standing) -> ColumnElement[bool]:
    """The actions whose connection is not paused and does not rest."""
    if standing.everything:
        return false()
    return func.coalesce(actions.c.connection, actions.c.kind).not_in(sorted(standing.connections))
