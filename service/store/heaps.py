"""What leaves together: messages that wait for the same are claimed as one heap, and become one message.

In: a claimed action, what became of its heap. Out: the heap's claims; when messages left that count with one; the rows
of those that are said in another, which share its fate. All of it inside the caller's transaction: two workers never
release one heap twice, and what a killed one had claimed is claimed again as a whole when its lease is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, or_, select, update

from rules.engine.caps import Spoken
from rules.engine.noise import whom
from rules.engine.release import MOST_IN_ONE, Message, Over
from rules.engine.review import Unreleased
from rules.engine.verdicts import Planned
from service.store.actions import Claimed, claim, decode, encode
from service.store.database import from_iso, iso
from service.store.journal import NO_PARTITION
from service.store.tables import actions, partitions

# States of what left, may have left or is on its way: it counts.
_COUNTED = ("ready", "sending", "sent", "unknown", "bounced")
_MOST_TIMES = 1000


def claim_heap(connection: Connection, id: str, now: datetime, until: datetime) -> list[Claimed]:
    """Take an action and everything that waits to leave with it, oldest first; empty when it is no longer to be had."""
    row = connection.execute(
        select(actions.c.heap, actions.c.waits, actions.c.client).where(actions.c.id == id)
    ).first()
    if row is None:
        return []
    ids = [id]
    if row.heap and row.waits:
        hold_client(connection, row.client)
        ids = _waiting_with(connection, id, row.heap, row.waits, now)
    found = [claim(connection, one, now, until) for one in ids]
    return [one for one in found if one is not None]


def hold_client(connection: Connection, client: str | None) -> None:
    """Let nobody else gather or count this client's messages until the transaction ends (SQLite has one writer)."""
    partition = client or NO_PARTITION
    connection.execute(select(partitions.c.id).where(partitions.c.id == partition).with_for_update())


def _waiting_with(connection: Connection, id: str, heap: str, waits: str, now: datetime) -> list[str]:
    free = or_(
        actions.c.state.in_(("waiting", "ready")),
        and_(actions.c.state == "sending", actions.c.lease_until <= iso(now)),
    )
    rows = connection.execute(
        select(actions.c.id)
        .where(actions.c.heap == heap, actions.c.waits == waits, actions.c.released_at.is_(None), free)
        .order_by(actions.c.seq)
        .limit(MOST_IN_ONE)
    )
    found = [str(one) for one in rows.scalars()]
    return found if id in found else [id]


def spoken(connection: Connection, planned: Planned, *, client: bool) -> Spoken:
    """When messages left that count with this one, itself not among them. client: its client has a cap."""
    if planned.counts:
        counted = (actions.c.counts == planned.counts, actions.c.state.in_((*_COUNTED, "merged")))
        waiting = (actions.c.heap == planned.heap, actions.c.waits == "digest", actions.c.state == "waiting")
        rule = _times(connection, planned, *counted)
        gathering = connection.execute(select(actions.c.id).where(*waiting).limit(1)).first() is not None
    else:
        rule, gathering = (), False
    told = (
        actions.c.client == planned.client,
        actions.c.reader == whom(planned),
        actions.c.state.in_(_COUNTED),
    )
    return Spoken(rule, _times(connection, planned, *told) if client else (), gathering)


def _times(connection: Connection, planned: Planned, *counted: Any) -> tuple[datetime, ...]:
    rows = connection.execute(
        select(actions.c.released_at)
        .where(*counted, actions.c.released_at.is_not(None), actions.c.id != planned.id)
        .order_by(actions.c.released_at.desc())
        .limit(_MOST_TIMES)
    )
    return tuple(from_iso(at) for at in rows.scalars())


def leave(connection: Connection, message: Message, tokens: dict[str, int], now: datetime) -> None:
    """Write down what is about to leave as one: the message as it will be said, and the others as said in it. From here
    on it counts, and is only tried again. A claim that was lost meanwhile changes nothing.
    """
    planned = message.planned
    mine = _update(
        connection, planned.id, tokens, data=encode(planned), waits=None, heap=None, released_at=iso(now)
    )
    if not mine:
        return
    counted = {planned.counts}
    for one in message.with_it:
        at = None if not one.counts or one.counts in counted else iso(now)
        counted.add(one.counts)
        told = f"said in {planned.id}"
        _update(
            connection,
            one.id,
            tokens,
            state="merged",
            into=planned.id,
            reason=told,
            waits=None,
            heap=None,
            lease_until=None,
            released_at=at,
            done_at=iso(now),
        )


def end(connection: Connection, claimed: Claimed, over: Over, now: datetime) -> bool:
    """A claimed action is over without having been said, and why; false when the claim was lost meanwhile."""
    state, reason = over
    values = {"state": state, "reason": reason[:2000], "waits": None, "heap": None, "lease_until": None}
    return _update(connection, claimed.planned.id, tokens_of([claimed]), **values, done_at=iso(now))


def _update(connection: Connection, id: str, tokens: dict[str, int], **values: Any) -> bool:
    mine = (actions.c.id == id, actions.c.token == tokens[id], actions.c.state == "sending")
    return connection.execute(update(actions).where(*mine).values(**values)).rowcount == 1


def said_in(connection: Connection, id: str) -> list[Planned]:
    """The messages that were said in this one, oldest first."""
    rows = connection.execute(
        select(actions.c.data)
        .where(actions.c.into == id, actions.c.state == "merged")
        .order_by(actions.c.seq)
    )
    return [decode(data) for data in rows.scalars()]


def mark_left(connection: Connection, id: str, *, left: bool) -> None:
    """What was said in this one left with it, or did not."""
    connection.execute(update(actions).where(actions.c.into == id).values(left=left))


def unreleased(connection: Connection, now: datetime) -> list[Unreleased]:
    """Messages whose lead has not released them in time; each is given once, whoever asks."""
    late = (actions.c.release_by <= iso(now), actions.c.state == "waiting", actions.c.waits == "review")
    rows = connection.execute(
        select(actions.c.id, actions.c.data, actions.c.at)
        .where(*late)
        .order_by(actions.c.seq)
        .with_for_update()
    ).all()
    _forget(connection, [row.id for row in rows])
    return [Unreleased(decode(row.data), from_iso(row.at)) for row in rows]


def _forget(connection: Connection, ids: Sequence[str]) -> None:
    connection.execute(update(actions).where(actions.c.id.in_(list(ids))).values(release_by=None))


def tokens_of(heap: Iterable[Claimed]) -> dict[str, int]:
    """Action -> the token of its claim."""
    return {one.planned.id: one.token for one in heap}
