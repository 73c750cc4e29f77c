"""What is kept no longer than it has to be, and what of a person is taken out of the record.

In: times and people's keys. Out: how many rows were deleted or emptied. The chain of evidence is never touched: it
holds commitments to what stands beside it, so it verifies after that is gone. `store.erasure` looks through the texts.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Column, Connection, Table, delete, func, or_, select, update

from rules.facts import codec
from service.store.actions import GIVEN_UP, OVER, decode, encode
from service.store.database import iso
from service.store.evidence import CIRCUMSTANCES, closed, opened
from service.store.tables import (
    actions,
    attempts,
    deliveries,
    events,
    evidence,
    heartbeats,
    links,
    outcomes,
    sessions,
    tries,
    verdicts,
)

TRIES_LAST: Final = timedelta(days=1)
"""Longer than the longest pause after a failed sign-in."""
GROUP: Final = 500
"""So many rows go in one transaction."""


def delete_attempts(connection: Connection, before: datetime) -> int:
    """Attempts of actions that are over, begun before."""
    over = select(actions.c.id).where(actions.c.state.in_(OVER)).scalar_subquery()
    old = (attempts.c.started_at < iso(before)) & attempts.c.action.in_(over)
    return _delete(connection, attempts, attempts.c.seq, old)


def delete_verdicts(connection: Connection, before: datetime) -> int:
    """Verdicts on events that are decided, made before."""
    return _delete(connection, verdicts, verdicts.c.seq, verdicts.c.at < iso(before))


def delete_leftovers(connection: Connection, now: datetime, before: datetime) -> int:
    """Sessions that ended, tries to sign in and processes that were not heard of since."""
    ended = connection.execute(delete(sessions).where(sessions.c.expires_at < iso(now))).rowcount
    connection.execute(delete(tries).where(tries.c.at < iso(now - TRIES_LAST)))
    gone = connection.execute(delete(heartbeats).where(heartbeats.c.at < iso(before))).rowcount
    return ended + gone


def empty_circumstances(connection: Connection, before: datetime) -> int:
    """Addresses and browsers beside the evidence of decisions made before; a group of decisions."""
    there = or_(*(evidence.c.private.contains(f'"{name}"', autoescape=True) for name in CIRCUMSTANCES))
    old = connection.execute(select(evidence).where(there, evidence.c.at < iso(before)).limit(GROUP)).all()
    for row in old:
        _keep_beside(
            connection, row, {n: o for n, o in opened(row.private).items() if n not in CIRCUMSTANCES}
        )
    return len(old)


def old_deliveries(inbox: Connection, before: datetime) -> list[str]:
    """The oldest deliveries that came before, a group of them. The newest of all stays, however old: the next one has
    its place after it, where SQLite would begin again at the first.
    """
    newest = select(func.max(deliveries.c.seq)).scalar_subquery()
    rows = inbox.execute(
        select(deliveries.c.id)
        .where(deliveries.c.received_at < iso(before), deliveries.c.seq < newest)
        .order_by(deliveries.c.seq)
        .limit(GROUP)
    )
    return list(rows.scalars())


def settled(connection: Connection, ids: Iterable[str]) -> list[str]:
    """Those of these deliveries that need nothing any more."""
    over = outcomes.c.state.not_in(("again", "reading"))
    rows = connection.execute(select(outcomes.c.delivery).where(outcomes.c.delivery.in_(list(ids)), over))
    return list(rows.scalars())


def delete_deliveries(inbox: Connection, ids: Collection[str]) -> int:
    """These deliveries as they came; what became of them stays on record."""
    return inbox.execute(delete(deliveries).where(deliveries.c.id.in_(list(ids)))).rowcount


def empty_deliveries(inbox: Connection, ids: Iterable[str]) -> int:
    """The bytes and headers of these deliveries."""
    wanted, count = list(ids), 0
    for start in range(0, len(wanted), GROUP):
        some = deliveries.c.id.in_(wanted[start : start + GROUP])
        count += inbox.execute(
            update(deliveries).where(some).values(body=b"", headers="{}", query="{}")
        ).rowcount
    return count


def deliveries_of(connection: Connection, people: Collection[str], clients: Collection[str]) -> list[str]:
    """The webhook calls by which something of these people or clients came in."""
    mine = events.c.client.in_(list(clients))
    found = set(connection.execute(select(events.c.delivery).where(mine)).scalars())
    for row in _events_by(connection, people):
        found.add(row.delivery)
    return sorted(one for one in found if one)


def empty_messages(connection: Connection, people: Collection[str], now: datetime) -> dict[str, int]:
    """Address and words of every message to these people; what has not left yet is cancelled."""
    to_them = actions.c.recipient.in_(list(people))
    waiting = actions.c.state.in_(("waiting", "ready", "unknown", *GIVEN_UP))
    stopped = connection.execute(
        update(actions)
        .where(to_them, waiting)
        .values(state="cancelled", reason="its reader was erased", waits=None, done_at=iso(now))
    ).rowcount
    count = 0
    for row in connection.execute(select(actions.c.id, actions.c.data).where(to_them)).all():
        bare = replace(decode(row.data), address=None, names={}, keys={}, waits=None)
        values = {"address": None, "subject": None, "body": None, "html": None, "data": encode(bare)}
        connection.execute(update(actions).where(actions.c.id == row.id).values(**values))
        count += 1
    return {"messages": count, "cancelled": stopped}


def empty_evidence(connection: Connection, people: Collection[str], known_as: Collection[str]) -> int:
    """What is kept beside the evidence of decisions of these people, whenever they were made, and where they are named
    beside somebody else's; how many values.
    """
    count = 0
    for row in connection.execute(select(evidence).where(evidence.c.private.is_not(None))).all():
        kept = opened(row.private)
        mine = json.loads(row.record).get("person") in people
        left = {n: o for n, o in kept.items() if not mine and o["value"] not in known_as}
        count += len(kept) - len(left)
        if mine or left != kept:
            _keep_beside(connection, row, left)
    return count


def named_in_chains(connection: Connection, known_as: Collection[str]) -> int:
    """How many records of chains name them for good: in a text that both sides agreed on, or as 0.1.0 kept them."""
    named = [evidence.c.record.icontains(name, autoescape=True) for name in sorted(known_as)]
    return connection.execute(select(func.count()).where(or_(*named)).select_from(evidence)).scalar() or 0


def typed_names(connection: Connection, people: Collection[str]) -> set[str]:
    """The names and addresses under which these people decided."""
    rows = connection.execute(select(evidence).where(evidence.c.private.is_not(None))).all()
    mine = [opened(row.private) for row in rows if json.loads(row.record).get("person") in people]
    return {str(one[name]["value"]) for one in mine for name in ("name", "by") if name in one}


def end_links(connection: Connection, people: Collection[str], now: datetime) -> int:
    """Every link that still opens something for these people."""
    mine = links.c.person.in_(list(people)) & links.c.revoked_at.is_(None)
    return connection.execute(update(links).where(mine).values(revoked_at=iso(now))).rowcount


def _keep_beside(connection: Connection, row: Any, left: Mapping[str, Any]) -> None:
    mine = (evidence.c.chain == row.chain) & (evidence.c.sequence == row.sequence)
    connection.execute(update(evidence).where(mine).values(private=closed(left)))


def _events_by(connection: Connection, people: Collection[str]) -> list[Any]:
    """Events that say that one of these people did it."""
    found: list[Any] = []
    for person in people:
        said = events.c.data.contains(f'"{person}"', autoescape=True)
        rows = connection.execute(select(events.c.id, events.c.delivery, events.c.data).where(said))
        found += [row for row in rows if codec.loads(row.data)["person"] == person]
    return found


def _delete(connection: Connection, table: Table, key: Column[Any], condition: Any) -> int:
    """The oldest rows that fulfil the condition, a group of them."""
    old = select(key).where(condition).order_by(key).limit(GROUP).scalar_subquery()
    return connection.execute(delete(table).where(key.in_(old))).rowcount
