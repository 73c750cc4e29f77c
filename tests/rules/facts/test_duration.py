"""Durations read as they are written, and compare only where the comparison has a meaning."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts.duration import BadDuration, Duration, DurationMismatch, Unit

units: st.SearchStrategy[Unit] = st.sampled_from(["m", "h", "d", "wd", "w"])
durations = st.builds(Duration, st.integers(-500, 500), units)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3wd", Duration(3, "wd")),
        ("+1wd", Duration(1, "wd")),
        ("-10wd", Duration(-10, "wd")),
        ("0d", Duration(0, "d")),
        (" 30m ", Duration(30, "m")),
        ("2w", Duration(2, "w")),
    ],
)
def test_durations_are_read_as_the_rules_write_them(text: str, expected: Duration) -> None:
    """A sign, a whole number and a unit."""
    parsed = Duration.parse(text)
    assert (parsed.amount, parsed.unit) == (expected.amount, expected.unit)


@pytest.mark.parametrize(
    "text", ["", "3", "wd", "1.5h", "3 wd", "--1d", "3WD", "3y", "99999999m", "３d", "1h30m"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    """The message names the units that are allowed."""
    with pytest.raises(BadDuration, match=r"m, h, d, wd, w|ten years"):
        Duration.parse(text)


@pytest.mark.parametrize("text", ["3661d", "2611wd", "-524w", "9999999m"])
def test_no_duration_is_longer_than_ten_years(text: str) -> None:
    """A typing mistake cannot make a calendar walk for centuries."""
    with pytest.raises(BadDuration, match="ten years"):
        Duration.parse(text)


def test_a_duration_counts_whole_known_units() -> None:
    """Fractions, truth values and unknown units are refused."""
    for amount, unit in ((1.5, "d"), (True, "d"), (1, "y")):
        with pytest.raises(BadDuration):
            Duration(amount, unit)  # type: ignore[arg-type]


def test_fixed_units_compare_by_length() -> None:
    """30m < 2h, and a week is seven days."""
    assert Duration.parse("30m") < Duration.parse("2h")
    assert Duration.parse("1w") == Duration.parse("7d")
    assert Duration.parse("24h") <= Duration.parse("1d")
    assert Duration.parse("3d") > Duration.parse("71h")
    assert Duration.parse("1d") >= Duration.parse("1440m")
    assert hash(Duration.parse("1w")) == hash(Duration.parse("7d"))


def test_working_days_compare_only_with_working_days() -> None:
    """3wd is neither more nor less than 4d: that depends on the calendar."""
    assert Duration.parse("-1wd") < Duration.parse("3wd")
    assert Duration.parse("3wd") == Duration.parse("+3wd")
    assert Duration.parse("3wd") != Duration.parse("3d")
    with pytest.raises(DurationMismatch):
        _ = Duration.parse("3wd") < Duration.parse("4d")
    with pytest.raises(DurationMismatch):
        _ = Duration.parse("4d") >= Duration.parse("3wd")


def test_nothing_is_nothing_in_every_unit() -> None:
    """`offset > 0d` holds for +1wd: against zero only the sign counts."""
    assert Duration.parse("0d") == Duration.parse("0wd") == Duration.parse("-0m")
    assert hash(Duration.parse("0d")) == hash(Duration.parse("0wd"))
    assert Duration.parse("1wd") > Duration.parse("0d")
    assert Duration.parse("-1d") < Duration.parse("0wd")
    assert not Duration.parse("0wd")


def test_fixed_durations_have_a_length_and_working_days_need_a_calendar() -> None:
    """Seconds and timedelta exist for fixed units alone."""
    assert Duration.parse("-2h").timedelta == timedelta(hours=-2)
    assert Duration.parse("1w").seconds == 7 * 86_400
    with pytest.raises(DurationMismatch, match="calendar"):
        _ = Duration.parse("1wd").seconds


def test_a_duration_is_no_number() -> None:
    """Comparing with a bare number is an error, not a guess."""
    assert Duration.parse("3d") != 3
    with pytest.raises(TypeError):
        _ = Duration.parse("3d") < 3  # type: ignore[operator]


@given(durations)
def test_a_duration_reads_back_from_its_text(duration: Duration) -> None:
    """Text keeps amount and unit; negation and absolute value are what they say."""
    again = Duration.parse(str(duration))
    assert (again.amount, again.unit) == (duration.amount, duration.unit)
    opposite = -duration
    assert -opposite == duration
    assert abs(duration) == abs(opposite)


@given(durations, durations)
def test_equal_durations_have_equal_hashes(first: Duration, second: Duration) -> None:
    """Durations are safe as keys, and order agrees with equality."""
    if first == second:
        assert hash(first) == hash(second)
    try:
        assert (first < second) + (first > second) + (first == second) == 1
    except DurationMismatch:
        assert first != second
