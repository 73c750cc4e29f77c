"""Actions: intentions on record, claimed with a lease and a fencing token, with each attempt written down.

In: `Planned` values from an evaluation, outcomes from workers. Out: what is due, and the closed list of states:
waiting, ready, sending, sent, dead, unknown, cancelled, suppressed, merged. An action is never deleted. What leaves
together is in heaps.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select, update

from rules.engine.caps import counts_for_client
from rules.engine.noise import heap_of, whom
from rules.engine.verdicts import Planned
from rules.facts import codec
from service.store.backup import restored_at
from service.store.database import from_iso, insert_new, iso
from service.store.tables import actions, attempts, events

OVER = ("sent", "unknown", "cancelled", "suppressed", "merged", "bounced")
GIVEN_UP = ("dead", "bounced")
"""What a person has to look at before anything more is tried: it never left, or it came back."""
BLOCKED_BY = ("waiting", "ready", "sending", "dead")
DOUBTFUL = (None, "unknown", "late")
BY_MAIL = ("email", "task", "report")
# What waits for these stands in nobody's way: other words to the same reader do not wait for a digest.
ASIDE = ("digest", "cap")
_LANE = func.coalesce(actions.c.connection, actions.c.kind)


@dataclass(frozen=True, slots=True)
class Claimed:
    """An action held by this process until its lease ends. `token` fences out whoever held it before.

    `planned.waits` says what it waited for last.  begun: it was about to leave before, with all that it says.
    open_attempt: an earlier attempt was begun and has
    no end on record.  doubtful: an earlier attempt may have had its effect, whatever its end.  root: the event whose
    decision planned it.  delivery: the webhook call which that event came with.
    """

    planned: Planned
    token: int
    tries: int
    ruleset: str
    begun: bool
    open_attempt: bool
    doubtful: bool
    root: str
    delivery: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended. state: sent, ready (again at `due`), dead, unknown, cancelled.

    doubtful: the call may have had its effect although it failed.
    """

    state: str
    reason: str = ""
    status: int | None = None
    receipt: str | None = None
    due: datetime | None = None
    left: bool = False
    doubtful: bool = False


def add(
    connection: Connection,
    planned: Iterable[Planned],
    root: str,
    ruleset: str,
    at: datetime,
    *,
    mail: str | None = None,
) -> None:
    """Store intentions; one that is there already (same deterministic id) is left as it is.

    mail: the connection of those that reach their reader by mail and name none.
    """
    rows = [_row(p, root, ruleset, at, mail) for p in planned]
    for row in rows:
        if row["waits"] == "digest":
            row["due_at"] = min(row["due_at"], _first_due(connection, row["heap"]) or row["due_at"])
    insert_new(connection, actions, rows)


def _first_due(connection: Connection, heap: str) -> str | None:
    """When the digest leaves that others wait in already: with the first of them."""
    waiting = (actions.c.heap == heap, actions.c.state == "waiting", actions.c.waits == "digest")
    return connection.execute(select(func.min(actions.c.due_at)).where(*waiting)).scalar()


def due(connection: Connection, now: datetime, wanted: Callable[[str], int]) -> list[tuple[str, str]]:
    """(id, connection) of what may be claimed now, the longest due first, of each connection as many as `wanted` says:
    one that is slow and has much to do hides nothing of the others.

    Due, not leased, nothing unfinished before it on its target, and the alert it corrects is over.
    """
    found = []
    for lane in _lanes(connection, now):
        if (limit := wanted(lane)) > 0:
            found += _due(connection, now, limit, lane)
    return [(row.id, lane) for row, lane in sorted(found, key=lambda f: (f[0].due_at, f[0].seq))]


def _lanes(connection: Connection, now: datetime) -> list[str]:
    """The connections that something is due for."""
    found: set[str] = set()
    for condition in _may_leave(now):
        found.update(connection.execute(select(_LANE).where(condition).distinct()).scalars())
    return sorted(found)


def _due(connection: Connection, now: datetime, limit: int, lane: str) -> list[tuple[Any, str]]:
    earlier, alert = actions.alias("earlier"), actions.alias("alert")
    blocked = exists().where(
        earlier.c.root == actions.c.root,
        earlier.c.target == actions.c.target,
        earlier.c.seq < actions.c.seq,
        earlier.c.state.in_(BLOCKED_BY),
        or_(earlier.c.waits.is_(None), earlier.c.waits.not_in(ASIDE)),
    )
    # What left in another message is over when that one is.
    said_in = actions.alias("said_in")
    behind = or_(alert.c.id == said_in.c.id, and_(alert.c.state == "merged", alert.c.into == said_in.c.id))
    alert_open = exists().where(
        alert.c.id == actions.c.corrects, behind, said_in.c.state.in_(("waiting", "ready", "sending"))
    )
    found: list[tuple[Any, str]] = []
    # One query a state: each walks the index and stops at the limit, however much is due.
    for condition in _may_leave(now):
        rows = connection.execute(
            select(actions.c.id, actions.c.due_at, actions.c.seq)
            .where(condition, _LANE.in_((lane,)), ~blocked, or_(actions.c.corrects.is_(None), ~alert_open))
            .order_by(actions.c.due_at, actions.c.seq)
            .limit(limit)
        )
        found += [(row, lane) for row in rows]
    return found


def _may_leave(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """What makes an action due, one condition for each state in which it can be."""
    over = actions.c.due_at <= iso(now)
    return (
        and_(actions.c.state == "ready", over),
        and_(actions.c.state == "waiting", actions.c.waits != "review", over),
        and_(actions.c.state == "sending", actions.c.lease_until <= iso(now)),
    )


def claim(connection: Connection, id: str, now: datetime, until: datetime) -> Claimed | None:
    """Take the action until `until`; none when it is no longer to be had."""
    row = connection.execute(select(actions).where(actions.c.id == id)).mappings().first()
    if row is None or row["state"] in (*OVER, "dead") or (row["lease_until"] or "") > iso(now):
        return None
    token = row["token"] + 1
    won = connection.execute(
        update(actions)
        .where(actions.c.id == id, actions.c.token == row["token"], actions.c.state == row["state"])
        .values(state="sending", token=token, lease_until=iso(until))
    )
    if won.rowcount != 1:
        return None
    root = connection.execute(
        select(events.c.delivery, events.c.at).where(events.c.id == row["root"])
    ).first()
    if root is not None:
        _doubt_what_a_restore_forgot(connection, id, root.at)
    ends = list(connection.execute(select(attempts.c.outcome).where(attempts.c.action == id)).scalars())
    return Claimed(
        planned=replace(decode(row["data"]), waits=row["waits"], due=from_iso(row["due_at"])),
        token=token,
        tries=row["tries"],
        ruleset=row["ruleset"] or "",
        begun=row["released_at"] is not None,
        open_attempt=None in ends,
        doubtful=any(end in DOUBTFUL for end in ends),
        root=row["root"],
        delivery=root.delivery if root else None,
    )


def _doubt_what_a_restore_forgot(connection: Connection, id: str, happened: str) -> None:
    """An action for what happened before a restore may have left after the backup was made: an attempt without an end
    stands for that, so that it is looked up or shown to a person like every other call whose outcome nobody knows.
    """
    restored = restored_at(connection)
    if restored is None or happened >= iso(restored):
        return
    detail = "restored from a backup: it may have left after the backup was made"
    forgotten = {"action": id, "token": 0, "started_at": iso(restored), "detail": detail}
    insert_new(connection, attempts, [forgotten])


def begin(
    connection: Connection,
    id: str,
    token: int,
    text: tuple[str, str, str | None],
    now: datetime,
    until: datetime | None = None,
) -> bool:
    """Write down the attempt and the text as it leaves, before any call: an attempt without an end is a call whose
    outcome nobody knows. False when the lease was lost meanwhile: no call may be made.

    until: the lease runs until then, longer than the call can take.
    """
    subject, body, html = text
    lease = {"lease_until": iso(until)} if until else {}
    mine = connection.execute(
        update(actions)
        .where(actions.c.id == id, actions.c.token == token, actions.c.state == "sending")
        .values(
            tries=actions.c.tries + 1, subject=subject, body=body, html=html, released_at=iso(now), **lease
        )
    )
    if mine.rowcount != 1:
        return False
    insert_new(connection, attempts, [{"action": id, "token": token, "started_at": iso(now)}])
    return True


def finish(connection: Connection, id: str, token: int, outcome: Outcome, now: datetime) -> bool:
    """Write down how the attempt ended; false when the lease was lost meanwhile: the attempt then counts as a
    possible duplicate and the action is left to its new holder.
    """
    end = "unknown" if outcome.doubtful else outcome.state
    connection.execute(
        update(attempts)
        .where(attempts.c.action == id, attempts.c.token == token)
        .values(ended_at=iso(now), outcome=end, status=outcome.status, detail=outcome.reason[:2000])
    )
    over = outcome.state in (*OVER, "dead")
    done = connection.execute(
        update(actions)
        .where(actions.c.id == id, actions.c.token == token, actions.c.state == "sending")
        .values(
            state=outcome.state,
            reason=outcome.reason[:2000] or None,
            receipt=outcome.receipt,
            left=outcome.left,
            lease_until=None,
            waits=None,
            due_at=iso(outcome.due or now),
            done_at=iso(now) if over else None,
        )
    )
    if done.rowcount != 1:
        connection.execute(
            update(attempts)
            .where(attempts.c.action == id, attempts.c.token == token)
            .values(
                outcome="late", detail="possibly done twice: the lease was lost before this attempt ended"
            )
        )
    return done.rowcount == 1


def postpone(connection: Connection, id: str, token: int, until: datetime, reason: str) -> None:
    """Give a claimed action back without an attempt: what it needs is not to be had before `until`."""
    connection.execute(
        update(actions)
        .where(actions.c.id == id, actions.c.token == token)
        .values(state="ready", lease_until=None, due_at=iso(until), reason=reason)
    )


def wait(connection: Connection, id: str, token: int, held: Planned, reason: str | None = None) -> None:
    """Let a claimed action wait for something else: hours after a delay, a digest. `reason` is for its reader."""
    connection.execute(
        update(actions)
        .where(actions.c.id == id, actions.c.token == token)
        .values(
            state="waiting",
            waits=held.waits,
            due_at=iso(held.due),
            heap=heap_of(held) or None,
            data=encode(held),
            lease_until=None,
            reason=reason,
        )
    )


def redrive(connection: Connection, id: str, now: datetime) -> bool:
    """Try a dead action again from the start, or one that came back; false for any other. Its former attempts stay on
    record.
    """
    done = connection.execute(
        update(actions)
        .where(actions.c.id == id, actions.c.state.in_(GIVEN_UP))
        .values(state="ready", due_at=iso(now), tries=0, reason=None, done_at=None)
    )
    return done.rowcount == 1


def settle(connection: Connection, id: str, state: str, reason: str, now: datetime) -> bool:
    """A person says what became of an unknown or waiting action: `sent`, `cancelled`, or `ready` (send it now)."""
    done = connection.execute(
        update(actions)
        .where(actions.c.id == id, actions.c.state.in_(("unknown", "waiting", *GIVEN_UP)))
        .values(
            state=state,
            reason=reason,
            waits=None,
            due_at=iso(now),
            left=state == "sent",
            done_at=iso(now) if state in OVER else None,
        )
    )
    return done.rowcount == 1


def came_back(connection: Connection, id: str, reason: str, now: datetime) -> bool:
    """A message that left did not arrive; false for one that is not known to have left."""
    done = connection.execute(
        update(actions)
        .where(actions.c.id == id, actions.c.state.in_(("sent", "unknown")))
        .values(state="bounced", reason=reason[:2000], done_at=iso(now))
    )
    return done.rowcount == 1


def row_of(connection: Connection, id: str) -> dict[str, Any] | None:
    """The row of that action as stored, or none."""
    row = connection.execute(select(actions).where(actions.c.id == id)).mappings().first()
    return dict(row) if row else None


def next_due(connection: Connection) -> datetime | None:
    """When the next action that waits for time alone may leave."""
    at = connection.execute(
        select(actions.c.due_at)
        .where(
            actions.c.state.in_(("ready", "waiting")),
            or_(actions.c.waits.is_(None), actions.c.waits != "review"),
        )
        .order_by(actions.c.due_at)
        .limit(1)
    ).scalar()
    return from_iso(at) if at else None


def encode(planned: Planned) -> str:
    """The intention as it is stored. `alert` is always there: the version before looks for it."""
    return codec.dumps(codec.to_fields(planned, always=("alert",)))


def decode(data: str) -> Planned:
    """The intention that was stored, by this version or by the one before or after it."""
    values = codec.loads(data)
    alert, parts = values.get("alert"), values.get("parts")
    return codec.from_fields(
        Planned, {**values, "alert": tuple(alert) if alert else None, "parts": tuple(parts or ())}
    )


def _row(planned: Planned, root: str, ruleset: str, at: datetime, mail: str | None) -> dict[str, Any]:
    return {
        "id": planned.id,
        "event": planned.event,
        "root": root,
        "rule": planned.rule,
        "kind": planned.kind,
        "project": planned.project,
        "client": planned.client,
        "connection": planned.connection or (mail if planned.kind in BY_MAIL else None),
        "target": planned.target or planned.id,
        "recipient": planned.recipient,
        "address": planned.address,
        "client_facing": planned.client_facing,
        "observed": planned.observed,
        "corrects": planned.corrects,
        "state": "waiting" if planned.waits else "ready",
        "waits": planned.waits,
        "due_at": iso(planned.due),
        "ruleset": ruleset,
        "heap": heap_of(planned) or None,
        "counts": planned.counts or None,
        "reader": whom(planned) if counts_for_client(planned) else None,
        "release_by": iso(planned.release_by) if planned.release_by else None,
        "data": encode(planned),
        "at": iso(at),
    }
