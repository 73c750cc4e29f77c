"""One-time codes by which somebody proves that they read the mail of the address we know; kept as a hash only.

In: whose code it is and its hash. Out: the newest one with its tries. A newer code ends the one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select, update

from service.store.database import from_iso, iso, upsert
from service.store.tables import codes


@dataclass(frozen=True, slots=True)
class Whose:
    """What a code is good for: one person's decision on one version of one question."""

    approval: str
    version: int
    person: str


@dataclass(frozen=True, slots=True)
class Code:
    """The newest code of somebody. serial counts from 1; tries: how often it was typed wrongly or rightly; used: it
    has proved a decision.
    """

    serial: int
    hash: str
    sent_at: datetime
    expires_at: datetime
    tries: int
    used: bool


def newest(connection: Connection, whose: Whose, *, hold: bool = False) -> Code | None:
    """The newest code, or none when none was sent. hold: others wait until this write transaction is over."""
    wanted = select(codes).where(*_of(whose))
    # On PostgreSQL two tries at once would else both read the count before either has raised it.
    wanted = wanted.with_for_update() if hold else wanted
    row = connection.execute(wanted).mappings().first()
    if row is None:
        return None
    return Code(
        serial=row["serial"],
        hash=row["hash"],
        sent_at=from_iso(row["at"]),
        expires_at=from_iso(row["expires_at"]),
        tries=row["tries"],
        used=row["used_at"] is not None,
    )


def put(connection: Connection, whose: Whose, code: Code) -> None:
    """Keep a new code in the place of the one before."""
    row = {
        "approval": whose.approval,
        "version": whose.version,
        "person": whose.person,
        "serial": code.serial,
        "hash": code.hash,
        "expires_at": iso(code.expires_at),
        "tries": 0,
        "used_at": None,
        "at": iso(code.sent_at),
    }
    upsert(connection, codes, [row])


def tried(connection: Connection, whose: Whose) -> None:
    """Count a try."""
    connection.execute(update(codes).where(*_of(whose)).values(tries=codes.c.tries + 1))


def use_up(connection: Connection, whose: Whose, now: datetime) -> None:
    """It has proved a decision, and proves no other."""
    connection.execute(update(codes).where(*_of(whose)).values(used_at=iso(now)))


def _of(whose: Whose) -> tuple[ColumnElement[bool], ...]:
    return (
        codes.c.approval == whose.approval,
        codes.c.version == whose.version,
        codes.c.person == whose.person,
    )
