"""Someone of the team says what becomes of a message that waits for a person: released, cancelled, arrived, sent again.

In: an action's id and who says so. Out: whether it was still to be said. What a ladder or a decision hangs on is told
by the same events as after a call.
"""

from __future__ import annotations

from dataclasses import replace

from rules.engine.noise import next_hold
from rules.engine.outcomes import Became, message_event
from rules.engine.verdicts import Planned
from rules.facts.event import Event
from service.log import get
from service.state import Context
from service.store import actions, attention, deliveries, heaps, journal, letters
from service.store.database import Connection, from_iso

log = get("settle")
GROUP = 200
"""So many go in one transaction: a long one would hold up everybody else."""


def release(context: Context, id: str, by: str) -> bool:
    """Let a message that waits for review leave, in the recipient's hours; it is checked once more before it goes."""
    now = context.now()
    with context.database.writing() as connection:
        attention.hold(connection, id)
        row = actions.row_of(connection, id)
        if row is None or (row["state"], row["waits"]) != ("waiting", "review"):
            return False
        planned = replace(actions.decode(row["data"]), waits=row["waits"], due=from_iso(row["due_at"]))
        rule = context.rulebook.of(row["ruleset"] or "").rules.get(planned.rule)
        held = next_hold(planned, rule, context.state(connection)) if rule else planned
        said = f"released by {by}"
        if held.waits in (None, "review"):
            actions.postpone(connection, id, row["token"], now, said)
        else:
            actions.wait(connection, id, row["token"], held, said)
    context.bells.ring("deliver")
    log.info("message released", action=id, by=by)
    return True


def cancel(context: Context, id: str, reason: str, by: str) -> bool:
    """Close a message without sending it; it stays on record with the reason."""
    said = f"{reason} ({by})"
    return _settled(context, id, ("waiting", *actions.GIVEN_UP), "cancelled", said)


def arrived(context: Context, id: str, by: str) -> bool:
    """A message whose outcome nobody knew did arrive."""
    return _settled(context, id, ("unknown",), "sent", f"marked as arrived by {by}")


def resend(context: Context, id: str, by: str) -> bool:
    """Send a message whose outcome nobody knows once more."""
    return _settled(context, id, ("unknown",), "ready", f"sent again by {by}")


def redrive(context: Context, ids: list[str], by: str) -> list[str]:
    """Try what was given up again, actions and follow-up reads; those that are on their way. What is no dead letter
    (any more) is left as it is: an effect that was made is never made again by this.
    """
    now = context.now()
    done: list[str] = []
    for start in range(0, len(ids), GROUP):
        with context.database.writing() as connection:
            for id in ids[start : start + GROUP]:
                again = deliveries.redrive_read if id.startswith("rd_") else actions.redrive
                if again(connection, id, now):
                    done.append(id)
    if done:
        context.bells.ring("deliver")
    log.info("redriven", count=len(done), by=by)
    return done


def dead_letters(connection: Connection, which: letters.Dead, limit: int) -> list[str]:
    """Ids of what was given up, actions first. A read belongs to a connection, and to no project or rule yet."""
    found = letters.dead(connection, which, limit)
    if which.project or which.rule:
        return found
    rest = max(0, limit - len(found))
    return found + [r["id"] for r in deliveries.dead_reads(connection, which.connection, which.reason, rest)]


def _settled(context: Context, id: str, states: tuple[str, ...], into: str, reason: str) -> bool:
    now = context.now()
    with context.database.writing() as connection:
        attention.hold(connection, id)
        row = actions.row_of(connection, id)
        if row is None or row["state"] not in states:
            return False
        attention.end_open_attempts(connection, id, now)
        actions.settle(connection, id, into, reason, now)
        heaps.mark_left(connection, id, left=into == "sent")
        said = (actions.decode(row["data"]), *heaps.said_in(connection, id))
        if into != "ready" and row["state"] not in actions.GIVEN_UP:
            became: Became = "sent" if into == "sent" else "failed"
            journal.add(
                connection, [e for one in said for e in _told(one, became, into, row["token"], context)]
            )
    context.bells.ring("deliver" if into == "ready" else "decide")
    log.info("message settled", action=id, state=into)
    return True


def _told(planned: Planned, became: Became, state: str, token: int, context: Context) -> list[Event]:
    """The event that ladders, decisions and reports wait for."""
    event = message_event(planned, became, context.now(), "person", str(token), status=state)
    return [event] if event else []
