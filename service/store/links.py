"""Links that open one thing for one person until a day, kept as a hash only.

In: the hash of a token. Out: what it opens, until when, and whether it was revoked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, select, update

from service.store.database import from_iso, insert_new, iso
from service.store.tables import links

WITHOUT_END: Final = timedelta(days=90)
"""The version before gave no end to a link: it lasts so long from when it was made."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a token opens: kind "approval", "project", "survey", "meeting" or "sign_in"; subject is the record's id."""

    kind: str
    subject: str
    version: int
    person: str
    serial: int
    expires_at: datetime
    revoked: bool

    def over(self, now: datetime) -> bool:
        """Whether it opens nothing any more: revoked, or past its time."""
        return self.revoked or self.expires_at <= now


def add(connection: Connection, hashed: str, link: Link, now: datetime) -> None:
    """Keep the hash of a token. One that is kept already is open until then at the least, unless it was revoked."""
    insert_new(
        connection,
        links,
        [
            {
                "hash": hashed,
                "kind": link.kind,
                "subject": link.subject,
                "version": link.version,
                "person": link.person,
                "serial": link.serial,
                "expires_at": iso(link.expires_at),
                "at": iso(now),
            }
        ],
    )
    _prolong(connection, links.c.hash == hashed, link.expires_at)


def find(connection: Connection, hashed: str) -> Link | None:
    """What the token opens, or none for a token that never was."""
    row = connection.execute(select(links).where(links.c.hash == hashed)).mappings().first()
    return _link(row) if row is not None else None


def newest(connection: Connection, kind: str, subject: str, person: str) -> Link | None:
    """The latest of the person's links to the subject; none when there is none."""
    row = connection.execute(
        select(links)
        .where(_of(kind, subject, person))
        .order_by(links.c.serial.desc(), links.c.version.desc())
        .limit(1)
    )
    found = row.mappings().first()
    return _link(found) if found is not None else None


def to_subject(connection: Connection, kind: str, subject: str) -> dict[str, Link]:
    """Person -> their latest link to the subject that was not revoked."""
    rows = connection.execute(
        select(links)
        .where(links.c.kind == kind, links.c.subject == subject, links.c.revoked_at.is_(None))
        .order_by(links.c.serial, links.c.version)
    )
    return {row["person"]: _link(row) for row in rows.mappings()}


def prolong(connection: Connection, kind: str, subject: str, person: str, until: datetime) -> int:
    """Let what the person has open the subject until then, unless it was revoked; how many links that concerned."""
    return _prolong(connection, _of(kind, subject, person), until)


def revoke(connection: Connection, kind: str, subject: str, person: str, now: datetime) -> int:
    """End all links of the person to the subject; how many there were."""
    done = connection.execute(
        update(links)
        .where(_of(kind, subject, person), links.c.revoked_at.is_(None))
        .values(revoked_at=iso(now))
    )
    return done.rowcount


def _prolong(connection: Connection, which: ColumnElement[bool], until: datetime) -> int:
    sooner = links.c.expires_at.is_(None) | (links.c.expires_at < iso(until))
    done = connection.execute(
        update(links).where(which, sooner, links.c.revoked_at.is_(None)).values(expires_at=iso(until))
    )
    return done.rowcount


def _of(kind: str, subject: str, person: str) -> ColumnElement[bool]:
    return and_(links.c.kind == kind, links.c.subject == subject, links.c.person == person)


def _link(row: RowMapping) -> Link:
    until = row["expires_at"]
    return Link(
        kind=row["kind"],
        subject=row["subject"],
        version=row["version"],
        person=row["person"],
        serial=row["serial"],
        expires_at=from_iso(until) if until else from_iso(row["at"]) + WITHOUT_END,
        revoked=row["revoked_at"] is not None,
    )
