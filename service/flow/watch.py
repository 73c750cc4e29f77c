"""Bad news is told: what the service cannot keep, to the team, once with its mend, and once more when it is over.

In: what is wrong at this moment (service.troubles). Out: an event, which rules can answer, and messages in the outbox
like all others. They go to the owner of the connection and by `organisation.tell`, else to the leads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from rules.engine.verdicts import Planned
from rules.facts import codec
from rules.facts.calendar import local_day
from rules.facts.event import Event, Record, digest, event_id
from rules.facts.project import Person
from service.log import get
from service.state import Context
from service.store import actions, attention, journal, troubles
from service.store.database import Connection, from_iso, iso
from service.store.switches import connection_state, connection_states_of, set_connection_state
from service.troubles import OWN_RULE, Trouble, found

log = get("watch")
AGAIN_AFTER: Final = timedelta(days=1)
"""More of the same is told at most this often."""
SETTLES: Final[Mapping[str, timedelta]] = {
    "dead_letters": timedelta(minutes=10),
    "outcome_unknown": timedelta(minutes=10),
    "parked": timedelta(minutes=10),
}
"""How long these must be gone before they are over: what is tried again and fails again is the same trouble."""
_EVENTS: Final[Mapping[str, tuple[str, str]]] = {
    "connection_silent": ("connection.silent", "connection.back"),
    "connection_failing": ("connection.failing", "connection.back"),
    "rules_refused": ("rules.refused", "finding.closed"),
    "calendar_unconfirmed": ("calendar.unconfirmed", "finding.closed"),
}
_Key = tuple[str, str]


def watch(context: Context) -> int:
    """Tell what is new and what is over; how many things were told."""
    now = context.now()
    with context.database.inbox_reading() as inbox, context.database.reading() as connection:
        _know_connections(context, connection, now)
        wrong = found(context, connection, lambda name: attention.last_delivery(inbox, name))
        told = troubles.told(connection)
    here = {(t.kind, t.subject): t for t in wrong}
    count = sum(_begun(context, t, now) for key, t in here.items() if key not in told)
    for key, row in told.items():
        count += _more(context, here[key], row, now) if key in here else _gone(context, key, row, now)
    if count:
        context.bells.ring("decide")
        context.bells.ring("deliver")
    return count


def _know_connections(context: Context, connection: Connection, now: datetime) -> None:
    """Note since when a connection that was never heard of is expected to speak."""
    watched = [n for n, c in context.rulebook.workspace.connections.items() if c.quiet_after]
    states = connection_states_of(connection, watched)
    fresh = [n for n, s in states.items() if not (s["known_since"] or s["last_delivery_at"])]
    if fresh:
        with context.database.writing() as writing:
            for name in fresh:
                set_connection_state(writing, name, known_since=iso(now))


def _begun(context: Context, trouble: Trouble, now: datetime) -> bool:
    key = (trouble.kind, trouble.subject)
    kept = codec.dumps({"values": dict(trouble.values), "owner": trouble.owner, "page": trouble.page})
    with context.database.writing() as connection:
        if not troubles.begin(connection, key, trouble.since, now, trouble.mark, kept):
            return False
        _mark_silence(connection, key, iso(trouble.since))
        troubles.told_by(connection, key, _tell(context, connection, trouble, "begun", now))
    log.warning("bad news", kind=trouble.kind, subject=trouble.subject, reason=trouble.values.get("reason"))
    return True


def _more(context: Context, trouble: Trouble, row: Mapping[str, Any], now: datetime) -> bool:
    """It goes on. What came to it is told again, but not every hour."""
    key = (trouble.kind, trouble.subject)
    grown = trouble.mark > row["mark"] and now - from_iso(row["told_at"]) >= AGAIN_AFTER
    if not grown and not row["gone_at"]:
        return False
    with context.database.writing() as connection:
        troubles.still_there(connection, key, None)
        if grown:
            troubles.again(connection, key, now, trouble.mark)
            _tell(context, connection, trouble, "more", now)
    return grown


def _gone(context: Context, key: _Key, row: Mapping[str, Any], now: datetime) -> bool:
    settles = SETTLES.get(key[0], timedelta(0))
    since = from_iso(row["gone_at"]) if row["gone_at"] else now
    with context.database.writing() as connection:
        if now - since < settles:
            troubles.still_there(connection, key, since)
            return False
        if not troubles.end(connection, key):
            return False
        _mark_silence(connection, key, None)
        kept = codec.loads(row["data"])
        over = Trouble(*key, from_iso(row["since"]), kept["page"], kept["owner"], "", kept["values"])
        _tell(context, connection, over, "over", now, heard=codec.loads(row["actions"]))
    log.info("over", kind=key[0], subject=key[1])
    return True


def _mark_silence(connection: Connection, key: _Key, since: str | None) -> None:
    if key[0] == "connection_silent":
        set_connection_state(connection, key[1], silent_since=since)


def _tell(
    context: Context,
    connection: Connection,
    trouble: Trouble,
    stage: str,
    now: datetime,
    heard: list[str] | None = None,
) -> list[str]:
    """The event and its messages, in the caller's transaction; ids of the messages.

    heard: the messages that told that it began: those who got none of them are told no end.
    """
    event = _event(context, connection, trouble, stage, now)
    journal.add(connection, [event])
    made = [_message(context, trouble, stage, event, now, person=p) for p in _people(context, trouble, now)]
    if room := context.rulebook.workspace.tell.chat:
        made.append(_message(context, trouble, stage, event, now, room=room))
    if heard is not None:
        before = {a["recipient"] or a["connection"]: a["id"] for a in _rows(connection, heard)}
        made = [_after(m, before) for m in made if (m.recipient or m.connection) in before]
    book = context.rulebook
    actions.add(connection, made, event.id, book.rules.version, now, mail=book.mail_connection)
    return [m.id for m in made]


def _people(context: Context, trouble: Trouble, now: datetime) -> list[Person]:
    workspace = context.rulebook.workspace
    today = local_day(now, workspace.time_zone)
    keys = [*([trouble.owner] if trouble.owner else []), *workspace.tell.to]
    if not keys and not workspace.tell.chat:
        keys = [k for k, p in workspace.people.items() if p.party == "team" and "lead" in p.roles]
    covered = [workspace.cover(k, today) for k in keys]
    return list({p.id: p for p in covered if p is not None}.values())


def _message(
    context: Context,
    trouble: Trouble,
    stage: str,
    event: Event,
    now: datetime,
    *,
    person: Person | None = None,
    room: str | None = None,
) -> Planned:
    workspace = context.rulebook.workspace
    to = person.id if person else str(room)
    base = context.settings.public_url or context.settings.local_url
    names = {
        "subject": trouble.subject,
        "since": trouble.since,
        "now": now,
        "more": stage == "more",
        "link": f"{base}{trouble.page}",
        **trouble.values,
    }
    return Planned(
        id="act_" + digest(event.id, to),
        event=event.id,
        rule=OWN_RULE,
        kind="email" if person else "chat",
        ordinal=0,
        due=now,
        connection=room,
        recipient=person.id if person else None,
        address=person.email if person else room,
        target=f"mail/{person.id}" if person else str(room),
        text=f"trouble_{trouble.kind}" + ("_over" if stage == "over" else ""),
        locale=person.locale if person else workspace.locale,
        names={"trouble": names},
    )


def _after(message: Planned, before: Mapping[str, str]) -> Planned:
    """The good news, which waits for the outcome of the bad and leaves only if that left."""
    return replace(message, corrects=before[str(message.recipient or message.connection)])


def _rows(connection: Connection, ids: list[str]) -> list[dict[str, Any]]:
    found = [actions.row_of(connection, id) for id in ids]
    return [row for row in found if row is not None]


def _event(context: Context, connection: Connection, trouble: Trouble, stage: str, now: datetime) -> Event:
    begun, over = _EVENTS.get(trouble.kind, ("finding.opened", "finding.closed"))
    kind = over if stage == "over" else begun
    noun = kind.partition(".")[0]
    return Event(
        id=event_id("trouble", trouble.kind, trouble.subject, iso(trouble.since), stage, trouble.mark),
        type=kind,
        at=now,
        received_at=now,
        objects={noun: _object(context, connection, trouble, noun, stage == "over")},
        connection=trouble.subject if noun == "connection" else None,
    )


def _object(context: Context, connection: Connection, trouble: Trouble, noun: str, over: bool) -> Record:
    if noun == "calendar":
        year = int(trouble.values["year"])
        return {"id": trouble.subject, "name": trouble.values["calendar"], "year": year}
    if noun == "rules":
        version = context.rulebook.rules.version
        return {"id": version, "version": version, "problems": list(trouble.values["problems"])}
    if noun == "connection":
        # The inbox of a connection is told of as NAME.inbox.
        known = context.rulebook.workspace.connections.get(trouble.subject.partition(".")[0])
        state = connection_state(connection, trouble.subject)
        last = state["last_delivery_at"]
        return {
            "id": trouble.subject,
            "connector": known.connector if known else "",
            "status": "working" if over else trouble.kind.removeprefix("connection_"),
            "silent_since": trouble.since if trouble.kind == "connection_silent" and not over else None,
            "last_delivery_at": from_iso(last) if last else None,
            "owner": trouble.owner,
        }
    id = "fnd_" + digest(trouble.kind, trouble.subject)
    status = "closed" if over else "open"
    return {"id": id, "kind": trouble.kind, "owner": trouble.owner, "due": None, "status": status}
