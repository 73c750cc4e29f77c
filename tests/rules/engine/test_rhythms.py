"""What comes round by itself: the audit of a period that is over, and the pulse of client and team."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rules.engine import daily, rhythms
from rules.facts.event import Event
from rules.facts.project import Project
from tests.rules.effects.world import APOLLO, MONDAY, World, types, workspace

BEGINS = datetime(2026, 10, 1, 10, 0, tzinfo=UTC)
"""The first of October, 06:00 in New York, where Apollo is at home."""
SECOND = timedelta(seconds=1)


def made(project: Project, since: datetime, now: datetime) -> list[Event]:
    return rhythms.due(workspace(project), [project], since, now)


def periods(events: list[Event]) -> list[str]:
    return [e.objects["audit"]["period"] for e in events if e.type == "audit.run"]


def asked(events: list[Event]) -> list[tuple[str, str]]:
    """Who is asked, and on what occasion."""
    surveys = [e.objects["survey"] for e in events if e.type == "survey.sent"]
    return [(s["contact"], s["occasion"]) for s in surveys]


def test_a_quarter_is_looked_through_on_the_morning_after_it() -> None:
    """At six in the project's zone, once, and of the quarter that is over."""
    assert made(APOLLO, BEGINS - timedelta(hours=1), BEGINS - SECOND) == []
    assert periods(made(APOLLO, BEGINS - SECOND, BEGINS)) == ["2026-Q3"]
    assert made(APOLLO, BEGINS, BEGINS + timedelta(days=40)) == []


@pytest.mark.parametrize(
    ("rhythm", "month", "wanted"),
    [
        ("monthly", 10, ["2026-09"]),
        ("monthly", 11, ["2026-10"]),
        ("quarterly", 11, []),
        ("never", 10, []),
    ],
)
def test_the_file_says_how_often(rhythm: Any, month: int, wanted: list[str]) -> None:
    """Every month, every quarter or never."""
    project = replace(APOLLO, audit=rhythm, time_zone="UTC")
    morning = datetime(2026, month, 1, 6, tzinfo=UTC)
    assert periods(made(project, morning - SECOND, morning)) == wanted


def test_january_looks_back_at_the_year_before() -> None:
    """The last quarter and the last month have another year."""
    morning = datetime(2027, 1, 1, 6, tzinfo=UTC)
    for rhythm, wanted in (("monthly", "2026-12"), ("quarterly", "2026-Q4")):
        project = replace(APOLLO, audit=rhythm, time_zone="UTC")  # type: ignore[arg-type]
        assert periods(made(project, morning - SECOND, morning)) == [wanted]


def test_a_clock_that_stood_still_makes_up_for_it_once_and_two_clocks_make_one_event() -> None:
    """Down for ten days over the turn of the quarter: one audit, and the same one whoever makes it."""
    late = made(APOLLO, BEGINS - timedelta(days=5), BEGINS + timedelta(days=5))
    on_time = made(APOLLO, BEGINS - SECOND, BEGINS)
    assert periods(late) == ["2026-Q3"]
    assert [e.id for e in late] == [e.id for e in on_time]


def test_a_pulse_asks_sponsors_and_approvers_of_the_client_and_everybody_of_the_team() -> None:
    """Each person once a period; billing contacts are asked nothing."""
    project = replace(APOLLO, audit="never", pulse="quarterly", team_pulse="monthly")
    found = made(project, BEGINS - SECOND, BEGINS)
    assert asked(found) == [("ann", "client 2026-Q4"), ("lin", "team 2026-10"), ("wang", "team 2026-10")]
    assert len({e.id for e in found}) == 3
    november = datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert asked(made(project, november - timedelta(days=1), november)) == [
        ("lin", "team 2026-11"),
        ("wang", "team 2026-11"),
    ]


def test_the_clock_of_a_running_project_opens_findings_and_one_that_has_not_begun_has_none() -> None:
    """From the turn of the quarter to a finding: an expense of September has no receipt."""
    world = World(now=MONDAY)
    entry = {
        "kind": "expense",
        "amount": APOLLO.budget.total,
        "class": "travel",
        "work_date": MONDAY.date(),
        "title": "Train",
        "submitter": "lin",
    }
    world.tell("expense.submitted", "e/1", entry=entry, connection="books", version="1")
    world.now = BEGINS
    owed = [e for e in daily.owed(world.state, BEGINS - SECOND) if e.type == "audit.run"]
    assert len(owed) == 1
    decided = world.decide(*owed)
    assert "finding.opened" in types(decided)
    record = world.all("audit")[0]
    assert (record["period"], record["checked"], record["opened"]) == ("2026-Q3", 1, 1)
    draft = World(now=BEGINS, active=False)
    assert [e for e in daily.owed(draft.state, BEGINS - SECOND) if e.type == "audit.run"] == []
    assert daily.owed(world.state, None) == [], "a clock that never ran has missed nothing"
