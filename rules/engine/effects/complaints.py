"""A complaint and its clock: an answer, a call or a rule in, its record with the day by which it is dealt with out.

open -> resolved. It is due on the working day it came in; what comes on a closed day is due on the next open one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rules.engine.effects import kept
from rules.engine.effects.shapes import Act, Applied, Performed, shown
from rules.engine.parties import project_calendars
from rules.facts.calendar import local_day, nearest_working_day
from rules.facts.event import Record, digest
from rules.facts.project import Project


def stepped(act: Act) -> Applied:
    """`complaint.*`: the record says so; one that is resolved stays resolved."""
    project, given = act.project, act.event.objects.get("complaint")
    if project is None or given is None:
        return Applied(act.event)
    known = act.draft.get("complaint", str(given.get("id") or act.event.key or act.event.id))
    if known is not None and (act.event.cause is not None or known["status"] == "resolved"):
        return Applied(act.seen(complaint=known))
    if act.event.type == "complaint.resolved":
        return kept.told(act, beginning(act, project), status="resolved", resolved_at=act.event.at)
    return kept.told(act, beginning(act, project))


def open_complaint(
    act: Act, project: Project, keys: Mapping[str, Any], objects: Mapping[str, Record]
) -> Performed:
    """A complaint about an object of the event: once for each."""
    about = str(keys.get("about") or "project")
    found = objects.get(about) or {}
    subject = str(found.get("id") or act.event.key or act.event.id)
    complaint_id = "cmp_" + digest(project.id, about, subject)
    known = act.draft.get("complaint", complaint_id)
    if known is not None:
        return Performed((), {"complaint": shown(known)})
    given = {
        "about": f"{about}/{subject}" if found else about,
        "contact": found.get("contact") or found.get("author") or found.get("reporter") or act.event.person,
        "said": found.get("remark") or found.get("text"),
        "owner": keys.get("owner") or project.lead,
    }
    record = act.draft.put(
        "complaint", act.new(project, complaint_id, **{**beginning(act, project), **given})
    )
    event = act.cause("complaint.opened", complaint_id, complaint=record)
    return Performed((event,), {"complaint": shown(record)})


def beginning(act: Act, project: Project) -> Record:
    """A complaint as it comes in."""
    cals = project_calendars(project, act.state.workspace)
    return {
        "about": None,
        "contact": None,
        "said": None,
        "owner": project.lead,
        "status": "open",
        "opened_at": act.event.at,
        "due": nearest_working_day(cals, local_day(act.event.at, project.time_zone), "later"),
        "resolved_at": None,
        "resolution": None,
    }
