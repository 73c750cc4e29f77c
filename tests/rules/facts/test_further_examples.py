"""Examples worked by hand, of the kind that client projects bring: other numbers, other calendars, other states."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from rules.facts.budget import forecast_facts
from rules.facts.calendar import (
    add_working_days,
    end_of_day,
    is_working,
    make_calendar,
    nearest_working_day,
    working_days_late,
)
from rules.facts.delay import days_added
from rules.facts.earned_value import earned_value
from rules.facts.ladder import Cleared, Fired, Ladder, step
from rules.facts.ledger import freeze_base, price_time, recompute
from rules.facts.milestone import cause_shares, shift_plan
from rules.facts.money import Money, quantize, shares
from rules.facts.retainer import Terms, closed, opened
from rules.facts.supplier import in_time, standing

D = Decimal
CN, US, PLAIN = (make_calendar(n, n if n != "plain" else "") for n in ("CN", "US", "plain"))


def usd(amount: str | int) -> Money:
    return Money(D(amount), "USD")


# --- earned value -------------------------------------------------------------------------------------------------


def test_behind_and_over_budget_by_four_methods() -> None:
    """BAC 250,000, planned 90,000, earned 75,000, spent 80,000: CPI 0.9375, SPI 0.8333.

    250,000 / 0.9375 = 266,666.67; 80,000 + 175,000 = 255,000; 80,000 + 175,000 / (0.9375 x 0.8333) = 304,000, because
    75/80 x 75/90 is 25/32. The rest of 175,000 for the rest of 170,000: 1.0294.
    """
    four = (usd(250_000), usd(90_000), usd(75_000), usd(80_000))
    typical, atypical, both = (earned_value(*four, method=m) for m in ("typical", "atypical", "both"))
    assert (typical["cv"], typical["sv"]) == (usd(-5_000), usd(-15_000))
    assert (typical["cpi"], typical["spi"], typical["tcpi"]) == (D("0.9375"), D("0.8333"), D("1.0294"))
    assert (typical["eac"], typical["etc"], typical["vac"]) == (
        usd("266666.67"),
        usd("186666.67"),
        usd("-16666.67"),
    )
    assert (atypical["eac"], both["eac"]) == (usd(255_000), usd(304_000))
    given = earned_value(*four, method="bottom_up", to_complete=usd(190_000))
    assert (given["eac"], given["tcpi_eac"]) == (usd(270_000), D("0.9211"))


def test_a_change_of_50000_at_the_same_date() -> None:
    """What was earned keeps its value: a quarter of 300,000. 320,000, 305,000 and 368,000 by the methods; 1.0227."""
    four = (usd(300_000), usd(90_000), usd(75_000), usd(80_000))
    found = [earned_value(*four, method=m)["eac"] for m in ("typical", "atypical", "both")]
    assert found == [usd(320_000), usd(305_000), usd(368_000)]
    assert (earned_value(*four)["tcpi"], earned_value(*four)["percent"]) == (D("1.0227"), D("0.25"))


# --- levels -------------------------------------------------------------------------------------------------------


def test_a_ladder_of_a_budget_without_minor_units() -> None:
    """JPY 3,000,000 with levels 60, 90 and a margin of 2 points, spent as the comments say."""
    ladder, memory = Ladder((D("0.6"), D("0.9")), rearm=D("0.02")), None
    spoken: list[str] = []
    for spent in (
        1_799_999,  # 59.99997 %, printed as 60.0 %: nothing
        1_800_000,  # exactly 60: told
        1_770_000,  # corrected to 59.0: taken back, not armed
        1_800_001,  # nothing, the same crossing
        1_740_000,  # exactly 58.0: the margin is strict, still not armed
        1_800_000,  # nothing
        1_739_999,  # below 58: armed again
        2_800_000,  # 93.3: only the highest is told
        2_800_000,  # delivered twice: nothing
    ):
        memory, outcome = step(memory, D(spent) / 3_000_000, ladder)
        if isinstance(outcome, Fired):
            spoken.append(f"{outcome.level} epoch {outcome.epoch}")
        elif isinstance(outcome, Cleared):
            spoken.append("cleared " + ", ".join(str(level) for level, _ in outcome.levels))
    assert spoken == ["0.6 epoch 1", "cleared 0.6", "0.9 epoch 1"]


# --- money --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "third", "three"),
    [
        (Money(D("12.345"), "KWD"), "4.115", "12.345"),
        (Money(D(5000), "JPY"), "1667", "5001"),
        (Money(D(100), "USD"), "33.33", "99.99"),
    ],
)
def test_twenty_minutes_three_times(rate: Money, third: str, three: str) -> None:
    """Each entry is rounded once to its currency's smallest unit, and the sum is the sum of what is printed."""
    entries = [price_time(1200, rate)] * 3
    assert entries[0].amount == D(third)
    assert sum(entries, start=Money.zero(rate.currency)).amount == D(three)


def test_a_foreign_bill_is_frozen_and_its_reversal_nets_to_nothing() -> None:
    """USD 333.33 at 7.2345 is 2,411.475885: CNY 2,411.48; reversed at 7.1 by the market it is still -2,411.48."""
    bill = freeze_base({"amount": usd("333.33"), "work_date": date(2026, 9, 1)}, "CNY", rate=D("7.2345"))
    back = freeze_base(
        {"amount": usd("-333.33"), "work_date": date(2026, 11, 2)}, "CNY", original=bill, rate=D("7.1")
    )
    assert bill["base_amount"] == Money(D("2411.48"), "CNY")
    assert bill["base_amount"] + back["base_amount"] == Money.zero("CNY")
    assert quantize(usd("0.345"), "half_even") == usd("0.34")
    assert quantize(usd("0.345")) == usd("0.35")


def test_six_equal_parts_add_up_to_a_hundred() -> None:
    """16.666... six times: four are 16.7 and two 16.6, the first ones getting what is left."""
    assert shares([D(7)] * 6) == [D("16.7")] * 4 + [D("16.6")] * 2


# --- burn and retainers -------------------------------------------------------------------------------------------


def test_runway_over_thanksgiving() -> None:
    """USD 20,000 in the ten working days from 13 to 27 November 2026, which leave out Thursday the 26th: 2,000 a day.

    30,000 of 90,000 are left: fifteen working days, to Friday 18 December.
    """
    days = [d for n in range(15) if is_working(US, d := date(2026, 11, 13) + timedelta(n))]
    assert len(days) == 10
    entry = {"measure": "incurred", "class": "staff", "base_amount": usd(2_000), "status": "posted"}
    sums = recompute([{**entry, "work_date": day} for day in days], "USD")
    baseline = {
        "version": 1,
        "total": usd(90_000),
        "currency": "USD",
        "measure": "incurred",
        "opening_spent": usd(40_000),
        "opening_as_of": date(2026, 11, 12),
    }
    found = forecast_facts(baseline, sums, [], [US], date(2026, 11, 27))
    assert (found["runway"], found["exhausted_on"]) == (15, date(2026, 12, 18))


def test_what_is_carried_in_full_expires_after_two_periods() -> None:
    """10 hours a month, used 4, 12, 0 and 3: left 6, 4, 14 and 21. Of February's last 4 hours one is unused when its
    second further month ends, and is lost: 20 go on into May.
    """
    terms = Terms(D(10), carry="full", expiry=2, deficit="forgive")
    running, found = opened(terms, "2026-01"), []
    for month, used in zip(("02", "03", "04", "05"), (4, 12, 0, 3), strict=True):
        done = closed(terms, running, D(used))
        found.append((done["available"], done["carry_on"], done["forfeited"]))
        running = opened(terms, f"2026-{month}", done)
    assert found == [
        (D(10), D(6), D(0)),
        (D(16), D(4), D(0)),
        (D(14), D(14), D(0)),
        (D(24), D(20), D(1)),
    ]


def test_what_was_used_too_much_is_taken_from_the_next_period() -> None:
    """15 hours, 19 used: 4 are owed, and 11 available; 5 of them used leave 6, which are lost where nothing carries."""
    terms = Terms(D(15), carry="none", deficit="carry")
    first = closed(terms, opened(terms, "2026-Q1"), D(19))
    second = closed(terms, opened(terms, "2026-Q2", first), D(5))
    assert (first["over"], first["owed_on"], first["billed"]) == (D(4), D(4), None)
    assert (second["available"], second["left"], second["forfeited"]) == (D(11), D(6), D(6))


# --- days ---------------------------------------------------------------------------------------------------------


def test_working_days_around_the_spring_festival_of_2026() -> None:
    """Five before Tuesday 24 February: Saturday 14 works, the 15th to the 23rd do not. By weekdays it is the 17th.

    Saturday the 28th works too, so the third after the 24th is Friday the 27th and the fourth that Saturday.
    """
    tuesday = date(2026, 2, 24)
    assert add_working_days([CN], tuesday, -5) == date(2026, 2, 10)
    assert add_working_days([PLAIN], tuesday, -5) == date(2026, 2, 17)
    assert [add_working_days([CN], tuesday, n) for n in (3, 4, 5)] == [
        date(2026, 2, 27),
        date(2026, 2, 28),
        date(2026, 3, 2),
    ]
    assert nearest_working_day([CN], date(2026, 2, 20), "earlier") == date(2026, 2, 14)
    assert nearest_working_day([CN, US], date(2026, 2, 20), "later") == date(2026, 2, 24)


def test_an_answer_over_christmas_moves_a_milestone_into_january() -> None:
    """Due Wednesday 23 December, there Tuesday the 29th: the 24th, 28th and 29th are lost in the United States.

    New Year's Eve plus three working days, with 1 January closed, is Wednesday 6 January.
    """
    due, came = date(2026, 12, 23), date(2026, 12, 29)
    assert working_days_late([US], due, came) == 3
    plan = {
        "m1": {"due": date(2026, 12, 31), "after": [], "status": "planned"},
        "m2": {"due": date(2027, 1, 15), "after": ["m1"], "status": "planned"},
        "m3": {"due": date(2027, 1, 15), "after": [], "status": "planned"},
    }
    # Monday 18 January is Martin Luther King Day.
    assert shift_plan(plan, "m1", 3, [US]) == {"m1": date(2027, 1, 6), "m2": date(2027, 1, 21)}
    # The two parties' calendars together: the 24th is open in both, the 28th and 29th as well.
    assert days_added((due, came), [], [US, PLAIN]) == 3
    # An item that was late over the same days costs nothing twice, one a day longer costs one more.
    assert days_added((due, date(2026, 12, 30)), [(due, came)], [US]) == 1


def test_causes_add_up_to_a_hundred() -> None:
    """7, 2 and 1 days are 70, 20 and 10 %; three causes of one day each are 34, 33 and 33."""
    assert list(cause_shares({"supplier": 7, "technical": 2, "resource": 1}).values()) == [70, 20, 10]
    assert list(cause_shares({"supplier": 1, "technical": 1, "resource": 1}).values()) == [34, 33, 33]


@pytest.mark.parametrize(
    ("zone", "day", "end"),
    [
        ("Europe/Berlin", date(2026, 3, 28), datetime(2026, 3, 28, 23, tzinfo=UTC)),
        ("Europe/Berlin", date(2026, 3, 29), datetime(2026, 3, 29, 22, tzinfo=UTC)),
        ("Europe/Berlin", date(2026, 10, 25), datetime(2026, 10, 25, 23, tzinfo=UTC)),
        ("America/New_York", date(2026, 3, 8), datetime(2026, 3, 9, 4, tzinfo=UTC)),
        ("America/New_York", date(2026, 11, 1), datetime(2026, 11, 2, 5, tzinfo=UTC)),
        ("Asia/Kolkata", date(2026, 11, 30), datetime(2026, 11, 30, 18, 30, tzinfo=UTC)),
        ("Australia/Lord_Howe", date(2026, 4, 5), datetime(2026, 4, 5, 13, 30, tzinfo=UTC)),
    ],
)
def test_a_day_ends_where_it_is_also_when_clocks_change(zone: str, day: date, end: datetime) -> None:
    """Days of 23 and 25 hours, zones of half hours, and clocks that move by thirty minutes."""
    assert end_of_day(day, zone) == end


# --- suppliers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "actual", "status", "late"),
    [
        (date(2026, 9, 30), None, "promised", 0),
        (date(2026, 10, 8), None, "late", 1),
        (date(2026, 10, 12), None, "late", 4),
        (date(2026, 10, 12), date(2026, 10, 10), "delivered", 3),
    ],
)
def test_a_delivery_over_the_national_day(today: date, actual: date | None, status: str, late: int) -> None:
    """Promised for Wednesday 30 September: the 1st to the 7th are closed in China, Saturday 10 October works.

    So Thursday the 8th is the first day late, Monday the 12th the fourth.
    """
    due: dict[str, Any] = {"promised": date(2026, 9, 30), "first_promised": date(2026, 9, 30)}
    record = {**due, "actual": actual, "status": "delivered" if actual else "promised", "name": "Bolt"}
    found = standing(record, today, [CN])
    assert (found["status"], found["late_days"]) == (status, late)
    assert in_time(
        [{**record, "actual": date(2026, 9, 30)}, {**record, "actual": date(2026, 10, 1)}], "bolt"
    ) == D("0.5")
