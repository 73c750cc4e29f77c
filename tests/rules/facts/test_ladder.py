"""Each level speaks once per crossing, takes back what was wrong, and never twice says the same."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts.codec import dumps, loads
from rules.facts.ladder import (
    BadLadder,
    Cleared,
    Fired,
    Ladder,
    NextMessage,
    NotCrossed,
    Outcome,
    give_back,
    level_key,
    next_message,
    rebase,
    step,
)

D = Decimal
BUDGET = Ladder((D("0.5"), D("0.8"), D("1")))
MARGIN = Ladder((D("0.2"), D("0.1"), D("0")), "down", D("0.03"))


def walk(
    values: Iterable[str], ladder: Ladder = BUDGET, memory: dict[str, Any] | None = None
) -> list[Outcome]:
    """The outcomes of these values in turn."""
    outcomes = []
    for value in values:
        memory, outcome = step(memory, D(value), ladder)
        outcomes.append(outcome)
    return outcomes


def after(*values: str, ladder: Ladder = BUDGET) -> dict[str, Any]:
    """The memory after these values."""
    memory: dict[str, Any] = {}
    for value in values:
        memory, _ = step(memory, D(value), ladder)
    return memory


def state(memory: dict[str, Any], level: str) -> tuple[str, int]:
    """State and epoch of one level."""
    held = memory["levels"][level]
    return held["state"], held["epoch"]


class Budget:
    """A budget of 100,000 with its bills and its ladder."""

    def __init__(self) -> None:
        self.bills: dict[str, Decimal] = {}
        self.total = D(100_000)
        self.memory: dict[str, Any] | None = None

    @property
    def used(self) -> Decimal:
        return sum(self.bills.values(), start=D(0)) / self.total

    def book(self, bill: str, amount: int) -> Outcome:
        """A bill is posted, corrected, or with 0 voided."""
        self.bills[bill] = D(amount)
        return self._look()

    def baseline(self, total: int) -> Outcome:
        """A new total is approved."""
        self.total = D(total)
        self.memory = rebase(self.memory, self.used, BUDGET)
        return self._look()

    def _look(self) -> Outcome:
        self.memory, outcome = step(self.memory, self.used, BUDGET)
        return outcome


def test_the_life_of_a_budget_ladder() -> None:
    """Alerts at 80, 80 again, 100, and 100 again after an increase; corrections clear, repetition is silence."""
    budget = Budget()
    half, eighty, full = D("0.5"), D("0.8"), D(1)
    assert budget.book("B1", 45000) == NotCrossed(half)
    assert budget.book("B2", 36000) == Fired(eighty, 1, superseded=(half,))
    assert budget.book("B2", 34000) == Cleared(((eighty, 1),))
    assert state(budget.memory or {}, "0.8") == ("cleared", 1)
    assert budget.book("B3", 1500) == NotCrossed(full)
    assert budget.book("B3", 0) == NotCrossed(full)
    assert budget.book("B2", 30000) == NotCrossed(eighty, rearmed=(eighty,))
    assert budget.book("B4", 6000) == Fired(eighty, 2)
    assert budget.book("B5", 20000) == Fired(full, 1)
    assert budget.baseline(125_000) == NotCrossed(full)
    assert state(budget.memory or {}, "0.8") == ("fired", 2)
    assert budget.used == D("0.808")
    assert budget.book("B6", 24000) == Fired(full, 2)
    assert budget.used == 1
    assert budget.book("B6", 24000) == NotCrossed()
    assert budget.baseline(110_000) == NotCrossed()
    assert budget.used > D("1.136")


def test_eight_tenths_are_reached_by_eight_times_a_tenth() -> None:
    """Exact decimals reach the level; what falls short by a hair does not."""
    tenth = D("0.1")
    assert walk([str(tenth * n) for n in range(1, 9)])[-1] == Fired(D("0.8"), 1)
    assert walk(["0.79995"]) == [Fired(D("0.5"), 1)]
    assert walk(["0.5"]) == [Fired(D("0.5"), 1)]


def test_re_arming_needs_a_fall_below_the_margin() -> None:
    """78.0 % is not below 78 %; 77.9 % is."""
    assert walk(["0.81", "0.78", "0.81"])[1:] == [Cleared(((D("0.8"), 1),)), NotCrossed(D(1))]
    assert walk(["0.81", "0.779", "0.81"])[1:] == [Cleared(((D("0.8"), 1),)), Fired(D("0.8"), 2)]


def test_a_deep_fall_clears_every_alert_at_once() -> None:
    """One correction names all alerts that no longer hold, the most serious first; superseded levels never spoke."""
    assert walk(["0.81", "1.2", "0.4"])[-1] == Cleared(((D(1), 1), (D("0.8"), 1)))
    assert walk(["1.2", "0.4", "0.6"])[1:] == [Cleared(((D(1), 1),)), Fired(D("0.5"), 2)]


def test_a_smaller_budget_may_reach_a_level() -> None:
    """After a cut, the step with the new percentage fires what was not reached before."""
    memory = rebase(after("0.7"), D("0.9"), BUDGET)
    _, outcome = step(memory, D("0.9"), BUDGET)
    assert outcome == Fired(D("0.8"), 1)


def test_a_new_baseline_re_arms_without_the_margin_and_without_a_word() -> None:
    """From 81 % to 79.9 % by an increase: armed again at once, and no correction."""
    memory = rebase(after("0.81"), D("0.799"), BUDGET)
    assert state(memory, "0.8") == ("armed", 2)
    assert state(memory, "0.5") == ("superseded", 1)
    assert walk(["0.799", "0.8"], memory=memory) == [NotCrossed(D("0.8")), Fired(D("0.8"), 2)]
    assert state(rebase(None, D("0.9"), BUDGET), "0.8") == ("armed", 1)


def test_history_is_remembered_and_says_nothing() -> None:
    """Levels passed before start are fired: no alert when work goes on, no correction when the figure falls."""
    memory, outcome = step(None, D("0.85"), BUDGET, history=True)
    assert outcome == Fired(D("0.8"), 1, (D("0.5"),), history=True)
    assert walk(["0.86", "0.79", "0.81", "0.7", "0.81"], memory=memory) == [
        NotCrossed(D(1)),
        NotCrossed(D(1)),
        NotCrossed(D(1)),
        NotCrossed(D("0.8"), rearmed=(D("0.8"),)),
        Fired(D("0.8"), 2),
    ]


def test_a_correction_is_not_lost_to_a_late_piece_of_history() -> None:
    """An old entry takes the figure below a level that was told: the next step that may speak takes the alert back."""
    memory, outcome = step(after("0.81"), D("0.7"), BUDGET, history=True)
    assert outcome == NotCrossed(D(1))
    assert walk(["0.7"], memory=memory) == [Cleared(((D("0.8"), 1),))]


def test_an_alert_that_never_left_is_given_back() -> None:
    """The level fires again with the next epoch, and what it superseded is free again; no correction is due."""
    memory = give_back(after("0.81"), D("0.8"), 1)
    assert walk(["0.81"], memory=memory) == [Fired(D("0.8"), 2, (D("0.5"),))]
    assert walk(["0.6"], memory=memory) == [Fired(D("0.5"), 1)]
    cleared = give_back(after("0.81", "0.79"), "0.8", 1)
    assert walk(["0.79", "0.8"], memory=cleared) == [Fired(D("0.5"), 1), Fired(D("0.8"), 2)]


def test_giving_back_an_alert_of_the_past_leaves_the_present_alone() -> None:
    """A level that has moved on keeps its state; what the unsent alert had superseded is free all the same."""
    memory = after("0.81", "0.7", "0.81")
    assert give_back(memory, D("0.8"), 1)["levels"]["0.8"] == memory["levels"]["0.8"]
    assert give_back(memory, D("0.9"), 1) == memory
    rebased = give_back(rebase(after("0.81"), D("0.64"), BUDGET), D("0.8"), 1)
    assert walk(["0.64"], memory=rebased) == [Fired(D("0.5"), 1)]


def test_a_level_given_back_stays_behind_a_higher_one_that_was_told() -> None:
    """With 100 told, 80 does not speak after it; should the figure fall from 100 to 85 first, both are said."""
    memory = give_back(after("0.81", "1.01"), D("0.8"), 1)
    assert walk(["1.01", "0.79"], memory=memory) == [NotCrossed(), Cleared(((D(1), 1),))]
    assert walk(["0.85"], memory=memory) == [Fired(D("0.8"), 2, (D("0.5"),), cleared=((D(1), 1),))]


def test_downward_ladders_mirror_upward_ones() -> None:
    """A margin that falls fires at or below its levels and is armed again above level plus margin."""
    low, lower, none = D("0.2"), D("0.1"), D(0)
    assert walk(["0.25", "0.2", "0.21", "0.19", "0.23", "0.231", "0.05", "-0.1", "0.15"], MARGIN) == [
        NotCrossed(low),
        Fired(low, 1),
        Cleared(((low, 1),)),
        NotCrossed(lower),
        NotCrossed(lower),
        NotCrossed(low, rearmed=(low,)),
        Fired(lower, 1, (low,)),
        Fired(none, 1),
        Cleared(((none, 1), (lower, 1))),
    ]


def test_the_correction_note_says_when_the_next_message_comes() -> None:
    """Now 79.0 %: at 100 %, or at 80 % again after a fall below 78 %."""
    assert next_message(after("0.81", "0.79"), D("0.79"), BUDGET) == NextMessage(D(1), D("0.8"), D("0.78"))
    assert next_message(after("0.81", "0.7"), D("0.7"), BUDGET) == NextMessage(D("0.8"), None, None)
    assert next_message(after("1.01", "0.99"), D("0.99"), BUDGET) == NextMessage(None, D(1), D("0.98"))
    down = after("0.19", "0.21", ladder=MARGIN)
    assert next_message(down, D("0.21"), MARGIN) == NextMessage(D("0.1"), D("0.2"), D("0.23"))


def test_what_the_correction_note_says_comes_true() -> None:
    """Nothing is said at 80 % before the fall; after it, 80 % speaks; 100 % speaks in any case."""
    told = next_message(after("0.81", "0.79"), D("0.79"), BUDGET)
    assert told.rearm_below is not None
    memory = after("0.81", "0.79")
    assert walk(["0.8", "0.9", "1"], memory=memory) == [NotCrossed(D(1)), NotCrossed(D(1)), Fired(D(1), 1)]
    below = told.rearm_below - D("0.0001")
    assert walk([str(below), "0.8"], memory=memory)[-1] == Fired(D("0.8"), 2)


def test_the_memory_is_a_record_that_can_be_stored() -> None:
    """It survives storing, keeps what others put into it, and knows a level however it is written."""
    memory = {**after("0.81"), "told": {"0.8@1": {"act_1": {"state": "sent"}}}}
    stored, outcome = step(loads(dumps(memory)), D("0.81"), Ladder((D("0.50"), D("0.80"), D("1.00"))))
    assert outcome == NotCrossed(D(1))
    assert stored == memory
    assert [level_key(D(text)) for text in ("0.80", "1.00", "100", "1E+2")] == ["0.8", "1", "100", "100"]


@pytest.mark.parametrize(("levels", "rearm"), [((), "0"), (("0.8", "0.80"), "0"), (("0.8",), "-0.1")])
def test_levels_that_make_no_ladder_are_refused(levels: tuple[str, ...], rearm: str) -> None:
    """No level, the same level twice, a negative margin."""
    with pytest.raises(BadLadder):
        Ladder(tuple(D(level) for level in levels), "up", D(rearm))


ladders = st.builds(
    Ladder,
    st.lists(st.integers(0, 12).map(lambda n: D(n) / 10), min_size=1, max_size=4, unique=True).map(tuple),
    st.sampled_from(["up", "down"]),
    st.integers(0, 30).map(lambda n: D(n) / 100),
)
figures = st.lists(st.integers(-20, 140).map(lambda n: D(n) / 100), max_size=15)


@given(ladders, figures)
def test_the_same_value_twice_changes_nothing(ladder: Ladder, values: list[Decimal]) -> None:
    """After any history, a repetition leaves the memory alone and says nothing."""
    memory: dict[str, Any] | None = None
    for value in values:
        memory, _ = step(memory, value, ladder)
        again, outcome = step(memory, value, ladder)
        assert again == memory
        assert isinstance(outcome, NotCrossed)
        assert outcome.rearmed == ()


@given(ladders, figures)
def test_no_alert_is_ever_given_twice(ladder: Ladder, values: list[Decimal]) -> None:
    """A level and epoch fire once at most, always at a value that meets the level, and are cleared once at most."""
    fired: list[tuple[Decimal, int]] = []
    cleared: list[tuple[Decimal, int]] = []
    memory: dict[str, Any] | None = None
    for value in values:
        memory, outcome = step(memory, value, ladder)
        if isinstance(outcome, Fired):
            assert ladder.met(outcome.level, value)
            assert not any(
                ladder.met(level, value) for level in set(ladder.levels) if _beyond(ladder, level, outcome)
            )
            fired.append((outcome.level, outcome.epoch))
        elif isinstance(outcome, Cleared):
            assert not any(ladder.met(level, value) for level, _ in outcome.levels)
            cleared.extend(outcome.levels)
    assert len(set(fired)) == len(fired)
    assert len(set(cleared)) == len(cleared)
    assert set(cleared) <= set(fired)


def _beyond(ladder: Ladder, level: Decimal, outcome: Fired) -> bool:
    return level > outcome.level if ladder.direction == "up" else level < outcome.level


@given(ladders, figures)
def test_down_is_up_with_the_sign_turned(ladder: Ladder, values: list[Decimal]) -> None:
    """Both directions are one behaviour."""
    turned = Ladder(
        tuple(-level for level in ladder.levels), "down" if ladder.direction == "up" else "up", ladder.rearm
    )
    one: dict[str, Any] | None = None
    other: dict[str, Any] | None = None
    for value in values:
        one, outcome = step(one, value, ladder)
        other, mirrored = step(other, -value, turned)
        assert type(outcome) is type(mirrored)
        assert [h["state"] for h in one["levels"].values()] == [h["state"] for h in other["levels"].values()]
