"""The clock is a source too: slots that are due become events, decisions that ran out expire, deputies hear of what was
not released in time.

In: the moment. Out: events, stored to be decided. Slots are rows that fire once, whoever runs the clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from rules.engine import daily, terms
from rules.engine import slots as planning
from rules.engine.effects import projects
from rules.engine.review import tell_deputy
from rules.facts.event import Event
from rules.facts.project import Project, Workspace
from service.log import get
from service.state import Context
from service.store import actions, evidence, heaps, journal, records, slots
from service.store.database import Connection, from_iso, iso
from service.store.switches import connection_state, set_connection_state

log = get("tick")
AHEAD = timedelta(days=2)
# The clock keeps how far it has come like a polled connection does; no connection of a workspace has this name.
CLOCK = "$clock"


def tick(context: Context) -> int:
    """Plan what comes, fire what is due, and what was missed since the last turn once; how many events were made."""
    now = context.now()
    with context.database.reading() as connection:
        cursor = connection_state(connection, CLOCK)["cursor"]
        since = from_iso(cursor) if cursor else now
        state = context.state(connection)
        planned = planning.plan(context.rulebook.rules, state, now + AHEAD, since=since)
        owed = daily.owed(state, from_iso(cursor) if cursor else None)
        over = slots.over(connection, [s.id for s in planned])
    fresh = [s for s in planned if s.id not in over]
    with context.database.writing() as connection:
        slots.plan(connection, fresh, now)
        slots.drop_unplanned(connection, context.rulebook.rules.rules, [s.id for s in fresh])
        to_fire, to_skip = planning.due(slots.due(connection, now), set(), now)
        fired = [planning.slot_event(s, now) for s in to_fire]
        for slot, event in zip(to_fire, fired, strict=True):
            slots.fire(connection, slot.id, event.id, "fired", now)
        for slot in to_skip:
            slots.fire(connection, slot.id, None, "skipped", now)
        expired = _over(context, connection, now)
        _tell_deputies(context, connection, now)
        journal.add(connection, [*fired, *expired, *owed])
        set_connection_state(connection, CLOCK, cursor=iso(now))
    if fired or expired or owed:
        log.info("clock", fired=len(fired), skipped=len(to_skip), expired=len(expired), owed=len(owed))
    return len(fired) + len(expired) + len(owed)


def follow_files(context: Context) -> int:
    """Activate projects that their files call active and the record does not know, and let the record follow a mode
    or status that was edited; how many events were made. Money and dates of a known project stay as on record.
    """
    now = context.now()
    events: list[Event] = []
    with context.database.reading() as connection:
        book = context.state(connection).book
        for project in context.rulebook.workspace.projects.values():
            known = book.get("project", project.id)
            if known is not None:
                events += projects.following(project, known, now)
            elif project.status == "active":
                events += _activation(project, now, context.rulebook.workspace)
    if events:
        with context.database.writing() as connection:
            journal.add(connection, events)
    return len(events)


def _activation(project: Project, now: datetime, workspace: Workspace) -> list[Event]:
    try:
        return [projects.activation(project, now, workspace)]
    except projects.ActivationRefused as refusal:
        log.warning("a project cannot be activated", project=project.id, gaps=list(refusal.gaps))
        return []


def _tell_deputies(context: Context, connection: Connection, now: datetime) -> None:
    """A mail to whoever stands in for a lead who has not released in time what waits for the client."""
    book = context.rulebook
    late = heaps.unreleased(connection, now)
    for mail in tell_deputy(late, context.state(connection), book.rules) if late else ():
        actions.add(connection, [mail], mail.event, book.rules.version, now, mail=book.mail_connection)


def _over(context: Context, connection: Connection, now: datetime) -> list[Event]:
    """Decisions whose last day is over, and acceptances that a contract's term has made."""
    open_ones = records.page(connection, "approval", status="sent", limit=10_000)
    book = context.state(connection).book
    over = terms.ended(open_ones, partial(book.get, "milestone"), context.rulebook.workspace, now)
    by_subject = {a["subject"]: a for a in open_ones}
    for event in over:
        if event.type == "milestone.deemed_accepted" and journal.one(connection, event.id) is None:
            record = terms.deemed_evidence(by_subject[event.key], event, context.rulebook.workspace)
            evidence.append(connection, str(event.project), record, now)
    return over
