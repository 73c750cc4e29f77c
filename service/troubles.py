"""What is wrong at this moment and concerns the team: each thing once, with since when and what there is to mend.

In: the record and the moment. Out: `Trouble`s. The clock tells the team of new ones and of those that are over
(service.flow.watch), `accord doctor` and the console list what there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from rules.facts.calendar import WorkCalendar, local_day, shift, unconfirmed
from rules.facts.duration import Duration
from rules.facts.project import Connection as Known
from rules.facts.project import Workspace
from service.log import redact
from service.state import Context
from service.store import attention, gates, records, troubles
from service.store.database import Connection, from_iso
from service.store.switches import connection_states_of, last_beats

FAILING_AFTER: Final = timedelta(minutes=5)
"""A target that is away for a moment is nobody's business; the breaker sees to it."""
LATE_AFTER: Final = timedelta(minutes=5)
YEAR_AHEAD: Final = timedelta(days=30)
OWN_RULE: Final = "accord/bad_news"
"""The rule that messages of this kind name: no rule of the team planned them."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong.

    kind: connection_silent connection_failing dead_letters outcome_unknown parked rules_refused calendar_unconfirmed
    part_late sums_differ. subject: which one of its kind. mark: changes when more of it came. owner: a person's key.
    page: where the console shows it. values: what its texts name besides.
    """

    kind: str
    subject: str
    since: datetime
    page: str
    owner: str | None = None
    mark: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


def found(context: Context, connection: Connection, last: Callable[[str], str | None]) -> list[Trouble]:
    """Everything that is wrong now. last: when the newest delivery of a connection came, from the inbox."""
    now = context.now()
    return [
        *_connections(context, connection, last, now),
        *_letters(context, connection),
        *_parked(connection),
        *_files(context, now),
        *_calendars(context.rulebook.workspace, now),
        *_parts(connection, now),
        *_sums(context, connection),
    ]


def quiet_since(known: Known, last: datetime | None, workspace: Workspace, now: datetime) -> datetime | None:
    """Since when a connection has been silent longer than it may, on its owner's calendar; none when it is not.

    last: when it was heard of, else when it was first known.
    """
    if known.quiet_after is None or last is None:
        return None
    owner = workspace.people.get(known.owner or "")
    name, zone = (owner.calendar, owner.time_zone) if owner else (workspace.calendar, workspace.time_zone)
    until = shift(last, Duration.parse(known.quiet_after), (workspace.calendars[name],), zone)
    return last if until <= now else None


def _connections(
    context: Context, connection: Connection, last: Callable[[str], str | None], now: datetime
) -> Iterator[Trouble]:
    workspace = context.rulebook.workspace
    parts = {**{name: name for name in workspace.connections}, **context.polled()}
    states = connection_states_of(connection, parts)
    for part, name in sorted(parts.items()):
        known, state, page = workspace.connections[name], states[part], f"/connections/{name}"
        failing = state["failing_since"] and from_iso(state["failing_since"])
        if failing and state["failures"] >= gates.FAILURES and now - failing >= FAILING_AFTER:
            values = {"reason": state["error"] or "", "count": state["failures"]}
            yield Trouble("connection_failing", part, failing, page, known.owner, values=values)
        if known.quiet_after and part == name:
            heard = max(filter(None, (last(name), state["last_delivery_at"])), default=None)
            heard = heard or state["known_since"]
            quiet = quiet_since(known, from_iso(heard) if heard else None, workspace, now)
            if quiet:
                allowed = {"quiet": Duration.parse(known.quiet_after)}
                yield Trouble("connection_silent", name, quiet, page, known.owner, values=allowed)


def _letters(context: Context, connection: Connection) -> Iterator[Trouble]:
    """Given up, and not known whether it arrived, by connection: a hundred of one cause are one piece of news."""
    for kind, state, page in (
        ("dead_letters", "dead", "/dead-letters?connection="),
        ("outcome_unknown", "unknown", "/messages?state=unknown"),
    ):
        for pile in troubles.piles(connection, state, without=OWN_RULE):
            known = context.rulebook.workspace.connections.get(pile.connection)
            owner = known.owner if known else None
            values = {"count": pile.count, "reason": pile.reason}
            since, name = from_iso(pile.since), pile.connection
            at = f"{page}{name}" if page.endswith("=") else page
            yield Trouble(kind, name, since, at, owner, pile.newest, values)


def _parked(connection: Connection) -> Iterator[Trouble]:
    rows = attention.parked(connection)
    if rows:
        values = {"count": len(rows), "reason": rows[0]["error"] or ""}
        since = from_iso(rows[-1]["received_at"])
        yield Trouble("parked", "events", since, "/dead-letters#parked", None, rows[0]["id"], values)


def _files(context: Context, now: datetime) -> Iterator[Trouble]:
    refused = context.rulebook.refused
    if refused:
        shown = [redact(str(p)) for p in refused]
        values = {"count": len(shown), "problems": shown[:5], "reason": shown[0]}
        yield Trouble("rules_refused", "files", now, "/rules", None, values=values)


def _calendars(workspace: Workspace, now: datetime) -> Iterator[Trouble]:
    """Years that begin soon and whose holidays nobody has announced: dates reckoned in them may move."""
    today = local_day(now, workspace.time_zone)
    for cal in sorted(_in_use(workspace), key=lambda c: c.name):
        for year in sorted({today.year, (today + YEAR_AHEAD).year}):
            if unconfirmed(cal, year):
                # A year is a name of its own, and is not written with the separators of a number.
                values = {"calendar": cal.name, "year": str(year)}
                yield Trouble("calendar_unconfirmed", f"{cal.name}:{year}", now, "/projects", values=values)


def _in_use(workspace: Workspace) -> set[WorkCalendar]:
    names = {workspace.calendar, *(p.calendar for p in workspace.people.values())}
    names |= {c.calendar for c in workspace.clients.values()}
    names |= {p.calendar for p in workspace.projects.values()}
    return {workspace.calendars[n] for n in names if n in workspace.calendars}


def _sums(context: Context, connection: Connection) -> Iterator[Trouble]:
    """Projects whose sums are not what their entries come to (service.flow.recount)."""
    for drift in records.page(connection, "drift", status="open", limit=100):
        known = context.rulebook.workspace.projects.get(drift["id"])
        if known is not None:
            values = {"name": known.name, "what": ", ".join(sorted(drift["differences"])[:5])}
            page = f"/projects/{known.id}"
            yield Trouble("sums_differ", known.id, drift["since"], page, known.lead, values=values)


def _parts(connection: Connection, now: datetime) -> Iterator[Trouble]:
    """Parts that ran and were not heard of for minutes. While the clock stands nobody rings for the others: that they
    are silent too says nothing about them.
    """
    beats = last_beats(connection)
    late = {role: at for role, at in beats.items() if now - at > LATE_AFTER and role != "web"}
    for role in ("clock",) if "clock" in late else sorted(late):
        yield Trouble("part_late", role, late[role], "/", values={"part": role})
