"""Which deliveries wait to be understood, and whose turn it is.

In: the inbox, and what became of deliveries. Out: those that wait, each connection in its own order and the connections
in turns, so that a burst of one holds up no other. How far everything before has an outcome is kept as a mark: whatever
is looked for stands behind it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Final

from sqlalchemy import Connection, func, select

from service.store.deliveries import settled
from service.store.inbox import last_seq
from service.store.switches import connection_state, set_connection_state
from service.store.tables import deliveries, outcomes

# Kept like the place of a connection that is polled; no connection of a workspace has this name.
_INBOX: Final = "$inbox"
_GROUP: Final = 1_000
LOOK_BACK: Final = 500
"""So many places before the mark are looked at again: other web processes may commit out of order."""
MOST: Final = 20_000
"""So many places behind the mark are looked at: the turns of what stands further behind come later."""


@dataclass(frozen=True, slots=True)
class Place:
    """A delivery in the order of arrival. received_at: as it is stored."""

    seq: int
    id: str
    connection: str
    received_at: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """waiting: oldest first.  last: the place up to which was looked.  kept: the mark from which was looked.
    written: whether that one is on record.
    """

    waiting: tuple[Place, ...]
    last: int
    kept: int
    written: bool

    @property
    def mark(self) -> int:
        """Every delivery up to this place has an outcome."""
        return max(self.kept, self.waiting[0].seq - 1 if self.waiting else self.last)

    @property
    def far(self) -> bool:
        """Whether the mark is to be kept: it has come so far that this spares work, or there is none on record. The
        first one is written before any delivery has its turn: without it, the newest outcome would pass for the mark.
        """
        return not self.written or self.mark - self.kept >= LOOK_BACK

    def in_turns(self) -> list[Place]:
        """The oldest one of each connection, then the second of each, and so on."""
        lanes: defaultdict[str, list[Place]] = defaultdict(list)
        for place in self.waiting:
            lanes[place.connection].append(place)
        return [place for place in chain(*zip_longest(*lanes.values())) if place is not None]


def backlog(inbox: Connection, connection: Connection) -> Backlog:
    """What waits now."""
    kept, written = _kept(connection)
    if last_seq(inbox) < kept:
        # The file was replaced: the mark speaks of another one.
        kept, written = 0, False
    places = _after(inbox, kept - LOOK_BACK)
    over = _over(connection, [place.id for place in places])
    waiting = tuple(place for place in places if place.id not in over)
    return Backlog(waiting, places[-1].seq if places else kept, kept, written)


def count(inbox: Connection, found: Backlog) -> int:
    """How many wait, those included that stand too far behind to be looked at."""
    behind = select(func.count()).where(deliveries.c.seq > found.last)
    return len(found.waiting) + int(inbox.execute(behind).scalar() or 0)


def keep_mark(connection: Connection, found: Backlog) -> None:
    """Begin the next look at the mark."""
    set_connection_state(connection, _INBOX, cursor=str(found.mark))


def _kept(connection: Connection) -> tuple[int, bool]:
    """The mark, and whether it is on record; as long as it is not, deliveries were understood in their order."""
    cursor = connection_state(connection, _INBOX)["cursor"]
    if cursor is not None:
        return int(cursor), True
    return int(connection.execute(select(func.max(outcomes.c.seq))).scalar() or 0), False


def _over(connection: Connection, ids: list[str]) -> set[str]:
    groups = (ids[start : start + _GROUP] for start in range(0, len(ids), _GROUP))
    return {id for group in groups for id in settled(connection, group)}


def _after(inbox: Connection, seq: int) -> list[Place]:
    of = deliveries.c
    columns = select(of.seq, of.id, of.connection, of.received_at)
    rows = inbox.execute(columns.where(of.seq > seq).order_by(of.seq).limit(MOST))
    return [Place(*row) for row in rows]
