"""What a budget comes to: a baseline and the ledger's sums in, the fields of `budget` and `forecast` out.

Consumption is the measure that the baseline names plus the opening figure. Percentages are exact ratios; nothing is
rounded but a forecast amount, once. A figure that cannot be given is none, never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from rules.facts.calendar import (
    CalendarRange,
    WorkCalendar,
    add_working_days,
    nearest_working_day,
    working_days_between,
)
from rules.facts.event import Record
from rules.facts.ledger import by_class, empty_sums, total
from rules.facts.money import EXACT, Money, quantize

BURN_DAYS: Final = 10
ENOUGH_DAYS: Final = 3
ENOUGH_DONE: Final = Decimal("0.2")
_LONGEST_RUNWAY: Final = 2_500
_ACCEPTED: Final = ("accepted", "deemed_accepted")


def budget_facts(
    baseline: Mapping[str, Any],
    sums: Mapping[str, Any] | None,
    opening: Mapping[str, Any] | None = None,
    drawn: Money | None = None,
) -> Record:
    """The fields of `budget`, dotted for each line ("lines.staff.used").

    baseline: {"version", "total": Money, "currency", "measure", "lines": {class: Money}, "reserve": Money or none,
    "opening_spent", "opening_as_of"}. sums: of the ledger, none before the first entry. opening: {"spent", "as_of"}
    in place of the baseline's own; work up to as_of is not in the sums (ledger.effective leaves it out).
    drawn: taken from the reserve so far, the baseline's own where it is not given. The opening figure has no class: it
    is in the total, in no line.
    """
    currency = baseline["currency"]
    ledger = sums or empty_sums(currency)
    figures = {
        measure: total(ledger, measure) for measure in ("committed", "incurred", "billed", "collected")
    }
    figures[baseline["measure"]] += _opening(baseline, opening)[0]
    spent, whole = figures[baseline["measure"]], baseline["total"]
    reserve = baseline.get("reserve") or Money.zero(currency)
    facts: Record = {
        "version": baseline["version"],
        "total": whole,
        "spent": spent,
        "committed": figures["committed"],
        "billed": figures["billed"],
        "collected": figures["collected"],
        "remaining": whole - spent,
        "used": _ratio(spent, whole),
        "reserve": reserve,
        "reserve_left": reserve - (drawn or baseline.get("drawn") or Money.zero(currency)),
    }
    return facts | _line_facts(baseline, ledger)


def burn(
    sums: Mapping[str, Any],
    cals: Sequence[WorkCalendar],
    day: date,
    n: int = BURN_DAYS,
    measure: str = "incurred",
) -> Money:
    """Spending of the last n working days up to and with `day`, divided by n; money a working day, not rounded.

    Work on closed days between them counts with them.
    """
    first = _window_start(cals, day, n).isoformat()
    days = sums["days"].get(measure, {})
    spent = Money.zero(sums["currency"])
    for on, amount in days.items():
        if first <= on <= day.isoformat():
            spent += Money(amount, spent.currency)
    return spent / n


def runway(remaining: Money, per_day: Money) -> int | None:
    """Whole working days that the rest lasts at that burn; 0 when nothing is left, none without a positive burn."""
    if not remaining > Money.zero(remaining.currency):
        return 0
    if not per_day > Money.zero(per_day.currency):
        return None
    return int(remaining / per_day)


def forecast_facts(
    baseline: Mapping[str, Any],
    sums: Mapping[str, Any] | None,
    milestones: Iterable[Mapping[str, Any]],
    cals: Sequence[WorkCalendar],
    today: date,
    opening: Mapping[str, Any] | None = None,
) -> Record:
    """The fields of `forecast`, by the method burn_rate: spending goes on as in the last ten working days.

    at_completion: spent so far plus the burn on every working day to the end of the plan, which is the latest open
    milestone's forecast_date or due date; none without milestones. overrun: at_completion above the total, at least
    zero. enough_data: three working days since the first entry (an opening figure is none), and a fifth done (by
    accepted weight or by budget used, whichever is more); without it, and without a positive burn, there is no forecast
    and no runway. days_of_data and done say how far that is.
    """
    plan = [m for m in milestones if m.get("status") != "cancelled"]
    ledger = sums or empty_sums(baseline["currency"])
    facts = budget_facts(baseline, ledger, opening)
    data_days = _data_days(baseline, ledger, opening, cals, today)
    ground = {
        "days_of_data": _since_first(ledger["days"].get(baseline["measure"], {}), cals, today),
        "done": max(_done(plan), facts["used"] or Decimal(0)),
    }
    enough = ground["days_of_data"] >= ENOUGH_DAYS and ground["done"] >= ENOUGH_DONE
    none = {"at_completion": None, "overrun": None, "exhausted_on": None, "runway": None}
    forecast: Record = {**none, **ground, "method": "burn_rate", "enough_data": enough}
    if not enough:
        return forecast
    per_day = burn(ledger, cals, today, min(BURN_DAYS, data_days), baseline["measure"])
    if not per_day > Money.zero(per_day.currency):
        return forecast
    left = runway(facts["remaining"], per_day)
    forecast |= {"runway": left, "exhausted_on": _exhausted_on(cals, today, left)}
    days_to_come = _days_to_come(plan, cals, today)
    if days_to_come is not None:
        at_completion = quantize(facts["spent"] + per_day * days_to_come)
        overrun = max(at_completion - facts["total"], Money.zero(per_day.currency))
        forecast |= {"at_completion": at_completion, "overrun": overrun}
    return forecast


def _opening(baseline: Mapping[str, Any], opening: Mapping[str, Any] | None) -> tuple[Money, date | None]:
    given = opening or {"spent": baseline.get("opening_spent"), "as_of": baseline.get("opening_as_of")}
    return given.get("spent") or Money.zero(baseline["currency"]), given.get("as_of")


def _line_facts(baseline: Mapping[str, Any], ledger: Mapping[str, Any]) -> Record:
    nothing = Money.zero(baseline["currency"])
    planned: Mapping[str, Money] = baseline.get("lines") or {}
    spent = by_class(ledger, baseline["measure"])
    facts: Record = {}
    for name in dict.fromkeys([*planned, *spent]):
        whole, used = planned.get(name, nothing), spent.get(name, nothing)
        facts |= {
            f"lines.{name}.total": whole,
            f"lines.{name}.spent": used,
            f"lines.{name}.used": _ratio(used, whole),
        }
    return facts


def _ratio(part: Money, whole: Money) -> Decimal | None:
    return part / whole if whole else None


def _window_start(cals: Sequence[WorkCalendar], day: date, n: int) -> date:
    last = nearest_working_day(cals, day, "earlier")
    return add_working_days(cals, last, 1 - n)


def _data_days(
    baseline: Mapping[str, Any],
    ledger: Mapping[str, Any],
    opening: Mapping[str, Any] | None,
    cals: Sequence[WorkCalendar],
    today: date,
) -> int:
    """Working days that the ledger stands for: since its opening figure, else its first entry; 0 without any entry."""
    days = [on for on in ledger["days"].get(baseline["measure"], {}) if on <= today.isoformat()]
    if not days:
        return 0
    window = _window_start(cals, today, BURN_DAYS)
    before = _opening(baseline, opening)[1]
    if before is not None and before < window:
        return BURN_DAYS
    return working_days_between(cals, before, today) if before else _since_first(days, cals, today)


def _since_first(days: Iterable[str], cals: Sequence[WorkCalendar], today: date) -> int:
    """Working days from the first entry to today, both included, as many as the burn looks back at most."""
    first = min((on for on in days if on <= today.isoformat()), default=None)
    if first is None:
        return 0
    if first <= _window_start(cals, today, BURN_DAYS).isoformat():
        return BURN_DAYS
    return working_days_between(cals, date.fromisoformat(first) - timedelta(days=1), today)


def _done(plan: Sequence[Mapping[str, Any]]) -> Decimal:
    whole = accepted = Decimal(0)
    for milestone in plan:
        weight = Decimal(milestone.get("weight") or 0)
        whole += weight
        accepted += weight if milestone.get("status") in _ACCEPTED else 0
    return EXACT.divide(accepted, whole) if whole else whole


def _days_to_come(plan: Sequence[Mapping[str, Any]], cals: Sequence[WorkCalendar], today: date) -> int | None:
    """Working days to the end of the plan; none without a plan, or with a date that no plan can mean."""
    ends = [m.get("forecast_date") or m.get("due") for m in plan if m.get("status") not in _ACCEPTED]
    end = max((end for end in ends if end is not None), default=today if plan and not ends else None)
    try:
        return None if end is None else max(0, working_days_between(cals, today, end))
    except CalendarRange:
        return None


def _exhausted_on(cals: Sequence[WorkCalendar], today: date, left: int | None) -> date | None:
    return add_working_days(cals, today, left) if left is not None and left <= _LONGEST_RUNWAY else None
