"""Times of a day in somebody's working hours: the next 17:00 of theirs, four of their hours from now.

In: calendars, hours, a zone, a moment. Out: a moment in UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time

from rules.facts.calendar import (
    Hours,
    WorkCalendar,
    add_working_days,
    all_working,
    end_of_day,
    local_day,
    local_to_utc,
    next_opening,
    shift,
    shift_day,
)
from rules.facts.duration import Duration


def next_clock(cals: Sequence[WorkCalendar], zone: str, clock: time, after: datetime) -> datetime:
    """The next time that clocks in `zone` show `clock`, on a working day; on any day without calendars."""
    day = local_day(after, zone)
    if (not cals or all_working(cals, day)) and (today := local_to_utc(day, clock, zone)) > after:
        return today
    following = add_working_days(cals, day, 1) if cals else shift_day((), day, Duration(1, "d"))
    return local_to_utc(following, clock, zone)


def after_working_time(
    at: datetime, length: Duration, cals: Sequence[WorkCalendar], hours: str, zone: str
) -> datetime:
    """The moment when so much working time has passed since `at`: hours and minutes count only while the party works,
    working days keep the local time.
    """
    if length.unit not in ("m", "h"):
        return next_opening(cals, hours, zone, shift(at, length, cals, zone))
    left, begun = length.timedelta, next_opening(cals, hours, zone, at)
    while (closes := _closing(begun, hours, zone)) - begun < left:
        left -= closes - begun
        begun = next_opening(cals, hours, zone, closes)
    return begun + left


def _closing(at: datetime, hours: str, zone: str) -> datetime:
    """When the working day that `at` is in ends."""
    day, closes = local_day(at, zone), Hours.parse(hours).closes
    return end_of_day(day, zone) if closes == time() else local_to_utc(day, closes, zone)
