"""The clock's slots as rows: a slot fires once, whoever runs the clock.

In: planned slots. Out: those that are due; a fired or skipped one never fires again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import Connection, select, update

from rules.engine.slots import Slot
from rules.engine.waits import slots_of
from rules.facts.duration import Duration
from rules.facts.event import Record
from service.store.database import from_iso, insert_new, iso
from service.store.tables import slots


def plan(connection: Connection, planned: Iterable[Slot], now: datetime) -> None:
    """Store new slots, and move those that have not fired to where their date is now."""
    wanted = list(planned)
    insert_new(connection, slots, [_row(s, now) for s in wanted])
    for slot in wanted:
        connection.execute(
            update(slots)
            .where(
                slots.c.id == slot.id,
                (slots.c.state == "dropped")
                | ((slots.c.state == "planned") & (slots.c.due_at != iso(slot.at))),
            )
            .values(due_at=iso(slot.at), day=slot.day.isoformat(), state="planned")
        )


def follow(connection: Connection, waits: Iterable[Record], now: datetime) -> None:
    """Let the clock know of waits as they are now: timers that they have no more are dropped, new ones planned."""
    for wait in waits:
        wanted = list(slots_of(wait))
        connection.execute(
            update(slots)
            .where(
                slots.c.object == wait["id"],
                slots.c.kind == "wait",
                slots.c.state == "planned",
                slots.c.id.not_in([s.id for s in wanted]),
            )
            .values(state="dropped", at=iso(now))
        )
        insert_new(connection, slots, [_row(s, now) for s in wanted])


def drop_unplanned(connection: Connection, rules: Iterable[str], keep: Iterable[str]) -> None:
    """Forget planned slots of these rules whose object or rule is gone. Waits are followed where they are decided."""
    kept = set(keep)
    rows = connection.execute(
        select(slots.c.id).where(
            slots.c.state == "planned", slots.c.kind != "wait", slots.c.rule.in_(list(rules))
        )
    )
    for id in set(rows.scalars()) - kept:
        connection.execute(update(slots).where(slots.c.id == id).values(state="dropped"))


def over(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Which of these slots have fired or were skipped."""
    return set(
        connection.execute(
            select(slots.c.id).where(slots.c.id.in_(list(ids)), slots.c.state.in_(("fired", "skipped")))
        ).scalars()
    )


def due(connection: Connection, now: datetime) -> list[Slot]:
    """Planned slots whose time has come, the earliest first."""
    rows = connection.execute(
        select(slots)
        .where(slots.c.state == "planned", slots.c.due_at <= iso(now))
        .order_by(slots.c.due_at, slots.c.id)
    )
    return [
        Slot(
            id=row["id"],
            rule=row["rule"],
            kind=row["kind"],
            object=row["object"],
            project=row["project"],
            client=row["client"],
            offset=Duration.parse(row["offset"]) if row["offset"] else None,
            at=from_iso(row["due_at"]),
            day=date.fromisoformat(row["day"]),
        )
        for row in rows.mappings()
    ]


def fire(connection: Connection, id: str, event: str | None, state: str, now: datetime) -> bool:
    """Mark a slot fired (with its event) or skipped; false when another clock was quicker."""
    done = connection.execute(
        update(slots)
        .where(slots.c.id == id, slots.c.state == "planned")
        .values(state=state, event=event, at=iso(now))
    )
    return done.rowcount == 1


def _row(slot: Slot, now: datetime) -> dict[str, object]:
    return {
        "id": slot.id,
        "rule": slot.rule,
        "kind": slot.kind,
        "object": slot.object,
        "project": slot.project,
        "client": slot.client,
        "offset": None if slot.offset is None else str(slot.offset),
        "day": slot.day.isoformat(),
        "due_at": iso(slot.at),
        "state": "planned",
        "at": iso(now),
    }
