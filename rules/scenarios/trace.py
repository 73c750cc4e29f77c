"""A scenario step by step: what left at each step, and where the project stands after it.

In: the stage before and after a step. Out: `Shown`, for whoever wants to watch a scenario instead of only its end, with
what its rules made of each event where that is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rules.engine.explain import Explanation, not_triggered, of_verdict, with_messages
from rules.engine.figures import Ground, figures
from rules.engine.verdicts import Verdict
from rules.facts.calendar import local_day
from rules.facts.event import Event, Record
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
    explained: tuple[Explained, ...] = ()


@dataclass(frozen=True, slots=True)
class Watch:
    """How a scenario is watched. explain: say of each step what `rule` made of it, or every rule that was asked."""

    explain: bool = False
    rule: str | None = None
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class Explained:
    """An event of a step, one that rules caused included, and what rules made of it."""

    event: Event
    rules: tuple[Explanation, ...]


def explained(stage: Stage, watch: Watch) -> tuple[Explained, ...]:
    """What was decided since this was asked the last time. A rule that is named answers for each event, whatever it is;
    of all rules those are left out that had nothing to do with an event.
    """
    decided, stage.decided = stage.decided, []
    found = (_explained(stage, event, verdicts, watch) for event, verdicts in decided)
    return tuple(one for one in found if one.rules)


def _explained(stage: Stage, event: Event, verdicts: tuple[Verdict, ...], watch: Watch) -> Explained:
    rules, workspace = stage.rules, stage.workspace
    found = [
        with_messages(of_verdict(v, rules, watch.locale), stage.standing(v), rules, workspace)
        for v in verdicts
        if watch.rule in (None, v.rule)
    ]
    if watch.rule is not None and not found and event.cause is None:
        found = [not_triggered(event, watch.rule, rules, watch.locale)]
    return Explained(event, tuple(found))


def shown(stage: Stage, number: int, step: Step, said: list[Said], watch: Watch) -> Shown:
    """The step as it ended."""
    told = explained(stage, watch) if watch.explain else ()
    project = stage.workspace.projects.get(stage.spoken_of or "")
    if project is None:
        zone = stage.workspace.time_zone
        return Shown(number, step, stage.now, zone, tuple(said), None, None, (), {}, (), told)
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
        explained=told,
    )
