"""Somebody's week: what was planned for it and what was logged, in one project and in all."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from rules.facts.duration import Duration
from rules.facts.workload import facts, first_day, logged_in, week_of

HOUR = 3600


@pytest.mark.parametrize(
    ("day", "week"),
    [
        (date(2026, 9, 21), "2026-W39"),
        (date(2026, 9, 27), "2026-W39"),
        (date(2026, 12, 31), "2026-W53"),
        (date(2027, 1, 3), "2026-W53"),
        (date(2027, 1, 4), "2027-W01"),
    ],
)
def test_a_week_runs_from_monday_to_sunday(day: date, week: str) -> None:
    """By ISO 8601: the first days of January may belong to the last week of the year before."""
    assert week_of(day) == week
    assert first_day(week) <= day
    assert first_day(week).isoweekday() == 1


@pytest.mark.parametrize(
    ("logged", "everywhere", "share", "over"),
    [
        (20, 38, Decimal(1), False),
        (21, 38, Decimal("1.05"), True),
        (12, 41, Decimal("0.6"), True),
        (0, 0, Decimal(0), False),
    ],
)
def test_over_is_more_than_planned_here_or_more_than_the_week_holds(
    logged: int, everywhere: int, share: Decimal, over: bool
) -> None:
    """20 hours planned here, 40 in a full week: exactly as planned is not over."""
    found = facts(
        *("apollo", "lin", "2026-W39"),
        Decimal(logged * HOUR),
        Decimal(everywhere * HOUR),
        Duration(20, "h"),
        Duration(40, "h"),
    )
    assert (found["share"], found["over"]) == (share, over)
    assert found["logged"] == Duration(logged, "h")


def test_without_a_plan_there_is_no_share() -> None:
    """Nobody is over a plan that nobody made; half hours are said in minutes."""
    found = facts("apollo", "lin", "2026-W39", Decimal(5400), Decimal(5400), None, None)
    assert (found["share"], found["over"], str(found["logged"])) == (None, False, "90m")
    assert logged_in(None, "lin", "2026-W39") == 0
