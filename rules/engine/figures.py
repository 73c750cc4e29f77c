"""The derived figures of a project's money, as of now: a project and the records in, the fields of an object out.

`budget`, `forecast`, `earned` and `retainer` are worked out when they are asked for, from the baseline, the milestones
and the ledger's sums; no entry is read. None where there is no ground for them: before the first baseline, without
weights of milestones, without a retainer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Literal

from rules.engine.parties import project_calendars
from rules.engine.state import Book
from rules.facts import workload
from rules.facts.budget import budget_facts, forecast_facts
from rules.facts.earned_value import earned_facts
from rules.facts.event import Record
from rules.facts.project import Project, Workspace
from rules.facts.retainer import (
    Terms,
    closed,
    days_of,
    following,
    in_force,
    last_of,
    standing,
    terms_of,
    used_between,
)
from rules.facts.workload import logged_in, week_of

Figure = Literal["budget", "forecast", "earned", "retainer"]
# The longest way back that somebody looks at the weeks of the team.
WEEKS = 12


@dataclass(frozen=True, slots=True)
class Ground:
    """What the figures of a project stand on."""

    project: Project
    workspace: Workspace
    book: Book
    today: date

    def kept(self, kind: str, project: str | None = None) -> Record | None:
        """The one record of that kind that a project has under its own id."""
        return self.book.get(kind, project or self.project.id)


def figures(what: Figure, ground: Ground) -> Record | None:
    """The fields of one object, or none."""
    return _FIGURES[what](ground)


def pool_of(owner: Project, terms: Terms, workspace: Workspace) -> list[Project]:
    """The projects that draw on a retainer: its own first."""
    others = (workspace.projects.get(id) for id in terms.pool)
    return [owner, *(p for p in others if p is not None)]


def used_in(period: str, owner: Project, terms: Terms, ground: Ground) -> Record:
    """What was used of a retainer in a period: the sum of its pool, and the part of each project."""
    first, last = days_of(period)
    by_project = {
        p.id: used_between([ground.kept("sums", p.id)], terms.unit, first, last)
        for p in pool_of(owner, terms, ground.workspace)
    }
    return {"used": sum(by_project.values()), "by_project": by_project}


def workload_of(person: str, week: str, ground: Ground) -> Record:
    """What somebody of the team logged in a week, beside what was planned; over the projects that plan with them."""
    project, workspace = ground.project, ground.workspace
    elsewhere = [p.id for p in workspace.projects.values() if person in p.workload and p.id != project.id]
    logged = {id: logged_in(ground.kept("sums", id), person, week) for id in (project.id, *elsewhere)}
    known = workspace.people.get(person)
    return workload.facts(
        project.id,
        person,
        week,
        logged[project.id],
        sum(logged.values(), start=Decimal(0)),
        project.workload.get(person),
        known.capacity if known else None,
    )


def workloads(ground: Ground, weeks: int) -> list[Record]:
    """The last weeks up to this one of everybody who is planned for or logged time, the latest week first."""
    people = {*ground.project.workload, *((ground.kept("sums") or {}).get("people") or {})}
    asked = [week_of(ground.today - timedelta(weeks=n)) for n in range(weeks)]
    found = (workload_of(person, week, ground) for week in asked for person in sorted(people))
    return [w for w in found if w["logged"] or w["planned"]]


def _budget(ground: Ground) -> Record | None:
    baseline = ground.kept("baseline")
    return budget_facts(baseline, ground.kept("sums")) if baseline else None


def _forecast(ground: Ground) -> Record | None:
    baseline = ground.kept("baseline")
    if baseline is None:
        return None
    plan = list(ground.book.find("milestone", ground.project.id))
    cals = project_calendars(ground.project, ground.workspace)
    return forecast_facts(baseline, ground.kept("sums"), plan, cals, ground.today)


def _earned(ground: Ground) -> Record | None:
    baseline, project = ground.kept("baseline"), ground.project
    if baseline is None:
        return None
    plan = ground.book.find("milestone", project.id)
    return earned_facts(baseline, ground.kept("sums"), plan, ground.today, project.earned, project.rounding)


def _retainer(ground: Ground) -> Record | None:
    """The period that runs today. While the one before is not closed, what it hands on is provisional."""
    owner = ground.workspace.retained_by(ground.project)
    kept = ground.kept("retainer", owner.id) if owner else None
    if owner is None or kept is None or kept.get("running") is None:
        return None
    terms, running = terms_of(kept["terms"]), kept["running"]
    use = used_in(running["period"], owner, terms, ground)
    while (last := days_of(running["period"])[1]) < ground.today:
        after = in_force(kept, last + timedelta(days=1))
        ends = terms if after.unit == terms.unit else last_of(terms)
        running = following(terms, after, running, closed(ends, running, use["used"], owner.rounding))
        terms, use = after, used_in(running["period"], owner, after, ground)
    return {"id": owner.id, "status": "open", **standing(terms, running, use["used"]), **use}


_FIGURES: Final[Mapping[Figure, Callable[[Ground], Record | None]]] = {
    "budget": _budget,
    "forecast": _forecast,
    "earned": _earned,
    "retainer": _retainer,
}
