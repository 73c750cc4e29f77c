"""Fifth stage: due actions become calls to outside systems, each attempt on record before and after.

In: actions that are due. Out: `due()`: what may be done now, as jobs for the pool. A job claims its action with a
lease and a token, checks it again where it waited, renders it, begins the attempt, calls, and writes the outcome.
A blind call whose outcome nobody knows is never repeated by machine.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from connectors.base import Connector, ConnectorError, Done, Outward
from connectors.base import Settings as ConnectionSettings
from rules.engine.noise import next_hold
from rules.engine.outcomes import Became, message_event, task_event
from rules.engine.recheck import recheck
from rules.engine.verdicts import Planned
from rules.facts.event import Event
from service.links import masked
from service.log import bound, get
from service.outgoing import Refusal, address_of, connection_of, message_of, operation_of
from service.renderer import RenderError
from service.state import Context
from service.store import actions, gates, journal
from service.store.actions import Claimed, Outcome
from service.store.database import Connection, StorageError
from service.store.switches import paused, standing_still
from service.tools import GRACE, LEASE, MAX_TRIES, Job, Tools, pause_after

log = get("deliver")
HELD = timedelta(seconds=30)
TURN = timedelta(seconds=1)
"""How long an action stands back that found no room: what is due is only looked for where there is some."""
REFUSED_US: Final = frozenset({401, 530, 535})
"""Answers that refuse the account, whatever is asked: they count against the connection."""
RECORD_TRIES = 8
RECORD_PAUSE = 1.0
_BECAME: Final[dict[str, Became]] = {"sent": "sent", "unknown": "unknown"}


def due(context: Context, limit: int) -> list[Job]:
    """What may be delivered now: of each connection as many as it has room for, `limit` at most."""
    now = context.now()
    with context.database.reading() as connection:
        standing = standing_still(connection, now)

        def wanted(lane: str) -> int:
            free = gates.room(connection, lane, context.limits(lane), now)
            return 0 if lane in standing else min(limit, free)

        return [Job(id, lane) for id, lane in actions.due(connection, now, wanted)]


def deliver(context: Context, tools: Tools, id: str) -> None:
    """Deliver one action, if it is still to be had."""
    now = context.now()
    with context.database.writing() as connection:
        claimed = actions.claim(connection, id, now, now + LEASE)
    if claimed is None:
        return
    planned = claimed.planned
    with bound(
        delivery=claimed.delivery,
        event_id=planned.event,
        action=planned.id,
        rule=planned.rule,
        project=planned.project,
        connection=connection_of(context, planned),
    ):
        outcome = _prepared(context, tools, claimed)
        if outcome is not None:
            _finish(context, claimed, outcome)


def _prepared(context: Context, tools: Tools, claimed: Claimed) -> Outcome | None:
    """Everything before the call; the call's outcome, or why there was none. None: it was postponed."""
    planned = claimed.planned
    held = _held(context, planned)
    if held:
        with context.database.writing() as connection:
            actions.postpone(connection, planned.id, claimed.token, *held)
        return None
    stopped = _taken_back(context, claimed)
    if stopped:
        return stopped
    found = address_of(context, planned)
    if isinstance(found, Refusal):
        return Outcome("dead", found.reason)
    connector, settings, outward = found
    if claimed.open_attempt and outward.once == "blind":
        reason = "a former attempt was begun and its outcome is not known; a person decides whether to send it again"
        return Outcome("unknown", reason, left=True)
    if claimed.waited and planned.recheck:
        with context.database.reading() as connection:
            event = journal.one(connection, planned.event)
            if event is None:
                return Outcome("cancelled", "its event is no longer on record, so it cannot be checked again")
            again = recheck(planned, event, context.state(connection), context.rulebook.of(claimed.ruleset))
            held_now = _next_hold(context, connection, claimed)
        if not again.still_true:
            return Outcome("cancelled", again.reason)
        if held_now is not None:
            with context.database.writing() as connection:
                actions.wait(connection, planned.id, claimed.token, held_now)
            return None
        planned = replace(planned, names=again.names)
    return _called(context, tools, replace(claimed, planned=planned), connector, settings, outward)


def _next_hold(context: Context, connection: Connection, claimed: Claimed) -> Planned | None:
    """What holds the message now that its former hold ended, such as the reader's hours after a delay."""
    rule = context.rulebook.of(claimed.ruleset).rules.get(claimed.planned.rule)
    if rule is None:
        return None
    held = next_hold(replace(claimed.planned, waits=None), rule, context.state(connection))
    return held if held.waits is not None and held.due > context.now() else None


def _called(
    context: Context,
    tools: Tools,
    claimed: Claimed,
    connector: Connector,
    settings: ConnectionSettings,
    outward: Outward,
) -> Outcome | None:
    planned = claimed.planned
    try:
        message = message_of(context, tools, planned, claimed.ruleset, connector)
    except (RenderError, Refusal) as problem:
        return Outcome("dead", str(problem))
    now = context.now()
    # What is kept of a message opens nothing: the address is made again when it is sent again.
    text = (message.subject, masked(message.body), masked(message.html) if message.html else None)
    until = now + _lease(settings)
    with context.database.writing() as connection:
        if not gates.enter(connection, settings.name, settings.limits, now, until):
            reason = f"connection {settings.name} has no room for a call at this moment"
            actions.postpone(connection, planned.id, claimed.token, now + TURN, reason)
            return None
        if not actions.begin(connection, planned.id, claimed.token, text, now, until):
            return None
    operation = operation_of(context, planned, message)
    try:
        http = tools.http(settings)
        done = outward.find(operation, settings, http) if claimed.doubtful and outward.find else None
        done = done or outward.act(operation, settings, http)
    except ConnectorError as problem:
        return _failure(context, claimed, outward, problem)
    except Exception as problem:
        log.exception("a connector broke")
        broken = ConnectorError(
            f"the connector broke ({type(problem).__name__})", retryable=False, outcome_unknown=True
        )
        return _failure(context, claimed, outward, broken)
    return Outcome(
        "sent",
        done.detail or ("found there already" if done.found else ""),
        receipt=_receipt(done),
        left=True,
    )


def _failure(context: Context, claimed: Claimed, outward: Outward, problem: ConnectorError) -> Outcome:
    """What a failed call comes to: tried again later, dead, or unknown."""
    doubtful = problem.outcome_unknown
    _counted(context, connection_of(context, claimed.planned), problem)
    if doubtful and outward.once == "blind":
        return Outcome("unknown", str(problem), problem.status, left=True)
    if not (problem.retryable or doubtful):
        return Outcome("dead", str(problem), problem.status)
    if claimed.tries + 1 >= MAX_TRIES:
        told = f"given up after {claimed.tries + 1} tries: {problem}"
        return Outcome("dead", told, problem.status, doubtful=doubtful)
    pause = timedelta(seconds=pause_after(claimed.tries, problem.retry_after))
    due_at = context.now() + (max(pause, GRACE) if doubtful else pause)
    return Outcome("ready", str(problem), problem.status, due=due_at, doubtful=doubtful)


def _held(context: Context, planned: Planned) -> tuple[datetime, str] | None:
    """Until when and why the action may not leave now: a pause."""
    now, name = context.now(), connection_of(context, planned)
    with context.database.reading() as connection:
        still = paused(connection)
    for is_paused, reason in (
        (still.everything, "everything is paused"),
        (name in still.connections, f"connection {name} is paused"),
        (planned.project in still.projects, f"project {planned.project} is paused"),
        (planned.rule in still.rules, f"rule {planned.rule} is paused"),
    ):
        if is_paused:
            return now + HELD, reason
    return None


def _taken_back(context: Context, claimed: Claimed) -> Outcome | None:
    """Why the action is not needed any more, if so: merged with a later one, or a correction of what never left."""
    planned = claimed.planned
    with context.database.reading() as connection:
        newer = actions.newer_waiting(connection, planned) if claimed.waited else None
        alert = actions.row_of(connection, planned.corrects) if planned.corrects else None
    if newer:
        return Outcome("cancelled", f"merged with the newer message {newer}")
    if planned.corrects and (alert is None or not (alert["left"] or alert["state"] in ("sent", "unknown"))):
        return Outcome("cancelled", "the alert it corrects never left")
    return None


def _finish(context: Context, claimed: Claimed, outcome: Outcome) -> None:
    planned = claimed.planned
    mine = _recorded(context, claimed, outcome)
    tell = log.info if outcome.state in ("sent", "cancelled") and mine else log.warning
    tell("action delivered", kind=planned.kind, state=outcome.state, reason=outcome.reason, mine=mine)


def _recorded(context: Context, claimed: Claimed, outcome: Outcome) -> bool:
    """Write the outcome down; false when the lease was lost meanwhile. What is known of a call that was made must not
    be lost to a database that is locked for a moment, so that is tried again for as long as the lease may run.
    """
    for tries in range(RECORD_TRIES):
        try:
            return _record(context, claimed, outcome)
        except StorageError as problem:
            log.warning("an outcome could not be written down yet", error=str(problem))
            if tries == RECORD_TRIES - 1:
                raise
            time.sleep(RECORD_PAUSE)
    return False


def _record(context: Context, claimed: Claimed, outcome: Outcome) -> bool:
    now, planned = context.now(), claimed.planned
    with context.database.writing() as connection:
        mine = actions.finish(connection, planned.id, claimed.token, outcome, now)
        if outcome.state == "sent":
            gates.answered(connection, connection_of(context, planned), now)
        if mine and outcome.state in ("sent", "unknown", "dead", "cancelled"):
            opened = _task_opened(connection, planned, now) if outcome.state == "sent" else None
            journal.add(connection, [e for e in (_told(planned, claimed, outcome, now), opened) if e])
    return mine


def _lease(settings: ConnectionSettings) -> timedelta:
    """How long the action is held from the beginning of its call: longer than the connection lets a call take."""
    timeout = settings.get("timeout")
    longest = timeout if isinstance(timeout, int | float) and not isinstance(timeout, bool) else 0
    return max(LEASE, timedelta(seconds=longest) + GRACE)


def _told(planned: Planned, claimed: Claimed, outcome: Outcome, now: datetime) -> Event | None:
    """The event that says what became of a message: ladders and approvals hang on it."""
    became = _BECAME.get(outcome.state, "failed")
    told = (outcome.reason or None) if became != "sent" else None
    return message_event(planned, became, now, str(claimed.token), status=outcome.state, error=told)


def _task_opened(connection: Connection, planned: Planned, now: datetime) -> Event | None:
    """The event that puts a task on record, once its owner was told."""
    if planned.kind != "task":
        return None
    row = actions.row_of(connection, planned.id) or {}
    return task_event(planned, row.get("subject") or str(planned.text), now)


def _counted(context: Context, name: str, problem: ConnectorError) -> None:
    """Count the failure against its connection, unless the target works and only this call is wrong."""
    against = problem.retryable or problem.outcome_unknown or problem.status in REFUSED_US
    with context.database.writing() as connection:
        if against:
            gates.failed(connection, name, str(problem), problem.retry_after, context.now())
        else:
            gates.answered(connection, name, context.now())


def _receipt(done: Done) -> str | None:
    return done.receipt[:500] if done.receipt else None
