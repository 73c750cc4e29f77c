"""What the clock owes besides slots: a measurement a day, and periods of retainers that end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from rules.engine.daily import owed
from rules.facts.retainer import Terms
from tests.rules.effects.world import APOLLO, World, types

FOUR = datetime(2026, 9, 22, 8, 0, tzinfo=UTC)
"""Four in the morning in New York, where the project is."""


def due(world: World, now: datetime, since: datetime | None) -> list[str]:
    """The types of what is owed."""
    world.now = now
    return [e.type for e in owed(world.state, since)]


def test_a_running_project_is_measured_once_a_day() -> None:
    """At four in its own zone; a clock that was away makes up for one day, not for each."""
    world = World()
    before, after = FOUR - timedelta(seconds=5), FOUR + timedelta(seconds=5)
    assert due(world, before, before - timedelta(seconds=5)) == []
    assert due(world, after, before) == ["quality.measured"]
    assert due(world, after + timedelta(seconds=5), after) == []
    assert due(world, after + timedelta(days=9), after) == ["quality.measured"]
    assert due(world, after, None) == []


def test_two_clocks_make_the_same_events() -> None:
    """The ids hang on the project and its day, so a second clock adds nothing."""
    world = World()
    since = FOUR - timedelta(hours=2)
    ids = []
    for minutes in (1, 30):
        world.now = FOUR + timedelta(minutes=minutes)
        ids.append([e.id for e in owed(world.state, since) if e.type == "quality.measured"])
    assert ids[0] == ids[1] != []


def test_only_running_projects_are_measured() -> None:
    """One that is on hold or closed has no new figures."""
    world = World()
    world.tell("project.held")
    assert due(world, FOUR, FOUR - timedelta(hours=1)) == []


def test_a_retainer_begins_without_waiting_for_a_day() -> None:
    """As soon as the project runs and has terms."""
    terms = Terms(Decimal(20), deficit="forgive")
    world = World(replace(APOLLO, billing_kind="retainer", retainer=terms))
    assert due(world, FOUR, None) == ["retainer.opened"]
    assert types(world.decide(*owed(world.state, None)))[0] == "retainer.opened"
    assert due(world, FOUR, None) == []
