"""Retainers hand on, forfeit and bill what was agreed: the oldest is used first, and nothing gets lost on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts import codec
from rules.facts.ledger import recompute
from rules.facts.money import Money
from rules.facts.retainer import (
    LENGTHS,
    BadRetainer,
    Length,
    Terms,
    closed,
    days_of,
    next_period,
    opened,
    period_of,
    standing,
    terms_of,
    terms_record,
    used_between,
)

D = Decimal
AGREED = Terms(D(20), carry="capped", cap=D(10), expiry=1, rate=Money(D(500), "CNY"), starts=date(2026, 1, 1))


def run(terms: Terms, *used: int) -> list[dict[str, Any]]:
    """Months from January 2026 in which so many hours were used, each closed, and the one after them just begun."""
    period, done = "2026-01", []
    running = opened(terms, period)
    for hours in used:
        done.append(closed(terms, running, D(hours)))
        period = next_period(terms.period, period)
        running = opened(terms, period, done[-1])
    return [*done, standing(terms, running, D(0))]


def test_three_months_of_twenty_hours() -> None:
    """15 used: 5 carried. Of 25, 12 used: 13 left, 10 carried, 3 lost. Of 30, 34 used: 4 hours over."""
    first, second, third, fourth = run(AGREED, 15, 12, 34)
    assert first["carry_on"] == 5
    assert (second["available"], second["left"], second["carry_on"], second["forfeited"]) == (25, 13, 10, 3)
    assert (third["available"], third["left"], third["over"]) == (30, 0, 4)
    assert third["billed"] == Money(D("2000.00"), "CNY")
    assert fourth["available"] == 20


def test_a_deficit_is_billed_carried_or_forgiven() -> None:
    """Four hours over: taken from the next month, which has 16, or given."""
    carried = run(replace(AGREED, deficit="carry"), 15, 12, 34)
    assert (carried[2]["billed"], carried[2]["owed_on"], carried[3]["available"]) == (None, 4, 16)
    forgiven = run(replace(AGREED, deficit="forgive"), 15, 12, 34)
    assert (forgiven[2]["forgiven"], forgiven[3]["available"]) == (4, 20)


def test_what_is_carried_expires() -> None:
    """Hours of January may be used in February and no longer; those of February in March."""
    terms = replace(AGREED, carry="full", cap=None)
    _, second, third = run(terms, 15, 2)
    assert second["expires_on"] == date(2026, 2, 28), "three of January are left"
    assert (second["carry_on"], second["forfeited"]) == (20, 3)
    assert third["expires_on"] == date(2026, 3, 31)


def test_carry_none_and_full() -> None:
    """Nothing is handed on, or everything for ever."""
    none = run(Terms(D(20), deficit="forgive"), 5, 5)
    assert [m["carried"] for m in none] == [0, 0, 0]
    assert (none[1]["forfeited"], none[2]["expires_on"]) == (15, date(2026, 3, 31))
    full = run(Terms(D(20), carry="full", deficit="forgive"), 5, 5)
    assert (full[2]["carried"], full[2]["expires_on"]) == (30, None)


def test_a_cap_gives_up_what_would_expire_first() -> None:
    """Of 5 old and 20 new hours, ten may go on: they are new ones."""
    terms = replace(AGREED, expiry=2)
    done = run(terms, 15, 0)
    assert done[1]["handed_on"] == [[2, 10]]


def test_a_retainer_of_money() -> None:
    """An allotment of 5,000 yuan a quarter; what goes beyond is billed as it is."""
    terms = Terms(D(5000), "CNY", "quarter")
    running = opened(terms, "2026-Q1")
    done = closed(terms, running, D("5200.50"))
    assert (done["share"], done["billed"]) == (D("1.0401"), Money(D("200.50"), "CNY"))


def test_use_is_read_from_the_ledgers_of_the_pool() -> None:
    """The time of every project of the pool counts, on the days of the period alone; money is what was spent."""

    def worked(day: date, hours: int, amount: int) -> dict[str, Any]:
        fields = {"kind": "time", "measure": "incurred", "class": "staff", "seconds": hours * 3600}
        return fields | {"status": "posted", "work_date": day, "base_amount": Money(D(amount), "CNY")}

    one = recompute([worked(date(2026, 1, 5), 3, 900), worked(date(2026, 2, 1), 9, 2700)], "CNY")
    other = recompute([worked(date(2026, 1, 31), 4, 1200)], "CNY")
    january = days_of("2026-01")
    assert used_between([one, other, None], "h", *january) == 7
    assert used_between([one, other], "CNY", *january) == 2100


@pytest.mark.parametrize(
    ("period", "first", "last", "following"),
    [
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28), "2026-03"),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31), "2027-01"),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31), "2027-Q1"),
        ("2026", date(2026, 1, 1), date(2026, 12, 31), "2027"),
        ("2026-W53", date(2026, 12, 28), date(2027, 1, 3), "2027-W01"),
    ],
)
def test_periods_have_names_and_days(period: str, first: date, last: date, following: str) -> None:
    """Months, quarters, years and ISO weeks."""
    assert days_of(period) == (first, last)
    length: Length = (
        "week" if "W" in period else "quarter" if "Q" in period else "month" if "-" in period else "year"
    )
    assert period_of(length, first) == period_of(length, last) == period
    assert next_period(length, period) == following


@pytest.mark.parametrize("period", ["2026-13", "2026-Q5", "2026-W60", "26-01", "January", "0000-01"])
def test_a_period_that_there_is_not_is_refused(period: str) -> None:
    """The mistake is named, with the form that is meant."""
    with pytest.raises(BadRetainer, match="is no period"):
        days_of(period)


@pytest.mark.parametrize(
    "terms",
    [
        {"allotment": D(0), "deficit": "forgive"},
        {"allotment": D(20), "carry": "capped", "deficit": "forgive"},
        {"allotment": D(20), "cap": D(5), "deficit": "forgive"},
        {"allotment": D(20), "deficit": "bill"},
    ],
)
def test_terms_that_make_no_retainer_are_refused(terms: dict[str, Any]) -> None:
    """No allotment, a cap without its word or the word without a cap, hours billed at no rate."""
    with pytest.raises(BadRetainer):
        Terms(**terms)


def test_terms_can_be_stored() -> None:
    """What was agreed is kept on record and read back the same."""
    assert terms_of(codec.loads(codec.dumps(terms_record(AGREED)))) == AGREED


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=12),
    st.sampled_from(["none", "capped", "full"]),
    st.integers(0, 15),
    st.none() | st.integers(0, 3),
    st.sampled_from(["carry", "forgive"]),
)
def test_every_hour_is_accounted_for(
    used: list[int], carry: Any, cap: int, expiry: int | None, deficit: Any
) -> None:
    """Hours allotted = used - forgiven + lost + still there - owed, whatever was agreed and used."""
    terms = Terms(
        D(20),
        carry=carry,
        cap=D(cap) if carry == "capped" else None,
        expiry=expiry,
        deficit=deficit,
    )
    *months, after = run(terms, *used)
    allotted = 20 * len(months)
    gone = sum(m["used"] - m["forgiven"] + m["forfeited"] for m in months)
    assert allotted == gone + after["carried"] - after["owed"]
    for m in months:
        assert m["carry_on"] == sum(left for _, left in m["handed_on"])
        assert m["left"] == 0 or m["over"] == 0


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.sampled_from(LENGTHS))
def test_periods_follow_each_other_without_a_gap(day: date, length: Length) -> None:
    """Every day lies in exactly one period, and the next one begins on the day after its last."""
    period = period_of(length, day)
    first, last = days_of(period)
    assert first <= day <= last
    assert days_of(next_period(length, period))[0] == last + timedelta(days=1)
