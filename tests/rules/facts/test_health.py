"""A project in one word: green until something keeps it from that, and then with the reasons, the worst first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from rules.facts.calendar import make_calendar
from rules.facts.health import Condition, health
from rules.facts.money import Money

TODAY = date(2026, 9, 21)
WELL = Condition("active", TODAY, (make_calendar("US", "US"),))


def usd(amount: int) -> Money:
    return Money(Decimal(amount), "USD")


def milestone(due: date, **more: Any) -> dict[str, Any]:
    return {"title": "Launch", "due": due, "status": "planned", **more}


def spent(used: str, at_completion: int | None = None) -> dict[str, Any]:
    """Budget and forecast of 100,000 of which a part is spent."""
    forecast = {"at_completion": usd(at_completion)} if at_completion is not None else None
    return {"budget": {"used": Decimal(used), "total": usd(100_000)}, "forecast": forecast}


def test_a_project_of_which_nothing_bad_is_known_is_green() -> None:
    """Also before it has a baseline, and with all of its plan ahead."""
    assert health(WELL) == ("green", ())
    ahead = replace(WELL, milestones=[milestone(date(2026, 12, 4))], **spent("0.4", 98_000))
    assert health(ahead) == ("green", ())


@pytest.mark.parametrize("status", ["draft", "closed", "archived"])
def test_a_project_that_has_not_begun_or_is_over_has_no_colour(status: str) -> None:
    """However late its milestones are."""
    late = replace(WELL, status=status, milestones=[milestone(date(2026, 1, 5))])
    assert health(late) == ("none", ())


@pytest.mark.parametrize(
    ("known", "colour", "what"),
    [
        (spent("1.0001"), "red", "budget_over"),
        (spent("1"), "amber", "budget_nearly"),
        (spent("0.9"), "amber", "budget_nearly"),
        (spent("0.8999"), "green", None),
        (spent("0.5", 110_000), "red", "forecast_far_over"),
        (spent("0.5", 109_999), "amber", "forecast_over"),
        (spent("0.5", 100_000), "green", None),
        (spent("1.2", 120_000), "red", "budget_over"),
    ],
)
def test_money_is_amber_where_it_will_not_do_and_red_where_it_is_far_off(
    known: dict[str, Any], colour: str, what: str | None
) -> None:
    """Over the budget, or a forecast of a tenth more: red. One reason of money is enough."""
    found = health(replace(WELL, milestones=[milestone(date(2026, 12, 4))], **known))
    assert (found[0], [r.what for r in found[1]]) == (colour, [what] if what else [])


def test_a_budget_that_is_nearly_used_worries_nobody_once_everything_is_accepted() -> None:
    """What is left to do decides, not the figure alone."""
    done = [milestone(date(2026, 9, 1), status="accepted"), milestone(date(2026, 9, 2), status="cancelled")]
    assert health(replace(WELL, milestones=done, **spent("0.97")))[0] == "green"


@pytest.mark.parametrize(
    ("due", "colour"),
    [
        (date(2026, 9, 21), "green"),
        (date(2026, 9, 18), "amber"),
        (date(2026, 9, 14), "amber"),
        (date(2026, 9, 11), "red"),
    ],
)
def test_a_late_milestone_is_red_after_five_working_days(due: date, colour: str) -> None:
    """From Friday to Monday is one day late, whatever the weekend says."""
    found = health(replace(WELL, milestones=[milestone(due)]))
    assert (found[0], [(r.what, r.of) for r in found[1]]) == (
        colour,
        [] if colour == "green" else [("milestone_late", "Launch")],
    )


def test_what_was_handed_over_is_late_no_more_and_what_slips_is_amber() -> None:
    """Once it is with the client, the clock of the team stands still."""
    over = milestone(date(2026, 9, 1), handed_over_at=datetime(2026, 9, 3, tzinfo=UTC), status="delivered")
    assert health(replace(WELL, milestones=[over]))[0] == "green"
    slips = milestone(date(2026, 12, 4), forecast_date=date(2026, 12, 9))
    (colour, (reason,)) = health(replace(WELL, milestones=[slips]))
    assert (colour, reason.what, reason.of) == ("amber", "milestone_slips", "Launch")


def test_the_worst_reason_gives_the_colour_and_comes_first() -> None:
    """Four sides, each with its word; findings count once they are late."""
    bad = replace(
        WELL,
        milestones=[milestone(date(2026, 9, 18))],
        risks=[{"title": "Supplier", "status": "triggered", "plan": None, "score": 6}],
        complaints=[{"status": "open", "due": TODAY}, {"status": "resolved", "due": date(2026, 9, 1)}],
        findings=[
            {"status": "open", "due": date(2026, 9, 18)},
            {"status": "open", "due": TODAY},
            {"status": "closed", "due": None},
        ],
    )
    colour, reasons = health(bad)
    assert colour == "red"
    assert [(r.what, r.colour, r.of) for r in reasons] == [
        ("risk_triggered", "red", "Supplier"),
        ("milestone_late", "amber", "Launch"),
        ("complaint_open", "amber", "1"),
        ("finding_late", "amber", "1"),
    ]
