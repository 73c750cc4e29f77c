"""Something that one side waits for: its record and a day in, its standing and lateness out.

open -> due_soon -> overdue -> answered -> done | waived. What the day alone decides (due_soon, overdue, late_days) is
worked out for the day that asks and never kept; an answer freezes the lateness. Days are working days of the project.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from rules.facts.calendar import WorkCalendar, working_days_late
from rules.facts.milestone import late_days

KINDS: Final = ("question", "input", "review", "access", "payment", "improvement", "other")
PARTIES: Final = ("client", "team", "supplier")
OPEN: Final = frozenset({"open"})
OVER: Final = frozenset({"answered", "done", "waived"})
CAUSES: Final = (
    "client_input",
    "client_approval",
    "scope_change",
    "resource",
    "technical",
    "supplier",
    "force_majeure",
)
# Working days before its date from which an item is due soon: its first reminder.
DUE_SOON: Final = 2


def standing(item: Mapping[str, Any], day: date, cals: Sequence[WorkCalendar]) -> dict[str, Any]:
    """`status` and `late_days` of an item as of a day; one that is over keeps what it had."""
    due = item.get("due")
    if item["status"] not in OPEN or due is None:
        return {"status": item["status"], "late_days": item.get("late_days") or 0}
    if due < day:
        return {"status": "overdue", "late_days": late_days(due, day, cals)}
    soon = working_days_late(cals, day, due) <= DUE_SOON
    return {"status": "due_soon" if soon else "open", "late_days": 0}


def cause_of(item: Mapping[str, Any]) -> str:
    """The cause of the days that such an item costs, where nobody gave another one."""
    if item.get("party") == "supplier":
        return "supplier"
    if item.get("party") == "team":
        return "resource"
    return "client_approval" if item.get("kind") == "review" else "client_input"
