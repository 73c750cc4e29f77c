"""Retainers: what is agreed for each period and what was used in it in, what is left, carried, lost and owed out.

All figures of one retainer are decimals in one unit: hours of work, or an amount of the project's currency. What was
bought first is used first. A period that was closed is fixed; the one that runs is reckoned from its uses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

from rules.facts.event import Record
from rules.facts.money import EXACT, Money, Rounding, quantize

Length = Literal["week", "month", "quarter", "year"]
Carry = Literal["none", "capped", "full"]
Deficit = Literal["bill", "carry", "forgive"]
LENGTHS: Final = ("week", "month", "quarter", "year")
CARRIES: Final = ("none", "capped", "full")
DEFICITS: Final = ("bill", "carry", "forgive")
HOURS: Final = "h"

_NOTHING: Final = Decimal(0)
_ONE_DAY: Final = timedelta(days=1)
_MONTHS: Final[Mapping[str, int]] = {"month": 1, "quarter": 3, "year": 12}
_PERIOD: Final = re.compile(r"([0-9]{4})(?:-(?:W([0-9]{2})|Q([1-4])|([0-9]{2})))?")


class BadRetainer(ValueError):
    """Terms that make no retainer, or a period that there is not."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed: so many units for each period.

    unit: "h" for hours, else a currency.  carry: what is not used goes into the next period not at all, up to `cap`, or
    in full; expiry: for how many further periods (none: for ever).  deficit: what was used beyond the allotment
    is billed at `rate` a unit, taken from the next period, or forgiven.  starts: the first day of all.
    pool: further projects that draw on the same allotment.  settles_after: working days that late entries have before
    a period is closed.
    """

    allotment: Decimal
    unit: str = HOURS
    period: Length = "month"
    carry: Carry = "none"
    cap: Decimal | None = None
    expiry: int | None = None
    deficit: Deficit = "bill"
    rate: Money | None = None
    starts: date | None = None
    pool: tuple[str, ...] = ()
    settles_after: int = 3

    def __post_init__(self) -> None:
        if self.allotment <= 0:
            raise BadRetainer("a retainer allots more than nothing in each period")
        if (self.carry == "capped") != (self.cap is not None):
            raise BadRetainer("`cap` belongs to `carry: capped`, and `carry: capped` needs a `cap`")
        if self.deficit == "bill" and self.unit == HOURS and self.rate is None:
            raise BadRetainer("hours beyond the allotment are billed at a `rate`: write one")


@dataclass(frozen=True, slots=True)
class Lot:
    """What is left of one period's allotment: the period's number, and how much."""

    number: int
    left: Decimal


def period_of(length: Length, day: date) -> str:
    """The key of the period that a day lies in: 2026-W05, 2026-01, 2026-Q1 or 2026."""
    if length == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02d}"
    if length == "quarter":
        return f"{day.year}-Q{(day.month + 2) // 3}"
    return f"{day.year}-{day.month:02d}" if length == "month" else f"{day.year}"


def days_of(period: str) -> tuple[date, date]:
    """The first and the last day of a period; BadRetainer for a key that names none."""
    match = _PERIOD.fullmatch(period)
    try:
        if match is None:
            raise ValueError(period)
        year, week, quarter, month = (int(part) if part else None for part in match.groups())
        assert year is not None  # noqa: S101
        if week is not None:
            first = date.fromisocalendar(year, week, 1)
            return first, first + 6 * _ONE_DAY
        first_month = month or (3 * quarter - 2 if quarter else 1)
        months = 1 if month else 3 if quarter else 12
        first = date(year, first_month, 1)
        return first, _months_on(first, months) - _ONE_DAY
    except ValueError:
        raise BadRetainer(f"{period[:20]!r} is no period: expected one such as 2026-01 or 2026-Q1") from None


def next_period(length: Length, period: str) -> str:
    """The period after."""
    return period_of(length, days_of(period)[1] + _ONE_DAY)


def opened(terms: Terms, period: str, before: Mapping[str, Any] | None = None) -> Record:
    """The period as it begins: its allotment, and what the closed one before it hands on.

    {"period", "number", "allotment", "carried", "owed", "lots": [[number, left], ...]}; `owed` was used too much before
    and is taken from this allotment.
    """
    number = int(before["number"]) + 1 if before else 1
    lots = [tuple(lot) for lot in before["handed_on"]] if before else []
    owed = before["owed_on"] if before else _NOTHING
    carried = sum((left for _, left in lots), start=_NOTHING)
    return {
        "period": period,
        "number": number,
        "allotment": terms.allotment,
        "carried": carried,
        "owed": owed,
        "lots": [*map(list, lots), [number, terms.allotment]],
    }


def standing(terms: Terms, running: Mapping[str, Any], used: Decimal) -> Record:
    """The fields of `retainer` while a period runs and `used` was used in it.

    period, unit, allotment, carried (of periods before), owed, available (all of it together), used, left (never below
    nothing), over (used beyond), share (used / available, exact; none of nothing), expires_on (the last day on which
    something that is left can be used; none where nothing expires).
    """
    available = EXACT.subtract(EXACT.add(running["allotment"], running["carried"]), running["owed"])
    left = EXACT.subtract(available, used)
    lots = _after_use(running, used)
    return {
        "period": running["period"],
        "unit": terms.unit,
        "allotment": running["allotment"],
        "carried": running["carried"],
        "owed": running["owed"],
        "available": available,
        "used": used,
        "left": max(left, _NOTHING),
        "over": max(-left, _NOTHING),
        "share": EXACT.divide(used, available) if available > 0 else None,
        "expires_on": _first_expiry(terms, running, lots),
    }


def closed(terms: Terms, running: Mapping[str, Any], used: Decimal, rounding: Rounding = "half_up") -> Record:
    """The period as it ends, fixed: what is handed on, lost and owed.

    Fields of `opened` and `standing`, and: handed_on (lots), carry_on (their sum), forfeited, owed_on (taken from the
    next period), billed (Money: what is used beyond at the agreed rate; none where nothing is billed), forgiven.
    """
    now = standing(terms, running, used)
    kept = _capped(terms, _unexpired(terms, running["number"], _after_use(running, used)))
    carry_on = sum((lot.left for lot in kept), start=_NOTHING)
    over = now["over"]
    return {
        **running,
        **now,
        "handed_on": [[lot.number, lot.left] for lot in kept],
        "carry_on": carry_on,
        "forfeited": EXACT.subtract(now["left"], carry_on),
        "owed_on": over if terms.deficit == "carry" else _NOTHING,
        "forgiven": over if terms.deficit == "forgive" else _NOTHING,
        "billed": _billed(terms, over, rounding),
    }


def terms_record(terms: Terms) -> Record:
    """The terms as they are kept on record: what was agreed holds, whatever the file says later."""
    return {name: getattr(terms, name) for name in Terms.__slots__ if name != "pool"} | {
        "pool": list(terms.pool)
    }


def terms_of(record: Mapping[str, Any]) -> Terms:
    """The terms that a record holds."""
    known = {name: record[name] for name in Terms.__slots__ if name in record}
    return Terms(**{**known, "pool": tuple(record.get("pool") or ())})


def in_force(kept: Mapping[str, Any], first: date) -> Terms:
    """The terms of a period that begins on a day: the latest that were agreed to hold by then.

    kept: the retainer's record. Terms with another length of period wait for a day on which such a period begins.
    """
    agreed = [(a["from"], terms_of(a["terms"])) for a in kept.get("agreed") or () if a["from"] <= first]
    fitting = [(day, t) for day, t in agreed if days_of(period_of(t.period, first))[0] == first]
    return max(fitting, key=lambda a: a[0])[1] if fitting else terms_of(kept["terms"])


def latest(kept: Mapping[str, Any]) -> Record:
    """The terms that were agreed on last, whether or not they hold already."""
    agreed = kept.get("agreed") or ()
    record: Record = agreed[-1]["terms"] if agreed else kept["terms"]
    return record


def following(terms: Terms, after: Terms, running: Mapping[str, Any], done: Mapping[str, Any]) -> Record:
    """The period after one that was closed under `terms`. What it hands on stays where the unit is the same one."""
    period = period_of(after.period, days_of(running["period"])[1] + _ONE_DAY)
    if after.unit == terms.unit:
        return opened(after, period, done)
    number = int(running["number"]) + 1
    return {**opened(after, period), "number": number, "lots": [[number, after.allotment]]}


def last_of(terms: Terms) -> Terms:
    """The terms under which the last period in one unit is closed: nothing of it can be handed on in another one."""
    deficit: Deficit = "forgive" if terms.deficit == "carry" else terms.deficit
    return replace(terms, carry="none", cap=None, deficit=deficit)


def used_between(sums: Iterable[Mapping[str, Any] | None], unit: str, first: date, last: date) -> Decimal:
    """What the ledgers of a pool say was used from one day to another, both included: hours of work, or money spent."""
    begin, end = first.isoformat(), last.isoformat()
    used = _NOTHING
    for ledger in sums:
        kept = (ledger or {}).get("hours" if unit == HOURS else "days", {})
        days = kept if unit == HOURS else kept.get("incurred", {})
        for day, amount in days.items():
            if begin <= day <= end:
                used = EXACT.add(used, amount)
    return EXACT.divide(used, Decimal(3600)) if unit == HOURS else used


def _after_use(running: Mapping[str, Any], used: Decimal) -> list[Lot]:
    """The lots that are left, the oldest used first; what is owed from before is used first of all."""
    to_take = EXACT.add(used, running["owed"])
    found: list[Lot] = []
    for number, left in running["lots"]:
        taken = min(max(to_take, _NOTHING), left)
        to_take = EXACT.subtract(to_take, taken)
        if left > taken:
            found.append(Lot(int(number), EXACT.subtract(left, taken)))
    return found


def _unexpired(terms: Terms, number: int, lots: Sequence[Lot]) -> list[Lot]:
    """The lots that may be used in the next period."""
    if terms.carry == "none":
        return []
    last = terms.expiry
    return [lot for lot in lots if last is None or number + 1 - lot.number <= last]


def _capped(terms: Terms, lots: Sequence[Lot]) -> list[Lot]:
    """No more than the cap: the oldest is given up, for it would have expired first."""
    if terms.cap is None:
        return list(lots)
    room, kept = terms.cap, []
    for lot in reversed(lots):
        part = min(lot.left, room)
        room = EXACT.subtract(room, part)
        if part:
            kept.append(Lot(lot.number, part))
    return kept[::-1]


def _billed(terms: Terms, over: Decimal, rounding: Rounding) -> Money | None:
    if terms.deficit != "bill" or not over:
        return None
    if terms.unit == HOURS:
        return quantize(terms.rate * over, rounding) if terms.rate is not None else None
    return quantize(Money(over, terms.unit), rounding)


def _first_expiry(terms: Terms, running: Mapping[str, Any], lots: Sequence[Lot]) -> date | None:
    """The end of the last period in which the oldest lot that is left may be used."""
    if not lots or (terms.carry != "none" and terms.expiry is None):
        return None
    further = 0 if terms.carry == "none" else (terms.expiry or 0)
    period = running["period"]
    for _ in range(max(0, lots[0].number + further - int(running["number"]))):
        period = next_period(terms.period, period)
    return days_of(period)[1]


def _months_on(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)
