"""How much of somebody's week is planned, and how much of it was logged: hours in, the fields of `workload` out.

A week is one of ISO 8601, from Monday to Sunday, under the key "2026-W39". Planned is what the project's file says of a
person's week; hours are what the ledger has, priced or not. Over is more than was planned for the project, or in all
projects together more than the person's week holds.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from rules.facts.duration import Duration
from rules.facts.event import Record
from rules.facts.money import EXACT

_MINUTE = 60


def week_of(day: date) -> str:
    """The key of the week that a day lies in."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def first_day(week: str) -> date:
    """The Monday of a week. ValueError for a key that names none."""
    year, mark, number = week.partition("-W")
    if not (mark and year.isdecimal() and number.isdecimal()):
        raise ValueError(f"{week[:20]!r} is no week: write one such as 2026-W39")
    return date.fromisocalendar(int(year), int(number), 1)


def facts(
    project: str,
    person: str,
    week: str,
    logged: Decimal,
    everywhere: Decimal,
    planned: Duration | None,
    capacity: Duration | None,
) -> Record:
    """The fields of `workload`. logged, everywhere: seconds, in this project and in all that the person works on.

    share: logged of what was planned, exact; none where nothing is planned.
    """
    too_much = planned is not None and logged > planned.seconds
    too_full = capacity is not None and everywhere > capacity.seconds
    return {
        "id": f"{project}/{person}/{week}",
        "person": person,
        "week": week,
        "starts_on": first_day(week),
        "ends_on": first_day(week) + timedelta(days=6),
        "planned": planned,
        "logged": _length(logged),
        "everywhere": _length(everywhere),
        "capacity": capacity,
        "share": EXACT.divide(logged, Decimal(planned.seconds)) if planned else None,
        "over": too_much or too_full,
    }


def logged_in(sums: Any, person: str, week: str) -> Decimal:
    """Seconds that the sums of a ledger have for a person in a week."""
    return Decimal((((sums or {}).get("people") or {}).get(person) or {}).get(week, 0))


def _length(seconds: Decimal) -> Duration:
    minutes = int(seconds // _MINUTE)
    return Duration(minutes, "m") if minutes % _MINUTE else Duration(minutes // _MINUTE, "h")
