"""Measuring: the quality of a project and its KPIs on record, and an event for each KPI that leaves its target.

The clock measures every running project once a day; a test report measures what it reports, when it comes.
"""

from __future__ import annotations

from typing import Final

from rules.engine.effects.shapes import Act, Applied, shown, today
from rules.engine.figures import Ground, figures
from rules.facts.catalogue import OBJECTS
from rules.facts.event import Event, Record
from rules.facts.project import Project
from rules.facts.quality import kpi_record, kpi_values, quality_facts

_REPORTED: Final = ("coverage", "tests_failed")


def measured(act: Act) -> Applied:
    """`quality.measured`: what the tracker and the books say today, over what a report said last."""
    project, given = act.project, act.event.objects.get("quality", {})
    if project is None:
        return Applied(act.event)
    known = act.draft.get("quality", project.id)
    reported = {k: given[k] for k in OBJECTS["quality"] if given.get(k) is not None}
    kept = {k: known[k] for k in _REPORTED if known and known.get(k) is not None}
    counted = quality_facts(act.draft.find("issue", project.id))
    record = act.draft.put(
        "quality", act.new(project, project.id, **dict.fromkeys(_REPORTED) | kept | counted | reported)
    )
    former = shown(known) if known else {}
    return Applied(act.seen(former, quality=record), _kpis(act, project, record))


def _kpis(act: Act, project: Project, quality: Record) -> tuple[Event, ...]:
    day = today(act.state, project)
    ground = Ground(project, act.state.workspace, act.draft, day)
    plan = act.draft.find("milestone", project.id)
    values = kpi_values(
        figures("budget", ground), figures("earned", ground), quality, plan, project.time_zone
    )
    caused = []
    for name, value in values.items():
        id = f"{project.id}/{name}"
        before, target = act.draft.get("kpi", id), project.kpi.get(name)
        if value is None and before is None and target is None:
            continue
        record = {**kpi_record(before, name, value, target, day), **act.new(project, id)}
        act.draft.put("kpi", record)
        if record["met"] is False and (before is None or before.get("met") is not False):
            caused.append(act.cause("kpi.breached", id, _former(before), kpi=_told(record), quality=quality))
    return tuple(caused)


def _told(kpi: Record) -> Record:
    return {k: v for k, v in kpi.items() if k != "history"}


def _former(before: Record | None) -> Record:
    return shown(_told(before)) if before else {}
