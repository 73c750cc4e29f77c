"""The money part of a report, as far as its reader may see it: spending line by line, or the price that was agreed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rules.engine.reports.material import Material
from rules.facts.event import Record
from rules.facts.money import Money
from rules.facts.report_money import Counted, counted, spending


def money(material: Material) -> Record:
    """{"shown": "spend" | "price" | "nothing", ...}: what is not shown is not in it at all."""
    budget = material.facts.figures("budget") or {}
    if not material.shows_cost:
        if material.project.billing_kind != "fixed_price":
            return {"shown": "nothing"}
        return {"shown": "price", **{k: budget.get(k) for k in ("total", "billed", "collected")}}
    baseline = material.facts.kept("baseline") or {}
    items = counted(material.find("entry"), baseline["measure"], baseline.get("opening_as_of"))
    start = baseline.get("opening_spent") or Money.zero(baseline["currency"])
    sums, within = spending(items, baseline.get("lines") or {}, start, (material.first, material.last))
    forecast, earned = material.facts.figures("forecast") or {}, material.facts.figures("earned") or {}
    wanted = ("at_completion", "overrun", "exhausted_on", "runway", "enough_data")
    return {
        "shown": "spend",
        "measure": baseline["measure"],
        **{k: budget.get(k) for k in ("total", "spent", "used", "remaining", "reserve", "reserve_left")},
        **sums,
        "forecast": {k: forecast.get(k) for k in wanted},
        "earned": {k: earned.get(k) for k in ("pv", "ev", "cpi", "spi")},
        "lines": [_line(material, one) for one in within],
    }


def _line(material: Material, one: Counted) -> Record:
    """One entry as it is printed: what for, by whom, why, how much; hours where the client is billed by them."""
    entry = one.entry
    timed = material.project.budget.at == "bill_rate" or not material.for_client
    return {
        "on": one.on,
        "class": one.cost_class,
        "kind": entry.get("kind"),
        "what": entry.get("number") or material.written("entry", entry),
        "who": material.name(entry.get("person")) or entry.get("party"),
        "reason": _reason(material, entry),
        "hours": entry.get("duration") if timed else None,
        "amount": one.amount,
    }


def _reason(material: Material, entry: Mapping[str, Any]) -> str | None:
    """Why it was spent: what was said, else the work it is linked to."""
    if entry.get("reason"):
        return str(entry["reason"])
    issue = material.book.get("issue", str(entry.get("issue"))) if entry.get("issue") else None
    if issue is not None:
        title = material.written("issue", issue)
        return f"{issue.get('key')} {title}" if title else str(issue.get("key"))
    milestone = entry.get("milestone")
    if milestone is None:
        return None
    places = (f"{material.project.id}/{milestone}", str(milestone))
    known = next((m for place in places if (m := material.book.get("milestone", place))), None)
    return str(known["title"]) if known else None
