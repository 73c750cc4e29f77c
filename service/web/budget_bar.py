"""The budget bar as positions: amounts of one budget come in, percentages along a line go out.

The drawing itself is a template's: SVG in `macros/budget.html`, an HTML table in `mail/blocks.html`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

_STEP = Decimal("0.01")
_BEYOND = Decimal("1.04")  # room to the right of the total, so that what runs over it can be seen as such
_LABEL_WIDTH = Decimal(10)  # percent of the bar that a label needs on the narrowest phone
_EDGE = Decimal(4)

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Tick:
    """One level: a ratio of the total, its place in percent, and where its label goes."""

    level: Decimal
    at: Decimal
    passed: bool
    lane: int
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class BudgetBar:
    """Amounts in `currency`, and places in percent (0 to 100, two decimals) of the whole drawing."""

    currency: str
    total: Decimal
    spent: Decimal
    committed: Decimal
    forecast: Decimal | None
    reserve: Decimal
    total_at: Decimal
    spent_at: Decimal
    within_width: Decimal
    over_width: Decimal
    committed_width: Decimal
    outlined_from: Decimal
    forecast_width: Decimal
    reserve_from: Decimal
    reserve_width: Decimal
    ticks: tuple[Tick, ...]


def draw_budget_bar(
    currency: str,
    total: Decimal,
    spent: Decimal,
    committed: Decimal = Decimal(0),
    forecast: Decimal | None = None,
    reserve: Decimal = Decimal(0),
    levels: Iterable[Decimal] = (),
) -> BudgetBar:
    """Place one budget on a line; `levels` are ratios of the total (0.8 for 80 %), all amounts in `currency`.

    A spend below zero (credits) is drawn as none; the amount printed beside stays as it is.
    """
    scale = _scale(total, max(spent, Decimal(0)) + committed, forecast)
    spent_at = _place(spent, scale)
    total_at = _place(total, scale)
    committed_end = _place(max(spent, Decimal(0)) + committed, scale)
    reserve_from = _place(total - reserve, scale)
    return BudgetBar(
        currency=currency,
        total=total,
        spent=spent,
        committed=committed,
        forecast=forecast,
        reserve=reserve,
        total_at=total_at,
        spent_at=spent_at,
        within_width=min(spent_at, total_at),
        over_width=max(spent_at - total_at, Decimal(0)),
        committed_width=committed_end - spent_at,
        outlined_from=committed_end,
        forecast_width=max(_place(forecast or Decimal(0), scale) - committed_end, Decimal(0)),
        reserve_from=reserve_from,
        reserve_width=total_at - reserve_from,
        ticks=_ticks(sorted(levels), total, spent, scale),
    )


def _scale(total: Decimal, promised: Decimal, forecast: Decimal | None) -> Decimal:
    furthest = max(promised, forecast or Decimal(0))
    if furthest <= total:
        return max(total, Decimal(0))
    return furthest * _BEYOND


def _place(amount: Decimal, scale: Decimal) -> Decimal:
    if scale <= 0:
        return Decimal(0)
    return min(max(100 * amount / scale, Decimal(0)), Decimal(100)).quantize(_STEP)


def _ticks(levels: list[Decimal], total: Decimal, spent: Decimal, scale: Decimal) -> tuple[Tick, ...]:
    ticks: list[Tick] = []
    for level in levels if total > 0 else ():
        if level * total > scale:
            break
        at = _place(level * total, scale)
        crowded = bool(ticks) and ticks[-1].lane == 0 and at - ticks[-1].at < _LABEL_WIDTH
        ticks.append(Tick(level, at, spent >= level * total, int(crowded), _anchor(at)))
    return tuple(ticks)


def _anchor(at: Decimal) -> Anchor:
    if at < _EDGE:
        return "start"
    return "end" if at > 100 - _EDGE else "middle"
