"""Figures of a project as lines of text: records as the engine reckons them in, what a terminal shows out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rules.facts.event import Record


def budget_lines(budget: Record, forecast: Record) -> Iterator[str]:
    """Spent, left, reserve and forecast."""
    yield (
        f"budget      {figure(budget['spent'])} of {figure(budget['total'])} spent ({share(budget['used'])}), "
        f"{figure(budget['remaining'])} left, baseline {budget['version']}"
    )
    if budget["reserve"]:
        yield f"reserve     {figure(budget['reserve_left'])} of {figure(budget['reserve'])} left"
    if not forecast:
        return
    if not forecast["enough_data"]:
        known = (
            f"{forecast['days_of_data']} working days of entries, {share(forecast['done'])} spent or accepted"
        )
        yield f"forecast    too little data yet: {known}; it needs 3 days and 20.0 %"
    elif forecast["runway"] is None:
        yield "forecast    - (nothing was spent in the last ten working days)"
    else:
        yield f"forecast    {forecast['runway']} working days left, {figure(forecast['at_completion'])} at completion"


def earned_lines(earned: Record | None) -> Iterator[str]:
    """Earned value, or why there is none."""
    if earned is None:
        yield "earned      - (no milestone has a weight)"
        return
    yield f"earned      PV {figure(earned['pv'])}  EV {figure(earned['ev'])}  AC {figure(earned['ac'])}"
    yield f"            CV {figure(earned['cv'])}  SV {figure(earned['sv'])}  {share(earned['percent'])} done"
    yield f"            CPI {figure(earned['cpi'])}  SPI {figure(earned['spi'])}  TCPI {figure(earned['tcpi'])}"
    yield f"            EAC {figure(earned['eac'])} ({earned['method']})  VAC {figure(earned['vac'])}"
    if earned["exhausted"]:
        yield "            the budget is exhausted and the work is not done"


def retainer_lines(
    now: Record | None, periods: Iterable[Record], terms: Iterable[Record] = ()
) -> Iterator[str]:
    """What was agreed on later, the closed periods of a retainer, then the one that runs."""
    if now is None:
        return
    for agreed in terms:
        by = f" by {agreed['by']}" if agreed["by"] else " by two people"
        yield (
            f"retainer    {figure(agreed['terms']['allotment'])} {now['unit']} each {agreed['terms']['period']} "
            f"agreed from {agreed['from']}{by}"
        )
    for closed in periods:
        billed = f", {figure(closed['billed'])} billed" if closed["billed"] else ""
        ended = f"{figure(closed['carry_on'])} carried on, {figure(closed['forfeited'])} lost"
        used = f"{figure(closed['used'])} of {figure(closed['available'])} {now['unit']} used"
        yield f"retainer    {closed['period']}: {used}, {ended}, {figure(closed['over'])} over{billed}"
    expiry = f", until {now['expires_on']}" if now["expires_on"] else ""
    yield (
        f"retainer    {now['period']}: {figure(now['used'])} of {figure(now['available'])} {now['unit']} used, "
        f"{figure(now['left'])} left{expiry} (running)"
    )


def workload_lines(weeks: Iterable[Record]) -> Iterator[str]:
    """Hours of each person, this week and the last."""
    for week in weeks:
        planned = f" of {hours(week['planned'])} planned" if week["planned"] else ""
        over = ", over" if week["over"] else ""
        yield f"hours       {week['week']} {week['person']}: {hours(week['logged'])}{planned}{over}"


def hours(length: Any) -> str:
    """A length of time in hours, with a decimal where it needs one."""
    from decimal import Decimal

    return f"{figure(Decimal(length.seconds) / 3600)} h"


def kpi_lines(kpis: Iterable[Record]) -> Iterator[str]:
    """Each KPI as measured last."""
    for kpi in kpis:
        target = "" if kpi["target"] is None else f", target {figure(kpi['target'])}"
        state = "" if kpi["met"] is None else ", met" if kpi["met"] else ", not met"
        yield f"kpi         {kpi['name']} {figure(kpi['value'])} ({kpi['trend']}{target}{state})"


def figure(value: Any) -> str:
    """A figure as it is printed: money with its code, numbers with two decimals at most, nothing as "-"."""
    from rules.facts.money import Money, format_money

    if value is None:
        return "-"
    return format_money(value) if isinstance(value, Money) else f"{round(value, 2).normalize():f}"


def share(ratio: Any) -> str:
    """A ratio in percent."""
    from rules.facts.money import format_percent

    return "-" if ratio is None else format_percent(ratio)
