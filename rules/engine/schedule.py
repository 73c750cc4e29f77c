"""Days of schedules on working calendars: a cron line and calendars in, days and clock times out.

All of it is local: a zone is applied by the caller, to the day that a time has moved to. Results are cached, because
the clock asks for the same days again and again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice, pairwise
from typing import Final

from cronsim import CronSim

from rules.facts.calendar import WorkCalendar, add_working_days, all_working, nearest_working_day, shift_day
from rules.facts.duration import Duration
from rules.facts.milestone import OnHoliday

Cals = tuple[WorkCalendar, ...]

_ONE_DAY: Final = timedelta(days=1)
_OVER_A_MONTH: Final = timedelta(days=31)
_SOME_DAY: Final = datetime.combine(date(2026, 1, 1), time())
_SOME: Final = 20
_ALMOST_A_WEEK: Final = timedelta(days=6)
# Far enough back that a schedule's spacing is the same wherever the window begins.
_LOOK_BACK: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time of a schedule: as written, the day it moved to, and the written times merged into it."""

    written: datetime
    day: date
    merged: tuple[datetime, ...] = ()

    @property
    def clock(self) -> time:
        """Local time of day; moving changes the day alone."""
        return self.written.time()

    @property
    def moved(self) -> bool:
        """Whether the day is another than the written one."""
        return self.day != self.written.date()


def occurrences(
    cron: str,
    cals: Cals,
    policy: OnHoliday,
    apart: Duration | None,
    first: date,
    last: date,
) -> list[Occurrence]:
    """The times of a cron line whose days, after moving, lie between `first` and `last`, both included.

    apart: one that moving brought closer than this to the one before is merged into it, and so is one that moved
    onto the very same time. Where nothing is said, a schedule of a time a week or rarer is 3 working days apart.
    """
    found: list[Occurrence] = []
    month = first.replace(day=1)
    while month <= last:
        after = (month + _OVER_A_MONTH).replace(day=1)
        found += _between(cron, cals, policy, apart, month, after - _ONE_DAY)
        month = after
    return [o for o in found if first <= o.day <= last]


@lru_cache(maxsize=4096)
def _between(
    cron: str, cals: Cals, policy: OnHoliday, apart: Duration | None, first: date, last: date
) -> tuple[Occurrence, ...]:
    """The times of whole months: windows differ at every look, months do not."""
    apart = usual_spacing(cron) if apart is None else apart
    start = first - _LOOK_BACK if apart else first
    start = _before_closure(cals, start) if policy == "later" else start
    end = _spacing_after(cals, last, apart) if apart else last
    end = _after_closure(cals, end) if policy == "earlier" else end
    moved = [m for m in (_move(cals, t, policy) for t in _written(cron, start, end)) if m is not None]
    spaced = _spaced(sorted(moved, key=lambda o: (o.day, o.clock, o.moved, o.written)), cals, apart)
    return tuple(o for o in spaced if first <= o.day <= last)


@lru_cache(maxsize=1024)
def usual_spacing(cron: str) -> Duration | None:
    """How far apart the times of a schedule stay when holidays move them; none for one of several times a week."""
    times = list(islice(CronSim(cron, _SOME_DAY), _SOME))
    days = sorted({at.date() for at in times})
    gaps = [after - before for before, after in pairwise(days)]
    weekly = gaps and min(gaps) >= _ALMOST_A_WEEK and len(days) == len(times)
    return Duration(3, "wd") if weekly else None


def _written(cron: str, first: date, last: date) -> Iterator[datetime]:
    for at in CronSim(cron, datetime.combine(first, time()) - timedelta(seconds=1)):
        if at.date() > last:
            return
        yield at


def _move(cals: Cals, at: datetime, policy: OnHoliday) -> Occurrence | None:
    if all_working(cals, at.date()):
        return Occurrence(at, at.date())
    return None if policy == "skip" else Occurrence(at, nearest_working_day(cals, at.date(), policy))


def _spaced(ordered: list[Occurrence], cals: Cals, apart: Duration | None) -> list[Occurrence]:
    kept: list[Occurrence] = []
    for one in ordered:
        before = kept[-1] if kept else None
        if before is not None and one.moved and _too_close(before, one, cals, apart):
            kept[-1] = replace(before, merged=(*before.merged, one.written))
        else:
            kept.append(one)
    return kept


def _too_close(kept: Occurrence, one: Occurrence, cals: Cals, apart: Duration | None) -> bool:
    at, earliest = datetime.combine(one.day, one.clock), datetime.combine(kept.day, kept.clock)
    if apart is None or at == earliest:
        return at == earliest
    if apart.unit in ("m", "h"):
        return at - earliest < apart.timedelta
    return one.day < shift_day(cals, kept.day, apart)


def _after_closure(cals: Cals, day: date) -> date:
    """The last of the closed days that follow: their occurrences may move back to `day`."""
    return add_working_days(cals, day, 1) - _ONE_DAY


def _before_closure(cals: Cals, day: date) -> date:
    """The first of the closed days before: their occurrences may move on to `day`."""
    return add_working_days(cals, day, -1) + _ONE_DAY


def _spacing_after(cals: Cals, day: date, apart: Duration) -> date:
    """The last day on which something may still be too close to `day`."""
    return (
        day + _ONE_DAY * (1 + apart.seconds // 86_400) if apart.unit != "wd" else shift_day(cals, day, apart)
    )
