"""Whatever an event says or leaves out, it is decided: every type there is, with every shipped pack in force."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.facts.catalogue import EVENTS, OBJECTS
from rules.packs import names as pack_names
from rules.packs import read_pack
from rules.scenarios import Difference, World, given_world, read_scenarios, run
from tests.rules.scenarios.stories import file_of

TEXTS = ["", "x", "m1", "lin", "ann", "APO-1", "open", "client", "10000-01-01"]
VALUES: dict[str, list[Any]] = {
    "text": TEXTS,
    "int": [0, 1, -3],
    "number": [0, 1, -0.5, 999999999999],
    "money": ["0", "12.50", "-3", "99999999999.99"],
    "date": ["2026-09-21", "0001-01-01", "1999-01-01", "2099-12-31", "9999-12-31"],
    "time": ["2026-09-21 10:00", "1999-01-01 00:00", "2099-12-31 23:59"],
    "duration": ["2h", "3wd", "0d"],
    "bool": [True, False],
    "list": [[], ["a"]],
    "object": [{}],
    "any": ["x", 1],
}
# Records of which several events speak, so that they meet.
NAMES = {"id": ["a", "m1"], "key": ["APO-1"], "currency": ["USD", "CNY", "JPY"]}


@cache
def world() -> World:
    """The small world of stories with all packs."""
    (scenario,), _ = read_scenarios(story([]), "story.yaml")
    found, problems = given_world(scenario.world, read_pack)
    assert found is not None, problems
    return found


def story(steps: list[str]) -> str:
    """A scenario file with these steps; without any it waits a minute."""
    return file_of("\n".join(steps or ["- wait: 1m"]), rules="[]", packs=", ".join(pack_names()))


def played(*steps: str) -> tuple[Difference, ...]:
    """What cannot be played, or was not as expected."""
    (scenario,), problems = read_scenarios(story(list(steps)), "story.yaml")
    assert problems == []
    return run(scenario, world().workspace, world().rules).differences


def step(kind: str, data: dict[str, Any]) -> str:
    """One event about the project, as a step."""
    return "- event: " + json.dumps({"type": kind, "project": "apollo", "data": data})


@st.composite
def events(draw: st.DrawFn) -> str:
    """An event of any type that says any of its fields, each with an ordinary or an odd value."""
    kind = draw(st.sampled_from(sorted(EVENTS)))
    fields = OBJECTS.get(EVENTS[kind].object, {})
    said = draw(st.sets(st.sampled_from(sorted(fields)), max_size=12)) if fields else set()
    return step(
        kind,
        {n: draw(st.sampled_from(NAMES.get(n) or VALUES[fields[n].type])) for n in sorted(said)},
    )


@pytest.mark.parametrize("kind", sorted(EVENTS))
def test_an_event_that_says_nothing_is_decided(kind: str) -> None:
    """No field is there: rules that need one say what they miss, and nothing breaks. Days pass, and still nothing."""
    told = [d.message for d in played(step(kind, {}), "- wait: 3d")]
    assert all("cannot be filled in" in message for message in told)


@settings(max_examples=120)
@given(st.lists(st.one_of(events(), events(), events(), st.just("- wait: 3wd")), min_size=1, max_size=6))
def test_any_story_is_played_to_its_end(steps: list[str]) -> None:
    """Events of all kinds after each other, about the same things, with odd dates, sums and words."""
    told = [d.message for d in played(*steps)]
    assert all("cannot be filled in" in m or "must be" in m for m in told), told
