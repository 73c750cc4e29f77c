"""Working days are those people really work: holidays, make-up days, zones, changes of the clock."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rules.facts.calendar import (
    BadCalendar,
    CalendarRange,
    Hours,
    WorkCalendar,
    add_working_days,
    all_working,
    end_of_day,
    is_working,
    local_day,
    local_to_utc,
    make_calendar,
    nearest_working_day,
    next_opening,
    shift,
    shift_day,
    unconfirmed,
    working_days_between,
    working_days_late,
    zone_of,
)
from rules.facts.duration import Duration, DurationMismatch

CN = make_calendar("CN", "CN")
US = make_calendar("US", "US")
PLAIN = make_calendar("weekdays", "")
days = st.dates(date(2020, 1, 1), date(2030, 12, 31))


def day(text: str) -> date:
    """A date from its ISO form."""
    return date.fromisoformat(text)


def at(text: str) -> datetime:
    """A UTC time from its ISO form."""
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize("made_up", ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"])
def test_china_works_its_make_up_days_of_2026(made_up: str) -> None:
    """Six Saturdays and Sundays are worked in 2026."""
    assert day(f"2026-{made_up}").weekday() in (5, 6)
    assert is_working(CN, day(f"2026-{made_up}"))


@pytest.mark.parametrize(
    "off", ["01-02", "02-16", "02-20", "02-23", "04-06", "05-05", "09-25", "10-06", "10-07"]
)
def test_china_is_off_on_holidays_and_on_the_days_moved_to_them(off: str) -> None:
    """Weekdays that the official notice makes free are free."""
    assert day(f"2026-{off}").weekday() < 5
    assert not is_working(CN, day(f"2026-{off}"))


def test_china_works_as_many_days_as_its_notice_says() -> None:
    """2026 has 261 weekdays, 19 of them are off, and 6 weekend days are worked: 248."""
    everyday = [date(2026, 1, 1) + timedelta(n) for n in range(365)]
    assert sum(is_working(PLAIN, d) for d in everyday) == 261
    assert sum(is_working(CN, d) for d in everyday) == 248


def test_make_up_days_of_a_notice_count_before_new_year_too() -> None:
    """The notice for 2012 made Saturday, 31 December 2011 a working day."""
    assert is_working(CN, date(2011, 12, 31))


def test_a_year_without_an_official_notice_is_unconfirmed() -> None:
    """It keeps the weekly pattern and the holidays that the law fixes, has no make-up days, and says so."""
    year = next(y for y in range(2026, 2100) if unconfirmed(CN, y))
    assert not unconfirmed(CN, 2026)
    assert all(unconfirmed(CN, y) for y in (year, year + 1, 2150))
    assert not unconfirmed(US, year)
    assert not unconfirmed(PLAIN, year)
    everyday = [date(year, 1, 1) + timedelta(n) for n in range(365)]
    assert all(d.weekday() < 5 for d in everyday if is_working(CN, d))
    assert not is_working(CN, date(year, 10, 1))
    assert not is_working(CN, date(year, 1, 1))
    assert is_working(CN, nearest_working_day([PLAIN], date(year, 3, 10), "later"))


def test_other_countries_bring_their_holidays_and_their_week() -> None:
    """Thanksgiving, an observed 4th of July, a Bavarian holiday, and a week from Sunday to Thursday."""
    assert not is_working(US, day("2026-11-26"))
    assert not is_working(US, day("2026-07-03"))
    assert not is_working(make_calendar("bavaria", "DE-BY"), day("2026-01-06"))
    assert is_working(make_calendar("germany", "DE"), day("2026-01-06"))
    israel = make_calendar("israel", "IL")
    assert is_working(israel, day("2026-11-22"))
    assert not is_working(israel, day("2026-11-20"))
    assert make_calendar("hongkong", "HK").week == frozenset(range(5))


def test_own_days_win_over_the_country() -> None:
    """A factory that works Saturdays, rests on 24 December and works one Sunday for it."""
    factory = make_calendar(
        "factory", "CN", ["mon", "tue", "wed", "thu", "fri", "sat"], [day("2026-12-24")], [day("2026-12-27")]
    )
    assert is_working(factory, day("2026-12-19"))
    assert not is_working(factory, day("2026-12-24"))
    assert is_working(factory, day("2026-12-27"))
    assert not is_working(factory, day("2026-10-01"))
    worked = make_calendar("shift", "CN", range(5), (), [day("2026-10-01")])
    assert is_working(worked, day("2026-10-01"))


@pytest.mark.parametrize(
    ("base", "week", "message"),
    [
        ("ZZ", None, "CN or US"),
        ("China", None, "CN or US"),
        ("US-XX", None, "region"),
        ("../x", None, "CN or US"),
        ("", [], "without a working day"),
        ("", ["someday"], "no weekday"),
        ("", [7], "no weekday"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(base: str, week: list[int | str] | None, message: str) -> None:
    """The message says what is wrong and what is allowed."""
    with pytest.raises(BadCalendar, match=message):
        make_calendar("odd", base, week)


def test_a_day_cannot_be_off_and_worked() -> None:
    """A contradiction is named, not resolved by chance."""
    with pytest.raises(BadCalendar, match="2026-12-24 is both"):
        make_calendar("odd", "", None, [day("2026-12-24")], [day("2026-12-24")])


def test_stepping_back_over_the_national_holiday() -> None:
    """Three working days before Thursday, 8 October 2026 is Monday, 28 September; a plain week lands in the holiday."""
    assert add_working_days([CN], day("2026-10-08"), -3) == day("2026-09-28")
    assert add_working_days([CN], day("2026-10-08"), -1) == day("2026-09-30")
    assert add_working_days([PLAIN], day("2026-10-08"), -3) == day("2026-10-05")
    assert not is_working(CN, day("2026-10-05"))


def test_stepping_forward_uses_make_up_days() -> None:
    """Fourteen working days after 18 September 2026: 14 October in China, 8 October in a plain week."""
    assert add_working_days([CN], day("2026-09-18"), 14) == day("2026-10-14")
    assert add_working_days([PLAIN], day("2026-09-18"), 14) == day("2026-10-08")
    assert add_working_days([CN], day("2026-10-03"), 0) == day("2026-10-03")


def test_days_late_are_counted_in_working_days() -> None:
    """Due on 21 September, given on 24 September: three days late; on a weekend in between nothing is added."""
    assert working_days_between([CN], day("2026-09-21"), day("2026-09-24")) == 3
    assert working_days_between([PLAIN], day("2026-09-18"), day("2026-09-20")) == 0
    assert working_days_between([PLAIN], day("2026-09-18"), day("2026-09-18")) == 0
    assert working_days_between([PLAIN], day("2026-09-24"), day("2026-09-21")) == -3


def test_with_several_calendars_a_day_works_only_if_all_do() -> None:
    """Thanksgiving stops an American and Chinese pair, the National Day as well."""
    both = [CN, US]
    assert not all_working(both, day("2026-11-26"))
    assert not all_working(both, day("2026-10-01"))
    assert not all_working(both, day("2026-10-10"))
    assert add_working_days(both, day("2026-09-30"), 1) == day("2026-10-08")
    with pytest.raises(BadCalendar, match="no calendar"):
        all_working([], day("2026-10-10"))


def test_the_nearest_working_day_is_looked_for_in_one_direction() -> None:
    """Saturday, 3 October 2026 in China: back to 30 September or on to 8 October; a working day stays."""
    assert nearest_working_day([CN], day("2026-10-03"), "earlier") == day("2026-09-30")
    assert nearest_working_day([CN], day("2026-10-03"), "later") == day("2026-10-08")
    assert nearest_working_day([CN], day("2026-10-10"), "earlier") == day("2026-10-10")


def test_calendars_that_never_work_together_are_named() -> None:
    """Two calendars without a common day are an error that names them, not an endless walk."""
    weekdays, weekends = PLAIN, make_calendar("weekends", "", ["sat", "sun"])
    with pytest.raises(CalendarRange, match="weekdays, weekends"):
        add_working_days([weekdays, weekends], day("2026-10-03"), 1)
    with pytest.raises(CalendarRange, match="weekdays, weekends"):
        nearest_working_day([weekdays, weekends], day("2026-10-03"), "earlier")


def test_a_day_of_another_age_is_far_away_and_stops_nothing() -> None:
    """The year 1 that some systems send for "none", and the end of time, count as 50 years away."""
    near, far = day("2026-10-03"), date.max
    half_a_century = working_days_between([PLAIN], near, near + timedelta(days=50 * 366))
    assert working_days_late([PLAIN], near, far) == half_a_century
    assert working_days_late([PLAIN], far, near) < -10_000
    assert working_days_late([PLAIN], date.min, near) > 10_000


def test_absurd_dates_are_refused_quickly() -> None:
    """The year 1 that some systems send for "none", and the end of time, are errors and not a long walk."""
    with pytest.raises(CalendarRange, match="50 years"):
        working_days_between([CN], date.min, day("2026-10-03"))
    with pytest.raises(CalendarRange, match="50 years"):
        add_working_days([CN], day("2026-10-03"), 10**9)
    with pytest.raises(CalendarRange):
        add_working_days([CN], date.max, 1)
    with pytest.raises(CalendarRange):
        add_working_days([CN], date.min, -1)
    with pytest.raises(CalendarRange):
        end_of_day(date.max, "UTC")
    with pytest.raises(CalendarRange):
        shift(datetime.max.replace(tzinfo=UTC), Duration(1, "h"), [CN], "UTC")
    assert is_working(CN, date(9999, 12, 31)) is True


@pytest.mark.parametrize(
    ("zone", "end"),
    [
        ("America/New_York", "2026-12-01T05:00Z"),
        ("Asia/Shanghai", "2026-11-30T16:00Z"),
        ("Europe/London", "2026-12-01T00:00Z"),
        ("Pacific/Auckland", "2026-11-30T11:00Z"),
    ],
)
def test_a_due_date_ends_with_the_day_of_its_zone(zone: str, end: str) -> None:
    """30 November 2026 ends at four different moments in four offices."""
    assert end_of_day(day("2026-11-30"), zone) == at(end)
    last_moment = at(end) - timedelta(microseconds=1)
    assert local_day(last_moment, zone) == day("2026-11-30")
    assert local_day(at(end), zone) == day("2026-12-01")


def test_local_times_that_do_not_exist_or_exist_twice() -> None:
    """A skipped time moves forward by the gap; a repeated one is its first occurrence."""
    berlin, new_york = "Europe/Berlin", "America/New_York"
    assert local_to_utc(day("2026-03-29"), time(2, 30), berlin) == at("2026-03-29T03:30+02:00")
    assert local_to_utc(day("2026-03-08"), time(2, 30), new_york) == at("2026-03-08T03:30-04:00")
    assert local_to_utc(day("2026-10-25"), time(2, 30), berlin) == at("2026-10-25T02:30+02:00")
    assert local_to_utc(day("2026-10-25"), time(2, 30, fold=1), berlin) == at("2026-10-25T02:30+02:00")
    # In Cairo the clocks change at midnight: the day before ends when the skipped hour would have begun.
    assert end_of_day(day("2026-04-23"), "Africa/Cairo") == at("2026-04-23T22:00Z")


def test_days_keep_the_clock_time_and_hours_are_elapsed_time() -> None:
    """Over the spring change, a day later is the same clock time, 24 hours later is not."""
    noon_before = local_to_utc(day("2026-03-28"), time(12), "Europe/Berlin")
    one_day = shift(noon_before, Duration.parse("1d"), [PLAIN], "Europe/Berlin")
    assert one_day == local_to_utc(day("2026-03-29"), time(12), "Europe/Berlin")
    assert shift(noon_before, Duration.parse("24h"), [PLAIN], "Europe/Berlin") == one_day + timedelta(hours=1)
    assert shift(noon_before, Duration.parse("-90m"), [PLAIN], "Europe/Berlin") == noon_before - timedelta(
        minutes=90
    )
    assert shift(noon_before, Duration.parse("0wd"), [PLAIN], "Europe/Berlin") == noon_before


def test_working_days_keep_the_clock_time() -> None:
    """Three working days from Wednesday, 30 September 2026, 17:30 in Shanghai: Saturday, 10 October, 17:30."""
    start = local_to_utc(day("2026-09-30"), time(17, 30), "Asia/Shanghai")
    moved = shift(start, Duration.parse("3wd"), [CN], "Asia/Shanghai")
    assert moved == local_to_utc(day("2026-10-10"), time(17, 30), "Asia/Shanghai")
    assert moved.tzinfo is UTC
    assert shift(moved, Duration.parse("-3wd"), [CN], "Asia/Shanghai") == start


def test_dates_move_by_days_weeks_and_working_days_only() -> None:
    """Hours have no meaning for a date."""
    assert shift_day([CN], day("2026-09-30"), Duration.parse("1w")) == day("2026-10-07")
    assert shift_day([CN], day("2026-09-30"), Duration.parse("-2d")) == day("2026-09-28")
    assert shift_day([CN], day("2026-09-30"), Duration.parse("1wd")) == day("2026-10-08")
    assert shift_day([CN], day("2026-09-30"), Duration.parse("0h")) == day("2026-09-30")
    with pytest.raises(DurationMismatch):
        shift_day([CN], day("2026-09-30"), Duration.parse("24h"))


@pytest.mark.parametrize(
    ("now", "opening"),
    [
        ("2026-11-23T10:00-05:00", "2026-11-23T10:00-05:00"),
        ("2026-11-23T09:00-05:00", "2026-11-23T09:00-05:00"),
        ("2026-11-23T08:59:59-05:00", "2026-11-23T09:00-05:00"),
        ("2026-11-23T17:59:59-05:00", "2026-11-23T17:59:59-05:00"),
        ("2026-11-23T18:00-05:00", "2026-11-24T09:00-05:00"),
        ("2026-11-25T20:00-05:00", "2026-11-27T09:00-05:00"),
        ("2026-11-28T03:00-05:00", "2026-11-30T09:00-05:00"),
        ("2026-03-07T12:00-05:00", "2026-03-09T09:00-04:00"),
    ],
)
def test_messages_wait_for_the_opening_of_the_clients_hours(now: str, opening: str) -> None:
    """Inside the hours of a working day nothing waits; else the next opening, over nights and holidays."""
    found = next_opening([US], "09:00-18:00", "America/New_York", at(now))
    assert found == at(opening)
    assert next_opening([US], Hours.parse("09:00-18:00"), zone_of("America/New_York"), found) == found


def test_hours_may_last_the_whole_day() -> None:
    """24:00 is the end of the day."""
    hours = Hours.parse("00:00-24:00")
    late = at("2026-11-23T23:59:59.999+08:00")
    assert next_opening([CN], hours, "Asia/Shanghai", late) == late
    assert str(hours) == "00:00-24:00"
    assert str(Hours.parse("9:00-18:30")) == "09:00-18:30"


@pytest.mark.parametrize(
    "text", ["", "9-18", "18:00-09:00", "09:00-09:00", "25:00-26:00", "09:00-18:60", "22:00-06:00"]
)
def test_hours_that_cannot_be_are_refused(text: str) -> None:
    """Closing follows opening on the same day."""
    with pytest.raises(BadCalendar):
        Hours.parse(text)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "America", "Asia/Shanghai\x00"])
def test_an_unknown_time_zone_is_named(zone: str) -> None:
    """A wrong name is an error with an example, whatever the file system says about it."""
    with pytest.raises(BadCalendar, match="Asia/Shanghai"):
        zone_of(zone)


def test_a_time_is_no_date() -> None:
    """The date of a time depends on the zone: calendars take the local date and refuse the time."""
    moment = datetime(2026, 10, 3, 20, tzinfo=UTC)
    with pytest.raises(TypeError, match="local date"):
        is_working(CN, moment)
    with pytest.raises(TypeError, match="local date"):
        add_working_days([CN], moment, 1)
    with pytest.raises(TypeError, match="local date"):
        working_days_between([CN], moment, moment)


def test_a_time_without_a_zone_is_refused() -> None:
    """A naive time could be any moment of a day."""
    with pytest.raises(TypeError, match="aware"):
        local_day(datetime(2026, 11, 23, 10), "UTC")  # noqa: DTZ001


@pytest.fixture
def no_files(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No file can be opened."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a file was opened")

    with monkeypatch.context() as patch:
        patch.setattr(builtins, "open", refuse)
        yield


def test_once_a_calendar_is_made_no_file_is_read(no_files: None) -> None:
    """Asking about any year, one never asked for before too, is arithmetic."""
    assert not is_working(CN, date(2043, 10, 1))
    assert add_working_days([US], date(2043, 12, 24), 1) > date(2043, 12, 25)


@given(days, st.integers(-300, 300))
def test_stepping_and_counting_agree(start: date, n: int) -> None:
    """The n-th working day from a day is worked, and n working days lie between."""
    end = add_working_days([CN], start, n)
    assume(n != 0)
    assert is_working(CN, end)
    if n > 0 or is_working(CN, start):
        assert working_days_between([CN], start, end) == n


@given(days, st.integers(-400, 400))
def test_stepping_is_walking_day_by_day(start: date, n: int) -> None:
    """Far steps, over several years too, land where a walk from day to day does."""
    walked, left = start, abs(n)
    while left:
        walked += timedelta(1 if n > 0 else -1)
        left -= all_working([CN, US], walked)
    assert add_working_days([CN, US], start, n) == walked


@given(days, days, days)
def test_counting_adds_up(a: date, b: date, c: date) -> None:
    """Working days from a to c are those from a to b and from b to c, in any order of the three."""
    total = working_days_between([US], a, c)
    assert total == working_days_between([US], a, b) + working_days_between([US], b, c)


@given(st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_an_opening_is_inside_hours_and_never_in_the_past(now: datetime) -> None:
    """Whatever the moment: the opening is at or after it, on a working day, within the hours."""
    found = next_opening([US], "09:00-18:00", "America/New_York", now)
    local = found.astimezone(zone_of("America/New_York"))
    assert found >= now
    assert is_working(US, local.date())
    assert time(9) <= local.time() < time(18)


def test_calendars_are_values() -> None:
    """Two calendars with the same days are equal and usable as keys."""
    assert make_calendar("CN", "CN") == CN
    assert hash(make_calendar("CN", "CN")) == hash(CN)
    assert WorkCalendar("CN", frozenset(range(5)), "CN") == CN
