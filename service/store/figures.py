"""Counts and ages of what waits, for the metrics and the console's first page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, false, func, select, true

from service.store import backlog
from service.store.database import iso
from service.store.switches import Standing, paused, standing_still
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


@dataclass(frozen=True, slots=True)
class Queue:
    """How many wait, and since when the one that waits longest does (a stored time)."""

    count: int
    oldest: str | None


def waiting(connection: Connection, now: datetime) -> dict[str, Queue]:
    """What waits by itself and for whom: events to decide; reads; actions that are due and have not left; messages
    held until a moment (reader's hours, a delay); messages that wait for release; actions a pause holds back.
    """
    over = actions.c.due_at <= iso(now)
    ready = actions.c.state.in_(("ready", "sending"))
    held = (actions.c.state == "waiting") & (actions.c.waits != "review")
    still = _held_by_pause(connection)
    return {
        "event": _queue(connection, events.c.received_at, events.c.state == "new"),
        "read": _queue(connection, reads.c.at, reads.c.state.in_(("ready", "reading"))),
        "action": _queue(connection, actions.c.due_at, (ready | held) & over & ~still),
        "held": _queue(connection, actions.c.at, held & ~over & ~still),
        "review": _queue(
            connection, actions.c.at, (actions.c.state == "waiting") & (actions.c.waits == "review")
        ),
        "paused": _queue(connection, actions.c.at, (ready | held) & still),
    }


def waiting_deliveries(inbox: Connection, connection: Connection) -> Queue:
    """Deliveries that are stored and not understood yet."""
    found = backlog.backlog(inbox, connection)
    return Queue(backlog.count(inbox, found), found.waiting[0].received_at if found.waiting else None)


def paused_queue(connection: Connection, kind: str, id: str) -> Queue:
    """What a pause of this holds back, or would hold back: everything, or a connection, project or rule."""
    unsent: ColumnElement[bool] = actions.c.state.in_(("waiting", "ready", "sending"))
    if kind == "connection":
        unsent &= func.coalesce(actions.c.connection, actions.c.kind) == id
    elif kind != "everything":
        unsent &= actions.c[kind] == id
    return _queue(connection, actions.c.at, unsent)


class Attempts:
    """Calls that ended, by connection and outcome: counted on from where the last count stopped."""

    def __init__(self) -> None:
        self._sure: Counter[tuple[str, str]] = Counter()
        self._mark = 0

    def count(self, connection: Connection) -> Counter[tuple[str, str]]:
        """(connection, outcome) -> how many."""
        first_open = connection.execute(
            select(func.min(attempts.c.seq)).where(attempts.c.outcome.is_(None), attempts.c.seq > self._mark)
        ).scalar()
        newest = int(connection.execute(select(func.max(attempts.c.seq))).scalar() or 0)
        mark = min(newest, int(first_open) - 1) if first_open else newest
        self._sure.update(self._between(connection, self._mark, mark))
        self._mark = max(mark, self._mark)
        return self._sure + self._between(connection, self._mark, newest)

    def _between(self, connection: Connection, after: int, until: int) -> Counter[tuple[str, str]]:
        lane = func.coalesce(actions.c.connection, actions.c.kind)
        rows = connection.execute(
            select(lane, attempts.c.outcome, func.count())
            .select_from(attempts.join(actions, actions.c.id == attempts.c.action))
            .where(attempts.c.seq > after, attempts.c.seq <= until, attempts.c.outcome.is_not(None))
            .group_by(lane, attempts.c.outcome)
        )
        return Counter({(str(row[0]), str(row[1])): int(row[2]) for row in rows})


def _queue(connection: Connection, column: ColumnElement[str], condition: ColumnElement[bool]) -> Queue:
    row = connection.execute(select(func.count(), func.min(column)).where(condition)).one()
    return Queue(int(row[0]), row[1])


def _held_by_pause(connection: Connection) -> ColumnElement[bool]:
    """The actions that a pause of anything holds back."""
    still = paused(connection)
    if still.everything:
        return true()
    return (
        func.coalesce(actions.c.connection, actions.c.kind).in_(sorted(still.connections))
        | func.coalesce(actions.c.project, "").in_(sorted(still.projects))
        | actions.c.rule.in_(sorted(still.rules))
    )


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
