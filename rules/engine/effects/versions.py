"""Versions and milestones of trackers: what a tracker says of one in, its telling on record and differences out.

The record of a milestone holds, then its file; a tracker moves no date and speaks for nobody. What it tells is kept
beside the plan, and where the two differ that is a finding with both values, until one of them follows the other. One
thing it may bring about: a version that is released hands its milestone over, once nothing is left for the team to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rules.engine.effects import control, issues
from rules.engine.effects.shapes import Act, Applied
from rules.facts import criteria, milestone
from rules.facts.audit import Suspicion
from rules.facts.event import Event, Record
from rules.facts.project import Project

KIND: Final = "tracker_differs"
HOLDS: Final = "a tracker told it: the record holds, and a difference is a finding"
_STATES: Final[Mapping[str, str]] = {"handed_over": "handed_over", "cancelled": "cancelled"}
# What a version's state says of a milestone that is in one of these: released too soon, taken back, taken away.
_AGAINST: Final[Mapping[str, frozenset[str]]] = {
    "handed_over": frozenset({"planned", "rejected"}),
    "reopened": frozenset({"handed_over", "in_acceptance"}),
    "cancelled": frozenset({"planned", "rejected", "handed_over", "in_acceptance"}),
}


def told(act: Act, found: Record | None, given: Mapping[str, Any]) -> Applied:
    """`milestone.*` of a tracker, kept as the version's record; no rule hears of it but by the finding.

    found: the milestone that is meant.
    """
    verb, former = act.event.type.partition(".")[2], _known(act, given)
    said = {k: given[k] for k in ("title", "due") if k in given}
    bound = {"milestone": found["id"]} if found is not None else {}
    state = {"status": _state(verb, given, former), "connection": act.event.connection, **bound}
    beginning = {"title": None, "due": None, "milestone": None}
    issues.remember(act, "version", _id(act, given), {**beginning, **former, **said, **state})
    return Applied(act.event, unheard=HOLDS)


def releases(act: Act, found: Record | None, given: Mapping[str, Any]) -> bool:
    """Whether a tracker's word hands the milestone over: said in so many words, or by a release that is news.

    A release counts where nothing of the milestone is open that the team has to bring about.
    """
    if found is None or act.event.type != "milestone.handed_over":
        return False
    if "status" not in given:
        return True
    known = _known(act, given)
    late = act.event.version is not None and act.event.version < str(known.get("_version", ""))
    return known.get("status") != "handed_over" and not late and not criteria.unmet(found["criteria"])


def meant(act: Act, project: Project, given: Mapping[str, Any]) -> Record | None:
    """The milestone that a tracker speaks of: the one its version was found to be before, else by its name."""
    plan = list(act.draft.find("milestone", project.id))
    bound = next((m for m in plan if m["id"] == _known(act, given).get("milestone")), None)
    names = (given.get(k) for k in ("id", "key", "title"))
    return bound or next((m for n in names if (m := milestone.named(plan, project.versions, n))), None)


def _id(act: Act, given: Mapping[str, Any]) -> str:
    return f"{act.event.connection}/{act.event.key or given.get('id') or given.get('title')}"


def _known(act: Act, given: Mapping[str, Any]) -> Record:
    """What was told of the version before."""
    return act.draft.get("version", _id(act, given)) or {}


def compared(act: Act) -> tuple[Event, ...]:
    """The versions of the project held against its plan: a finding for each value that differs, an end to others."""
    project = act.project
    versions = list(act.draft.find("version", project.id)) if project is not None else []
    if project is None or not versions:
        return ()
    plan = {m["id"]: m for m in act.draft.find("milestone", project.id)}
    found = [s for v in versions for s in _differences(act, project, v, plan)]
    looked_at = (
        f["id"] for f in act.draft.find("finding", project.id) if (f["kind"], f["status"]) == (KIND, "open")
    )
    return control.held_against(act, project, found, looked_at)


def _differences(
    act: Act, project: Project, version: Record, plan: Mapping[str, Record]
) -> Iterator[Suspicion]:
    ours = plan.get(str(version.get("milestone"))) or milestone.named(
        plan.values(), project.versions, version.get("title")
    )
    if ours is None:
        return
    if version.get("milestone") != ours["id"]:
        act.draft.put("version", {**version, "milestone": ours["id"]})
    if ours["status"] in milestone.SETTLED:
        return
    if version.get("due") is not None and version["due"] != ours["due"]:
        yield _difference(project, version, ours, "due", ours["due"], version["due"])
    if ours["status"] in _AGAINST.get(str(version["status"]), ()):
        yield _difference(project, version, ours, "status", ours["status"], version["status"])


def _difference(
    project: Project, version: Record, ours: Record, what: str, record: Any, tracker: Any
) -> Suspicion:
    figures = {
        "owner": project.lead,
        "what": f"milestones.{ours['key']}.{what}",
        "milestone": ours["id"],
        "connection": version["connection"],
        "record": record,
        "tracker": tracker,
    }
    return Suspicion(KIND, (version["id"], what, str(record), str(tracker)), (), figures)


def _state(verb: str, given: Mapping[str, Any], former: Mapping[str, Any]) -> str:
    """Open, handed_over, reopened or cancelled; a release that is taken back is told apart from none so far."""
    said = "cancelled" if verb == "cancelled" else str(given.get("status") or _STATES.get(verb, ""))
    if said in ("handed_over", "cancelled"):
        return said
    return "reopened" if former.get("status") in ("handed_over", "reopened") else "open"
