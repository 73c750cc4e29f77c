"""Six-digit codes that prove, at the moment of a decision, that its person reads the mail of the address we know.

In: whose code, and what was typed. Out: whether a new one may be sent, and whether what was typed is right. A code is
derived from the service's secret key and its serial, so that its mail can be rendered again; the database holds only
a keyed hash. Six digits can be guessed, so tries are few, codes are few, and none lasts long.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Final, Literal

from service.store import codes
from service.store.codes import Code, Whose
from service.store.database import Connection

LASTS: Final = timedelta(minutes=15)
APART: Final = timedelta(minutes=1)
"""The next one at the earliest: the first may still be on its way."""
TRIES: Final = 5
MOST: Final = 10
"""So many for one question and person: whoever needs more has a mailbox that somebody should look at."""
DIGITS: Final = 6
CODE_RULE: Final = "accord/decision_code"
"""The rule that these mails name: no rule of the team planned them."""

Proved = Literal["proved", "missing", "wrong", "expired", "worn_out"]
"""worn_out: typed wrongly too often. missing: none was typed, or none was sent."""
Sent = Literal["sent", "just_sent", "no_more"]


def derived(secret_key: str, whose: Whose, serial: int) -> str:
    """The code of that serial: six digits."""
    return f"{int(_keyed(secret_key, 'code', whose, serial)[:16], 16) % 10**DIGITS:0{DIGITS}d}"


def renew(connection: Connection, secret_key: str, whose: Whose, now: datetime) -> tuple[Sent, int]:
    """Make a new code unless the last one is too young or there were too many; with the newest serial.

    Needs a write transaction.
    """
    last = codes.newest(connection, whose, hold=True)
    if last is not None and not last.used and now - last.sent_at < APART:
        return "just_sent", last.serial
    if last is not None and last.serial >= MOST:
        return "no_more", last.serial
    serial = last.serial + 1 if last else 1
    hashed = _hash(secret_key, whose, serial, derived(secret_key, whose, serial))
    codes.put(connection, whose, Code(serial, hashed, now, now + LASTS, 0, used=False))
    return "sent", serial


def prove(connection: Connection, secret_key: str, whose: Whose, given: str, now: datetime) -> Proved:
    """Whether what was typed is the code; a right one is used up. Each try counts. Needs a write transaction."""
    code = codes.newest(connection, whose, hold=True)
    typed = "".join(given.split())
    if code is None or not typed:
        return "missing"
    if code.used or now >= code.expires_at:
        return "expired"
    if code.tries >= TRIES:
        return "worn_out"
    codes.tried(connection, whose)
    if not hmac.compare_digest(_hash(secret_key, whose, code.serial, typed), code.hash):
        return "wrong" if code.tries + 1 < TRIES else "worn_out"
    codes.use_up(connection, whose, now)
    return "proved"


def is_good(code: Code | None, serial: int, now: datetime) -> bool:
    """Whether the code of that serial still proves something: it makes no sense to send one that does not."""
    return code is not None and code.serial == serial and not code.used and now < code.expires_at


def _hash(secret_key: str, whose: Whose, serial: int, typed: str) -> str:
    return _keyed(secret_key, "code-hash", whose, serial, typed)


def _keyed(secret_key: str, purpose: str, whose: Whose, serial: int, *more: str) -> str:
    said = "\x1f".join((purpose, whose.approval, str(whose.version), whose.person, str(serial), *more))
    return hmac.new(secret_key.encode(), said.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
