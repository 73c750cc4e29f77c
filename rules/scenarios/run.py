"""Playing a scenario: its steps one after the other, what each expects held against what came of it.

In: a scenario, its world, the function that takes recorded webhooks through their connector. Out: a `Run` with every
difference and the verdicts that were reached. The same scenario gives the same run, on every machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from rules.engine import daily
from rules.engine.effects.projects import ActivationRefused, activation
from rules.facts.calendar import local_day
from rules.facts.event import Event, event_id
from rules.facts.project import BudgetPlan, Project, Workspace
from rules.language.model import RuleSet
from rules.scenarios.compare import Difference, compare, expected_of
from rules.scenarios.payloads import Arrivals, Normalise
from rules.scenarios.reading import Scenario, Step
from rules.scenarios.said import Said
from rules.scenarios.stage import EndlessStep, Stage
from rules.scenarios.steps import take
from rules.scenarios.trace import Shown, Watch, shown
from rules.scenarios.values import BadStep, moment

_BEGUN: Final = frozenset({"active", "on_hold", "closing", "closed"})
_AFTER_ACTIVATION: Final[Mapping[str, str]] = {
    "on_hold": "project.held",
    "closing": "project.closing",
    "closed": "project.closed",
}


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a scenario. `verdicts` counts (rule, kind of verdict); `steps` only where they were asked for."""

    differences: tuple[Difference, ...]
    verdicts: Counter[tuple[str, str]]
    steps: tuple[Shown, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything went as expected."""
        return not self.differences


def run(
    scenario: Scenario,
    workspace: Workspace,
    rules: RuleSet,
    normalise: Normalise | None = None,
    *,
    own_modes: frozenset[str] = frozenset(),
    every_verdict: bool = False,
    watch: Watch | None = None,
) -> Run:
    """Play a scenario.

    own_modes: projects whose mode counts as the workspace states it; all others are live unless the scenario says
    otherwise.  every_verdict: count also the verdicts that nobody stores, for coverage.  watch: say of each step
    what left and where the project stands after it, and what rules made of it where that is asked for.
    """
    try:
        clock = moment(scenario.clock, workspace.time_zone)
        played_in = _at_the_start(workspace, scenario, clock, own_modes)
        keeping = watch is not None and watch.explain
        stage = Stage(played_in, rules, clock, every_verdict or keeping, keeping, daily=True)
        _activate(stage, scenario)
    except BadStep as error:
        return Run((Difference(error.at, 0, str(error)),), Counter())
    arrivals = Arrivals(played_in)
    differences: list[Difference] = []
    steps: list[Shown] = []
    for number, step in enumerate(scenario.steps, start=1):
        found, released = _play(stage, scenario, (number, step), arrivals, normalise)
        differences += found
        if released is None:
            break
        if watch is not None:
            steps.append(shown(stage, number, step, released, watch))
    return Run(tuple(differences), stage.verdicts, tuple(steps))


def _play(
    stage: Stage,
    scenario: Scenario,
    numbered: tuple[int, Step],
    arrivals: Arrivals,
    normalise: Normalise | None,
) -> tuple[list[Difference], list[Said] | None]:
    """The differences of one step and what left in it; none when the scenario cannot go on after it."""
    number, step = numbered
    stage.collect()
    try:
        take(stage, step, f"{scenario.name}\x1f{number}", arrivals, normalise)
    except (BadStep, EndlessStep) as error:
        at = error.at if isinstance(error, BadStep) else step.source.at()
        return [Difference(at, number, str(error))], None
    held = expected_of(step.source.below("waiting"))
    waiting = stage.waiting if held is not None else []
    released, broken = stage.collect()
    return list(_held_against(step, number, released, broken, waiting)), released


def _held_against(
    step: Step, number: int, released: list[Said], broken: list[str], waiting: list[Said]
) -> Iterator[Difference]:
    held = expected_of(step.source.below("waiting"))
    at = step.source.at(step.kind, key=True)
    yield from (Difference(at, number, told) for told in broken)
    leaving = expected_of(step.source.below("expect"))
    if leaving is not None:
        yield from compare(leaving, released, step.source.at("expect", key=True), number, "was released")
    if held is not None:
        yield from compare(held, waiting, step.source.at("waiting", key=True), number, "waits")


def _at_the_start(
    workspace: Workspace, scenario: Scenario, clock: datetime, own_modes: frozenset[str]
) -> Workspace:
    """The workspace as the scenario begins.

    Projects are live unless it says otherwise. Where it begins before a project went live, or before the day of its
    opening figure, both count as the day before: the story is told as if it had begun then.
    """
    for key in scenario.mode:
        if key not in workspace.projects:
            place = scenario.source.below("mode", key)
            raise BadStep(place.at(key=True), f"there is no project `{key}` in this workspace")
    projects = {
        key: replace(
            project,
            mode=scenario.mode.get(key, project.mode if key in own_modes else "live"),
            live_since=_began(project.live_since, project, clock),
            budget=_opened(project, clock),
        )
        for key, project in workspace.projects.items()
    }
    return replace(workspace, projects=projects)


def _began(day: date | None, project: Project, clock: datetime) -> date | None:
    latest = local_day(clock, project.time_zone) - timedelta(days=1)
    return None if day is None else min(day, latest)


def _opened(project: Project, clock: datetime) -> BudgetPlan:
    return replace(project.budget, opening_as_of=_began(project.budget.opening_as_of, project, clock))


def _activate(stage: Stage, scenario: Scenario) -> None:
    """Every project that its file calls begun; what comes of that belongs to no step."""
    for project in stage.workspace.projects.values():
        if project.status not in _BEGUN:
            continue
        try:
            stage.tell(activation(project, stage.now))
        except ActivationRefused as refused:
            raise BadStep(scenario.world.at(), str(refused)) from None
        later = _AFTER_ACTIVATION.get(project.status)
        if later is not None:
            stage.tell(_status(project, later, stage.now))
    stage.tell(*daily.owed(stage.state, None))
    stage.begin()


def _status(project: Project, kind: str, now: datetime) -> Event:
    return Event(
        id=event_id("scenario", kind, project.id),
        type=kind,
        at=now,
        received_at=now,
        objects={"project": {"id": project.id}},
        project=project.id,
        client=project.client,
    )
