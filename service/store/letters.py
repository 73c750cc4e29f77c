"""Dead letters: actions that were given up or came back, by what they have in common.

In: words that narrow which are meant. Out: a condition for lists, and ids to try again.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, func, select

from service.store.actions import GIVEN_UP
from service.store.tables import actions

_LANE = func.coalesce(actions.c.connection, actions.c.kind)


@dataclass(frozen=True, slots=True)
class Dead:
    """Which dead letters are meant: those that fit every word given. reason: part of the reason, in any case."""

    connection: str | None = None
    project: str | None = None
    rule: str | None = None
    reason: str | None = None

    @property
    def condition(self) -> ColumnElement[bool]:
        """The same as a condition on actions."""
        found: list[ColumnElement[bool]] = [actions.c.state.in_(GIVEN_UP)]
        if self.connection:
            found.append(_LANE.in_((self.connection,)))
        if self.project:
            found.append(actions.c.project == self.project)
        if self.rule:
            found.append(actions.c.rule == self.rule)
        if self.reason:
            found.append(func.coalesce(actions.c.reason, "").icontains(self.reason, autoescape=True))
        return and_(*found)


def dead(connection: Connection, which: Dead, limit: int) -> list[str]:
    """Ids of dead actions, oldest first."""
    rows = connection.execute(
        select(actions.c.id).where(which.condition).order_by(actions.c.seq).limit(limit)
    )
    return list(rows.scalars())
