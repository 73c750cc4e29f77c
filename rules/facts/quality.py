"""Quality and KPIs: issues and figures in, defect rates, KPI values with their trend out.

A rate is none until there is something to measure it by. KPI values are plain numbers; shares are 0.9 for 90 %.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from rules.facts.calendar import local_day
from rules.facts.duration import Duration
from rules.facts.event import Record
from rules.facts.money import EXACT
from rules.facts.project import Target

KPIS: Final = (
    *("cpi", "spi", "budget_used", "on_time"),
    *("defects_open", "reopened_rate", "rework_rate", "coverage"),
)
# Whether more is better; a target says so itself.
_MORE_IS_BETTER: Final = frozenset({"cpi", "spi", "on_time", "coverage"})
_DEFECTS: Final = frozenset({"bug", "defect", "fault", "incident", "regression", "缺陷", "故障", "错误"})
_ACCEPTED: Final = frozenset({"accepted", "deemed_accepted"})
_DAYS_KEPT: Final = 90
# A trend looks back about a working week.
_LOOK_BACK: Final = 5


def quality_facts(issues: Iterable[Mapping[str, Any]]) -> Record:
    """The fields of `quality` that a tracker tells: defects_open, reopened_rate, rework_rate.

    A defect is an issue whose type or one of whose labels says so. reopened_rate: of the issues that were ever closed,
    how many were opened again. rework_rate: of the time logged on issues, how much went into defects and into issues
    that had been closed before.
    """
    defects_open = closed = reopened = worked = again = 0
    for issue in issues:
        if issue.get("deleted"):
            continue
        defect, times = is_defect(issue), int(issue.get("times_reopened") or 0)
        done = issue.get("status_group") == "done"
        defects_open += int(defect and not done)
        closed += int(done or times > 0)
        reopened += int(times > 0)
        seconds = _seconds(issue.get("logged"))
        worked += seconds
        again += seconds if defect or times else 0
    return {
        "defects_open": defects_open,
        "reopened_rate": _share(reopened, closed),
        "rework_rate": _share(again, worked),
    }


def is_defect(issue: Mapping[str, Any]) -> bool:
    """Whether an issue is about something that does not work as it should."""
    words = [issue.get("type"), *(issue.get("labels") or ())]
    return any(str(word).casefold() in _DEFECTS for word in words)


def kpi_values(
    budget: Mapping[str, Any] | None,
    earned: Mapping[str, Any] | None,
    quality: Mapping[str, Any],
    milestones: Iterable[Mapping[str, Any]],
    zone: str = "UTC",
) -> dict[str, Decimal | None]:
    """The value of each KPI today; none where it cannot be measured yet."""
    of_earned = earned or {}
    values: dict[str, Any] = {
        "cpi": of_earned.get("cpi"),
        "spi": of_earned.get("spi"),
        "budget_used": (budget or {}).get("used"),
        "on_time": _on_time(milestones, zone),
        **{name: quality.get(name) for name in ("defects_open", "reopened_rate", "rework_rate", "coverage")},
    }
    return {name: Decimal(value) if (value := values[name]) is not None else None for name in KPIS}


def kpi_record(
    before: Mapping[str, Any] | None, name: str, value: Decimal | None, target: Target | None, day: date
) -> Record:
    """The fields of `kpi` on a day, over those of the days before.

    trend: better, worse or steady, against the value of about a week ago. met: none without a target or a value.
    history: [[day, value], ...], a value a day.
    """
    history = [row for row in (before or {}).get("history", ()) if row[0] != day.isoformat()]
    known = [row[1] for row in history if row[1] is not None]
    more = target.at_least if target else name in _MORE_IS_BETTER
    return {
        "name": name,
        "value": value,
        "target": target.value if target else None,
        "met": None if target is None or value is None else target.met(value),
        "trend": _trend(known[-_LOOK_BACK:], value, more),
        "measured_on": day,
        "history": [*history, [day.isoformat(), value]][-_DAYS_KEPT:],
    }


def _trend(known: list[Decimal], value: Decimal | None, more_is_better: bool) -> str:
    if not known or value is None or value == known[0]:
        return "steady"
    return "better" if (value > known[0]) == more_is_better else "worse"


def _on_time(milestones: Iterable[Mapping[str, Any]], zone: str) -> Decimal | None:
    """Of the milestones handed over or accepted, how many were handed over by the end of the day first agreed."""
    late = whole = 0
    for m in milestones:
        came = m.get("handed_over_at") or (m.get("accepted_at") if m.get("status") in _ACCEPTED else None)
        if came is None:
            continue
        whole += 1
        late += int(local_day(came, zone) > (m.get("baseline_due") or m["due"]))
    return _share(whole - late, whole)


def _share(part: int, whole: int) -> Decimal | None:
    return EXACT.divide(Decimal(part), Decimal(whole)) if whole else None


def _seconds(logged: Any) -> int:
    if isinstance(logged, Duration) and logged.unit != "wd":
        return logged.seconds
    return 0
