"""Reminders leave on days that are worked, lateness is counted in working days, and plans move day for day."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts.calendar import is_working, make_calendar
from rules.facts.duration import Duration, DurationMismatch
from rules.facts.milestone import LEAD_TIMES, OnHoliday, cause_shares, late_days, reminder_days, shift_plan

CN = make_calendar("CN", "CN")
US = make_calendar("US", "US")
PLAIN = make_calendar("weekdays", "")


def days(due: str, *offsets: str, cals: Any = (CN,), on_holiday: OnHoliday | None = None) -> dict[str, str]:
    """Reminder days as text."""
    parsed = [Duration.parse(text) for text in offsets]
    found = reminder_days(date.fromisoformat(due), parsed, cals, on_holiday)
    return {str(offset): day.isoformat() for offset, day in found.items()}


def test_the_usual_reminders_around_the_national_holiday() -> None:
    """Due on 12 October 2026: the holiday is stepped over, the make-up Saturday counts."""
    found = reminder_days(date(2026, 10, 12), LEAD_TIMES, [CN])
    assert {str(offset): day.isoformat() for offset, day in found.items()} == {
        "-10wd": "2026-09-21",
        "-5wd": "2026-09-29",
        "-1wd": "2026-10-10",
        "0d": "2026-10-12",
        "1wd": "2026-10-13",
        "3wd": "2026-10-15",
    }


def test_days_before_the_first_day_after_a_holiday() -> None:
    """Three working days before 8 October is 28 September, one is 30 September."""
    assert days("2026-10-08", "-1wd", "-3wd") == {"-3wd": "2026-09-28", "-1wd": "2026-09-30"}


def test_a_reminder_moves_earlier_up_to_the_date_and_later_after_it() -> None:
    """Due on a Saturday in the holiday: said on 30 September; "late" is not said before the office is open again."""
    assert days("2026-10-03", "-2d", "0d", "1d") == {"0d": "2026-09-30", "1d": "2026-10-08"}
    assert days("2026-10-03", "0d", on_holiday="later") == {"0d": "2026-10-08"}
    assert days("2026-10-03", "1d", on_holiday="earlier") == {"1d": "2026-09-30"}
    assert days("2026-10-03", "-1w", "0d", "1w", on_holiday="skip") == {"1w": "2026-10-10"}


def test_offsets_on_one_day_collapse_into_the_one_nearest_the_date() -> None:
    """A due date on a Sunday: the day itself speaks on Friday, not the day before it as well."""
    assert days("2026-09-13", "-1wd", "0d", "-2d", cals=[PLAIN]) == {"0d": "2026-09-11"}
    assert days("2026-09-13", "-1d", "0d", "1d", cals=[PLAIN], on_holiday="later") == {"0d": "2026-09-14"}


def test_with_two_parties_a_reminder_leaves_when_both_work() -> None:
    """One day before 30 November 2026 is not Thanksgiving week's closed days."""
    assert days("2026-11-30", "-2wd", cals=[CN, US]) == {"-2wd": "2026-11-25"}
    assert days("2026-11-30", "-2wd", cals=[CN]) == {"-2wd": "2026-11-26"}


def test_a_date_has_no_hours() -> None:
    """Offsets are days, weeks and working days."""
    with pytest.raises(DurationMismatch):
        days("2026-09-13", "-2h")


offsets = st.lists(st.builds(Duration, st.integers(-20, 20), st.sampled_from(["d", "wd"])), max_size=6)


@given(st.dates(date(2024, 1, 1), date(2027, 12, 31)), offsets, st.sampled_from([None, *get_args(OnHoliday)]))
def test_reminders_leave_on_working_days_once_a_day(
    due: date, wanted: list[Duration], on_holiday: OnHoliday | None
) -> None:
    """Every reminder is on a working day, no two share one, and by default none passes the date in either direction."""
    found = reminder_days(due, wanted, [CN], on_holiday)
    assert all(is_working(CN, day) for day in found.values())
    assert len(set(found.values())) == len(found)
    assert list(found.values()) == sorted(found.values())
    assert set(found) <= set(wanted)
    if on_holiday is None:
        nothing = Duration(0, "d")
        assert all(day <= due for offset, day in found.items() if not offset or offset < nothing)
        assert all(day > due for offset, day in found.items() if offset > nothing)
        assert bool(found) == bool(wanted)


def test_late_input_moves_the_milestone_day_for_day() -> None:
    """Due on 21 September and given on 24 September is three days late; M2 moves from 12 to 15 October."""
    late = late_days(date(2026, 9, 21), date(2026, 9, 24), [CN])
    assert late == 3
    plan = {"m2": {"due": date(2026, 10, 12)}}
    assert shift_plan(plan, "m2", late, [CN]) == {"m2": date(2026, 10, 15)}
    assert late_days(date(2026, 9, 24), date(2026, 9, 21), [CN]) == 0
    assert late_days(date(2026, 9, 30), date(2026, 10, 7), [CN]) == 0


def test_what_comes_after_a_milestone_moves_with_it() -> None:
    """Directly and indirectly, each once, over a circle too; what is accepted, cancelled or independent stays."""
    plan: dict[str, dict[str, Any]] = {
        "m1": {"due": date(2026, 9, 1), "status": "accepted"},
        "m2": {"due": date(2026, 10, 12), "after": ["m1"]},
        "m3": {"due": date(2026, 10, 30), "after": ["m2"]},
        "m4": {"due": date(2026, 12, 4), "after": ["m2", "m3"], "status": "planned"},
        "m5": {"due": date(2026, 12, 4), "after": ["m3"], "status": "cancelled"},
        "m6": {"due": date(2026, 12, 4), "after": None},
    }
    moved = shift_plan(plan, "m2", 3, [PLAIN])
    assert moved == {"m2": date(2026, 10, 15), "m3": date(2026, 11, 4), "m4": date(2026, 12, 9)}
    circle = {"a": {"due": date(2026, 9, 1), "after": ["b"]}, "b": {"due": date(2026, 9, 1), "after": ["a"]}}
    assert shift_plan(circle, "a", 1, [PLAIN]) == dict.fromkeys("ab", date(2026, 9, 2))


def test_causes_of_delay_are_shared_out() -> None:
    """Five, three and two days are 50, 30 and 20 per cent."""
    causes = {"client_input": 5, "scope_change": 3, "resource": 2}
    assert cause_shares(causes) == {"client_input": 50, "scope_change": 30, "resource": 20}
    assert sum(cause_shares({"technical": 1, "supplier": 1, "resource": 1}, 1).values()) == Decimal(100)
    assert cause_shares({}) == {}


@given(st.dates(date(2025, 1, 1), date(2026, 12, 31)), st.integers(0, 60))
def test_lateness_and_shift_are_two_sides_of_one_count(due: date, late: int) -> None:
    """Something that comes on the day the plan moved to is late by exactly the days it moved."""
    moved = shift_plan({"m": {"due": due}}, "m", late, [CN])["m"]
    assert late_days(due, moved, [CN]) == late
    assert late_days(due, due - timedelta(days=late), [CN]) == 0
