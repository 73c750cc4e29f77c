"""Budget figures come from the measure agreed, and a forecast is given only where there is ground for one."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts.budget import budget_facts, burn, forecast_facts, runway
from rules.facts.calendar import add_working_days, is_working, make_calendar, working_days_between
from rules.facts.ledger import adjust, by_class, effective, empty_sums, recompute, total
from rules.facts.money import CurrencyMismatch, Money, format_money, format_percent, shares

D = Decimal
CN = make_calendar("CN", "CN")
PLAIN = make_calendar("weekdays", "")
FRIDAY = date(2026, 9, 18)


def cny(amount: str | int | Decimal) -> Money:
    """An amount of yuan."""
    return Money(D(amount), "CNY")


def entry(
    day: date, amount: str | int, cost_class: str = "staff", measure: str = "incurred"
) -> dict[str, Any]:
    """A posted entry."""
    fields = {"measure": measure, "class": cost_class, "base_amount": cny(amount), "work_date": day}
    return {**fields, "status": "posted"}


def baseline(total_amount: str | int, **more: Any) -> dict[str, Any]:
    """An approved budget of that total, consumed by what was spent."""
    return {"version": 1, "total": cny(total_amount), "currency": "CNY", "measure": "incurred", **more}


def milestone(due: date, weight: int = 100, status: str = "planned", **more: Any) -> dict[str, Any]:
    """A milestone of the plan."""
    return {"due": due, "weight": D(weight), "status": status, **more}


def two_weeks(amount: int) -> list[dict[str, Any]]:
    """That amount on each of the ten working days from 7 to 18 September 2026."""
    days = [date(2026, 9, 7) + timedelta(n) for n in range(12)]
    return [entry(day, amount) for day in days if day.weekday() < 5]


OPENING = {"opening_spent": cny(48000), "opening_as_of": date(2026, 8, 31)}


def test_consumption_is_the_measure_agreed_plus_the_opening_figure() -> None:
    """The four measures stand side by side; the one the baseline names is what was spent."""
    day = date(2026, 9, 7)
    sums = recompute(
        [
            entry(day, 30000),
            entry(day, 5000, "material"),
            entry(day, 45000, measure="committed"),
            entry(day, 20000, measure="billed"),
            entry(day, 9000, measure="collected"),
        ],
        "CNY",
    )
    lines = {"staff": cny(80000), "material": cny(10000), "travel": cny(0)}
    facts = budget_facts(baseline(120000, lines=lines, reserve=cny(5000), **OPENING), sums, drawn=cny(1500))
    assert facts["spent"] == cny(83000)
    assert facts["remaining"] == cny(37000)
    assert facts["used"] == cny(83000) / cny(120000)
    assert (facts["committed"], facts["billed"], facts["collected"]) == (cny(45000), cny(20000), cny(9000))
    assert (facts["reserve"], facts["reserve_left"], facts["version"]) == (cny(5000), cny(3500), 1)
    assert facts["lines.staff.spent"] == cny(30000)
    assert facts["lines.staff.used"] == D("0.375")
    assert facts["lines.material.used"] == D("0.5")
    assert (facts["lines.travel.spent"], facts["lines.travel.used"]) == (cny(0), None)


def test_another_measure_may_be_agreed() -> None:
    """With `billed`, what was billed is what was spent, opening figure included."""
    sums = recompute([entry(FRIDAY, 100), entry(FRIDAY, 60, measure="billed")], "CNY")
    facts = budget_facts(
        baseline(1000, measure="billed"), sums, {"spent": cny(40), "as_of": date(2026, 8, 31)}
    )
    assert facts["spent"] == facts["billed"] == cny(100)
    assert facts["used"] == D("0.1")


def test_a_budget_before_its_first_entry() -> None:
    """Nothing spent is zero; a total of zero has no percentage; an overspent budget has a negative rest."""
    fresh = budget_facts(baseline(1000), None)
    assert (fresh["spent"], fresh["used"], fresh["remaining"]) == (cny(0), D(0), cny(1000))
    assert budget_facts(baseline(0), None)["used"] is None
    over = budget_facts(baseline(1000), recompute([entry(FRIDAY, 1100)], "CNY"))
    assert (over["remaining"], over["used"]) == (cny(-100), D("1.1"))


def test_spending_outside_the_lines_is_shown_with_its_class() -> None:
    """A class without a line has spending and no percentage."""
    facts = budget_facts(
        baseline(1000, lines={"staff": cny(1000)}), recompute([entry(FRIDAY, 10, "travel")], "CNY")
    )
    assert (facts["lines.travel.total"], facts["lines.travel.spent"]) == (cny(0), cny(10))
    assert facts["lines.travel.used"] is None


def test_a_budget_and_its_sums_are_in_one_currency() -> None:
    """Dollars are not taken from yuan."""
    with pytest.raises(CurrencyMismatch):
        budget_facts(baseline(1000), adjust(empty_sums("USD"), None, {**_dollars(), "work_date": FRIDAY}))


def _dollars() -> dict[str, Any]:
    return {"measure": "incurred", "class": "staff", "amount": Money(D(5), "USD")}


def test_the_percentage_is_exact_where_the_printed_one_is_not() -> None:
    """79.995 % is below 80 %, and is not printed as 80; eight tenths are 80 %."""
    below = budget_facts(baseline(100000), recompute([entry(FRIDAY, 79995)], "CNY"))["used"]
    assert below < D("0.8")
    assert format_percent(below, 2) == "79.99 %"
    tenths = recompute([entry(FRIDAY, "0.1") for _ in range(8)], "CNY")
    assert budget_facts(baseline(1), tenths)["used"] == D("0.8")


def test_the_monthly_spend_report_adds_up() -> None:
    """Staff, material and equipment: the total is the sum of the lines, and the shares are 82.8, 10.8 and 6.4 %."""
    classes = {"staff": "62400.00", "material": "8150.50", "equipment": "4800.00"}
    sums = recompute([entry(FRIDAY, amount, name) for name, amount in classes.items()], "CNY")
    lines = by_class(sums, "incurred")
    assert {name: str(lines[name]) for name in classes} == {name: f"{classes[name]} CNY" for name in classes}
    assert format_money(total(sums, "incurred")) == "CNY 75,350.50"
    assert shares([lines[name].amount for name in classes]) == [D("82.8"), D("10.8"), D("6.4")]


def test_burn_and_runway_over_the_national_holiday() -> None:
    """78,000 of 120,000 spent, 30,000 of it in the last ten working days: 3,000 a day, 14 working days, 14 October."""
    sums = recompute(two_weeks(3000), "CNY")
    plan = baseline(120000, **OPENING)
    facts = budget_facts(plan, sums)
    assert facts["spent"] == cny(78000)
    per_day = burn(sums, [CN], FRIDAY)
    assert per_day == cny(30000) / 10 == cny(3000)
    assert runway(facts["remaining"], per_day) == 14
    forecast = forecast_facts(plan, sums, [], [CN], FRIDAY)
    assert (forecast["runway"], forecast["exhausted_on"]) == (14, date(2026, 10, 14))
    assert forecast_facts(plan, sums, [], [PLAIN], FRIDAY)["exhausted_on"] == date(2026, 10, 8)


def test_burn_looks_back_over_closed_days_and_counts_work_done_on_them() -> None:
    """On a Sunday the window ends on Friday; Saturday's work counts, what was before the window does not."""
    sums = recompute(
        [
            entry(date(2026, 9, 4), 500),
            *two_weeks(3000),
            entry(date(2026, 9, 19), 1000),
            entry(date(2026, 9, 21), 7),
        ],
        "CNY",
    )
    assert burn(sums, [PLAIN], date(2026, 9, 20)) == cny(31000) / 10
    assert burn(sums, [PLAIN], FRIDAY, 2) == cny(3000)
    assert burn(sums, [PLAIN], FRIDAY, measure="billed") == cny(0)


def test_runway_is_whole_days_and_exists_only_for_a_positive_burn() -> None:
    """It is rounded down; nothing left lasts no day; no burn, or money coming back, gives no forecast."""
    assert runway(cny(2999), cny(1000)) == 2
    assert runway(cny(0), cny(1000)) == 0
    assert runway(cny(-5), cny(0)) == 0
    assert runway(cny(100), cny(0)) is None
    assert runway(cny(100), cny(-1)) is None


def test_a_plan_of_thirty_days_of_which_ten_cost_4000() -> None:
    """The same pace to the end of the plan: 12,000 at completion, 2,000 over a budget of 10,000."""
    start = date(2026, 6, 1)
    days = [start + timedelta(n) for n in range(30) if is_working(PLAIN, start + timedelta(n))][:10]
    sums = recompute([entry(day, 400) for day in days], "CNY")
    today = days[-1]
    plan = [milestone(add_working_days([PLAIN], today, 20))]
    forecast = forecast_facts(baseline(10000), sums, plan, [PLAIN], today)
    assert (forecast["at_completion"], forecast["overrun"]) == (cny(12000), cny(2000))
    assert (forecast["method"], forecast["enough_data"]) == ("burn_rate", True)
    assert forecast_facts(baseline(20000), sums, plan, [PLAIN], today)["overrun"] == cny(0)


def test_a_forecast_needs_three_days_of_data_and_a_fifth_of_the_work() -> None:
    """Too early there is no forecast at all, only the statement that it is too early."""
    days = [date(2026, 9, 14), date(2026, 9, 15), date(2026, 9, 16)]
    plan = [milestone(date(2026, 12, 4))]
    two = recompute([entry(day, 1000) for day in days[:2]], "CNY")
    three = recompute([entry(day, 1000) for day in days], "CNY")
    none = {
        "at_completion": None,
        "overrun": None,
        "exhausted_on": None,
        "runway": None,
        "method": "burn_rate",
    }
    for total_amount, sums, day, booked, done in (
        (10000, two, days[1], 2, D("0.2")),
        (15001, three, days[2], 3, D(3000) / D(15001)),
        (15000, None, days[2], 0, D(0)),
    ):
        facts = forecast_facts(baseline(total_amount), sums, plan, [CN], day)
        assert {k: facts[k] for k in none} == none
        assert not facts["enough_data"]
        assert (facts["days_of_data"], round(facts["done"], 9)) == (booked, round(done, 9))
    enough = forecast_facts(baseline(15000), three, plan, [CN], days[2])
    assert enough["enough_data"]
    assert enough["runway"] == 12


def test_one_day_of_entries_is_no_pace_however_long_ago_the_opening_figure_is() -> None:
    """80 % were spent before; one entry of 300 today is no burn of 30 a day, and no two thousand days of runway."""
    one = recompute([entry(FRIDAY, 300)], "CNY")
    opened = baseline(100000, opening_spent=cny(80000), opening_as_of=date(2026, 8, 31))
    facts = forecast_facts(opened, one, [milestone(date(2026, 12, 4))], [CN], FRIDAY)
    assert (facts["enough_data"], facts["runway"], facts["days_of_data"]) == (False, None, 1)


def test_accepted_work_is_ground_for_a_forecast_too() -> None:
    """A fifth of the weight accepted is enough, however little was spent."""
    sums = recompute(two_weeks(100), "CNY")
    plan = [milestone(date(2026, 9, 10), 20, "accepted"), milestone(date(2026, 12, 4), 80)]
    assert forecast_facts(baseline(100000), sums, plan, [CN], FRIDAY)["enough_data"]
    plan[0]["status"] = "cancelled"
    assert not forecast_facts(baseline(100000), sums, plan, [CN], FRIDAY)["enough_data"]


def test_a_young_project_burns_what_it_burned_on_its_own_days() -> None:
    """Four days of 1,000 are a burn of 1,000 a day; days without spending after the opening figure count as days."""
    days = [date(2026, 9, 15) + timedelta(n) for n in range(4)]
    sums = recompute([entry(day, 1000) for day in days], "CNY")
    assert forecast_facts(baseline(10000), sums, [], [PLAIN], days[-1])["runway"] == 6
    opened = baseline(10000, opening_spent=cny(2000), opening_as_of=date(2026, 9, 10))
    assert forecast_facts(opened, sums, [], [PLAIN], days[-1])["runway"] == int(D(4000) / (D(4000) / 6))


def test_the_plan_ends_with_its_last_open_milestone() -> None:
    """A forecast date wins over a due date; what is accepted or cancelled does not count; all accepted is the end."""
    sums = recompute(two_weeks(3000), "CNY")
    plan = [
        milestone(date(2026, 12, 4), status="cancelled"),
        milestone(date(2026, 10, 30), status="accepted"),
        milestone(date(2026, 10, 12), forecast_date=date(2026, 10, 15)),
    ]
    facts = forecast_facts(baseline(120000), sums, plan, [CN], FRIDAY)
    left = working_days_between([CN], FRIDAY, date(2026, 10, 15))
    assert facts["at_completion"] == cny(30000 + 3000 * left)
    plan[2]["status"] = "accepted"
    assert forecast_facts(baseline(120000), sums, plan, [CN], FRIDAY)["at_completion"] == cny(30000)
    late = [milestone(date(2026, 9, 1))]
    assert forecast_facts(baseline(120000), sums, late, [CN], FRIDAY)["at_completion"] == cny(30000)


def test_a_mistyped_date_makes_no_forecast_and_no_failure() -> None:
    """A milestone in the year 2926, or an entry of the year 1, leave the rest of the figures in place."""
    far = forecast_facts(
        baseline(120000), recompute(two_weeks(3000), "CNY"), [milestone(date(2926, 12, 4))], [CN], FRIDAY
    )
    assert (far["at_completion"], far["runway"]) == (None, 30)
    ancient = recompute([entry(date.min, 5), *two_weeks(3000)], "CNY")
    assert forecast_facts(baseline(120000), ancient, [], [CN], FRIDAY)["runway"] == 29
    undated = [{"status": "planned", "weight": None}]
    assert forecast_facts(baseline(120000), ancient, undated, [CN], FRIDAY)["at_completion"] is None


def test_without_a_positive_burn_there_is_no_forecast() -> None:
    """Spending that stopped, or money that came back, is no pace to extrapolate."""
    stopped = recompute([entry(date(2026, 6, 1), 50000)], "CNY")
    back = recompute([*two_weeks(3000), entry(FRIDAY, -40000)], "CNY")
    for sums in (stopped, back):
        facts = forecast_facts(
            baseline(100000, **OPENING), sums, [milestone(date(2026, 12, 4))], [CN], FRIDAY
        )
        assert (facts["runway"], facts["at_completion"], facts["exhausted_on"]) == (None, None, None)
        assert facts["enough_data"]


def test_an_exhausted_budget_and_one_that_lasts_for_ever() -> None:
    """Nothing left is exhausted today; beyond ten years no date is given."""
    sums = recompute(two_weeks(3000), "CNY")
    spent = forecast_facts(baseline(30000), sums, [], [CN], FRIDAY)
    assert (spent["runway"], spent["exhausted_on"]) == (0, FRIDAY)
    done = [milestone(date(2026, 9, 10), status="accepted")]
    tiny = forecast_facts(baseline(10**9), recompute(two_weeks(1), "CNY"), done, [CN], FRIDAY)
    assert tiny["runway"] == 10**9 - 10
    assert tiny["exhausted_on"] is None


amounts = st.decimals(min_value=0, max_value=10**6, places=2)


@given(st.lists(st.tuples(st.dates(date(2026, 8, 1), FRIDAY), amounts), max_size=12), st.integers(1, 10**7))
def test_spent_and_remaining_are_the_total(entries: list[tuple[date, Decimal]], whole: int) -> None:
    """Whatever was booked: spent plus remaining is the budget, and the percentage is their exact ratio."""
    posted = [{**entry(day, 0), "base_amount": cny(amount)} for day, amount in entries]
    facts = budget_facts(baseline(whole), recompute(posted, "CNY"))
    assert facts["spent"] + facts["remaining"] == cny(whole)
    assert facts["spent"] == sum((e["base_amount"] for e in posted), start=cny(0))
    assert abs(facts["used"] * whole - facts["spent"].amount) < D("1E-30") * whole
    assert all(effective(e) for e in posted)
