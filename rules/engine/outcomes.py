"""What became of an action, as an event: ladders, `once_per`, decisions and tasks hang on it.

In: a planned action and its outcome. Out: the event to decide, or none where nothing hangs on the action.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from rules.engine.verdicts import Planned
from rules.facts.event import Event, Record, event_id

Became = Literal["sent", "failed", "unknown"]


def message_event(
    planned: Planned, became: Became, now: datetime, *of: str, status: str = "", error: str | None = None
) -> Event | None:
    """The event of a message that left (`sent`), never left (`failed`), or may have left (`unknown`).

    of: what tells this outcome from an earlier one of the same action.  status: the state on record, where that says
    more than the outcome does.
    """
    # What never left gives back what it took (a level, `once_per`); what left matters to ladders and clients.
    report = planned.keys.get("report")
    if planned.alert is None and not planned.client_facing and became != "failed" and report is None:
        return None
    kind = f"message.{became}"
    message = {
        **message_fields(planned),
        "status": status or became,
        "sent_at": None if became == "failed" else now,
        # On record as plain English, also where the engine could say it in other languages.
        "error": None if error is None else str(error),
    }
    return Event(
        id=event_id(planned.id, kind, *of),
        type=kind,
        at=now,
        received_at=now,
        objects={"message": message},
        project=planned.project,
        client=planned.client,
        cause=planned.event,
        rule=planned.rule,
        depth=planned.depth + 1,
    )


def message_fields(planned: Planned) -> Record:
    """What a message is, and what hangs on it: a decision, an item, a level, a report."""
    report = planned.keys.get("report")
    return {
        "id": planned.id,
        "to": planned.recipient or planned.address or "",
        "channel": planned.kind,
        "approval": (planned.keys.get("link") or {}).get("approval"),
        "action_item": (planned.names.get("action_item") or {}).get("id"),
        "alert": list(planned.alert) if planned.alert else None,
        **({"report": report} if report else {}),
    }


def task_event(planned: Planned, title: str, now: datetime) -> Event:
    """The event that puts a task on record, once its owner was told of it."""
    task = {
        "id": "tsk_" + planned.id.removeprefix("act_"),
        "owner": planned.recipient,
        "title": title,
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
        depth=planned.depth + 1,
    )
