"""Links that open one thing for one person, kept as a hash only.

In: the hash of a token. Out: what it opens, whether it expired or was revoked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from service.store.database import from_iso, insert_new, iso
from service.store.tables import links


@dataclass(frozen=True, slots=True)
class Link:
    """What a token opens: kind "approval", "project" or "sign_in"; subject is the record's id."""

    kind: str
    subject: str
    version: int
    person: str
    serial: int
    expires_at: datetime | None
    revoked: bool

    def over(self, now: datetime) -> bool:
        """Whether it opens nothing any more: revoked, or past its time."""
        return self.revoked or (self.expires_at is not None and self.expires_at <= now)


def add(connection: Connection, hashed: str, link: Link, now: datetime) -> None:
    """Keep the hash of a token; once."""
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
                "expires_at": iso(link.expires_at) if link.expires_at else None,
                "at": iso(now),
            }
        ],
    )


def find(connection: Connection, hashed: str) -> Link | None:
    """What the token opens, or none for a token that never was."""
    row = connection.execute(select(links).where(links.c.hash == hashed)).mappings().first()
    if row is None:
        return None
    return Link(
        kind=row["kind"],
        subject=row["subject"],
        version=row["version"],
        person=row["person"],
        serial=row["serial"],
        expires_at=from_iso(row["expires_at"]) if row["expires_at"] else None,
        revoked=row["revoked_at"] is not None,
    )


def serial_of(connection: Connection, kind: str, subject: str, person: str) -> int:
    """The newest serial of the person's links to the subject; 0 when there is none."""
    return int(
        connection.execute(
            select(func.max(links.c.serial)).where(
                links.c.kind == kind, links.c.subject == subject, links.c.person == person
            )
        ).scalar()
        or 0
    )


def revoke(connection: Connection, kind: str, subject: str, person: str, now: datetime) -> int:
    """End all links of the person to the subject; how many there were."""
    done = connection.execute(
        update(links)
        .where(
            links.c.kind == kind,
            links.c.subject == subject,
            links.c.person == person,
            links.c.revoked_at.is_(None),
        )
        .values(revoked_at=iso(now))
    )
    return done.rowcount
