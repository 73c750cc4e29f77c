"""Fifth stage: due actions become calls to outside systems, each attempt on record before and after.

In: actions that are due. Out: `due()`: what may be done now, as jobs for the pool. A job claims its action with a
lease and a token, checks it again where it waited, renders it, begins the attempt, calls, and writes the outcome.
A blind call whose outcome nobody knows is never repeated by machine.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from connectors.base import Connector, ConnectorError, Done, Outward
from connectors.base import Settings as ConnectionSettings
from rules.engine.noise import next_hold
from rules.engine.outcomes import Became, message_event
from rules.engine.recheck import recheck
from rules.engine.verdicts import Planned
from rules.facts.event import Event, event_id
from service.log import get
from service.outgoing import Refusal, address_of, message_of, operation_of
from service.renderer import RenderError
from service.state import Context
from service.store import actions, journal
from service.store.actions import Claimed, Outcome
from service.store.database import Connection, from_iso, iso
from service.store.switches import connection_state, paused, set_connection_state
from service.tools import LEASE, MAX_TRIES, Job, Tools, pause_after

log = get("deliver")
BREAKER_FAILURES = 5
BREAKER_PAUSE = timedelta(seconds=60)
HELD = timedelta(seconds=30)
_BECAME: Final[dict[str, Became]] = {"sent": "sent", "unknown": "unknown"}


def due(context: Context, limit: int) -> list[Job]:
    """What may be delivered now, oldest first, without what is paused or stands behind an open breaker."""
    now = context.now()
    with context.database.reading() as connection:
        return [Job(id, lane) for id, lane in actions.due(connection, now, limit)]


def deliver(context: Context, tools: Tools, id: str) -> None:
    """Deliver one action, if it is still to be had."""
    now = context.now()
    with context.database.writing() as connection:
        claimed = actions.claim(connection, id, now, now + LEASE)
    if claimed is None:
        return
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
    with context.database.writing() as connection:
        if not actions.begin(
            connection, planned.id, claimed.token, (message.subject, message.body, message.html), now
        ):
            return None
    operation = operation_of(context, planned, message)
    try:
        http = tools.http(settings)
        done = outward.find(operation, settings, http) if claimed.open_attempt and outward.find else None
        done = done or outward.act(operation, settings, http)
    except ConnectorError as problem:
        return _failure(context, claimed, outward, problem)
    except Exception as problem:
        log.exception("a connector broke", action=planned.id, connection=settings.name)
        broken = ConnectorError(
            f"the connector broke ({type(problem).__name__})", retryable=False, outcome_unknown=True
        )
        return _failure(context, claimed, outward, broken)
    _healthy(context, settings.name)
    return Outcome(
        "sent",
        done.detail or ("found there already" if done.found else ""),
        receipt=_receipt(done),
        left=True,
    )


def _failure(context: Context, claimed: Claimed, outward: Outward, problem: ConnectorError) -> Outcome:
    """What a failed call comes to: tried again later, dead, or unknown."""
    name = claimed.planned.connection or claimed.planned.kind
    if problem.outcome_unknown and outward.once == "blind":
        return Outcome("unknown", str(problem), problem.status, left=True)
    if problem.retryable or problem.outcome_unknown:
        _unhealthy(context, name, str(problem))
        if claimed.tries + 1 < MAX_TRIES:
            due_at = context.now() + timedelta(seconds=pause_after(claimed.tries, problem.retry_after))
            return Outcome("ready", str(problem), problem.status, due=due_at)
        return Outcome("dead", f"given up after {claimed.tries + 1} tries: {problem}", problem.status)
    return Outcome("dead", str(problem), problem.status)


def _held(context: Context, planned: Planned) -> tuple[datetime, str] | None:
    """Until when and why the action may not leave now: a pause, or an open breaker."""
    now, name = context.now(), planned.connection or planned.kind
    with context.database.reading() as connection:
        still = paused(connection)
        state = connection_state(connection, name)
    for is_paused, reason in (
        (still.everything, "everything is paused"),
        (name in still.connections, f"connection {name} is paused"),
        (planned.project in still.projects, f"project {planned.project} is paused"),
        (planned.rule in still.rules, f"rule {planned.rule} is paused"),
    ):
        if is_paused:
            return now + HELD, reason
    if state["open_until"] and from_iso(state["open_until"]) > now:
        return from_iso(
            state["open_until"]
        ), f"connection {name} failed {state['failures']} times in a row; trying again later"
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
    now, planned = context.now(), claimed.planned
    with context.database.writing() as connection:
        mine = actions.finish(connection, planned.id, claimed.token, outcome, now)
        if mine and outcome.state in ("sent", "unknown", "dead", "cancelled"):
            opened = _task_opened(connection, planned, now) if outcome.state == "sent" else None
            journal.add(connection, [e for e in (_told(planned, claimed, outcome, now), opened) if e])
    log.info(
        "action delivered",
        action=planned.id,
        kind=planned.kind,
        state=outcome.state,
        reason=outcome.reason,
        mine=mine,
    )


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
    task = {
        "id": "tsk_" + planned.id.removeprefix("act_"),
        "owner": planned.recipient,
        "title": row.get("subject") or str(planned.text),
        "status": "open",
        "due": planned.keys.get("due"),
    }
    return Event(
        id=event_id(planned.id, "task.opened"),
        type="task.opened",
        at=now,
        received_at=now,
        objects={"task": task},
        project=planned.project,
        client=planned.client,
        cause=planned.event,
        rule=planned.rule,
        depth=1,
    )


def _healthy(context: Context, name: str) -> None:
    with context.database.reading() as connection:
        state = connection_state(connection, name)
    if state["failures"]:
        with context.database.writing() as connection:
            set_connection_state(
                connection, name, failures=0, open_until=None, error=None, last_call_at=iso(context.now())
            )


def _unhealthy(context: Context, name: str, reason: str) -> None:
    now = context.now()
    with context.database.writing() as connection:
        failures = connection_state(connection, name)["failures"] + 1
        opened = iso(now + BREAKER_PAUSE) if failures >= BREAKER_FAILURES else None
        set_connection_state(
            connection, name, failures=failures, open_until=opened, error=reason[:500], last_call_at=iso(now)
        )


def _receipt(done: Done) -> str | None:
    return done.receipt[:500] if done.receipt else None
