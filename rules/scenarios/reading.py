"""A scenario file: YAML -> `Scenario`s, with everything wrong in it told at its place.

In: the text of a file. Out: scenarios in their order, and problems: what the schema does not allow, event types and
fields that do not exist, times that are none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast

from rules.facts.catalogue import EVENTS
from rules.language.documents import read
from rules.language.events import event_types
from rules.language.model import Problem
from rules.language.nearest import allowed_here
from rules.language.schemas import check_schema
from rules.language.sources import Findings, Source
from rules.scenarios.values import fields_of_event

Mode = Literal["observe", "review", "live"]
StepKind = Literal["event", "payload", "wait", "until", "answer", "source"]
KINDS: Final[tuple[StepKind, ...]] = ("event", "payload", "wait", "until", "answer", "source")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what happens, and where that and what it expects stand."""

    kind: StepKind
    source: Source

    @property
    def given(self) -> Source:
        """What happens."""
        return self.source.below(self.kind)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario. `world` is where its `given` or the path of its `workspace` stands: its own, or the file's.

    clock: as written, with a zone or without.  mode: projects that are not live.
    """

    name: str
    source: Source
    world: Source
    clock: Source
    mode: Mapping[str, Mode]
    steps: tuple[Step, ...]

    @property
    def workspace(self) -> str | None:
        """The path of the workspace it plays in, none where it brings its own."""
        return str(self.world.value) if self.world.path[-1] == "workspace" else None


def read_scenarios(text: str, path: str) -> tuple[list[Scenario], list[Problem]]:
    """The scenarios of a file; none of them when anything in it is an error."""
    document, problems = read(text, path)
    if document is None:
        return [], problems
    problems += check_schema(document, "scenarios")
    findings = Findings()
    findings.add(*problems)
    if findings.broken():
        return [], findings.problems
    whole = Source(document, (), findings)
    found = [_scenario(whole, i) for i in range(len(document.value["scenarios"]))]
    _tell_doubles(found)
    return ([] if findings.broken() else [s for s in found if s is not None]), findings.problems


def _scenario(whole: Source, number: int) -> Scenario | None:
    source = whole.below("scenarios", number)
    world, clock = _world(whole, source), _nearest(whole, source, "clock")
    if clock is None:
        source.tell("the scenario has no `clock`", "write when it begins, here or for the whole file")
    steps = [_step(source.below("steps", i)) for i in range(len(source.get("steps")))]
    if world is None or clock is None:
        return None
    mode = cast("Mapping[str, Mode]", source.get("mode") or {})
    kept = tuple(step for step in steps if step is not None)
    return Scenario(source.get("name"), source, world, clock, mode, kept)


def _world(whole: Source, source: Source) -> Source | None:
    """Where the scenario's `given` or `workspace` stands; its own wins over the file's."""
    for place in (source, whole):
        stated = [word for word in ("given", "workspace") if place.get(word) is not None]
        if len(stated) > 1:
            place.tell(
                "`workspace` stands beside `given`", "a scenario plays in one of them", "workspace", key=True
            )
        if stated:
            return place.below(stated[0])
    source.tell(
        "the scenario has no world", "write `workspace: ../accord.yaml`, or `given:` with one of its own"
    )
    return None


def _nearest(whole: Source, source: Source, word: str) -> Source | None:
    return next((place.below(word) for place in (source, whole) if place.get(word) is not None), None)


def _step(source: Source) -> Step | None:
    stated = [kind for kind in KINDS if source.get(kind) is not None]
    if len(stated) != 1:
        more = f"`{stated[1]}` stands beside `{stated[0]}`" if stated else "nothing happens in this step"
        source.tell(more, f"a step has one of {', '.join(KINDS)}, and then `expect`")
        return None
    step = Step(stated[0], source)
    if step.kind == "event":
        _check_event(step.given)
    if step.kind == "source":
        _check_source(step.given)
    return step


def _check_source(given: Source) -> None:
    """Either what the source knows by now, or how it answers."""
    if (given.get("event") is None) == (given.get("answers") is None):
        hint = "write `event:` for what it says when it is asked, or `answers: nothing`, `gone` or `again`"
        given.tell("a source says something or answers otherwise", hint)
    elif given.get("event") is not None:
        _check_event(given.below("event"))


def _check_event(given: Source) -> None:
    """The type has to exist, and so do the fields."""
    types = event_types(given.below("type"))
    if len(types) > 1:
        given.tell("one event has one type", allowed_here("", types), "type")
    for word in ("data", "before"):
        known = fields_of_event(types[0]) if types else {}
        for name in (given.get(word) or {}) if types else ():
            if name not in known:
                noun = EVENTS[types[0]].object
                hint = allowed_here(name, known, "fields")
                given.tell(f"`{noun}` has no field `{name}`", hint, word, name, key=True)


def _tell_doubles(found: list[Scenario | None]) -> None:
    names: set[str] = set()
    for scenario in found:
        if scenario is not None and scenario.name in names:
            scenario.source.tell("two scenarios have this name", "names tell them apart in reports", "name")
        if scenario is not None:
            names.add(scenario.name)
