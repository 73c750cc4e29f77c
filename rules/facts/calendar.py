"""Working calendars, zones and deadlines: dates and aware times in, dates and UTC times out.

A calendar is a weekly pattern with public holidays and make-up workdays of a country (from the `holidays` library)
and days of its own. Several calendars together work only on days on which all of them work. A local time that a
spring change skips moves forward by the gap; one that an autumn change repeats means its first occurrence.

A country's tables are loaded when a calendar is made; asking about days afterwards reads no file.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from calendar import isleap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Final, Literal
from zoneinfo import ZoneInfo

import holidays as public_holidays

from rules.facts.duration import Duration, DurationMismatch

Direction = Literal["earlier", "later"]
Zone = str | ZoneInfo

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ONE_DAY: Final = timedelta(days=1)
_BASE: Final = re.compile(r"([A-Z]{2})(?:-([A-Z0-9]{1,3}))?")
_HOURS: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])-(?:([01]?[0-9]|2[0-3]):([0-5][0-9])|24:00)")
_LONGEST_SPAN: Final = timedelta(days=50 * 366)


class BadCalendar(ValueError):
    """A calendar, working hours or a time zone that cannot be understood."""


class CalendarRange(ValueError):
    """Dates too far apart or too far away, or a calendar that never works."""


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Which days are worked: `week` counts Monday as 0, `country` is "CN" or "DE-BY", own days win over its days."""

    name: str
    week: frozenset[int]
    country: str | None = None
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Hours:
    """Working hours of a day, local time; closing at 00:00 means the end of the day."""

    opens: time
    closes: time

    @classmethod
    def parse(cls, text: str) -> Hours:
        """Reads "09:00-18:00" or "00:00-24:00"; BadCalendar when closing does not follow opening."""
        match = _HOURS.fullmatch(text.strip())
        if match is None:
            raise BadCalendar(
                f"{text[:40]!r} are no working hours: expected opening and closing, such as 09:00-18:00"
            )
        open_hour, open_minute, close_hour, close_minute = match.groups()
        opens = time(int(open_hour), int(open_minute))
        closes = time(int(close_hour), int(close_minute)) if close_hour else time()
        if close_hour and closes <= opens:
            raise BadCalendar(f"{text}: closing must be later than opening, on the same day")
        return cls(opens, closes)

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes.strftime('%H:%M') if self.closes != time() else '24:00'}"


def make_calendar(
    name: str,
    base: str | None,
    week: Iterable[int | str] | None = None,
    holidays: Iterable[date] = (),
    workdays: Iterable[date] = (),
) -> WorkCalendar:
    """A calendar on the base of a country ("CN", "US", "DE-BY") or of none ("").

    week: weekday numbers (Monday 0) or names ("mon"); none takes the country's week, Monday to Friday without one.
    BadCalendar names an unknown country or weekday, an empty week, and a day that is both off and worked.
    """
    country = base or None
    pattern = frozenset(_weekday(day) for day in week) if week is not None else _usual_week(country)
    if not pattern:
        raise BadCalendar(f"calendar {name}: a week without a working day")
    if country is not None:
        _library(country)
    off, on = frozenset(holidays), frozenset(workdays)
    if both := off & on:
        raise BadCalendar(f"calendar {name}: {min(both)} is both a holiday and a workday")
    return WorkCalendar(name, pattern, country, off, on)


def is_working(cal: WorkCalendar, day: date) -> bool:
    """Whether the calendar works on that date."""
    _check_date(day)
    if day in cal.workdays:
        return True
    if day in cal.holidays:
        return False
    if cal.country is not None:
        off, made_up = _public(cal.country, day.year)
        if day in off or day in made_up:
            return day in made_up
    return day.weekday() in cal.week


def all_working(cals: Sequence[WorkCalendar], day: date) -> bool:
    """Whether every one of the calendars works on that date."""
    if not cals:
        raise BadCalendar("no calendar given")
    return all(is_working(cal, day) for cal in cals)


def unconfirmed(cal: WorkCalendar, year: int) -> bool:
    """Whether the year's official notice is not known yet (China announces its make-up days each November).

    Such a year has the weekly pattern and the holidays that the law fixes, but no make-up days.
    """
    return cal.country == "CN" and year > _last_notice(cal.country)


def add_working_days(cals: Sequence[WorkCalendar], day: date, n: int) -> date:
    """The n-th working day after `day`, before it for negative n; `day` itself is not counted and 0 returns it."""
    together, year, left = tuple(cals), day.year, abs(n)
    if left > _LONGEST_SPAN.days:
        raise CalendarRange(f"{n} working days are more than 50 years")
    worked = _worked(together, year)
    if n > 0:
        passed = worked[_index(day)]
        while worked[-1] - passed < left:
            left, passed, year = left - worked[-1] + passed, 0, year + 1
            worked = _worked(together, year)
        return _nth(year, worked, passed + left)
    if n < 0:
        before = worked[_index(day) - 1] if _index(day) else 0
        while before < left:
            left, year = left - before, year - 1
            worked = _worked(together, year)
            before = worked[-1]
        return _nth(year, worked, before - left + 1)
    return day


def working_days_between(cals: Sequence[WorkCalendar], a: date, b: date) -> int:
    """Working days after `a` up to and with `b`: how late `b` is for a due date `a`; negative when `b` is earlier."""
    if abs(b - a) > _LONGEST_SPAN:
        raise CalendarRange(f"{a} and {b} are more than 50 years apart")
    if b < a:
        return -working_days_between(cals, b, a)
    together = tuple(cals)
    whole_years = sum(_worked(together, year)[-1] for year in range(a.year, b.year))
    return whole_years + _worked(together, b.year)[_index(b)] - _worked(together, a.year)[_index(a)]


def working_days_late(cals: Sequence[WorkCalendar], due: date, day: date) -> int:
    """Working days that `day` is after `due`; negative when it is before.

    What is more than 50 years away counts as 50 years away: nobody plans by such a day, and it stops nothing.
    """
    span = max(-_LONGEST_SPAN, min(day - due, _LONGEST_SPAN))
    return working_days_between(cals, due, due + span)


def nearest_working_day(cals: Sequence[WorkCalendar], day: date, direction: Direction) -> date:
    """The day itself when it is worked, else the closest working day before or after it."""
    if all_working(cals, day):
        return day
    return add_working_days(cals, day, -1 if direction == "earlier" else 1)


def shift_day(cals: Sequence[WorkCalendar], day: date, duration: Duration) -> date:
    """A date moved by days, weeks or working days; DurationMismatch for minutes and hours, which a date has not."""
    if duration.unit == "wd":
        return add_working_days(cals, day, duration.amount)
    if duration.unit not in ("d", "w") and duration:
        raise DurationMismatch(f"{duration}: a date moves by d, w or wd, not by minutes or hours")
    return _move(day, duration.seconds // 86_400)


def shift(at: datetime, duration: Duration, cals: Sequence[WorkCalendar], zone: Zone) -> datetime:
    """A time moved by a duration, in UTC.

    Minutes and hours are elapsed time. Days, weeks and working days keep the local clock time in `zone`, also over a
    change to or from daylight-saving time.
    """
    if not duration:
        return at.astimezone(UTC)
    if duration.unit in ("m", "h"):
        try:
            return at.astimezone(UTC) + duration.timedelta
        except OverflowError:
            raise CalendarRange(f"{at} moved by {duration} is beyond the calendar") from None
    local = at.astimezone(zone_of(zone))
    return local_to_utc(shift_day(cals, local.date(), duration), local.time(), zone)


def next_opening(cals: Sequence[WorkCalendar], hours: Hours | str, zone: Zone, at: datetime) -> datetime:
    """`at` itself when it is inside the hours of a working day, else the next opening, in UTC."""
    hours = _hours(hours) if isinstance(hours, str) else hours
    day = local_day(at, zone)
    if all_working(cals, day):
        opening = local_to_utc(day, hours.opens, zone)
        if at < opening:
            return opening
        if at < (local_to_utc(day, hours.closes, zone) if hours.closes != time() else end_of_day(day, zone)):
            return at
    return local_to_utc(add_working_days(cals, day, 1), hours.opens, zone)


def end_of_day(day: date, zone: Zone) -> datetime:
    """The first moment after the day, in UTC: what is due on `day` must have come before it."""
    return local_to_utc(_move(day, 1), time(), zone)


def local_to_utc(day: date, clock: time, zone: Zone) -> datetime:
    """A local date and clock time as UTC; see the module for skipped and repeated times."""
    try:
        # fold=0 reads a skipped time with the offset before the change, which moves it forward by the gap.
        return datetime.combine(day, clock.replace(fold=0), tzinfo=zone_of(zone)).astimezone(UTC)
    except OverflowError:
        raise CalendarRange(f"{day} is beyond the calendar") from None


def local_day(at: datetime, zone: Zone) -> date:
    """The date on the wall in `zone` at an aware time."""
    if at.tzinfo is None:
        raise TypeError("a time without a zone: times are aware")
    return at.astimezone(zone_of(zone)).date()


@lru_cache(maxsize=1024)
def zone_of(zone: Zone) -> ZoneInfo:
    """The zone of an IANA name such as Asia/Shanghai; BadCalendar when there is none of that name."""
    if isinstance(zone, ZoneInfo):
        return zone
    try:
        return ZoneInfo(zone)
    except (ValueError, LookupError, OSError):
        raise BadCalendar(f"{zone[:60]!r} is no time zone: expected a name such as Asia/Shanghai") from None


_hours = lru_cache(maxsize=1024)(Hours.parse)


@lru_cache(maxsize=1024)
def _worked(cals: tuple[WorkCalendar, ...], year: int) -> tuple[int, ...]:
    """For each day of a year, how many days were worked from 1 January up to and with it."""
    if not date.min.year <= year <= date.max.year:
        raise CalendarRange(f"the year {year} is beyond the calendar")
    first = date(year, 1, 1)
    length = 366 if isleap(year) else 365
    counts = tuple(accumulate(int(all_working(cals, first + timedelta(days=n))) for n in range(length)))
    if not counts[-1]:
        raise CalendarRange(f"no day of {year} is worked in {', '.join(cal.name for cal in cals)}")
    return counts


def _check_date(day: date) -> None:
    """A datetime is a date to Python; its date in UTC would pass for the local one unnoticed."""
    if isinstance(day, datetime):
        raise TypeError("a calendar asks for a date: take the local date of the time first")


def _index(day: date) -> int:
    _check_date(day)
    return day.timetuple().tm_yday - 1


def _nth(year: int, worked: Sequence[int], nth: int) -> date:
    return date(year, 1, 1) + timedelta(days=bisect_left(worked, nth))


def _move(day: date, days: int) -> date:
    try:
        return day + days * _ONE_DAY
    except OverflowError:
        raise CalendarRange(f"{days} days from {day} is beyond the calendar") from None


def _weekday(day: int | str) -> int:
    if isinstance(day, str) and day.lower() in WEEKDAYS:
        return WEEKDAYS.index(day.lower())
    if isinstance(day, int) and 0 <= day <= 6:
        return int(day)
    raise BadCalendar(f"{day!r} is no weekday: use {', '.join(WEEKDAYS)}")


def _usual_week(country: str | None) -> frozenset[int]:
    weekend = set(_library(country).weekend) if country is not None else {5, 6}
    # Where shops close on Sundays only, offices close on Saturdays too.
    return frozenset(range(7)) - (weekend | {5} if weekend == {6} else weekend)


@lru_cache(maxsize=256)
def _library(country: str) -> public_holidays.HolidayBase:
    """The library's tables of a country. The language is fixed, or the library would ask the environment for one."""
    match = _BASE.fullmatch(country)
    try:
        if match is None:
            raise NotImplementedError
        found = public_holidays.country_holidays(match[1], subdiv=match[2])
        return public_holidays.country_holidays(match[1], subdiv=match[2], language=found.default_language)
    except NotImplementedError:
        raise BadCalendar(
            f"{country[:20]!r} has no calendar: expected a country such as CN or US, or a region such as DE-BY"
        ) from None


@lru_cache(maxsize=2048)
def _public(country: str, year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Days off and make-up workdays of a country in one year, those that the next year's notice makes up included.

    A fresh object each time: the library's own keep state while they fill themselves, which threads must not share.
    """
    known = _library(country)
    filled = type(known)(years=year, expand=False, subdiv=known.subdiv, language=known.language)
    return frozenset(filled), frozenset(day for day in filled.weekend_workdays if day.year == year)


@lru_cache(maxsize=8)
def _last_notice(country: str) -> int:
    return max(getattr(_library(country), "special_public_holidays", None) or (date.max.year,))
