"""How a project went, by numbers: what is on record counts, and what nobody recorded is none."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rules.facts.calendar import make_calendar
from rules.facts.money import Money
from rules.facts.scorecard import retrospective, scorecard

CALS = (make_calendar("CN", "CN"),)
ZONE = "Asia/Shanghai"


def at(day: int, hour: int = 2, month: int = 9) -> datetime:
    """A time of 2026, in UTC."""
    return datetime(2026, month, day, hour, tzinfo=UTC)


def milestone(due: date, over: datetime | None, **more: Any) -> dict[str, Any]:
    return {"due": due, "handed_over_at": over, "status": "accepted" if over else "planned", **more}


def card(*milestones: dict[str, Any], budget: Any = None, issues: Any = ()) -> dict[str, Any]:
    return scorecard(milestones, budget, (), issues, CALS, ZONE)


def test_a_milestone_is_on_time_by_its_day_in_the_zone_of_the_project() -> None:
    """17:30 UTC on the last day is the next day in Shanghai already."""
    due = date(2026, 9, 21)
    side = card(
        milestone(due, at(21, 15)),
        milestone(due, at(21, 17)),
        milestone(due, None),
        milestone(due, None, status="cancelled"),
    )["schedule"]
    assert side == {"milestones": 3, "accepted": 2, "on_time": Decimal("0.5"), "late_days": Decimal("0.5")}


def test_lateness_counts_working_days_from_the_first_agreed_date() -> None:
    """A date that was moved by a change is kept to, and still later than agreed at first: over the national holiday
    from 30 September to 8 October it is one working day. Being early makes up for nobody's delay.
    """
    moved = milestone(date(2026, 10, 8), at(8, month=10), baseline_due=date(2026, 9, 30))
    early = milestone(date(2026, 9, 21), at(14))
    side = card(moved, early)["schedule"]
    assert (side["on_time"], side["late_days"]) == (Decimal(1), Decimal("0.5"))


def test_what_was_accepted_without_a_hand_over_came_on_the_day_of_its_acceptance() -> None:
    """Somebody forgot to say that it was handed over."""
    found = milestone(date(2026, 9, 21), None, status="deemed_accepted", accepted_at=at(22))
    assert card(found)["schedule"] == {
        "milestones": 1,
        "accepted": 1,
        "on_time": Decimal(0),
        "late_days": Decimal("1.0"),
    }


def test_cost_is_what_was_spent_of_the_budget_and_what_is_left_of_it() -> None:
    """Over the budget the difference is below nought; without a baseline there is none."""
    budget = {
        "spent": Money(Decimal("104000.50"), "CNY"),
        "total": Money(Decimal(100_000), "CNY"),
        "used": Decimal("1.040005"),
    }
    side = card(budget=budget)["cost"]
    assert (side["variance"], side["used"]) == (Money(Decimal("-4000.50"), "CNY"), Decimal("1.040005"))
    assert card()["cost"] == {"spent": None, "total": None, "used": None, "variance": None}


def test_quality_is_acceptance_at_the_first_round_and_what_was_opened_again() -> None:
    """An item that is open again counts as one that was done and came back; deleted ones count nowhere."""
    due = date(2026, 9, 21)
    issues = [
        {"status_group": "done"},
        {"status_group": "doing", "times_reopened": 2},
        {"status_group": "todo"},
        {"status_group": "done", "deleted": True},
    ]
    side = card(milestone(due, at(20), round=1), milestone(due, at(20), round=2), issues=issues)["quality"]
    assert side == {"first_round": Decimal("0.5"), "items_done": 2, "reopened": Decimal("0.5")}


def test_nothing_on_record_is_none_and_never_a_hundred_percent() -> None:
    """No milestone handed over is no punctuality."""
    side = card(milestone(date(2026, 9, 21), None))
    assert (side["schedule"]["on_time"], side["schedule"]["late_days"]) == (None, None)
    assert (side["quality"]["first_round"], side["quality"]["reopened"]) == (None, None)


def test_a_retrospective_counts_changes_meetings_and_delays() -> None:
    """A change that was applied counts with its sum and days; 20 September 2026 is a Sunday on which
    China works, so that a decision from Friday to Monday took two working days.
    """
    usd = Money(Decimal(8_000), "USD")
    changes = [
        {"status": "applied", "amount": usd, "days": 5, "sent_at": at(18), "decided_at": at(21)},
        {"status": "rejected", "amount": usd, "days": 9, "sent_at": at(14), "decided_at": at(17)},
        {"status": "draft"},
    ]
    meetings = [
        {
            "held_at": at(1),
            "minutes_sent_at": at(2),
            "minutes_due": date(2026, 9, 2),
            "objections": [{"text": "No"}],
        },
        {"held_at": at(3), "minutes_sent_at": at(9), "minutes_due": date(2026, 9, 4)},
        {"held_at": at(7), "minutes_sent_at": None},
        {"held_at": at(8), "minutes_sent_at": at(8), "minutes_due": None},
        {"held_at": None},
    ]
    delays = [
        {"cause": "client_input", "days": 5},
        {"cause": "scope_change", "days": 3},
        {"cause": "resource", "days": 2},
        {"cause": "technical", "days": 0},
    ]
    found = retrospective(changes, meetings, delays, "USD", CALS, ZONE)
    assert found["changes"] == {
        "count": 3,
        "by_outcome": {"applied": 1, "rejected": 1},
        "amount": usd,
        "days": 5,
        "decision_days": Decimal("2.5"),
    }
    assert found["meetings"] == {
        "held": 4,
        "with_minutes": Decimal("0.75"),
        "in_time": Decimal("0.5"),
        "objected": Decimal(1) / 3,
    }
    assert found["delays"]["by_cause"] == {"client_input": 5, "resource": 2, "scope_change": 3}
    assert found["delays"]["shares"] == {
        "client_input": 50,
        "resource": 20,
        "scope_change": 30,
    }


@given(
    st.lists(
        st.tuples(st.integers(1, 28), st.one_of(st.none(), st.integers(1, 28))),
        max_size=12,
    )
)
def test_shares_lie_between_nought_and_one_whatever_the_plan(plan: list[tuple[int, int | None]]) -> None:
    """And nobody is late by less than nothing."""
    found = card(*(milestone(date(2026, 9, due), at(day) if day else None) for due, day in plan))["schedule"]
    came = [day for _, day in plan if day]
    assert (found["on_time"] is None) == (not came) == (found["late_days"] is None)
    assert found["on_time"] is None or 0 <= found["on_time"] <= 1
    assert found["late_days"] is None or found["late_days"] >= 0
    assert found["accepted"] == len(came) <= found["milestones"]
