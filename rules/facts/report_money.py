"""The money part of a report: entries, a baseline and its figures in, totals that add up line by line out.

What is printed adds up: the lines to the sum of each class, the classes to the period, and what was before, in and
after the period to what is spent in all. Every amount is rounded once, at posting, so nothing is rounded here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from rules.facts.event import Record
from rules.facts.ledger import CLASSES, effective
from rules.facts.money import Money, shares


@dataclass(frozen=True, slots=True)
class Counted:
    """One entry that counts: its day, class and money in the project's currency, and the entry itself."""

    on: date
    cost_class: str
    amount: Money
    entry: Mapping[str, Any]


def counted(entries: Iterable[Mapping[str, Any]], measure: str, counted_after: date | None) -> list[Counted]:
    """What counts in the measure of the budget, by day, class and id."""
    found = []
    for entry in entries:
        fact = effective(entry, counted_after)
        if fact is not None and fact["measure"] == measure and fact["amount"]:
            found.append(Counted(fact["work_date"], fact["class"], fact["amount"], entry))
    return sorted(found, key=lambda c: (c.on, c.cost_class, str(c.entry.get("id"))))


def spending(
    items: Iterable[Counted], lines: Mapping[str, Money], start: Money, days: tuple[date, date]
) -> tuple[Record, list[Counted]]:
    """The sums of a period, and the entries behind them. lines: the budget of each class, empty where there is none.
    start: the opening figure, which has no class.

    Out: {"before" (with the opening figure), "period", "after", "opening", "classes": [{"class", "period", "share",
    "spent", "total"}]}; before + period + after is what the budget calls spent, and the shares add up to 100.
    """
    first, last = days
    nothing = Money.zero(start.currency)
    all_items = list(items)
    within = [one for one in all_items if first <= one.on <= last]
    known = {one.cost_class for one in all_items} | {name for name, amount in lines.items() if amount}
    names = [*(c for c in CLASSES if c in known), *sorted(known - set(CLASSES))]
    in_period = {name: total((one for one in within if one.cost_class == name), nothing) for name in names}
    parts = shares([amount.amount for amount in in_period.values()])
    return {
        "opening": start,
        "before": total((one for one in all_items if one.on < first), start),
        "period": total(within, nothing),
        "after": total((one for one in all_items if one.on > last), nothing),
        "classes": [
            {
                "class": name,
                "period": in_period[name],
                "share": share,
                "spent": total((one for one in all_items if one.cost_class == name), nothing),
                "total": lines.get(name, nothing) if lines else None,
            }
            for name, share in zip(names, parts, strict=True)
        ],
    }, within


def total(items: Iterable[Counted], start: Money) -> Money:
    """What these come to on top of `start`."""
    return sum((one.amount for one in items), start=start)
