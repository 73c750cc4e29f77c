"""What became of messages: outcomes in, the ladders' memory of who was told out.

A level whose every copy failed before it left was told to nobody: it is given back, and its next alert is a new one.
"""

from __future__ import annotations

from typing import Any, Final

from rules.engine.effects.shapes import Act, Applied
from rules.facts.event import Record
from rules.facts.ladder import give_back

# What is remembered of a message that asks for a decision: whether it left, and whether it came back.
_PROOF: Final = frozenset({"sent", "unknown", "bounced"})
_STATES: Final = frozenset({"sent", "failed", "unknown"})


def ended(act: Act) -> Applied:
    """`message.sent|failed|unknown`: the copy's state in its ladder's memory. A bounce had left, and stays `sent`."""
    message = act.event.objects.get("message", {})
    state, alert = act.event.type.partition(".")[2], message.get("alert")
    if message.get("approval") and state in _PROOF:
        _delivered(act, str(message["approval"]), message, state)
    if state not in _STATES or not alert:
        return Applied(act.event)
    memory_id, level, epoch = alert
    memory = act.draft.get("memory", str(memory_id))
    place = f"{level}@{epoch}"
    copies: dict[str, Any] = (memory or {}).get("told", {}).get(place, {})
    if memory is None or message.get("id") not in copies:
        return Applied(act.event)
    told = {**copies, message["id"]: {**copies[message["id"]], "state": state}}
    record: Record = {**memory, "told": {**memory["told"], place: told}}
    if all(copy["state"] == "failed" for copy in told.values()):
        record = give_back(record, str(level), int(epoch))
    act.draft.put("memory", record)
    return Applied(act.event)


def _delivered(act: Act, id: str, message: Record, state: str) -> None:
    """The approval with what became of a message that asks for it: the proof of its delivery."""
    approval = act.draft.get("approval", id)
    if approval is None:
        return
    kept = {"id": message.get("id"), "to": message.get("to"), "status": state, "at": act.event.at}
    others = [m for m in approval.get("messages") or () if m["id"] != kept["id"]]
    act.draft.put("approval", {**approval, "messages": [*others, kept]})
