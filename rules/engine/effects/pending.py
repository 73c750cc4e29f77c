"""Approvals that still wait for an answer: a record in, its open approvals, and the events of ending them, out."""

from __future__ import annotations

from typing import Literal

from rules.engine.effects.shapes import Act
from rules.facts.approval import OPEN
from rules.facts.event import Event, Record


def approvals_of(act: Act, subject: str) -> list[Record]:
    """Every approval that was ever asked for about a record, of all its versions."""
    found = act.draft.find("approval", act.event.project or "")
    return [a for a in found if a.get("subject") == subject]


def end_open(act: Act, subject: str, status: Literal["withdrawn", "superseded"]) -> tuple[Event, ...]:
    """End the open approvals about a record, so that their links decide nothing any more."""
    ended = [
        act.draft.put("approval", {**approval, "status": status})
        for approval in approvals_of(act, subject)
        if approval["status"] in OPEN
    ]
    return tuple(
        act.cause(f"approval.{status}", approval["id"], {"status": "sent"}, approval=approval)
        for approval in ended
    )
