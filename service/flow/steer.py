"""Someone of the team says something about a project: a change and its effect, a question withdrawn.

In: what a form of the console said, checked. Out: an event to decide like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rules.facts.event import Event, Record, digest, event_id
from rules.facts.money import Money
from rules.facts.project import Project
from service.log import get
from service.state import Context
from service.store import journal
from service.store.database import iso

log = get("steer")


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a change costs and when: `amount` is what is added (or taken), `days` are working days.

    milestones: ids of the milestones it puts off.
    """

    amount: Money
    days: int
    milestones: tuple[str, ...]
    title: str | None = None
    reason: str | None = None


def draft_change(context: Context, project: Project, said: Assessment, email: str) -> str:
    """A change that somebody of the team wrote down, with its effect; its id."""
    id = "chg_" + digest(project.id, said.title or "", iso(context.now()))
    _say(context, project, "change.drafted", id, {"change": {**_fields(said), "id": id}}, email)
    return id


def assess_change(context: Context, project: Project, change: str, said: Assessment, email: str) -> None:
    """The effect of a change on record; after sending it makes a new version and the old link decides nothing."""
    _say(context, project, "change.assessed", change, {"change": {**_fields(said), "id": change}}, email)


def withdraw(context: Context, project: Project, approval: Record, email: str) -> None:
    """Take a question back before it is decided."""
    shown = {k: v for k, v in approval.items() if not k.startswith("_")}
    _say(context, project, "approval.withdrawn", approval["id"], {"approval": shown}, email)


def _fields(said: Assessment) -> dict[str, Any]:
    given = {
        "title": said.title,
        "reason": said.reason,
        "amount": said.amount,
        "days": said.days,
        "milestones": list(said.milestones),
    }
    return {k: v for k, v in given.items() if v is not None}


def _say(
    context: Context, project: Project, kind: str, about: str, objects: Mapping[str, Record], email: str
) -> None:
    now = context.now()
    people = context.rulebook.workspace.people.values()
    event = Event(
        id=event_id("console", kind, about, iso(now)),
        type=kind,
        at=now,
        received_at=now,
        objects=objects,
        project=project.id,
        client=project.client,
        person=next((p.id for p in people if p.email.lower() == email), None),
    )
    with context.database.writing() as connection:
        journal.add(connection, [event])
    context.bells.ring("decide")
    log.info("said in the console", event_id=event.id, type=kind, project=project.id)
