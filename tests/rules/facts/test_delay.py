"""A day that is lost is lost once, whoever was late on it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts.calendar import make_calendar, working_days_between
from rules.facts.delay import days_added
from rules.facts.milestone import cause_shares, shift_plan

CN = make_calendar("CN", "CN")
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 1))


def test_input_that_came_three_working_days_late_moves_the_milestone_by_three() -> None:
    """Due on 21 September 2026, there on the 24th: M2 goes from 12 to 15 October, in the Chinese calendar."""
    days = days_added((date(2026, 9, 21), date(2026, 9, 24)), (), [CN])
    plan = {"m2": {"due": date(2026, 10, 12), "after": [], "status": "planned"}}
    assert (days, shift_plan(plan, "m2", days, [CN])) == (3, {"m2": date(2026, 10, 15)})


def test_the_shares_of_the_causes_add_up() -> None:
    """Ten days lost, by three causes."""
    shares = cause_shares({"client_input": 5, "scope_change": 3, "resource": 2})
    assert shares == {"client_input": Decimal(50), "scope_change": Decimal(30), "resource": Decimal(20)}


def test_two_that_are_late_on_the_same_days_cost_them_once() -> None:
    """The second one adds only what lies beyond the first: Monday the 28th, after the holiday."""
    first = (date(2026, 9, 21), date(2026, 9, 24))
    assert days_added((date(2026, 9, 22), date(2026, 9, 28)), [first], [CN]) == 1
    assert days_added((date(2026, 9, 21), date(2026, 9, 23)), [first], [CN]) == 0


def test_a_holiday_costs_nothing() -> None:
    """The first week of October is nobody's delay."""
    assert days_added((date(2026, 9, 30), date(2026, 10, 8)), (), [CN]) == 1


def test_a_date_far_off_is_refused() -> None:
    """Ten years are a slip of the pen."""
    with pytest.raises(ValueError, match="longer than ten years"):
        days_added((date(2016, 1, 1), date(2026, 9, 24)), (), [CN])


@given(st.lists(st.tuples(DAYS, DAYS), max_size=6))
def test_what_each_adds_is_what_all_together_lost(spans: list[tuple[date, date]]) -> None:
    """In whatever order they are told, the days add up to the days on which anything was late."""
    spans = [(min(s), max(s)) for s in spans]
    told = sum(days_added(s, spans[:n], [CN]) for n, s in enumerate(spans))
    backwards = sum(days_added(s, spans[n + 1 :], [CN]) for n, s in enumerate(spans))
    lost = {a + timedelta(days=n) for a, b in spans for n in range(1, (b - a).days + 1)}
    assert told == backwards == sum(working_days_between([CN], d - timedelta(days=1), d) for d in lost)


@given(st.integers(1, 40), st.integers(1, 40), st.lists(DAYS, min_size=1, max_size=5))
def test_shifts_of_a_plan_add_up(one: int, other: int, dues: list[date]) -> None:
    """Shifting by some days and then by others is shifting by their sum, once the plan lies on working days."""
    names = [f"m{n}" for n in range(len(dues))]
    plan = {
        n: {"due": d, "after": names[: names.index(n)], "status": "planned"}
        for n, d in zip(names, dues, strict=True)
    }
    first = shift_plan(plan, "m0", one, [CN])
    assert set(first) == set(plan), "all that comes after it moves, each once"
    then = shift_plan({n: {**plan[n], "due": first[n]} for n in plan}, "m0", other, [CN])
    assert then == shift_plan(plan, "m0", one + other, [CN])
