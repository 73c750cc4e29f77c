"""The chain of evidence: one a project, appended under the write lock, never changed.

In: a record of what was said or agreed. Out: its sequence number and hash. What is personal (names, addresses, what
somebody wrote) stands beside the chain with a salt; the chain holds a commitment to it, so that it can be erased while
the chain still verifies.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from rules.facts.evidence import PERSONAL, ZERO, canonical, commitment, link
from service.store.actions import GIVEN_UP
from service.store.database import iso
from service.store.tables import actions, attempts, evidence

ORGANISATION: Final = "organisation"
"""The chain of what belongs to no project."""
CIRCUMSTANCES: Final = ("address", "agent")
"""Where a decision came from: no part of what was decided, and nobody's to read without need."""


def append(
    connection: Connection,
    chain: str,
    record: Mapping[str, Any],
    at: datetime,
    personal: Mapping[str, Any] | None = None,
) -> tuple[int, str]:
    """Append to the chain; returns (sequence, hash of the new head). personal: what may have to be erased one day."""
    sequence, head = _held_head(connection, chain)
    held = {
        n: {"salt": secrets.token_hex(16), "value": v} for n, v in (personal or {}).items() if v is not None
    }
    if held:
        record = {**record, PERSONAL: {n: commitment(n, **o) for n, o in held.items()}}
    hashed = link(head, record)
    connection.execute(
        insert(evidence).values(
            chain=chain,
            sequence=sequence + 1,
            record=canonical(record).decode(),
            hash=hashed,
            private=closed(held),
            at=iso(at),
        )
    )
    return sequence + 1, hashed


def closed(opened: Mapping[str, Any]) -> str | None:
    """What is kept beside a record; none where there is nothing, or nothing any more."""
    return json.dumps(dict(opened), ensure_ascii=False, sort_keys=True) if opened else None


def opened(private: str | None) -> dict[str, Any]:
    """name -> {"salt", "value"} of what is still kept beside a record."""
    found = json.loads(private) if private else {}
    # The version before kept address and browser without a salt: a record of it commits to neither.
    return {name: one for name, one in found.items() if isinstance(one, dict)}


def said(record: Mapping[str, Any], private: str | None) -> dict[str, Any]:
    """A record as people read it: who did and wrote it in its place, none where that was erased; not from where."""
    values = {name: one["value"] for name, one in opened(private).items()}
    known = {**dict.fromkeys(record.get(PERSONAL) or {}), **values}
    return {**record, **{name: value for name, value in known.items() if name not in CIRCUMSTANCES}}


def head_of(connection: Connection, chain: str, *, hold: bool = False) -> tuple[int, str]:
    """(sequence, hash) of the newest link; (0, 64 zeros) for an empty chain. hold: others wait who want to hold it."""
    newest = (
        select(evidence.c.sequence, evidence.c.hash)
        .where(evidence.c.chain == chain)
        .order_by(evidence.c.sequence.desc())
        .limit(1)
    )
    row = connection.execute(newest.with_for_update() if hold else newest).first()
    return (row.sequence, row.hash) if row else (0, ZERO)


def _held_head(connection: Connection, chain: str) -> tuple[int, str]:
    """The newest link, after which nobody else appends until this transaction is over."""
    while True:
        found = head_of(connection, chain, hold=True)
        # On PostgreSQL the one who held it before may have appended while we waited.
        if head_of(connection, chain) == found:
            return found


def anchor_of(connection: Connection, chain: str, key: str) -> dict[str, Any] | None:
    """What is printed for whoever wants to hold us to it: the end of the chain, and the fingerprint of the key that
    signs it when it is handed out; none while the chain is empty.
    """
    sequence, head = head_of(connection, chain)
    return {"sequence": sequence, "head": head, "key": key} if sequence else None


def chain_of(connection: Connection, chain: str) -> list[dict[str, Any]]:
    """All links of the chain in order: sequence, at, hash, the record, and what is still kept beside it (`opened`)."""
    rows = connection.execute(select(evidence).where(evidence.c.chain == chain).order_by(evidence.c.sequence))
    return [
        {
            "sequence": r.sequence,
            "at": r.at,
            "hash": r.hash,
            "record": json.loads(r.record),
            "opened": opened(r.private),
        }
        for r in rows
    ]


def sent_to_client(connection: Connection, project: str) -> list[dict[str, Any]]:
    """The messages of a project that left for its client, or may have, in order, each with all its attempts."""
    went = connection.execute(
        select(actions)
        .where(actions.c.project == project, actions.c.client_facing, ~actions.c.observed)
        .where(actions.c.state.in_(("sent", "unknown", *GIVEN_UP)))
        .order_by(actions.c.seq)
    ).all()
    tried: dict[str, list[dict[str, Any]]] = {row.id: [] for row in went}
    of_them = attempts.join(actions, actions.c.id == attempts.c.action)
    for row in connection.execute(
        select(attempts).select_from(of_them).where(actions.c.project == project).order_by(attempts.c.seq)
    ):
        if row.action in tried:
            said = ("started_at", "ended_at", "outcome", "status", "detail")
            tried[row.action].append({name: getattr(row, name) for name in said})
    return [_sent(row, tried[row.id]) for row in went]


def _sent(row: Any, tried: list[dict[str, Any]]) -> dict[str, Any]:
    said = ("id", "kind", "recipient", "address", "target", "state", "subject", "receipt", "done_at")
    body = hashlib.sha256(row.body.encode()).hexdigest() if row.body else None
    return {**{name: getattr(row, name) for name in said}, "body_sha256": body, "attempts": tried}
