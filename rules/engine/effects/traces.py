"""What leaves a trace alone: notes of rules in the project's log, and the object that a slot of the clock is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rules.engine.effects import action_items, approvals, milestones
from rules.engine.effects.shapes import Act, Applied, Performed
from rules.facts.event import Record, digest
from rules.facts.project import Project
from rules.language.triggers import DATED


def note(act: Act, project: Project, keys: Mapping[str, Any], _: Mapping[str, Record]) -> Performed:
    """A rule's own note in the project's log; the same rule and event write it once."""
    note_id = "note_" + digest(act.event.id, act.rule or "", act.spec or "")
    fields = {"at": act.state.now, "event": act.event.id, "rule": act.rule, "text": keys.get("text")}
    act.draft.put("note", act.new(project, note_id, **fields))
    return Performed()


def reminded(act: Act) -> Applied:
    """`slot.due`: the event with the record that its slot is about, as of now."""
    project, slot = act.project, act.event.objects.get("slot", {})
    kind = str(slot.get("kind"))
    found = act.draft.get(kind, str(slot.get("object"))) if kind in DATED else None
    if project is None or found is None:
        return Applied(act.event)
    if kind == "milestone":
        return Applied(act.seen(milestone=milestones.seen(act, found)))
    if kind == "action_item":
        return Applied(act.seen(action_item=action_items.seen(act, found)))
    return Applied(
        approvals.with_subject(act, found) if kind == "approval" else act.seen(None, **{kind: found})
    )
