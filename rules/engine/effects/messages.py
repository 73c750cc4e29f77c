"""What became of messages: outcomes in, the ladders' memory of who was told and the reports that are out, out.

A level whose every copy failed before it left was told to nobody: it is given back, and its next alert is a new one. A
report is sent with its first copy; what was told then is told, and the next one begins after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rules.engine.effects.shapes import Act, Applied
from rules.engine.effects.tasks import open_task
from rules.facts.event import Event, Record
from rules.facts.ladder import give_back

# What is remembered of a message that asks for a decision: whether it left, and whether it came back.
_PROOF: Final = frozenset({"sent", "unknown", "bounced"})
_STATES: Final = frozenset({"sent", "failed", "unknown"})
_OUT: Final = frozenset({"sent", "unknown"})


def ended(act: Act) -> Applied:
    """`message.sent|failed|unknown|bounced`: what its ladder knows of it, its report, the decision it asks for. What
    came back had left, and its ladder keeps it as told: the lead gets a task to reach the reader by another way.
    """
    message = act.event.objects.get("message", {})
    state = act.event.type.partition(".")[2]
    if state in _STATES and message.get("alert"):
        _copy_ended(act, message, state)
    if message.get("approval") and state in _PROOF:
        _delivered(act, str(message["approval"]), message, state)
    if state == "bounced":
        return Applied(act.event, _came_back(act, message))
    return Applied(act.event, _reported(act, message) if state in _OUT else ())


def _copy_ended(act: Act, message: Mapping[str, Any], state: str) -> None:
    memory_id, level, epoch = message["alert"]
    memory = act.draft.get("memory", str(memory_id))
    place = f"{level}@{epoch}"
    copies: dict[str, Any] = (memory or {}).get("told", {}).get(place, {})
    if memory is None or message.get("id") not in copies:
        return
    told = {**copies, message["id"]: {**copies[message["id"]], "state": state}}
    record: Record = {**memory, "told": {**memory["told"], place: told}}
    if all(copy["state"] == "failed" for copy in told.values()):
        record = give_back(record, str(level), int(epoch))
    act.draft.put("memory", record)


def _delivered(act: Act, id: str, message: Record, state: str) -> None:
    """The approval with what became of a message that asks for it: the proof of its delivery."""
    approval = act.draft.get("approval", id)
    if approval is None:
        return
    kept = {"id": message.get("id"), "to": message.get("to"), "status": state, "at": act.event.at}
    others = [m for m in approval.get("messages") or () if m["id"] != kept["id"]]
    act.draft.put("approval", {**approval, "messages": [*others, kept]})


def _came_back(act: Act, message: Record) -> tuple[Event, ...]:
    """The task for the lead; the decision that the message asked for has not reached whom it was for."""
    project, id = act.project, str(message.get("id"))
    if project is None:
        return ()
    person = act.state.workspace.people.get(str(message.get("to")))
    who, why = person.name if person else str(message.get("to")), str(message.get("error") or "")
    values = {"who": who, "why": why[:200], "id": id}
    # That a task's own mail came back is not told by one more task.
    told = open_task(act, project, "came_back", id, **values) if message.get("channel") != "task" else ()
    approval = act.draft.get("approval", str(message.get("approval")))
    if approval is None:
        return told
    known = approval.get("bounced_at")
    record = act.draft.put("approval", {**approval, "bounced_at": known or act.event.at})
    return told if known else (*told, act.cause("approval.bounced", record["id"], approval=record))


def _reported(act: Act, message: Mapping[str, Any]) -> tuple[Event, ...]:
    """`report.sent`, with the first copy of a report that is out."""
    report = act.draft.get("report", str(message.get("report")))
    if report is None or report["status"] == "sent":
        return ()
    record = act.draft.put("report", {**report, "status": "sent", "sent_at": act.event.at})
    return (act.cause("report.sent", record["id"], report=record),)
