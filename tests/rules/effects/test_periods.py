"""Closed books stay as they are: what changes in them is adjusted in the open period, and opening them takes two."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts.event import Event
from rules.facts.ledger import effective, recompute
from rules.facts.money import Money
from tests.rules.effects.world import MONDAY, World, types, usd

AUGUST = date(2026, 8, 31)
JULY = date(2026, 7, 31)
IN_AUGUST = date(2026, 8, 20)
TODAY = date(2026, 9, 21)


@pytest.fixture
def world() -> World:
    return World()


def bill(
    world: World, version: int, amount: str | None, on: date = IN_AUGUST, key: str = "bill/1"
) -> list[Event]:
    """One state of a bill; none for its amount voids it."""
    entry = {"work_date": on, "class": "material", "amount": usd(amount or 0)}
    verb = "received" if amount else "voided"
    return world.tell(f"bill.{verb}", key, connection="books", version=str(version), entry=entry)


def close(world: World, day: date = AUGUST, by: str = "wang") -> list[Event]:
    return world.tell("period.closed", person=by, period={"closed_until": day})


def in_august(world: World) -> Decimal:
    days = world.get("sums")["days"].get("incurred", {})
    return sum((amount for day, amount in days.items() if day <= AUGUST.isoformat()), start=Decimal(0))


def test_a_correction_of_a_closed_period_is_an_adjustment_in_the_open_one(world: World) -> None:
    """The entry keeps its figure; the difference is an entry of today that names it, and the ledger says posted."""
    bill(world, 1, "1500.00")
    close(world)
    told = bill(world, 2, "1200.00")
    assert types(told) == ["bill.received", "ledger.posted"]
    original, adjustment = sorted(world.all("entry"), key=lambda e: len(e["id"]))
    assert (original["base_amount"], original["work_date"]) == (usd("1500.00"), IN_AUGUST)
    assert [v["fields"]["amount"] for v in original["versions"]] == [usd("1500.00"), usd("1200.00")]
    assert (adjustment["base_amount"], adjustment["work_date"]) == (usd("-300.00"), TODAY)
    assert adjustment["adjusts"] == original["id"]
    assert told[1].objects["entry"]["adjusts"] == original["id"]
    assert (world.spent, in_august(world)) == (usd("1200.00"), 1500)


def test_a_void_of_a_closed_period_is_taken_back_in_the_open_one(world: World) -> None:
    """And a later restore adds it again: each step is one more line."""
    bill(world, 1, "1500.00")
    close(world)
    bill(world, 2, None)
    assert (world.spent, in_august(world)) == (usd(0), 1500)
    bill(world, 3, "1500.00")
    assert (world.spent, in_august(world)) == (usd("1500.00"), 1500)
    assert len(world.all("entry")) == 3
    assert types(bill(world, 3, "1500.00")) == ["bill.received"]


def test_what_arrives_late_for_a_closed_day_counts_on_an_open_one(world: World) -> None:
    """It keeps its work date, and says on which day it was booked."""
    close(world)
    bill(world, 1, "80.00")
    (entry,) = world.all("entry")
    assert (entry["work_date"], entry["booked_on"]) == (IN_AUGUST, TODAY)
    assert in_august(world) == 0
    bill(world, 2, "90.00")
    assert (world.spent, in_august(world)) == (usd("90.00"), 0)
    assert len(world.all("entry")) == 1, "what counts on an open day is corrected where it stands"


def test_an_entry_cannot_be_moved_back_into_a_closed_period(world: World) -> None:
    """A bill of September that turns out to be of August counts in September."""
    bill(world, 1, "80.00", date(2026, 9, 3))
    close(world)
    bill(world, 2, "80.00", IN_AUGUST)
    assert (world.spent, in_august(world)) == (usd("80.00"), 0)


def test_a_change_of_class_moves_the_money_in_the_open_period(world: World) -> None:
    """Two lines: out of one class and into the other; the total stays."""
    bill(world, 1, "80.00")
    close(world)
    entry = {"work_date": IN_AUGUST, "class": "travel", "amount": usd("80.00")}
    world.tell("bill.changed", "bill/1", connection="books", version="2", entry=entry)
    adjustments = {e["class"]: e["base_amount"] for e in world.all("entry") if e.get("adjusts")}
    assert adjustments == {"material": usd("-80.00"), "travel": usd("80.00")}
    assert world.spent == usd("80.00")


def test_a_lock_in_the_file_closes_as_well(world: World) -> None:
    """The organisation's or the project's `closed_until`, whichever is later; a closing never goes back by itself."""
    bill(world, 1, "80.00")
    world.mend(project=replace(world.project, closed_until=AUGUST))
    bill(world, 2, "90.00")
    assert (world.spent, in_august(world)) == (usd("90.00"), 80)
    close(world, date(2026, 7, 31))
    close(world, date(2026, 6, 30))
    assert world.get("period")["closed_until"] == date(2026, 7, 31)


def ask_to_open(world: World, by: str, day: date | None = JULY) -> list[str]:
    period = {"closed_until": day, "reason": "a bill was missing"}
    return types(world.tell("period.reopening", person=by, period=period))


def test_opening_a_period_again_takes_two_people(world: World) -> None:
    """One asks, and those who may agree are asked, never the first one; their word opens the books."""
    bill(world, 1, "80.00")
    close(world)
    assert ask_to_open(world, "lin") == ["period.reopening", "approval.sent"]
    assert ask_to_open(world, "lin") == ["period.reopening"], "the same is asked once"
    assert ask_to_open(world, "ann") == ["period.reopening"], (
        "a contact of the client has no say in the books"
    )
    (question,) = world.all("approval")
    assert (question["party"], question["asked"], question["requested_by"]) == ("team", ["wang"], "lin")
    assert world.answer("lin") == [], "never the same person twice"
    assert world.get("period")["closed_until"] == AUGUST
    assert types(world.answer("wang")) == ["approval.answered", "period.reopened"]
    period = world.get("period")
    assert period["closed_until"] == JULY
    assert {k: period["steps"][-1][k] for k in ("by", "agreed_by")} == {"by": "lin", "agreed_by": "wang"}
    bill(world, 2, "90.00")
    assert (world.spent, in_august(world)) == (usd("90.00"), 90)
    assert len(world.all("entry")) == 1


def test_what_a_second_person_agrees_to_is_said_in_full(world: World) -> None:
    """Until when, why, who asks, and that nobody checked who it was; in the language of whoever is asked."""
    close(world)
    period = {"closed_until": JULY, "reason": "a bill was missing", "declared": "deploy"}
    world.tell("period.reopening", person="lin", period=period)
    (question,) = world.all("approval")
    assert question["texts"]["zh-CN"]["text"].splitlines() == [
        "重新打开 Apollo 的账期",
        "此后关账至：2026-07-31",
        "原因：a bill was missing",
        "申请人：Lin Hao（由系统账号 deploy 在命令行中声明，未核实身份）",
    ]


def test_a_second_person_who_does_not_agree_leaves_the_books_closed(world: World) -> None:
    """Whoever asked is told why."""
    close(world)
    ask_to_open(world, "lin")
    told = world.answer("wang", "rejected", "the bill belongs to September")
    assert types(told) == ["approval.answered", "task.opened"]
    task = told[1].objects["task"]
    assert (task["owner"], "the bill belongs to September" in task["title"]) == ("lin", True)
    assert world.get("period")["closed_until"] == AUGUST


def test_another_day_is_another_question(world: World) -> None:
    """The one before is over: nobody agrees to something else than what was asked last."""
    close(world)
    ask_to_open(world, "lin", JULY)
    assert ask_to_open(world, "lin", None) == ["period.reopening", "approval.superseded", "approval.sent"]
    assert types(world.answer("wang")) == ["approval.answered", "period.reopened"]
    assert world.get("period")["closed_until"] is None


def test_a_request_that_nobody_answered_runs_out(world: World) -> None:
    """After its five working days nobody can agree to it any more; it can be asked again."""
    close(world)
    ask_to_open(world, "lin", None)
    world.now = MONDAY + timedelta(days=9)
    assert world.answer("wang") == []
    assert world.get("period")["closed_until"] == AUGUST
    assert ask_to_open(world, "lin", None)[-1] == "approval.sent"


states = st.tuples(st.integers(1, 9), st.none() | st.sampled_from(["10.00", "25.50", "99.99"]))
arrivals = st.lists(
    st.tuples(st.integers(0, 2), states, st.sampled_from([IN_AUGUST, date(2026, 9, 4)])), max_size=12
)


@given(arrivals, st.lists(st.integers(0, 12), max_size=3))
def test_whatever_is_closed_when_the_lines_add_up_to_the_newest_states(
    arriving: list[tuple[int, tuple[int, str | None], date]], closings: list[int]
) -> None:
    """The total is that of the newest states, the printed lines add up to it, and closed days never change."""
    world, newest = World(), {}
    closed: Decimal | None = None
    for place, (number, (version, amount), on) in enumerate(arriving):
        if place in closings and closed is None:
            close(world)
            closed = in_august(world)
        key = f"bill/{number}"
        if version not in [v for k, v in newest if k == key]:
            newest[key, version] = amount
            bill(world, version, amount, on, key)
    expected = Money(Decimal(0), "USD")
    for number in range(3):
        of_key = {v: a for (k, v), a in newest.items() if k == f"bill/{number}"}
        expected += usd(of_key[max(of_key)] or 0) if of_key else usd(0)
    assert world.spent == expected
    lines = [fact["amount"] for e in world.all("entry") if (fact := effective(e)) is not None]
    assert sum(lines, start=usd(0)) == expected
    sums = {k: v for k, v in world.get("sums").items() if k not in ("id", "project", "client")}
    assert recompute(world.all("entry"), "USD") == sums
    assert closed is None or in_august(world) == closed
