"""How a project is: fields of `project` that are worked out of many records, and only when they are asked for.

In: the project, its records, the day. Out: its health with the reasons, how long the client has not been in touch, how
many items were added to what is baselined without an approved change.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from rules.engine.parties import project_calendars
from rules.engine.state import Book
from rules.facts.calendar import local_day, shift_day
from rules.facts.event import Record
from rules.facts.health import Colour, Condition, Reason, health
from rules.facts.project import Project, Workspace

FIELDS: Final = ("health", "health_reasons", "days_since_contact", "contact_overdue", "unplanned_items")


def fields_of(
    project: Project,
    book: Book,
    workspace: Workspace,
    today: date,
    figures: tuple[Record | None, Record | None],
) -> dict[str, Any]:
    """All of FIELDS. figures: budget and forecast of the project, none before it has a baseline."""
    kept = book.get("project", project.id) or {}
    colour, reasons = health_of(project, book, workspace, today, figures)
    since = days_since_contact(project, kept, today)
    return {
        "health": colour,
        "health_reasons": [r.what for r in reasons],
        "days_since_contact": since,
        "contact_overdue": contact_overdue(project, kept, workspace, today),
        "unplanned_items": len(kept.get("_unplanned") or ()),
    }


def health_of(
    project: Project,
    book: Book,
    workspace: Workspace,
    today: date,
    figures: tuple[Record | None, Record | None],
) -> tuple[Colour, tuple[Reason, ...]]:
    """The word and its reasons, the worst first."""
    kept, of = book.get("project", project.id) or {}, book.find
    return health(
        Condition(
            status=str(kept.get("status", "draft")),
            today=today,
            cals=project_calendars(project, workspace),
            budget=figures[0],
            forecast=figures[1],
            milestones=list(of("milestone", project.id)),
            risks=list(of("risk", project.id)),
            complaints=list(of("complaint", project.id)),
            findings=list(of("finding", project.id)),
            risk_limit=project.risk_limit,
        )
    )


def days_since_contact(project: Project, kept: Mapping[str, Any], today: date) -> int | None:
    """Calendar days since the client was last in touch, none where that never was."""
    at = kept.get("_contacted_at")
    return max(0, (today - local_day(at, project.time_zone)).days) if isinstance(at, datetime) else None


def contact_overdue(project: Project, kept: Mapping[str, Any], workspace: Workspace, today: date) -> bool:
    """Whether the most frequent line of the communication plan is missed: longer silence than it allows."""
    began = kept.get("_contacted_at") or kept.get("activated_at")
    rhythms = [talk.every for talk in project.communication if talk.every is not None]
    if not rhythms or not isinstance(began, datetime):
        return False
    cals, day = project_calendars(project, workspace), local_day(began, project.time_zone)
    return today > min(shift_day(cals, day, every) for every in rhythms)
