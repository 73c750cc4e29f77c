"""Days that a milestone lost: spans of lateness and a calendar in, the days that a further one adds out.

Two things that are late on the same days cost those days once, so that the days logged add up to the shift of the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from rules.facts.calendar import WorkCalendar, all_working

Span = tuple[date, date]
"""Due on the first day, there on the second: the days after the first up to and with the second are lost."""
LONGEST = 3660
_ONE_DAY = timedelta(days=1)


def days_added(span: Span, known: Iterable[Span], cals: Sequence[WorkCalendar]) -> int:
    """The working days of a span that no known one has taken already. ValueError for one of over ten years."""
    if (span[1] - span[0]).days > LONGEST:
        raise ValueError(f"a delay from {span[0]} to {span[1]} is longer than ten years")
    taken = {day for other in known for day in _days(other)}
    return sum(all_working(cals, day) for day in _days(span) if day not in taken)


def _days(span: Span) -> list[date]:
    first, last = span
    return [first + _ONE_DAY * n for n in range(1, min((last - first).days, LONGEST) + 1)]
