"""CSAT and NPS from answers, as published and as they are counted by hand."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from rules.facts.survey import csat, fits, nps, satisfaction, team_pulse

SCORES = st.lists(st.integers(0, 10), min_size=1, max_size=60)


def test_the_published_answers_give_the_published_nps() -> None:
    """3, 7, 8, 9 and 10: two of five promote, one of five detracts."""
    assert nps([3, 7, 8, 9, 10]) == 20


def test_csat_is_the_share_of_fours_and_fives() -> None:
    """Of 5, 4, 3 and 1 half are content."""
    assert csat([5, 4, 3, 1]) == Decimal("0.5")


def test_nobody_who_answered_is_no_figure() -> None:
    """Silence is neither zero nor a hundred."""
    assert (csat([]), nps([])) == (None, None)
    asked = {"kind": "csat", "party": "client", "score": None}
    assert satisfaction([asked]) == {"csat": None, "nps": None, "pulse": None, "asked": 1, "answered": 0}


@given(SCORES)
def test_nps_lies_between_minus_and_plus_a_hundred_and_knows_no_order(scores: list[int]) -> None:
    """Whatever was answered, in whichever order it came in."""
    found = nps(scores)
    assert found is not None
    assert -100 <= found <= 100
    assert nps(list(reversed(scores))) == found


@given(SCORES)
def test_one_more_promoter_never_lowers_the_nps(scores: list[int]) -> None:
    """A better answer is no worse for the figure."""
    before, after = nps(scores), nps([*scores, 10])
    assert before is not None
    assert after is not None
    assert after >= before


def test_a_score_off_its_scale_is_no_answer() -> None:
    """Eleven of ten, six of five, true and text are refused."""
    assert [fits("nps", s) for s in (0, 10, 11, -1)] == [True, True, False, False]
    assert [fits("csat", s) for s in (1, 5, 0, 6, True, "5", None)] == [
        True,
        True,
        False,
        False,
        False,
        False,
        False,
    ]


def test_two_answers_of_a_team_are_shown_to_nobody() -> None:
    """With two answers a mean would name who said what."""
    answers = [{"kind": "pulse", "party": "team", "score": s} for s in (2, 5, 5)]
    assert team_pulse(answers[:2])["mean"] is None
    assert team_pulse(answers) == {"mean": Decimal("4.00"), "asked": 3, "answered": 3}
