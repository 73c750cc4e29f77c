"""The parts of a report about work: what was done, what is in the way, what comes next, how the milestones stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from rules.engine.reports.material import Material
from rules.facts.calendar import working_days_late
from rules.facts.event import Record
from rules.facts.milestone import ACCEPTED, SETTLED
from rules.facts.report_period import next_days

MOST_ISSUES: Final = 40


def done(material: Material) -> Record:
    """What was finished in the period: milestones handed over or accepted, issues closed."""
    reached = []
    for milestone in _plan(material):
        for what, at in (("handed_over", "handed_over_at"), ("accepted", "accepted_at")):
            on = material.day(milestone.get(at))
            if material.within(on):
                reached.append({"title": milestone["title"], "what": what, "on": on})
    closed = [
        i for i in _issues(material) if material.within(material.day(i.get("closed_at"))) and _is_done(i)
    ]
    return {"milestones": sorted(reached, key=lambda r: r["on"]), **_listed(material, closed)}


def upcoming(material: Material) -> Record:
    """What is planned for as many days as the report is about: milestones due, issues due or at work."""
    first, last = next_days(material.last, (material.last - material.first).days + 1)
    due = [m for m in _open(material) if first <= _date(m) <= last]
    issues = [
        i
        for i in _issues(material)
        if not _is_done(i)
        and (i.get("status_group") == "doing" or (i.get("due") is not None and first <= i["due"] <= last))
    ]
    planned = [{"title": m["title"], "due": _date(m)} for m in sorted(due, key=_date)]
    return {"from": first, "until": last, "milestones": planned, **_listed(material, issues)}


def problems(material: Material, money: Mapping[str, Any]) -> list[Record]:
    """What is in the way, who takes care of it, and how: late milestones, triggered risks, an expected overrun."""
    lead = material.name(material.project.lead)
    found: list[Record] = []
    for milestone in _open(material):
        if milestone.get("overdue"):
            waits = milestone.get("waiting_on")
            owner = {"client": material.client.name, None: lead, "team": lead}.get(waits, str(waits))
            moved = milestone.get("forecast_date")
            found.append(
                {
                    **_problem("late", milestone["title"], owner),
                    "days": _late(material, milestone),
                    "to": moved,
                }
            )
    for risk in material.find("risk"):
        if risk.get("status") == "triggered":
            owner = material.name(risk.get("owner"))
            found.append({**_problem("risk", risk.get("title"), owner), "fix": risk.get("plan")})
    overrun = (money.get("forecast") or {}).get("overrun")
    if overrun:
        found.append({**_problem("overrun", None, lead), "amount": overrun})
    if not material.for_client:
        for kind in ("complaint", "finding"):
            still = [r for r in material.find(kind) if r.get("status") == "open"]
            found += [
                _problem(kind, r.get("about") or r.get("kind"), material.name(r.get("owner")) or lead)
                for r in still
            ]
    return found


def milestones(material: Material) -> list[Record]:
    """Each milestone: the date that was agreed first, the date that holds, the working days between them."""
    causes: dict[str, dict[str, int]] = {}
    for delay in material.find("delay"):
        by_cause = causes.setdefault(str(delay.get("milestone")), {})
        by_cause[str(delay.get("cause"))] = by_cause.get(str(delay.get("cause")), 0) + int(
            delay.get("days") or 0
        )
    return [_milestone(material, m, causes) for m in _plan(material)]


def _milestone(
    material: Material, milestone: Mapping[str, Any], causes: Mapping[str, Mapping[str, int]]
) -> Record:
    accepted = milestone["status"] in ACCEPTED
    reached = material.day(milestone.get("accepted_at")) if accepted else None
    on = reached or _date(milestone)
    planned = milestone.get("baseline_due") or milestone["due"]
    known_as = (str(milestone["id"]), str(milestone.get("key")))
    return {
        "title": milestone["title"],
        "planned": planned,
        "on": on,
        "drift": working_days_late(material.work_calendars, planned, on),
        "status": _status(milestone),
        "met": milestone.get("criteria_met") or 0,
        "criteria": milestone.get("criteria_total") or 0,
        "causes": {c: days for key in known_as for c, days in causes.get(key, {}).items()},
    }


def _problem(kind: str, title: Any, owner: str | None) -> Record:
    return {
        "kind": kind,
        "title": title,
        "owner": owner,
        "fix": None,
        "days": None,
        "to": None,
        "amount": None,
    }


def _plan(material: Material) -> list[Record]:
    found = [m for m in material.standing("milestone") if m.get("status") != "cancelled"]
    return sorted(found, key=lambda m: (m.get("baseline_due") or m["due"], str(m["id"])))


def _open(material: Material) -> list[Record]:
    return [m for m in _plan(material) if m["status"] not in SETTLED]


def _date(milestone: Mapping[str, Any]) -> date:
    on: date = milestone.get("forecast_date") or milestone["due"]
    return on


def _status(milestone: Mapping[str, Any]) -> str:
    """Its state, or how near its date is while nothing was handed over."""
    near = next((flag for flag in ("overdue", "due_soon") if milestone.get(flag)), None)
    return near if near and milestone["status"] == "planned" else str(milestone["status"])


def _late(material: Material, milestone: Mapping[str, Any]) -> int:
    return max(0, working_days_late(material.work_calendars, milestone["due"], material.last))


def _issues(material: Material) -> list[Record]:
    return [i for i in material.find("issue") if not i.get("deleted")]


def _is_done(issue: Mapping[str, Any]) -> bool:
    return issue.get("status_group") == "done" or issue.get("closed_at") is not None


def _listed(material: Material, issues: Iterable[Record]) -> Record:
    """Issues by key with the titles that this reader may see, the first of many."""
    found = sorted(issues, key=lambda i: (str(i.get("due") or "9999"), str(i.get("key"))))
    shown = [
        {"key": i.get("key"), "title": material.written("issue", i), "due": i.get("due")}
        for i in found[:MOST_ISSUES]
    ]
    return {"issues": shown, "more_issues": max(0, len(found) - MOST_ISSUES)}
