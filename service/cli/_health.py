"""What `accord doctor` finds on the machine and in the record: one `Finding` a part, with its mend.

In: settings, files, the record. Out: findings; nothing is changed.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from service.process import Process
    from service.settings import Settings
    from service.troubles import Trouble

LOW: Final = 200_000_000
LITTLE: Final = 1_000_000_000
SEEN: Final = timedelta(seconds=90)
AHEAD: Final = timedelta(minutes=1)
ROLES: Final = ("web", "decide", "deliver", "clock")
MENDS: Final = {
    "connection_silent": "see whether its webhook is still on there, then `accord backfill {subject} --since 7d`",
    "connection_failing": "see `connection {subject}` here; what waits leaves by itself when calls get through",
    "dead_letters": "mend the cause, then `accord redrive --connection {subject}`",
    "outcome_unknown": "ask the reader, then choose in the console: it arrived, or send it again",
    "parked": "mend the cause, then `accord replay` with the ids that the console shows under Dead letters",
    "rules_refused": "run `accord check`; the edit takes effect when it is clean",
    "calendar_unconfirmed": "update Accord, or write the days into `calendars` when they are announced",
    "sums_differ": "`accord ledger {subject} --recount`, and report it: this should never happen",
    "part_late": "look whether {subject} runs and what its log says last; restart it",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One part: fine (`ok`), worth knowing (`warn`), or wrong (`bad`); what it says, and the mend if there is one."""

    part: str
    level: Literal["ok", "warn", "bad"]
    says: str
    mend: str = ""


def disk(settings: Settings) -> Finding:
    """Room where the record is."""
    free = shutil.disk_usage(settings.var).free
    says = f"{free / 1e9:.1f} GB free at {settings.var}"
    if free < LOW:
        return Finding("disk", "bad", says, "make room: when it is full, webhooks are refused with 503")
    return Finding("disk", "warn" if free < LITTLE else "ok", says, "make room" if free < LITTLE else "")


def permissions(settings: Settings) -> Finding:
    """Whether others can read what is nobody's business but the service's."""
    named = ("accord.db", "inbox.db", "secret-key", "mail", "first-sign-in.txt")
    open_ones = [n for n in named if _others(settings.var / n)] if _others(settings.var) else []
    if open_ones:
        mend = f"chmod -R go= {settings.var}"
        return Finding("permissions", "bad", f"others can read {', '.join(open_ones)}", mend)
    return Finding("permissions", "ok", f"{settings.var} is for its owner alone")


def parts(process: Process, now: datetime) -> Iterator[Finding]:
    """Which parts run, by which rules, and whether this machine's clock agrees with the record."""
    from service.store.switches import beats

    version = process.context.rulebook.rules.version
    with process.context.database.reading() as connection:
        seen = beats(connection)
    for role in ROLES:
        mine = [b for b in seen if b.role == role and now - b.at <= SEEN]
        astray = sorted({b.process for b in mine if b.ruleset and b.ruleset != version})
        if not mine:
            yield Finding(
                role, "bad", "not seen in the last 90 seconds", f"start it: `accord up`, or {role} alone"
            )
        elif astray:
            says = f"{', '.join(astray)} works by another rule set than these files"
            yield Finding(role, "warn", says, "copy the same files to every machine, or mend a refused edit")
        else:
            yield Finding(role, "ok", f"{len(mine)} running")
    ahead = max((b.at - now for b in seen), default=timedelta(0))
    if ahead > AHEAD:
        says = f"the record is {int(ahead.total_seconds())} s ahead of this machine's clock"
        yield Finding("time", "bad", says, "set the clocks of all machines (NTP); deadlines hang on them")
    else:
        yield Finding("time", "ok", f"{now:%Y-%m-%d %H:%M:%S} UTC")


def troubles(process: Process) -> Iterator[Finding]:
    """What the team is told is wrong, as it is at this moment."""
    from service.store.attention import last_delivery
    from service.troubles import found

    context = process.context
    with context.database.inbox_reading() as inbox, context.database.reading() as connection:
        wrong = found(context, connection, lambda name: last_delivery(inbox, name))
    for trouble in wrong:
        # A year is unconfirmed until somebody announces it: worth knowing, nothing is broken.
        level: Literal["warn", "bad"] = "warn" if trouble.kind == "calendar_unconfirmed" else "bad"
        mend = MENDS[trouble.kind].format(subject=trouble.subject)
        yield Finding(trouble.kind.replace("_", " "), level, _said(trouble), mend)


def pauses(process: Process, now: datetime) -> Iterator[Finding]:
    """What stands still, and what waits for it."""
    from service.cli._held import waits
    from service.red_switch import waiting
    from service.store.attention import pauses_now

    with process.context.database.reading() as connection:
        for p in pauses_now(connection):
            name = "everything" if p["kind"] == "everything" else f"{p['kind']} {p['id']}"
            held = waits(waiting(connection, p["kind"], p["id"]), now)
            which = "" if p["kind"] == "everything" else f" {p['id']}"
            yield Finding("paused", "warn", f"{name}: {held}", f"accord resume{which}")


def links(process: Process) -> Finding:
    """Whether clients can follow the links they are sent."""
    from service.links import reaches_outside

    context = process.context
    if reaches_outside(context.settings):
        return Finding("PUBLIC_URL", "ok", f"links in messages start with {context.settings.public_url}")
    book = context.rulebook
    leaves = bool(book.connections[book.mail_connection].get("url"))
    live = [p.id for p in book.workspace.projects.values() if p.status == "active" and p.mode != "observe"]
    says = "it is not set to a public address: mails with a link to a client are refused"
    mend = "set PUBLIC_URL to the address under which clients reach this service, restart, then redrive"
    if leaves and live:
        return Finding("PUBLIC_URL", "bad", f"{says} (needed by {', '.join(live)})", mend)
    return Finding("PUBLIC_URL", "warn" if context.settings.public_url else "ok", says, mend)


def _said(trouble: Trouble) -> str:
    since = f"since {trouble.since:%Y-%m-%d %H:%M} UTC"
    more = [f"{trouble.values['count']}" if "count" in trouble.values else "", since]
    reason = str(trouble.values.get("reason") or "")
    return f"{trouble.subject}: {', '.join(m for m in more if m)}" + (f"; {reason}" if reason else "")


def _others(path: Path) -> bool:
    return path.exists() and bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
