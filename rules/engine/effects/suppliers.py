"""Suppliers: what they promised for which day, and when it came; the file, a ticket, the console or a hook says so.

In: an event about a delivery, or about the ticket that follows one. Out: its record, and the days that a late one costs
the milestones it holds up. The file is where the list begins; a delivery that is added there later joins it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final

from rules.engine.derived import supplier_today
from rules.engine.effects import delays
from rules.engine.effects.issues import issue_id
from rules.engine.effects.milestones import find
from rules.engine.effects.shapes import Act, Applied, shown
from rules.facts.calendar import local_day
from rules.facts.event import Event, Record
from rules.facts.project import Project, SupplierPlan

_SAID: Final = frozenset({"name", "title", "promised", "order", "owner", "remark"})


def stepped(act: Act) -> Applied:
    """`supplier.*`: a step that we caused is on record; otherwise what the console, the API or a hook says."""
    project, given = act.project, act.event.objects.get("supplier")
    if project is None or given is None:
        return Applied(act.event)
    id = str(given.get("id") or act.event.key or act.event.id)
    found = act.draft.get("supplier", id) or act.draft.get("supplier", f"{project.id}/{id}")
    if act.event.cause is not None:
        return Applied(act.seen(supplier=found and seen(act, found)))
    verb = act.event.type.partition(".")[2]
    if found is None and not _is_one(given):
        return Applied(act.event)
    known = found or act.new(project, id, **_BEGINNING, owner=project.lead)
    record, late = _step(act, project, known, verb, given)
    return Applied(act.seen(shown(found) if found else {}, supplier=seen(act, record)), late)


def begun(act: Act, project: Project) -> tuple[Event, ...]:
    """The deliveries of the project's file that are not on record: each promised, once."""
    missing = [p for p in project.suppliers if act.draft.get("supplier", f"{project.id}/{p.id}") is None]
    return tuple(_promised(act, project, plan) for plan in missing)


def tracked(act: Act) -> tuple[Event, ...]:
    """The ticket that follows a delivery: its date is the promise, its end the delivery, until it is opened again."""
    project, issue = act.project, act.event.objects.get("issue")
    plans = {issue_id(act, p.issue): p for p in project.suppliers if p.issue} if project is not None else {}
    plan = plans.get(str((issue or {}).get("id")))
    if project is None or issue is None or plan is None:
        return ()
    found = act.draft.get("supplier", f"{project.id}/{plan.id}")
    said = _of_ticket(found, issue, project) if found is not None else None
    if found is None or said is None:
        return ()
    verb, given = said
    record, late = _step(act, project, found, verb, given)
    return (act.cause(f"supplier.{verb}", record["id"], shown(found), supplier=seen(act, record)), *late)


def overdue(known: Iterable[Record], day: date) -> list[Record]:
    """What was promised for a day that is over, and nobody was told of."""
    return [
        s
        for s in known
        if s["status"] == "promised"
        and isinstance(s.get("promised"), date)
        and s["promised"] < day
        and s.get("_told") != s["promised"].isoformat()
    ]


def seen(act: Act, record: Record) -> Record:
    """The delivery as rules see it today."""
    return supplier_today(record, act.draft, act.state)


_BEGINNING: Final[Mapping[str, Any]] = {
    "name": "",
    "title": "",
    "promised": None,
    "first_promised": None,
    "actual": None,
    "status": "promised",
    "blocks": [],
    "order": None,
    "remark": None,
}


def _is_one(given: Mapping[str, Any]) -> bool:
    """Whether somebody says enough to begin with: who, and for when."""
    return bool(given.get("name")) and isinstance(given.get("promised"), date)


def _step(
    act: Act, project: Project, known: Record, verb: str, given: Mapping[str, Any]
) -> tuple[Record, tuple[Event, ...]]:
    said = {k: given[k] for k in _SAID if given.get(k) is not None}
    blocks = [m["id"] for b in given.get("blocks") or () if (m := find(act, project, {"id": b})) is not None]
    record = {**known, **said, **({"blocks": blocks} if blocks else {})}
    record["first_promised"] = known.get("first_promised") or record["promised"]
    record["title"] = record["title"] or record["name"]
    if verb == "promised":
        record |= {"status": "promised", "actual": None}
    elif verb == "late":
        record["_told"] = record["promised"].isoformat() if record["promised"] else None
    elif verb == "cancelled":
        record["status"] = "cancelled"
    if verb != "delivered" or known["status"] == "delivered":
        return act.draft.put("supplier", record), ()
    came = given.get("actual") or local_day(act.event.at, project.time_zone)
    record = act.draft.put("supplier", {**record, "status": "delivered", "actual": came})
    return record, _cost(act, project, record)


def _cost(act: Act, project: Project, record: Record) -> tuple[Event, ...]:
    """The days that a late delivery takes from what waited for it."""
    first, came = record["first_promised"], record["actual"]
    if first is None or came <= first or (came - first).days > delays.MOST_DAYS:
        return ()
    return delays.late(act, project, record, (first, came), "supplier", noun="supplier")


def _promised(act: Act, project: Project, plan: SupplierPlan) -> Event:
    id = f"{project.id}/{plan.id}"
    given = {
        "name": plan.name,
        "title": plan.title,
        "promised": plan.promised,
        "order": plan.order,
        "owner": plan.owner or project.lead,
        "blocks": list(plan.blocks),
    }
    record, _ = _step(act, project, act.new(project, id, **_BEGINNING, key=plan.id), "promised", given)
    return act.cause("supplier.promised", id, supplier=seen(act, record))


def _of_ticket(
    found: Record, issue: Mapping[str, Any], project: Project
) -> tuple[str, Mapping[str, Any]] | None:
    """What a ticket says of its delivery that is news; none when it says nothing of it."""
    over, closed = issue.get("status_group") == "done", issue.get("closed_at")
    if over and found["status"] == "promised":
        came = local_day(closed, project.time_zone) if isinstance(closed, datetime) else None
        return "delivered", {"actual": came}
    due = issue.get("due") if isinstance(issue.get("due"), date) else found["promised"]
    reopened = found["status"] == "delivered" and "status_group" in issue and not over
    moved = found["status"] == "promised" and due != found["promised"]
    return ("promised", {"promised": due}) if reopened or moved else None
