"""How often somebody tried to sign in and failed, counted before a password is looked at.

In: a mail address, whether an account has it or not, and the browser. Out: until when no try is taken, or none. What
strangers do is counted apart from what a browser does that let its person in before: nobody can lock out another.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from service.store.accounts import plain
from service.store.database import from_iso, insert_new, iso
from service.store.tables import tries

FREE: Final = 5
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=8)
STRANGER: Final = ""
MOST: Final = 10_000
"""So many addresses without an account are counted at most: whoever makes up more learns nothing by it."""


def begin(
    connection: Connection, email: str, browser: str, now: datetime, *, known: bool = True
) -> datetime | None:
    """Count a try; until when there is a pause, or none when the password may be looked at.

    From the fifth failure on each further one pauses twice as long as the one before. browser: what only a browser has
    that let this person in before, or STRANGER. known: an account has the address.
    """
    mine = _of(email, browser)
    if not known and not _room(connection, mine):
        return None
    row = {"who": _hash(plain(email)), "browser": _hash(browser), "failures": 0, "at": iso(now)}
    insert_new(connection, tries, [row])
    # On PostgreSQL two tries at once would else both read the count before either has raised it.
    found = connection.execute(select(tries).where(mine).with_for_update()).one()
    if found.locked_until is not None and from_iso(found.locked_until) > now:
        return from_iso(found.locked_until)
    failures = found.failures + 1
    pause = min(FIRST_PAUSE * 2 ** min(max(failures - FREE, 0), 16), LONGEST_PAUSE)
    until = iso(now + pause) if failures >= FREE else None
    connection.execute(update(tries).where(mine).values(failures=failures, locked_until=until, at=iso(now)))
    return None


def forget(connection: Connection, email: str, browser: str | None = None) -> None:
    """Nothing is counted any more: this browser let its person in; or (none) they have another password."""
    mine = tries.c.who == _hash(plain(email)) if browser is None else _of(email, browser)
    connection.execute(delete(tries).where(mine))


def pause_of(connection: Connection, email: str, now: datetime) -> datetime | None:
    """Until when strangers have to wait with this address."""
    until = connection.execute(select(tries.c.locked_until).where(_of(email, STRANGER))).scalar()
    return from_iso(until) if until is not None and from_iso(until) > now else None


def _room(connection: Connection, mine: ColumnElement[bool]) -> bool:
    """Whether an address that nobody has can still be counted."""
    if connection.execute(select(tries.c.who).where(mine)).first() is not None:
        return True
    return (connection.execute(select(func.count()).select_from(tries)).scalar() or 0) < MOST


def _of(email: str, browser: str) -> ColumnElement[bool]:
    return (tries.c.who == _hash(plain(email))) & (tries.c.browser == _hash(browser))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
