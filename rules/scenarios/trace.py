"""A scenario step by step: what left at each step, and where the project stands after it.

In: the stage before and after a step. Out: `Shown`, for whoever wants to watch a scenario instead of only its end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rules.engine.figures import Ground, figures
from rules.facts.calendar import local_day
from rules.facts.event import Record
from rules.scenarios.reading import Step
from rules.scenarios.said import Said
from rules.scenarios.stage import Stage


@dataclass(frozen=True, slots=True)
class Shown:
    """One step, and what stands after it.

    at: the moment, in UTC.  zone: that of the project spoken of, else the workspace's.  budget, retainer: figures of
    that project, none without ground.  periods: those of its retainer that are closed.  levels: of each ladder, level
    -> state and epoch.  findings: all of the project, in the order they were opened.
    """

    number: int
    step: Step
    at: datetime
    zone: str
    said: tuple[Said, ...]
    budget: Record | None
    retainer: Record | None
    periods: tuple[Record, ...]
    levels: Mapping[str, Mapping[str, Any]]
    findings: tuple[Record, ...]


def shown(stage: Stage, number: int, step: Step, said: list[Said]) -> Shown:
    """The step as it ended."""
    project = stage.workspace.projects.get(stage.spoken_of or "")
    if project is None:
        zone = stage.workspace.time_zone
        return Shown(number, step, stage.now, zone, tuple(said), None, None, (), {}, ())
    ground = Ground(project, stage.workspace, stage.book, local_day(stage.now, project.time_zone))
    kept = stage.book.get("retainer", project.id) or {}
    memories = {
        m["id"]: m["levels"]
        for m in stage.book.of_kind("memory")
        if m.get("levels") and m["id"].split("|")[1] == project.id
    }
    return Shown(
        number=number,
        step=step,
        at=stage.now,
        zone=project.time_zone,
        said=tuple(said),
        budget=figures("budget", ground),
        retainer=figures("retainer", ground),
        periods=tuple(kept.get("closed") or ()),
        levels=memories,
        findings=tuple(f for f in stage.book.of_kind("finding") if f["project"] == project.id),
    )
