"""Fields that are looked up or reckoned rather than kept: names beside ids, and what the day decides.

In: an object of an event, the records, the moment. Out: the object with those fields. They follow the files, the
records and the day, so nothing has to be rewritten when somebody is renamed or a date passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from rules.engine.parties import project_calendars
from rules.engine.state import Book, State
from rules.facts import action_item, milestone, supplier
from rules.facts.calendar import local_day
from rules.facts.delay import days_added
from rules.facts.event import Record
from rules.facts.money import BadNumber, Money, decimal_of, part_between
from rules.facts.project import Project
from rules.language.variables import read_variable

Derive = Callable[[Record, Book, State], Record]


def with_derived(noun: str, record: Record, book: Book, state: State) -> Record:
    """The object with what is looked up for it; an object without such fields comes back as it is."""
    derive = _DERIVED.get(noun)
    return derive(record, book, state) if derive else record


def milestone_today(record: Record, book: Book, state: State) -> Record:
    """The milestone as it stands today; what an open item of somebody else's blocks waits on them."""
    project = state.workspace.projects.get(str(record.get("project")))
    if project is None or not isinstance(record.get("due"), date) or "status" not in record:
        return record
    cals = project_calendars(project, state.workspace)
    now = milestone.standing(record, local_day(state.now, project.time_zone), cals)
    waits = record.get("waiting_on") or _waits_on(record, project, book)
    return {**record, **now, "waiting_on": waits, "payment_amount": _payment(record, project, book)}


def _payment(record: Record, project: Project, book: Book) -> Money | None:
    """What is due with the milestone: its amount, or its share of the agreed budget; none where neither is written."""
    found = read_variable(record.get("payment"))
    if isinstance(found, Decimal):
        agreed = book.get("baseline", project.id)
        total = agreed["total"] if agreed else project.budget.total
        before = _shares_before(record, project, book)
        return part_between(total, before, before + found, project.rounding)
    if isinstance(found, str):
        try:
            return Money(decimal_of(found), project.currency)
        except BadNumber:
            return None
    return found if isinstance(found, Money) else None


def _shares_before(record: Record, project: Project, book: Book) -> Decimal:
    """The shares of the budget that fall due with the milestones before this one, in the order of their ids."""
    others = (m for m in book.find("milestone", project.id) if str(m["id"]) < str(record.get("id")))
    shares = (read_variable(m.get("payment")) for m in others if m.get("status") != "cancelled")
    return sum((s for s in shares if isinstance(s, Decimal)), start=Decimal(0))


def _waits_on(record: Record, project: Project, book: Book) -> str | None:
    """Whose open item the milestone waits for, the client's first; none once it is handed over or settled."""
    if record.get("handed_over_at") is not None or record["status"] in milestone.SETTLED:
        return None
    parties = {
        item.get("party")
        for item in book.find("action_item", project.id)
        if item.get("status") not in action_item.OVER and record["id"] in (item.get("blocks") or ())
    }
    if any(
        delivery["status"] in supplier.WAITED_FOR and record["id"] in delivery["blocks"]
        for delivery in book.find("supplier", project.id)
    ):
        parties.add("supplier")
    return next((party for party in ("client", "supplier") if party in parties), None)


def item_today(record: Record, book: Book, state: State) -> Record:
    """The action item as it stands today: its status, how late it is, and what that does to the dates it blocks."""
    project = state.workspace.projects.get(str(record.get("project")))
    owner = state.workspace.people.get(str(record.get("owner")))
    named = {**record, "owner_name": owner.name if owner else record.get("owner")}
    if project is None or "status" not in record:
        return named
    cals = project_calendars(project, state.workspace)
    now = action_item.standing(record, local_day(state.now, project.time_zone), cals)
    return {**named, **now, **_effect(record, now["late_days"], project, book, state)}


def _effect(item: Record, days: int, project: Project, book: Book, state: State) -> Record:
    """By how many working days the item puts off what it blocks as of today; the first of that, with its new date."""
    found = (book.get("milestone", str(id)) for id in item.get("blocks") or ())
    open_ones = [m for m in found if m is not None and m["status"] not in milestone.SETTLED]
    if not open_ones:
        return {"effect_on_dates": item.get("effect_on_dates"), "milestone_title": None, "new_due": None}
    first = min(open_ones, key=lambda m: (m["due"], m["id"]))
    if item["status"] in action_item.OVER:
        # Its days are in the plan already.
        return {
            "effect_on_dates": item.get("effect_on_dates"),
            "milestone_title": first["title"],
            "new_due": first["due"],
        }
    cals = project_calendars(project, state.workspace)
    day = local_day(state.now, project.time_zone)
    known = (d for d in book.find("delay", project.id) if d["milestone"] == first["id"] and d.get("span"))
    lost = [(d["span"][0], d["span"][1]) for d in known]
    days = days_added((item["due"], day), lost, cals) if days else 0
    due = milestone.shift_plan({first["key"]: first}, first["key"], days, cals)[first["key"]]
    return {"effect_on_dates": days, "milestone_title": first["title"], "new_due": due}


def supplier_today(record: Record, book: Book, state: State) -> Record:
    """The delivery as it stands today, and how often its supplier was in time in this project."""
    project = state.workspace.projects.get(str(record.get("project")))
    owner = state.workspace.people.get(str(record.get("owner")))
    named = {**record, "owner_name": owner.name if owner else record.get("owner")}
    if project is None or "status" not in record:
        return named
    cals = project_calendars(project, state.workspace)
    now = supplier.standing(record, local_day(state.now, project.time_zone), cals)
    share = supplier.in_time(book.find("supplier", project.id), str(record["name"]))
    held_up = (book.get("milestone", str(id)) for id in record.get("blocks") or ())
    waiting = [m for m in held_up if m is not None and m["status"] not in milestone.SETTLED]
    first = min(waiting, key=lambda m: (m["due"], m["id"]), default=None)
    return {
        **named,
        **now,
        "on_time": share,
        "milestone_title": first["title"] if first else None,
        "milestone_due": first["due"] if first else None,
    }


def _decision(record: Record, _: Book, state: State) -> Record:
    by = record.get("by") or record.get("person")
    person = state.workspace.people.get(str(by))
    return {
        "remark": None,
        **record,
        "by": by,
        "by_name": person.name if person else record.get("name") or by,
    }


def _change(record: Record, book: Book, _: State) -> Record:
    if "milestone_title" in record:
        return record
    kept = book.get("change", str(record.get("id"))) or {}
    moves: list[Mapping[str, Any]] = list(kept.get("_moves") or ())
    last = next((m for m in moves if m.get("new_due") == record.get("new_due")), moves[-1] if moves else None)
    return {**record, "milestone_title": last["title"] if last else None}


_DERIVED: Final[Mapping[str, Derive]] = {
    "decision": _decision,
    "change": _change,
    "milestone": milestone_today,
    "action_item": item_today,
    "supplier": supplier_today,
}
