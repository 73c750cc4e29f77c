"""Scope creep: items that were added to a milestone of the baseline without an approved change.

In: an issue as its source tells of it. Out: whether it belongs to the baseline, whether it was added to it, and the
count of the latter on the project's record. What was there when the project was activated, or came from before, belongs
to the baseline; so does what an applied change brought.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from rules.engine.effects.shapes import Act
from rules.facts import milestone as milestones
from rules.facts.event import Record
from rules.facts.project import Project


def standing(act: Act, project: Project, issue: str, known: Mapping[str, Any]) -> Record:
    """`baselined` and `unplanned` of an issue as it is now known; the project's count follows. What is said to belong
    to the baseline does.
    """
    milestone = _milestone(act, project, known.get("milestone"))
    baselined = bool(known.get("baselined")) or _baselined(act, project, issue)
    if milestone is not None and not baselined and _was_there(act, project, known):
        act.draft.put("milestone", {**milestone, "issues": [*milestone.get("issues", ()), issue]})
        baselined = True
    unplanned = milestone is not None and not baselined and not known.get("deleted")
    _count(act, project, issue, unplanned=unplanned and _begun(act, project) is not None)
    return {"baselined": baselined, "unplanned": unplanned and _begun(act, project) is not None}


def taken_in(act: Act, project: Project) -> None:
    """At activation the items under a milestone of the plan become its baseline."""
    for issue in act.draft.find("issue", project.id):
        milestone = _milestone(act, project, issue.get("milestone"))
        if milestone is not None and issue["id"] not in milestone.get("issues", ()):
            act.draft.put("milestone", {**milestone, "issues": [*milestone.get("issues", ()), issue["id"]]})
            act.draft.put("issue", {**issue, "baselined": True, "unplanned": False})


def approved(act: Act, project: Project, issues: Iterable[str]) -> None:
    """What an applied change brought is planned from now on."""
    for issue in issues:
        record = act.draft.get("issue", issue)
        if record is not None:
            act.draft.put("issue", {**record, "baselined": True, "unplanned": False})
        _count(act, project, issue, unplanned=False)


def _count(act: Act, project: Project, issue: str, *, unplanned: bool) -> None:
    record = act.draft.get("project", project.id)
    known: list[str] = list((record or {}).get("_unplanned") or ())
    if record is None or (issue in known) == unplanned:
        return
    now = [*known, issue] if unplanned else [i for i in known if i != issue]
    act.draft.put("project", {**record, "_unplanned": now})


def _was_there(act: Act, project: Project, known: Mapping[str, Any]) -> bool:
    begun, created = _begun(act, project), known.get("created_at")
    if begun is None or act.event.history:
        return begun is not None
    return isinstance(created, datetime) and created <= begun


def _begun(act: Act, project: Project) -> datetime | None:
    begun: datetime | None = (act.draft.get("project", project.id) or {}).get("activated_at")
    return begun


def _milestone(act: Act, project: Project, named: Any) -> Record | None:
    """The milestone that a tracker names."""
    return milestones.named(act.draft.find("milestone", project.id), project.versions, named)


def _baselined(act: Act, project: Project, issue: str) -> bool:
    """Whether the baseline or one of its milestones lists the issue."""
    baseline = act.draft.get("baseline", project.id) or {}
    if issue in baseline.get("issues", ()):
        return True
    return any(issue in m.get("issues", ()) for m in act.draft.find("milestone", project.id))
