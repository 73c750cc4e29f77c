"""Versions and milestones of trackers beside the plan: the record holds, and every difference is a finding."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from rules.facts.event import Event, Record
from rules.facts.project import Criterion, MilestonePlan
from tests.rules.effects.world import APOLLO, World, types

PLAN = (
    MilestonePlan("m1", "Prototype", date(2026, 10, 12), criteria=(Criterion("checklist", "Data moved"),)),
    MilestonePlan("m2", "Launch", date(2026, 12, 4), after=("m1",), version="1.0"),
)
PROJECT = replace(APOLLO, milestones=PLAN)
PROTOTYPE = {"title": "Prototype", "due": date(2026, 10, 12), "status": "planned"}


def told(world: World, verb: str, at: int = 1, key: str = "version/10201", **said: Any) -> list[Event]:
    """Jira tells of a version, at that second."""
    version = datetime(2026, 9, 21, 14, 0, at, tzinfo=UTC).isoformat()
    given = {**PROTOTYPE, **said}
    return world.tell(f"milestone.{verb}", key, milestone=given, connection="tracker", version=version)


def findings(world: World, status: str = "open") -> list[Record]:
    return [f for f in world.book.find("finding", "apollo") if f["status"] == status]


def status(world: World, key: str = "m1") -> str:
    return str(world.get("milestone", f"apollo/{key}")["status"])


def test_a_date_that_is_ours_too_is_nothing_to_look_at() -> None:
    """A version with the date of the plan: no finding, and no rule of a moved milestone hears of it."""
    world = World(PROJECT)
    assert types(told(world, "planned")) == ["milestone.planned"]
    assert findings(world) == []


@pytest.mark.parametrize(
    ("title", "key", "ours"),
    [
        ("Prototype", "m1", date(2026, 10, 12)),
        ("prototype ", "m1", date(2026, 10, 12)),
        ("m1", "m1", date(2026, 10, 12)),
        ("1.0", "m2", date(2026, 12, 4)),
    ],
)
def test_a_version_is_the_milestone_that_has_its_name(title: str, key: str, ours: date) -> None:
    """By `version` of the file, by key, by title, whatever the case; both values stand in the finding."""
    world = World(PROJECT)
    assert types(told(world, "moved", title=title, due=date(2026, 12, 18))) == [
        "milestone.moved",
        "finding.opened",
    ]
    (found,) = findings(world)
    assert (found["kind"], found["what"]) == ("tracker_differs", f"milestones.{key}.due")
    assert (found["record"], found["tracker"], found["connection"]) == (ours, date(2026, 12, 18), "tracker")
    assert world.get("milestone", f"apollo/{key}")["due"] == ours


def test_a_milestone_with_a_version_is_not_found_by_its_title() -> None:
    """Another version may have the name of the milestone: the file said which one is meant."""
    world = World(PROJECT)
    told(world, "moved", title="Launch", due=date(2026, 12, 18))
    assert findings(world) == []


def test_what_no_milestone_is_called_is_kept_until_one_is() -> None:
    """A version of the tracker alone makes no finding; planned here later under that name, it is held against it."""
    world = World(PROJECT)
    told(world, "planned", key="version/7", title="Training", due=date(2027, 1, 8))
    assert findings(world) == []
    world.tell("milestone.planned", milestone={"id": "m3", "title": "Training", "due": date(2027, 1, 15)})
    (found,) = findings(world)
    assert (found["record"], found["tracker"]) == (date(2027, 1, 15), date(2027, 1, 8))


def test_a_version_told_before_the_project_began_is_held_against_its_plan() -> None:
    """What a backfill read first is not forgotten at activation."""
    world = World(PROJECT, active=False)
    told(world, "planned", due=date(2026, 10, 20))
    begun = World(PROJECT)
    begun.book.store({("version", v["id"]): v for v in world.book.find("version", "apollo")})
    begun.tell("milestone.planned", milestone={"id": "m2"})
    assert [f["tracker"] for f in findings(begun)] == [date(2026, 10, 20)]


def test_a_version_that_was_renamed_stays_the_one_it_was() -> None:
    """Trackers have numbers for their versions: the name leads to the milestone once."""
    world = World(PROJECT)
    told(world, "planned")
    told(world, "moved", 2, title="Prototype (late)", due=date(2026, 10, 20))
    assert [f["what"] for f in findings(world)] == ["milestones.m1.due"]


def test_an_older_telling_changes_nothing() -> None:
    """Deliveries come in any order: the newest date is the tracker's."""
    world = World(PROJECT)
    told(world, "moved", 5)
    told(world, "moved", 3, due=date(2026, 10, 20))
    assert findings(world) == []


def test_the_finding_closes_when_either_follows_the_other() -> None:
    """The tracker is corrected, or the delay is logged with its cause: six working days after 12 October are the 20th,
    for Columbus Day is none of them in the United States.
    """
    world = World(PROJECT)
    told(world, "moved", due=date(2026, 10, 20))
    assert types(told(world, "moved", 2)) == ["milestone.moved", "finding.closed"]
    told(world, "moved", 3, due=date(2026, 10, 20))
    assert len(findings(world)) == 1
    world.tell("delay.logged", delay={"id": "dly_1", "milestone": "m1", "days": 6, "cause": "technical"})
    assert world.get("milestone", "apollo/m1")["due"] == date(2026, 10, 20)
    assert findings(world) == []


def test_a_closed_finding_stays_closed_until_the_dates_differ_anew() -> None:
    """Somebody said why it may stand; another date is another finding."""
    world = World(PROJECT)
    told(world, "moved", due=date(2026, 10, 20))
    (found,) = findings(world)
    world.tell("finding.closed", finding={"id": found["id"], "reason": "Known", "closed_by": "lin"})
    told(world, "moved", 2, due=date(2026, 10, 20))
    assert findings(world) == []
    told(world, "moved", 3, due=date(2026, 10, 21))
    assert [f["tracker"] for f in findings(world)] == [date(2026, 10, 21)]


def test_a_release_hands_over_once_the_team_has_nothing_left_to_do() -> None:
    """With an item of the list open it is a finding; ticked and released again, the client can be asked."""
    world = World(PROJECT)
    told(world, "handed_over", status="handed_over")
    assert status(world) == "planned"
    (found,) = findings(world)
    assert (found["what"], found["record"], found["tracker"]) == (
        "milestones.m1.status",
        "planned",
        "handed_over",
    )
    told(world, "moved", 2)
    assert findings(world) == []
    world.tell("milestone.checked", milestone={"id": "m1", "criterion": "Data moved"})
    told(world, "handed_over", 3, status="handed_over")
    assert (status(world), findings(world)) == ("handed_over", [])


def test_a_release_that_is_told_again_hands_nothing_over_again() -> None:
    """After the client refused, a new name of the released version is no new hand-over; taken back and released is."""
    world = World(replace(PROJECT, milestones=(replace(PLAN[0], criteria=()),)))
    told(world, "handed_over", status="handed_over")
    assert status(world) == "handed_over"
    world.tell("milestone.rejected", milestone={"id": "m1", "reason": "It is slow"})
    told(world, "moved", 2, title="Prototype 2", status="handed_over")
    assert status(world) == "rejected"
    told(world, "moved", 3)
    told(world, "handed_over", 4, status="handed_over")
    assert status(world) == "handed_over"


@pytest.mark.parametrize(("verb", "tracker"), [("cancelled", "cancelled"), ("moved", "reopened")])
def test_what_a_tracker_takes_away_is_shown(verb: str, tracker: str) -> None:
    """A version that was deleted, or whose release was taken back, changes nothing that the client was told."""
    world = World(replace(PROJECT, milestones=(replace(PLAN[0], criteria=()),)))
    told(world, "handed_over", status="handed_over")
    told(world, verb, 2)
    assert status(world) == "handed_over"
    assert [(f["record"], f["tracker"]) for f in findings(world)] == [("handed_over", tracker)]
