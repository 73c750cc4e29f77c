"""Earned value by published examples, with nothing where a figure cannot be given, and through changes of the plan."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts.earned_value import (
    METHODS,
    Credit,
    EarnedPlan,
    Method,
    credited,
    earned_facts,
    earned_value,
    rebaselined,
    values_of,
)
from rules.facts.ledger import recompute
from rules.facts.money import Money

D = Decimal
TODAY = date(2026, 11, 20)


def usd(amount: str | int | Decimal) -> Money:
    return Money(D(amount), "USD")


def figures(bac: str | int, pv: str | int, ev: str | int, ac: str | int, **more: Any) -> dict[str, Any]:
    """Earned value of four amounts of dollars."""
    return earned_value(usd(bac), usd(pv), usd(ev), usd(ac), **more)


def milestone(id: str, weight: int, due: date, status: str = "planned", **more: Any) -> dict[str, Any]:
    return {"id": id, "weight": D(weight), "due": due, "baseline_due": due, "status": status, **more}


def test_the_pra_documentation_of_tcpi() -> None:
    """35,000 earned for 63,000 of 100,000: the rest has to go 1.76 times as well, or 1.13 times for 120,482."""
    found = figures(100_000, 35_000, 35_000, 63_000, method="bottom_up", to_complete=usd(120_482 - 63_000))
    assert (round(found["tcpi"], 2), round(found["tcpi_eac"], 2)) == (D("1.76"), D("1.13"))
    assert found["eac"] == usd(120_482)
    assert figures(100_000, 0, 35_000, 36_000)["cpi"] == D("0.9722")


def test_twenty_four_birdhouses() -> None:
    """Nine of twelve months gone, twenty of twenty-four built for 2,200: over budget and ahead of time."""
    bac = usd(100) * 24
    pv, ev, ac = bac * 9 / 12, usd(100) * 20, usd(2200)
    found = earned_value(bac, pv, ev, ac)
    assert (found["pv"], found["ev"], found["cv"], found["sv"]) == (
        usd(1800),
        usd(2000),
        usd(-200),
        usd(200),
    )
    assert (found["cpi"], found["spi"], found["tcpi"]) == (D("0.9091"), D("1.1111"), D(2))
    assert (found["eac"], found["etc"]) == (usd(2640), usd(440))
    assert earned_value(bac, pv, ev, ac, "atypical")["eac"] == usd(2600)
    assert round(found["percent"], 4) == D("0.8333")


def test_the_forecast_is_made_of_exact_indices() -> None:
    """The index that is shown is rounded, the one that is reckoned with is not."""
    found = figures(1000, 400, 300, 350)
    assert (found["cpi"], found["tcpi"]) == (D("0.8571"), D("1.0769"))
    assert (found["eac"], found["vac"]) == (usd("1166.67"), usd("-166.67"))
    both = figures(1000, 400, 360, 400, method="both")
    assert (both["cpi"], both["spi"], both["eac"]) == (D("0.9"), D("0.9"), usd("1190.12"))


@pytest.mark.parametrize(
    ("total", "typical", "atypical", "both", "tcpi", "percent"),
    [
        (100_000, "110000.00", "106000.00", "117333.33", "1.1765", "0.60"),
        (125_000, "137500.00", "131000.00", "149416.67", "1.1017", "0.48"),
    ],
)
def test_a_change_order_sets_the_figures_anew(
    total: int, typical: str, atypical: str, both: str, tcpi: str, percent: str
) -> None:
    """Before and after an approved 25,000: what was earned keeps its value, its share of the whole is another."""
    of = {m: figures(total, 70_000, 60_000, 66_000, method=m)["eac"] for m in METHODS[:3]}
    assert of == {"typical": usd(typical), "atypical": usd(atypical), "both": usd(both)}
    found = figures(total, 70_000, 60_000, 66_000)
    assert (found["cpi"], found["spi"], found["tcpi"]) == (D("0.9091"), D("0.8571"), D(tcpi))
    assert found["percent"] == D(percent)


def test_what_cannot_be_given_is_none() -> None:
    """Nothing spent has no cost index, nothing planned no schedule index, a spent budget no way to be kept."""
    fresh = figures(1000, 0, 0, 0)
    assert (fresh["cpi"], fresh["spi"], fresh["eac"], fresh["vac"]) == (None, None, None, None)
    assert fresh["tcpi"] == 1
    spent = figures(1000, 500, 900, 1000)
    assert (spent["tcpi"], spent["exhausted"]) == (None, True)
    done = figures(1000, 1000, 1000, 1200)
    assert (done["tcpi"], done["tcpi_eac"], done["etc"], done["exhausted"]) == (0, 0, usd(0), False)
    assert figures(1000, 100, 0, 50)["eac"] is None, "without anything earned the pace says nothing"
    assert figures(1000, 100, 50, 50, method="bottom_up")["eac"] is None


@pytest.mark.parametrize(
    ("credit", "record", "share"),
    [
        ("all_or_nothing", {"status": "handed_over", "criteria_met": 3, "criteria_total": 4}, "0"),
        ("all_or_nothing", {"status": "deemed_accepted"}, "1"),
        ("half_and_half", {"status": "planned"}, "0"),
        ("half_and_half", {"status": "handed_over"}, "0.5"),
        ("half_and_half", {"status": "planned", "criteria_met": 1, "criteria_total": 4}, "0.5"),
        ("criteria", {"status": "planned", "criteria_met": 3, "criteria_total": 4}, "0.75"),
        ("criteria", {"status": "planned"}, "0"),
        ("all_or_nothing", {"status": "planned", "credit": "criteria", "criteria_met": 1, "criteria_total": 2}, "0.5"),
    ],
)  # fmt: skip
def test_a_milestone_is_credited_by_the_rule_that_was_agreed(
    credit: Credit, record: dict[str, Any], share: str
) -> None:
    """0/100, 50/50 or the share of its criteria; a milestone may have a rule of its own."""
    assert credited(record, credit) == D(share)


PLAN = [
    milestone("a", 60, date(2026, 10, 1), "accepted"),
    milestone("b", 10, date(2026, 11, 1)),
    milestone("c", 30, date(2026, 12, 1)),
]


def project(total: int, spent: int, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A baseline and the sums of one entry."""
    baseline = {"version": 1, "total": usd(total), "currency": "USD", "measure": "incurred", **more}
    entry = {"status": "posted", "measure": "incurred", "class": "staff", "work_date": date(2026, 11, 2)}
    return baseline, recompute([{**entry, "base_amount": usd(spent)}], "USD")


def test_the_figures_of_a_project_come_from_its_plan_and_its_ledger() -> None:
    """What was due is planned, what was accepted is earned, what the ledger says is spent."""
    found = earned_facts(*project(100_000, 66_000), PLAN, TODAY)
    assert found is not None
    assert (found["pv"], found["ev"], found["ac"]) == (usd(70_000), usd(60_000), usd(66_000))
    assert found["eac"] == usd(110_000)


def test_a_change_adds_to_what_is_still_to_be_done() -> None:
    """After +25,000 the accepted and the overdue milestone keep their values, the one to come is worth more."""
    baseline, sums = project(100_000, 66_000)
    values = rebaselined(baseline, PLAN, usd(25_000), TODAY, "all_or_nothing")
    changed = {**baseline, "total": usd(125_000), "values": values}
    found = earned_facts(changed, sums, PLAN, TODAY, EarnedPlan("both"))
    assert found is not None
    assert (found["pv"], found["ev"], found["bac"]) == (usd(70_000), usd(60_000), usd(125_000))
    assert (found["eac"], found["percent"]) == (usd("149416.67"), D("0.48"))
    later = [{**m, "status": "accepted"} for m in PLAN]
    done = earned_facts(changed, sums, later, date(2026, 12, 2))
    assert done is not None
    assert (done["ev"], done["pv"]) == (usd(125_000), usd(125_000))


def test_half_done_work_keeps_what_it_earned_when_its_value_grows() -> None:
    """60 of 100 criteria met are 60,000 of 100,000, and still 60,000 of 125,000; the rest earns what was added."""
    plan = [milestone("a", 100, date(2026, 12, 1), criteria_met=6, criteria_total=10)]
    baseline, sums = project(100_000, 66_000)
    values = rebaselined(baseline, plan, usd(25_000), TODAY, "criteria")
    changed = {**baseline, "total": usd(125_000), "values": values}

    def earned(met: int) -> Money:
        plan_then = [{**plan[0], "criteria_met": met}]
        found = earned_facts(changed, sums, plan_then, TODAY, EarnedPlan(credit="criteria"))
        assert found is not None
        amount: Money = found["ev"]
        return amount

    assert [earned(met) for met in (3, 6, 8, 10)] == [usd(n) for n in (30_000, 60_000, 92_500, 125_000)]


def test_a_change_may_name_what_it_is_for() -> None:
    """The milestone that a change names takes its value; one that is over takes none any more."""
    plan = [*PLAN, milestone("d", 0, date(2026, 12, 20))]
    baseline, _ = project(100_000, 0)
    named = rebaselined(baseline, plan, usd(8_000), TODAY, "all_or_nothing", ["d"])
    assert (named["d"]["value"], named["c"]["value"]) == (usd(8_000), usd(30_000))
    late = rebaselined(baseline, plan, usd(8_000), TODAY, "all_or_nothing", ["a"])
    assert (late["a"]["value"], late["c"]["value"]) == (usd(60_000), usd(38_000))


def test_without_weights_there_is_nothing_to_earn() -> None:
    """A project whose plan has no weights has no earned value, rather than one of zero that alarms everybody."""
    assert earned_facts(*project(100_000, 1), [milestone("a", 0, TODAY)], TODAY) is None
    assert earned_facts(*project(100_000, 1), [], TODAY) is None


@given(
    st.lists(st.integers(0, 1000), min_size=1, max_size=9).filter(any),
    st.decimals(min_value="0.01", max_value="9999999", places=2),
    st.decimals(min_value="-9999", max_value="9999", places=2),
)
def test_the_values_of_milestones_add_up_to_the_baseline(
    weights: list[int], total: Decimal, difference: Decimal
) -> None:
    """Every cent of the total belongs to some milestone, before and after a change."""
    plan = [milestone(f"m{n}", w, date(2026, 12, 1)) for n, w in enumerate(weights)]
    baseline = {"total": usd(total), "currency": "USD", "measure": "incurred", "version": 1}
    first = values_of(baseline, plan)
    assert sum((v["value"] for v in first.values()), start=usd(0)) == usd(total)
    after = rebaselined(baseline, plan, usd(difference), TODAY, "all_or_nothing")
    assert sum((v["value"] for v in after.values()), start=usd(0)) == usd(total) + usd(difference)


@given(st.sampled_from(METHODS), *[st.integers(0, 10_000) for _ in range(4)])
def test_no_figures_break_the_arithmetic(method: Method, bac: int, pv: int, ev: int, ac: int) -> None:
    """Whatever the amounts, differences add up and there is a number or none."""
    found = figures(bac, pv, ev, ac, method=method, to_complete=usd(10))
    assert found["cv"] + found["ac"] == found["ev"]
    assert found["eac"] is None or found["eac"] + found["vac"] == found["bac"]
