"""Which days a report is about: its kind and the day it is made on in, the first and the last day out.

Reports of one kind leave no day out and tell no day twice: a week begins after the last one that was told.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final, Literal

Period = Literal["week", "month", "quarter", "closing"]

PERIODS: Final[tuple[Period, ...]] = ("week", "month", "quarter", "closing")
_WEEK: Final = 7
# A week that was left out is told with the next one; after more than two a report begins anew.
_LONGEST_WEEK: Final = 15
_MONTHS: Final = {"month": 1, "quarter": 3}


def days_of(
    kind: str, today: date, told_until: date | None = None, began: date | None = None
) -> tuple[date, date]:
    """The first and the last day, both included.

    week: up to today, from the day after `told_until` (the last day of the report before), else seven days.  month,
    quarter: the one that yesterday belongs to, up to today.  closing: everything since `began`.
    """
    if kind == "closing":
        return min(began or today, today), today
    if kind == "week":
        seven = today - timedelta(days=_WEEK - 1)
        after = told_until + timedelta(days=1) if told_until is not None and told_until < today else seven
        return (after if today - after < timedelta(days=_LONGEST_WEEK) else seven), today
    months = _MONTHS[kind]
    yesterday = today - timedelta(days=1)
    first = date(yesterday.year, yesterday.month - (yesterday.month - 1) % months, 1)
    return first, min(_after(first, months) - timedelta(days=1), today)


def next_days(until: date, length: int) -> tuple[date, date]:
    """The days that come after a report, as many as it was about."""
    return until + timedelta(days=1), until + timedelta(days=length)


def _after(first: date, months: int) -> date:
    index = first.year * 12 + first.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)
