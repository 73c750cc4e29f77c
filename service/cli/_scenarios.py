"""Finding and playing scenarios: files of a workspace, a folder or a pack -> results.

In: a path. Out: one `Result` a scenario, in the order of the files. Worlds are read once for all scenarios in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connectors.base import Settings
from rules.language.model import Problem, RuleSet
from rules.packs import FOLDER, read_pack
from rules.scenarios import Difference, Normalise, Scenario, World, given_world, read_scenarios, run
from rules.scenarios.mutants import Mutant, mutants
from rules.scenarios.trace import Shown, Watch
from service.cli._files import MAIN, Files, home_of, located, read_files, scenario_files, shown
from service.cli._recorded import normaliser
from service.cores import spread, without_collector


class BrokenScenarios(Exception):
    """Files that keep scenarios from being played."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = [p for p in problems if p.severity == "error"]
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type[BrokenScenarios], tuple[list[Problem]]]:
        """From one process to another with its problems."""
        return BrokenScenarios, (self.problems,)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one scenario. `rules` are the ids of those of its world, where that was asked for."""

    file: str
    name: str
    differences: tuple[Difference, ...]
    verdicts: Counter[tuple[str, str]]
    steps: tuple[Shown, ...] = ()
    rules: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything went as expected."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class Played:
    """All results, in the order of the files; the ids of the rules of the workspaces that were read."""

    results: tuple[Result, ...]
    rules: tuple[str, ...]

    @property
    def failed(self) -> int:
        """How many scenarios went another way."""
        return sum(not r.passed for r in self.results)

    @property
    def by_file(self) -> dict[str, list[Result]]:
        """The results of each file, in order."""
        found: dict[str, list[Result]] = {}
        for result in self.results:
            found.setdefault(result.file, []).append(result)
        return found

    @property
    def coverage(self) -> dict[str, Counter[str]]:
        """Rule -> how often each verdict was reached; empty for a rule that no scenario came to."""
        of_worlds = (rule for result in self.results for rule in result.rules)
        found = {rule: Counter[str]() for rule in (*self.rules, *of_worlds)}
        for result in self.results:
            for (rule, kind), count in result.verdicts.items():
                found.setdefault(rule, Counter())[kind] += count
        return dict(sorted(found.items()))


@dataclass
class _Worlds:
    """The worlds met so far: those of workspaces by directory, those that scenarios bring by their place."""

    files: dict[Path, Files] = field(default_factory=dict)
    given: dict[tuple[object, ...], World] = field(default_factory=dict)

    def of(self, scenario: Scenario) -> tuple[World, Normalise]:
        """The world of a scenario and the way of its payloads. Raises BrokenScenarios."""
        if scenario.workspace is None:
            world = self._given(scenario)
            return world, normaliser(world.workspace, {})
        files = self._shared(scenario.world.document.path, scenario.workspace)
        if files.workspace is None or files.rules is None:
            raise BrokenScenarios(files.problems)
        settings: Mapping[str, Settings] = files.settings
        return World(files.workspace, files.rules), normaliser(files.workspace, settings)

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the rules of every workspace met."""
        return tuple(rule for files in self.files.values() if files.rules for rule in files.rules.rules)

    def before(self, scenario: Scenario) -> None:
        """Read what scenarios share. The world that one brings is read where it is played."""
        if scenario.workspace is not None:
            self._shared(scenario.world.document.path, scenario.workspace)

    def at(self, home: Path) -> Files:
        if home not in self.files:
            self.files[home] = read_files(home)
        return self.files[home]

    def _shared(self, file: str, workspace: str) -> Files:
        return self.at(home_of((Path(file).parent / workspace).resolve()))

    def _given(self, scenario: Scenario) -> World:
        place = (scenario.world.document.path, *scenario.world.path)
        if place not in self.given:
            world, problems = given_world(scenario.world, read_pack)
            if world is None:
                raise BrokenScenarios(problems)
            self.given[place] = world
        return self.given[place]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of playing besides the outcome: every verdict counted, each step watched.

    only: play the scenarios whose name has this in it.
    """

    coverage: bool = False
    watch: Watch | None = None
    only: str = ""


def play(path: Path, wish: Wish, jobs: int = 1) -> Played:
    """Play every scenario that the path stands for. Raises BrokenScenarios before the first when a file is broken."""
    with without_collector():
        return _play(path, wish, jobs)


def _play(path: Path, wish: Wish, jobs: int) -> Played:
    worlds = _Worlds()
    files = _scenario_files(path, worlds)
    read = [
        (name, *read_scenarios(p.read_text(encoding="utf-8", errors="replace"), name)) for name, p in files
    ]
    problems = [p for _, _, found in read for p in found]
    if any(p.severity == "error" for p in problems):
        raise BrokenScenarios(problems)
    wanted = [(name, one) for name, scenarios, _ in read for one in scenarios if wish.only in one.name]
    for _, scenario in wanted:
        worlds.before(scenario)
    results = spread(lambda one: _played(*one, worlds, wish), wanted, jobs)
    return Played(tuple(results), worlds.rules)


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit of a rule: of which, where, and what it is."""

    rule: str
    at: str
    says: str


@dataclass(frozen=True, slots=True)
class Mutated:
    """What came of small edits: how many were tried, and those that nobody noticed."""

    tried: int
    survivors: tuple[Edit, ...]


def mutate(path: Path, shown: Callable[[int, Iterable[bool]], Iterable[bool]], jobs: int = 1) -> Mutated:
    """Edit every rule that scenarios come to, a word at a time, and play the scenarios that came to it.

    shown: passes results on, of so many, to show how far it is. A scenario that fails without any edit notices nothing.
    """
    worlds = _Worlds()
    # A rule of a pack stands in several worlds: an edit that is noticed in one of them is noticed.
    noticed: dict[Edit, bool] = {}
    edits = _jobs(path, worlds)
    results = spread(lambda job: job.noticed(worlds), edits, jobs)
    for job, seen in zip(edits, shown(len(edits), results), strict=True):
        noticed[job.edit] = noticed.get(job.edit, False) or seen
    return Mutated(len(noticed), tuple(edit for edit, seen in noticed.items() if not seen))


@dataclass(frozen=True, slots=True)
class Job:
    """One edit, and the scenarios that come to its rule."""

    mutant: Mutant
    scenarios: tuple[Scenario, ...]

    @property
    def edit(self) -> Edit:
        """The edit by itself."""
        return Edit(self.mutant.rule.id, str(self.mutant.at), self.mutant.says)

    def noticed(self, worlds: _Worlds) -> bool:
        """Whether a scenario goes another way with it."""
        for scenario in self.scenarios:
            world, normalise = worlds.of(scenario)
            edited = self.mutant.within(world.rules)
            if not run(scenario, world.workspace, edited, normalise, own_modes=world.own_modes).passed:
                return True
        return False


def _jobs(path: Path, worlds: _Worlds) -> list[Job]:
    """Every edit of every rule, with the scenarios of its world that came to the rule, those that fired it first."""
    coming: dict[tuple[int, str], list[tuple[bool, Scenario]]] = {}
    sets: dict[int, RuleSet] = {}
    for name, file in _scenario_files(path, worlds):
        for scenario in read_scenarios(file.read_text(encoding="utf-8", errors="replace"), name)[0]:
            world, normalise = worlds.of(scenario)
            played = run(
                scenario,
                world.workspace,
                world.rules,
                normalise,
                own_modes=world.own_modes,
                every_verdict=True,
            )
            sets[id(world.rules)] = world.rules
            reached = {rule for rule, _ in played.verdicts} if played.passed else set()
            for rule in reached:
                spoke = (rule, "fired") in played.verdicts
                coming.setdefault((id(world.rules), rule), []).append((not spoke, scenario))
    return [
        Job(mutant, tuple(s for _, s in sorted(scenarios, key=lambda one: one[0])))
        for (world_id, rule), scenarios in coming.items()
        for mutant in mutants(sets[world_id].rules[rule])
    ]


def _played(file: str, scenario: Scenario, worlds: _Worlds, wish: Wish) -> Result:
    world, normalise = worlds.of(scenario)
    played = run(
        scenario,
        world.workspace,
        world.rules,
        normalise,
        own_modes=world.own_modes,
        every_verdict=wish.coverage,
        watch=wish.watch,
    )
    reachable = tuple(world.rules.rules) if wish.coverage else ()
    return Result(file, scenario.name, played.differences, played.verdicts, played.steps, reachable)


def _scenario_files(path: Path, worlds: _Worlds) -> list[tuple[str, Path]]:
    """The files with the names to show: one file, those of a workspace with its packs, or those of a folder."""
    if path.is_file():
        return [(shown(path), path)]
    if not (path / MAIN).is_file():
        return [(shown(p), p) for p in sorted(path.rglob("*.yaml")) if "scenarios" in p.parts]
    files = worlds.at(path)
    if files.workspace is None or files.rules is None:
        raise BrokenScenarios(located(path, files.problems))
    used = dict.fromkeys(rule.pack for rule in files.rules.rules.values() if rule.pack)
    own = [(shown(p), p) for p in scenario_files(path)]
    of_packs = [(shown(p), p) for pack in used for p in sorted((FOLDER / pack).glob("scenarios/*.yaml"))]
    return own + of_packs
