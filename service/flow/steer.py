"""Someone says something about a project: a change and its effect, a hand-over, an answer, a delay, a contact.

In: what a form of the console said, checked. Out: an event to decide like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from rules.facts.event import Record, digest
from rules.facts.money import Money
from rules.facts.project import Project
from service import saying
from service.saying import spoken
from service.state import Context
from service.store.database import iso


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a change costs and when: `amount` is what is added (or taken), `days` are working days.

    milestones: ids of the milestones it puts off.  allotment: what a retainer allots from a day on.
    """

    amount: Money
    days: int
    milestones: tuple[str, ...]
    title: str | None = None
    reason: str | None = None
    allotment: Decimal | None = None
    allotment_from: date | None = None


def draft_change(context: Context, project: Project, said: Assessment, email: str) -> str:
    """A change that somebody of the team wrote down, with its effect; its id."""
    id = "chg_" + digest(project.id, said.title or "", iso(context.now()))
    _say(context, project, "change.drafted", id, {"change": {**_fields(said), "id": id}}, email)
    return id


def assess_change(context: Context, project: Project, change: str, said: Assessment, email: str) -> None:
    """The effect of a change on record; after sending it makes a new version and the old link decides nothing."""
    _say(context, project, "change.assessed", change, {"change": {**_fields(said), "id": change}}, email)


def hand_over(context: Context, project: Project, milestone: str, email: str) -> None:
    """A milestone is handed over; the rules ask the client to accept it."""
    _say(context, project, "milestone.handed_over", milestone, {"milestone": {"id": milestone}}, email)


def check(context: Context, project: Project, milestone: str, criterion: str, met: bool, email: str) -> None:
    """An item of a milestone's list is ticked or unticked."""
    said = {"id": milestone, "criterion": criterion, "met": met}
    _say(context, project, "milestone.checked", milestone, {"milestone": said}, email)


def delay(context: Context, project: Project, said: Mapping[str, Any], email: str) -> None:
    """A milestone is late by working days, for a cause; the plan moves. said: milestone, days, cause, remark."""
    id = "dly_" + digest(project.id, str(said["milestone"]), iso(context.now()))
    _say(context, project, "delay.logged", id, {"delay": {**said, "id": id}}, email)


def open_item(context: Context, project: Project, said: Mapping[str, Any], email: str) -> str:
    """What one side has to do is written down; its id. said: title, kind, party, owner, due, blocks."""
    id = "itm_" + digest(project.id, str(said.get("title")), iso(context.now()))
    _say(context, project, "action_item.opened", id, {"action_item": {**said, "id": id}}, email)
    return id


def end_item(
    context: Context, project: Project, item: str, verb: str, said: Mapping[str, Any], email: str
) -> None:
    """An item is answered, done or waived. said: remark, cause, answered_by."""
    _say(context, project, f"action_item.{verb}", item, {"action_item": {**said, "id": item}}, email)


def contact(context: Context, project: Project, said: Mapping[str, Any], email: str) -> None:
    """A call, a meeting, a chat with the client is put on record.

    said: channel, with, summary, and action_item and answered where it was about something that is waited for.
    """
    id = "cnt_" + digest(project.id, str(said), iso(context.now()))
    _say(context, project, "contact.logged", id, {"contact": {**said, "id": id, "at": context.now()}}, email)


def open_task(context: Context, project: Project, id: str, title: str, email: str) -> None:
    """A task for the lead; the same id is the same task."""
    task = {"id": id, "owner": project.lead, "title": title, "status": "open"}
    _say(context, project, "task.opened", id, {"task": task}, email)


def close_task(context: Context, project: Project, task: str, email: str) -> None:
    """A task is done."""
    _say(context, project, "task.done", task, {"task": {"id": task}}, email)


def ask_again(context: Context, project: Project, approval: Record, email: str) -> None:
    """The question once more: the rule that asked it is told of its cause again. The new link ends the old one."""
    about, subject = str(approval["about"]), str(approval["subject"])
    kind = {"change": "change.assessed", "milestone": "milestone.handed_over"}[about]
    _say(context, project, kind, subject, {about: {"id": subject}}, email)


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
        "allotment": said.allotment,
        "allotment_from": said.allotment_from,
    }
    return {k: v for k, v in given.items() if v is not None}


def _say(
    context: Context, project: Project, kind: str, about: str, objects: Mapping[str, Record], email: str
) -> None:
    people = context.rulebook.workspace.people.values()
    say(
        context,
        project,
        kind,
        about,
        objects,
        next((p.id for p in people if p.email.lower() == email.lower()), None),
    )


def say(
    context: Context,
    project: Project,
    kind: str,
    about: str,
    objects: Mapping[str, Record],
    person: str | None,
) -> str:
    """An event that somebody tells, to be decided like any other; its id."""
    event = spoken(context, project, kind, about, objects, person)
    saying.say(context, event)
    return event.id
