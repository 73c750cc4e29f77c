"""The budget bar: amounts become places on one line, true to scale, whatever the figures are."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from service.web.budget_bar import draw_budget_bar

LEVELS = [Decimal("0.5"), Decimal("0.8"), Decimal(1)]
AMOUNTS = st.decimals(min_value=0, max_value=10**12, places=2)


def test_a_budget_that_holds_fills_the_line_to_its_total() -> None:
    """81 of 100 is drawn at 81 %, the reserve is the last 5 %, levels passed are marked so."""
    bar = draw_budget_bar("USD", Decimal(100), Decimal(81), Decimal(4), Decimal(95), Decimal(5), LEVELS)
    assert (bar.total_at, bar.within_width, bar.over_width) == (100, 81, 0)
    assert (bar.committed_width, bar.outlined_from, bar.forecast_width) == (4, 85, 10)
    assert (bar.reserve_from, bar.reserve_width) == (95, 5)
    assert [(tick.at, tick.passed) for tick in bar.ticks] == [(50, True), (80, True), (100, False)]


def test_an_overrun_is_drawn_beyond_the_total() -> None:
    """What is over the total stands right of its mark, and the line has room for it."""
    bar = draw_budget_bar("USD", Decimal(100), Decimal(125), levels=LEVELS)
    assert bar.total_at < bar.spent_at < 100
    assert bar.over_width == bar.spent_at - bar.total_at


def test_a_level_reached_exactly_is_passed_and_one_below_by_a_hair_is_not() -> None:
    """80.00 of 100 has passed 80 %; 79.995 has not, though it may print as 80.0 %."""
    reached = draw_budget_bar("USD", Decimal(100), Decimal("80.00"), levels=LEVELS)
    missed = draw_budget_bar("USD", Decimal(100), Decimal("79.995"), levels=LEVELS)
    assert [tick.passed for tick in reached.ticks] == [True, True, False]
    assert [tick.passed for tick in missed.ticks] == [True, False, False]


def test_crowded_levels_keep_their_labels_apart() -> None:
    """A label too near the one before it goes to the second lane; those at the ends stay inside."""
    bar = draw_budget_bar(
        "USD", Decimal(100), Decimal(0), levels=[Decimal("0.9"), Decimal("0.95"), Decimal(1)]
    )
    assert [(tick.lane, tick.anchor) for tick in bar.ticks] == [(0, "middle"), (1, "middle"), (0, "end")]


def test_no_budget_and_credits_are_drawn_as_nothing() -> None:
    """Without a total there is no scale to put levels on; a negative spend has no width."""
    assert draw_budget_bar("USD", Decimal(0), Decimal(0), levels=LEVELS).ticks == ()
    credited = draw_budget_bar("USD", Decimal(100), Decimal(-20), Decimal(30), levels=LEVELS)
    assert (credited.spent, credited.within_width, credited.committed_width) == (-20, 0, 30)


@given(
    total=AMOUNTS, spent=AMOUNTS, committed=AMOUNTS, forecast=st.none() | AMOUNTS, share=st.integers(0, 100)
)
def test_every_part_stays_on_the_line(
    total: Decimal, spent: Decimal, committed: Decimal, forecast: Decimal | None, share: int
) -> None:
    """For any amounts, parts follow one another from left to right between 0 and 100, and none has a negative width."""
    bar = draw_budget_bar("USD", total, spent, committed, forecast, total * share / 100, LEVELS)
    assert 0 <= bar.spent_at <= bar.outlined_from <= 100
    assert bar.spent_at + bar.committed_width == bar.outlined_from
    assert bar.within_width + bar.over_width == bar.spent_at
    assert bar.outlined_from + bar.forecast_width <= 100
    assert bar.reserve_from >= 0
    assert bar.reserve_from + bar.reserve_width == bar.total_at <= 100
    assert all(0 <= tick.at <= 100 for tick in bar.ticks)
