"""Fifth stage: due actions become calls to outside systems, each attempt on record before and after.

In: actions that are due. Out: `due()`: what may be done now, as jobs for the pool. A job claims its action with a
lease and a token together with all that waits to leave with it (releasing.py), renders it, begins the attempt, calls,
and writes the outcome. A blind call whose outcome nobody knows is never repeated by machine.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from connectors.base import ConnectorError, Done, Message, Outward
from connectors.base import Settings as ConnectionSettings
from rules.engine.outcomes import Became, task_event
from rules.engine.verdicts import Planned
from rules.facts.event import Event
from rules.language.texts import Rendered
from service import releasing
from service.links import MASK, masked
from service.log import bound, get
from service.outgoing import Refusal, address_of, code_of, connection_of, message_of, operation_of, words_of
from service.reading_again import TakeIn, kept_for_reading
from service.renderer import RenderError
from service.state import Context
from service.store import actions, gates, heaps, journal
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
MOST_LOOKS = 20
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


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that is ready to be made."""

    claimed: Claimed
    settings: ConnectionSettings
    outward: Outward
    message: Message
    code: str = ""

    @property
    def text(self) -> tuple[str, str, str | None]:
        """Its words as they are kept. They open nothing: address and code are made again when it is sent again."""
        html = self._kept(self.message.html) if self.message.html else None
        return self.message.subject, self._kept(self.message.body), html

    def _kept(self, text: str) -> str:
        return masked(text.replace(self.code, MASK) if self.code else text)


def deliver(context: Context, tools: Tools, take_in: TakeIn, id: str) -> None:
    """Deliver one action, if it is still to be had, with all that waits to leave with it.

    take_in: stores what a source said when it was read again first.
    """
    heap = [one for one in releasing.claim(context, id, LEASE) if not _postponed(context, one)]
    if kept_for_reading(context, tools, take_in, heap):
        return
    if not heap:
        return
    first = heap[0]
    with bound(
        delivery=first.delivery,
        event_id=first.planned.event,
        action=first.planned.id,
        rule=first.planned.rule,
        project=first.planned.project,
        connection=connection_of(context, first.planned),
    ):
        _released(context, tools, take_in, heap)


def _released(context: Context, tools: Tools, take_in: TakeIn, heap: Sequence[Claimed]) -> None:
    """Find out what leaves of a heap, write everything down, make the call."""
    if kept_for_reading(context, tools, take_in, heap):
        return
    for _ in range(MOST_LOOKS):
        seen = releasing.look(context, heap, partial(_words, context, tools))
        made = _made(context, tools, seen.claimed) if seen.claimed else None
        written = _written(context, seen, made)
        if written is None:
            continue
        if seen.claimed and made and written:
            outcome = made if isinstance(made, Outcome) else _called(context, tools, made)
            _finish(context, seen.claimed, outcome)
        elif seen.found.over:
            context.bells.ring("decide")
        return
    log.warning("others write to the same readers all the time; it is tried again later")


def _postponed(context: Context, claimed: Claimed) -> bool:
    """Whether a pause or an open breaker keeps the action: it is given back until then."""
    held = _held(context, claimed.planned)
    if held:
        with context.database.writing() as connection:
            actions.postpone(connection, claimed.planned.id, claimed.token, *held)
    return held is not None


def _words(context: Context, tools: Tools, planned: Planned, ruleset: str) -> Rendered | str:
    """What a message says, as a part of another."""
    try:
        return words_of(context, tools, planned, ruleset)
    except (RenderError, Refusal) as problem:
        return str(problem)


def _made(context: Context, tools: Tools, claimed: Claimed) -> _Call | Outcome:
    """The call to make, or how the action ends without one."""
    found = address_of(context, claimed.planned)
    if isinstance(found, Refusal):
        return Outcome("dead", found.reason)
    connector, settings, outward = found
    if claimed.open_attempt and outward.once == "blind":
        reason = "a former attempt was begun and its outcome is not known; a person decides whether to send it again"
        return Outcome("unknown", reason, left=True)
    try:
        message = message_of(context, tools, claimed.planned, claimed.ruleset, connector)
        code = code_of(context, claimed.planned)
    except (RenderError, Refusal) as problem:
        return Outcome("dead", str(problem))
    return _Call(claimed, settings, outward, message, code)


def _written(context: Context, seen: releasing.Look, made: _Call | Outcome | None) -> bool | None:
    """Write down what a look came to and, before any call, the attempt and its text. None: look again, others wrote to
    these readers. False: there is no room for the call, or the claim was lost meanwhile: no call may be made.
    """
    now = context.now()
    with context.database.writing() as connection:
        if not releasing.still(context, connection, seen):
            return None
        if not isinstance(made, _Call):
            releasing.write(context, connection, seen)
            return True
        settings, claimed = made.settings, made.claimed
        until = now + _lease(settings)
        if not gates.enter(connection, settings.name, settings.limits, now, until):
            reason = f"connection {settings.name} has no room for a call at this moment"
            for one in seen.heap:
                actions.postpone(connection, one.planned.id, one.token, now + TURN, reason)
            return False
        releasing.write(context, connection, seen)
        return actions.begin(connection, claimed.planned.id, claimed.token, made.text, now, until)


def _called(context: Context, tools: Tools, call: _Call) -> Outcome:
    claimed, settings, outward = call.claimed, call.settings, call.outward
    operation = operation_of(context, claimed.planned, call.message)
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
            opened = _task_opened(connection, planned, now) if outcome.state == "sent" else []
            heaps.mark_left(connection, planned.id, left=outcome.left)
            said = (planned, *heaps.said_in(connection, planned.id))
            journal.add(
                connection, [*(e for one in said for e in _told(context, one, claimed, outcome)), *opened]
            )
    return mine


def _lease(settings: ConnectionSettings) -> timedelta:
    """How long the action is held from the beginning of its call: longer than the connection lets a call take."""
    timeout = settings.get("timeout")
    longest = timeout if isinstance(timeout, int | float) and not isinstance(timeout, bool) else 0
    return max(LEASE, timedelta(seconds=longest) + GRACE)


def _told(context: Context, planned: Planned, claimed: Claimed, outcome: Outcome) -> list[Event]:
    """The event that says what became of a message: ladders and approvals hang on it."""
    became = _BECAME.get(outcome.state, "failed")
    error = (outcome.reason or None) if became != "sent" else None
    return releasing.told(planned, became, context, str(claimed.token), status=outcome.state, error=error)


def _task_opened(connection: Connection, planned: Planned, now: datetime) -> list[Event]:
    """The event that puts a task on record, once its owner was told."""
    if planned.kind != "task":
        return []
    row = actions.row_of(connection, planned.id) or {}
    return [task_event(planned, row.get("subject") or str(planned.text), now)]


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
