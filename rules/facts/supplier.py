"""What a supplier promised and when it came: a record and a day in, its standing, lateness and record of time out.

promised -> late (worked out for the day that asks) -> delivered | cancelled. A new promise moves the day that is waited
for; how late something is, and how often a supplier is in time, counts from the day that was promised first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from rules.facts.calendar import WorkCalendar
from rules.facts.milestone import late_days
from rules.facts.money import EXACT

STATES: Final = ("promised", "late", "delivered", "cancelled")
WAITED_FOR: Final = frozenset({"promised"})


def standing(record: Mapping[str, Any], day: date, cals: Sequence[WorkCalendar]) -> dict[str, Any]:
    """`status` and `late_days` as of a day: working days past the first promise, until it came."""
    first, came = record.get("first_promised"), record.get("actual")
    status = record["status"]
    if status == "cancelled" or first is None:
        return {"status": status, "late_days": 0}
    promised = record.get("promised") or first
    late = status in WAITED_FOR and promised < day
    return {"status": "late" if late else status, "late_days": late_days(first, came or day, cals)}


def in_time(deliveries: Iterable[Mapping[str, Any]], name: str) -> Decimal | None:
    """The share of what a supplier of that name delivered by the day promised first; none before it delivered."""
    came = [
        d["actual"] <= d["first_promised"]
        for d in deliveries
        if str(d.get("name")).casefold() == name.casefold()
        and d.get("actual") is not None
        and d.get("first_promised") is not None
    ]
    return EXACT.divide(Decimal(sum(came)), Decimal(len(came))) if came else None
