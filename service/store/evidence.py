"""The chain of evidence: one a project, appended under the write lock, never changed.

In: a record of what was said or agreed. Out: its sequence number and hash. Personal details (address, browser)
stand beside the chain; the chain holds their salted hash, so that they can be erased while it still verifies.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from rules.facts.evidence import ZERO, canonical, link
from service.store.database import iso
from service.store.tables import evidence


def append(
    connection: Connection,
    chain: str,
    record: Mapping[str, Any],
    at: datetime,
    private: Mapping[str, Any] | None = None,
) -> tuple[int, str]:
    """Append to the chain; returns (sequence, hash of the new head)."""
    sequence, head = head_of(connection, chain)
    hashed = link(head, record)
    connection.execute(
        insert(evidence).values(
            chain=chain,
            sequence=sequence + 1,
            record=canonical(record).decode(),
            hash=hashed,
            private=json.dumps(dict(private), ensure_ascii=False, sort_keys=True) if private else None,
            at=iso(at),
        )
    )
    return sequence + 1, hashed


def head_of(connection: Connection, chain: str) -> tuple[int, str]:
    """(sequence, hash) of the newest link; (0, 64 zeros) for an empty chain."""
    row = connection.execute(
        select(evidence.c.sequence, evidence.c.hash)
        .where(evidence.c.chain == chain)
        .order_by(evidence.c.sequence.desc())
        .limit(1)
    ).first()
    return (row.sequence, row.hash) if row else (0, ZERO)


def anchor_of(connection: Connection, chain: str) -> dict[str, Any] | None:
    """The end of the chain as it is printed for whoever wants to hold us to it; none while the chain is empty."""
    sequence, head = head_of(connection, chain)
    return {"sequence": sequence, "head": head} if sequence else None


def chain_of(connection: Connection, chain: str) -> list[dict[str, Any]]:
    """All links of the chain in order: sequence, at, hash and the record."""
    rows = connection.execute(select(evidence).where(evidence.c.chain == chain).order_by(evidence.c.sequence))
    return [
        {"sequence": r.sequence, "at": r.at, "hash": r.hash, "record": json.loads(r.record)} for r in rows
    ]
