"""What a project agreed about its figures: retainer, earned value and KPI targets of a workspace document.

In: the parts of a project as written. Out: `Terms`, `EarnedPlan` and `Target`s; problems are told to the part.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from rules.facts.earned_value import EarnedPlan
from rules.facts.project import Target
from rules.facts.retainer import HOURS, BadRetainer, Terms
from rules.language.workspace_values import Part, typed

# KPIs that are shares of something; a target above 1 for them is a percentage without its sign.
_SHARES: Final = frozenset({"budget_used", "on_time", "reopened_rate", "rework_rate", "coverage"})


def figures_of(project: Part, kind: str) -> dict[str, Any]:
    """What a `Project` knows of its figures: earned, retainer, kpi, closed_until."""
    given = project.value
    return {
        "earned": earned_of(project.below("earned_value"), given["currency"]),
        "retainer": retainer_of(project, kind),
        "kpi": kpi_of(project.below("kpi")),
        "closed_until": project.day("closed_until") if "closed_until" in given else None,
    }


def earned_of(part: Part, currency: str) -> EarnedPlan:
    """How earned value is reckoned: by the usual method where nothing stands."""
    given = part.value or {}
    method, to_complete = given.get("method", "typical"), part.amount(currency, "to_complete")
    if (method == "bottom_up") != (to_complete is not None):
        part.tell(
            "method" if method == "bottom_up" else "to_complete",
            "a bottom-up forecast needs an estimate of the rest, and only that one does",
            "write method: bottom_up together with to_complete: 40000",
        )
    return EarnedPlan(method, given.get("credit", "all_or_nothing"), to_complete)


def retainer_of(project: Part, kind: str) -> Terms | None:
    """The terms of `billing.retainer`; none for a project that is not billed by a retainer of its own."""
    part = project.below("billing", "retainer")
    given = (project.value.get("billing") or {}).get("retainer")
    if given is None:
        return None
    if kind != "retainer":
        part.tell("allotment", f"a retainer is agreed, but `kind` is {kind}", "write kind: retainer")
    currency = project.value["currency"]
    allotment, unit = _allotted(given["allotment"], currency)
    cap, cap_unit = _allotted(given["cap"], currency) if "cap" in given else (None, unit)
    if cap_unit != unit:
        part.tell(
            "cap", "the cap is not in the unit of the allotment", "write both in hours, or both as amounts"
        )
    try:
        return Terms(
            allotment=allotment,
            unit=unit,
            period=given.get("period", "month"),
            carry=given.get("carry", "none"),
            cap=cap,
            expiry=given.get("expiry"),
            deficit=given.get("deficit", "bill"),
            rate=part.amount(currency, "rate"),
            starts=part.day("starts") if "starts" in given else None,
            pool=tuple(given.get("pool", ())),
            settles_after=given.get("settles_after", 3),
        )
    except BadRetainer as error:
        part.tell("allotment", str(error))
        return None


def kpi_of(part: Part) -> dict[str, Target]:
    """KPI -> target."""
    found = {}
    for name, given in (part.value or {}).items():
        (word, figure), *_ = given.items()
        value = typed(figure) if isinstance(figure, str) else Decimal(figure)
        if name in _SHARES and value > 1:
            part.below(name).tell(
                word, f"`{name}` is a share, from 0 to 100%", f"write {value:f}% if that is meant"
            )
        found[name] = Target(value, word == "at_least")
    return found


def check_pools(projects: dict[str, tuple[Part, Any]]) -> None:
    """A pool has projects that exist, of one client and one currency, and no project draws on two retainers."""
    drawn: dict[str, str] = {}
    for key, (part, project) in projects.items():
        for n, name in enumerate(project.retainer.pool if project.retainer else ()):
            where = part.below("billing", "retainer", "pool")
            other = projects[name][1] if name in projects else None
            if other is None or name == key:
                where.tell(n, f"there is no other project `{name}`")
            elif (other.client, other.currency) != (project.client, project.currency):
                where.tell(n, f"`{name}` is of another client or in another currency")
            elif name in drawn or other.retainer is not None:
                where.tell(n, f"`{name}` draws on another retainer already")
            drawn[name] = key


def _allotted(given: Any, currency: str) -> tuple[Decimal, str]:
    """An amount and its unit: "20h" is hours, a number is money."""
    if isinstance(given, str):
        return Decimal(given.removesuffix("h")), HOURS
    return Decimal(given), currency
