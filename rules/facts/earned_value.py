"""Earned value: what was planned, done and spent up to a day in, the fields of `earned` out.

Amounts are exact until they are given out, and then rounded once to the minor unit; indices are kept to four decimals.
An index that cannot be given is none, never zero and never infinite. The value of a milestone is part of the baseline:
a change adds to what is still to be done, and what was earned keeps its value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, Literal

from rules.facts.budget import budget_facts
from rules.facts.event import Record
from rules.facts.money import EXACT, Money, Rounding, quantize

Method = Literal["typical", "atypical", "both", "bottom_up"]
Credit = Literal["all_or_nothing", "half_and_half", "criteria"]
METHODS: Final = ("typical", "atypical", "both", "bottom_up")
CREDITS: Final = ("all_or_nothing", "half_and_half", "criteria")

_NONE: Final = Decimal(0)
_ALL: Final = Decimal(1)
_HALF: Final = Decimal("0.5")
_FOUR_PLACES: Final = Decimal("0.0001")
_ACCEPTED: Final = frozenset({"accepted", "deemed_accepted"})
_BEGUN: Final = frozenset({"handed_over", "in_acceptance", "rejected"})


@dataclass(frozen=True, slots=True)
class EarnedPlan:
    """How earned value is reckoned: the forecast's method, the credit of milestones, an estimate of the rest."""

    method: Method = "typical"
    credit: Credit = "all_or_nothing"
    to_complete: Money | None = None


def earned_value(
    bac: Money,
    pv: Money,
    ev: Money,
    ac: Money,
    method: Method = "typical",
    to_complete: Money | None = None,
    rounding: Rounding = "half_up",
) -> Record:
    """The figures of one status date, all amounts in the currency of `bac`.

    method, how the cost at completion (eac) is foreseen: typical is BAC/CPI, the work goes on as it went; atypical is
    AC + BAC - EV, the rest costs what was planned; both is AC + (BAC - EV)/(CPI x SPI), the date is kept as well;
    bottom_up is AC + `to_complete`, an estimate of the rest. A method without what it needs gives none.

    Fields: bac, pv, ev, ac, cv (EV - AC), sv (EV - PV), cpi (EV/AC), spi (EV/PV), method, eac, etc (EAC - AC), vac
    (BAC - EAC), tcpi ((BAC - EV)/(BAC - AC)), tcpi_eac ((BAC - EV)/(EAC - AC)), percent (EV/BAC, exact), exhausted
    (the budget is spent and the work is not done). Once all work is done the rest is zero and so is tcpi.
    """
    cpi, spi = _ratio(ev, ac), _ratio(ev, pv)
    rest = bac - ev
    eac = _at_completion(method, (rest, ac), (cpi, spi), to_complete)
    exhausted = ac >= bac and ev < bac
    tcpi = _NONE if ev == bac else None if exhausted else _ratio(rest, bac - ac)
    left = None if eac is None else eac - ac
    amounts = {
        "bac": bac,
        "pv": pv,
        "ev": ev,
        "ac": ac,
        "cv": ev - ac,
        "sv": ev - pv,
        "eac": eac,
        "etc": left,
        "vac": None if eac is None else bac - eac,
    }
    indices = {
        "cpi": cpi,
        "spi": spi,
        "tcpi": tcpi,
        "tcpi_eac": _NONE if ev == bac else None if left is None else _ratio(rest, left),
    }
    return {
        **{name: None if amount is None else quantize(amount, rounding) for name, amount in amounts.items()},
        **{name: None if index is None else four_decimals(index) for name, index in indices.items()},
        "method": method,
        "percent": _ratio(ev, bac),
        "exhausted": exhausted,
    }


def earned_facts(
    baseline: Mapping[str, Any],
    sums: Mapping[str, Any] | None,
    milestones: Iterable[Mapping[str, Any]],
    today: date,
    how: EarnedPlan | None = None,
    rounding: Rounding = "half_up",
) -> Record | None:
    """The fields of `earned` of a project on a day; none while no milestone carries a weight, for then nothing is
    planned that could be earned.

    What was spent (ac) is the consumption of the budget, in the measure that the baseline names. Planned value counts
    a milestone from the day it was planned for; earned value counts its credit. Cancelled milestones count in neither.
    """
    plan, how = list(milestones), how or EarnedPlan()
    values = values_of(baseline, plan)
    if not any(value["value"] for value in values.values()):
        return None
    nothing = Money.zero(baseline["currency"])
    running = [(m, values[m["id"]]) for m in plan if m["id"] in values and m.get("status") != "cancelled"]
    planned = (v["value"] for m, v in running if (m.get("baseline_due") or m["due"]) <= today)
    earned = (_earned(v, credited(m, how.credit)) for m, v in running)
    return earned_value(
        bac=baseline["total"],
        pv=sum(planned, start=nothing),
        ev=sum(earned, start=nothing),
        ac=budget_facts(baseline, sums)["spent"],
        method=how.method,
        to_complete=how.to_complete,
        rounding=rounding,
    )


def credited(milestone: Mapping[str, Any], credit: Credit) -> Decimal:
    """How much of a milestone is earned, from 0 to 1.

    all_or_nothing: all of it once it is accepted. half_and_half: half once it was begun (handed over, or a criterion
    met), all once accepted. criteria: the share of its criteria that are met. A milestone may name its own `credit`.
    """
    if milestone.get("status") in _ACCEPTED:
        return _ALL
    rule, met = milestone.get("credit") or credit, Decimal(milestone.get("criteria_met") or 0)
    if rule == "half_and_half":
        return _HALF if met or milestone.get("status") in _BEGUN else _NONE
    whole = Decimal(milestone.get("criteria_total") or 0)
    return EXACT.divide(min(met, whole), whole) if rule == "criteria" and whole else _NONE


def values_of(baseline: Mapping[str, Any], milestones: Sequence[Mapping[str, Any]]) -> dict[str, Record]:
    """Milestone id -> its part of the baseline, as agreed, else by weight.

    {"value": Money, "share": Decimal, "earned": Money}: `earned` was earned when `share` of it was done, at the last
    change of its value. A milestone that joined the plan later has none until a change pays for it.
    """
    kept: dict[str, Record] | None = baseline.get("values")
    if kept:
        return kept
    nothing = Money.zero(baseline["currency"])
    parts = _by_weight(baseline["total"], [m for m in milestones if m.get("status") != "cancelled"])
    return {id: {"value": value, "share": _NONE, "earned": nothing} for id, value in parts.items()}


def rebaselined(
    baseline: Mapping[str, Any],
    milestones: Sequence[Mapping[str, Any]],
    difference: Money,
    today: date,
    credit: Credit,
    named: Iterable[str] = (),
) -> dict[str, Record]:
    """The values of the milestones after the total changed by `difference`: what is earned and what was due so far
    keep theirs.

    The difference goes to the milestones `named` (ids) that are still to be done, else to all of those, by weight.
    Where nothing is left to do it is part of no milestone, and of the total alone.
    """
    values = values_of(baseline, milestones)
    open_ones = [
        m
        for m in milestones
        if m.get("status") not in (*_ACCEPTED, "cancelled") and (m.get("baseline_due") or m["due"]) > today
    ]
    if not any(value["value"] for value in values.values()):
        return values  # A plan without weights has no values, and a change gives it none.
    asked = set(named)
    chosen = [m for m in open_ones if m["id"] in asked] or open_ones
    nothing = Money.zero(difference.currency)
    for m, part in zip(chosen, _by_weight(difference, chosen, evenly=True).values(), strict=True):
        known = values.get(m["id"]) or {"value": nothing, "share": _NONE, "earned": nothing}
        share = credited(m, credit)
        changed = {"value": known["value"] + part, "share": share, "earned": _earned(known, share)}
        values = {**values, m["id"]: changed}
    return values


def four_decimals(index: Decimal) -> Decimal:
    """An index as it is kept and compared: four decimals, half up."""
    return EXACT.plus(index.quantize(_FOUR_PLACES, rounding=ROUND_HALF_UP, context=EXACT))


def _earned(value: Mapping[str, Any], share: Decimal) -> Money:
    """What a milestone has earned when `share` of it is done: a value that changed half-way is earned on the rest."""
    known, before = value["share"], value["earned"]
    whole: Money = value["value"]
    if share < known:
        return quantize(before * EXACT.divide(share, known))
    if known == _ALL:
        return whole
    return quantize(before + (whole - before) * EXACT.divide(share - known, _ALL - known))


def _by_weight(
    amount: Money, milestones: Sequence[Mapping[str, Any]], *, evenly: bool = False
) -> dict[str, Money]:
    """The amount over the milestones by their weights, adding up to it: the last one takes what rounding leaves."""
    weights = [Decimal(m.get("weight") or 0) for m in milestones]
    if evenly and not any(weights):
        weights = [_ALL for _ in milestones]
    whole = sum(weights, start=_NONE)
    found: dict[str, Money] = {}
    left, weight_left = amount, whole
    for m, weight in zip(milestones, weights, strict=True):
        part = left if weight and weight == weight_left else left * 0
        if weight and weight != weight_left:
            part = quantize(left * EXACT.divide(weight, weight_left))
        found[m["id"]] = part
        left, weight_left = left - part, weight_left - weight
    return found


def _at_completion(
    method: Method,
    rest_and_spent: tuple[Money, Money],
    indices: tuple[Decimal | None, Decimal | None],
    to_complete: Money | None,
) -> Money | None:
    (rest, ac), (cpi, spi) = rest_and_spent, indices
    if method == "atypical":
        return ac + rest
    if method == "bottom_up":
        return None if to_complete is None else ac + to_complete
    if not rest:
        return ac
    pace = cpi if method == "typical" or cpi is None or spi is None else EXACT.multiply(cpi, spi)
    if method == "both" and spi is None:
        return None
    return ac + rest / pace if pace else None


def _ratio(part: Money, whole: Money) -> Decimal | None:
    return part / whole if whole else None
