"""Ladders on figures that the clock moves: what is reached under their eyes is told, what was reached before is not."""

from __future__ import annotations

import pytest

from tests.support.worlds import World, rules_of

BEHIND = """
- id: behind
  when: issue.changed
  crosses: {value: earned.spi, levels: [95%, 80%], direction: down, rearm: 5%}
  do:
    - task: {to: project.lead, text: note}
"""
AFTER_PROTOTYPE = "2026-10-20 10:00 America/New_York"
LATER = "2026-12-10 10:00 America/New_York"


def look(world: World, at: str) -> str:
    """What the rule says to an event that moves no figure, at this moment."""
    world.clock(at)
    world.happen("issue.changed", key="APO-1", issue={"title": at})
    return world.verdict("behind").kind


def test_a_day_that_passes_without_the_milestone_is_told() -> None:
    """Nothing is planned before the prototype is due; the day after, the plan is missed and nobody has touched a
    figure: it was reached since the project began.
    """
    assert look(World(BEHIND), AFTER_PROTOTYPE) == "fired"


def test_a_figure_that_is_not_there_yet_is_watched() -> None:
    """The rule is asked while the figure is none, and again when the clock has made it known and met the level."""
    world = World(BEHIND)
    assert look(world, "2026-09-21 10:00 America/New_York") == "unknown"
    assert look(world, AFTER_PROTOTYPE) == "fired"
    assert look(world, LATER) == "not_crossed"


def test_a_rule_that_comes_later_does_not_tell_old_news() -> None:
    """The level was met before the rule was there: recorded as reached before the start."""
    world = World("")
    world.clock(AFTER_PROTOTYPE)
    world.ruleset = rules_of(BEHIND, world.state.workspace)
    assert look(world, AFTER_PROTOTYPE) == "not_crossed"
    levels = world.record("memory", "behind|apollo||")["levels"]
    assert {level: held.get("history") for level, held in levels.items()} == {"0.95": True, "0.8": True}


def test_a_rule_that_comes_later_tells_what_is_reached_after_it() -> None:
    """It has looked once while nothing was planned, so that the prototype's day is no old news."""
    world = World("")
    world.ruleset = rules_of(BEHIND, world.state.workspace)
    assert look(world, "2026-09-21 10:00 America/New_York") == "unknown"
    assert look(world, AFTER_PROTOTYPE) == "fired"


def test_what_was_reached_when_the_project_began_is_not_told() -> None:
    """A project that is behind its plan on its first day was so before anybody watched."""
    world = World(BEHIND, began="2026-10-19 10:00")
    assert look(world, AFTER_PROTOTYPE) == "not_crossed"


@pytest.mark.parametrize("scope", ["clients: [zenith]", "not: {projects: [apollo]}"])
def test_a_rule_of_others_keeps_no_ladder(scope: str) -> None:
    """A project that the scope leaves out has no memory of the rule."""
    rules = BEHIND.replace("  when:", f"  scope: {{{scope}}}\n  when:")
    ceo = {"eve": {"name": "Eve", "email": "eve@zenith.example", "roles": ["sponsor"]}}
    zenith = {
        "name": "Zenith",
        "locale": "en",
        "time_zone": "Asia/Shanghai",
        "calendar": "CN",
        "contacts": ceo,
    }
    assert World(rules, {"clients": {"zenith": zenith}}).book.of_kind("memory") == []
