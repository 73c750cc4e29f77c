"""Where the money of projects stands: budget facts for a list of many, and the bar of one.

In: the records. Out: `Standing`s, kept between requests and reckoned anew when a project's baseline or sums change, and
`BudgetBar`s with the sentence under them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rules.facts.budget import budget_facts
from rules.facts.event import Record
from rules.facts.money import Money
from rules.language.model import RuleSet
from service.state import Figures
from service.store import attention
from service.store.database import Connection
from service.web.budget_bar import BudgetBar, draw_budget_bar
from service.web.pages import Reader

LEVELS = (Decimal("0.5"), Decimal("0.8"), Decimal(1))
WATCHED = Decimal("0.8")


@dataclass(frozen=True, slots=True)
class Standing:
    """A project's money: amounts in its currency; `used` is the exact share, none without a budget."""

    currency: str
    total: Decimal
    spent: Decimal
    committed: Decimal
    reserve: Decimal
    used: Decimal | None


class Standings:
    """The standing of every project that has a baseline; what did not change is not reckoned again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._marks: dict[str, str] = {}
        self._known: dict[str, Standing] = {}

    def of_all(self, connection: Connection) -> dict[str, Standing]:
        """Project -> standing, as this connection sees the record."""
        marks = attention.money_marks(connection)
        with self._lock:
            changed = [id for id, mark in marks.items() if self._marks.get(id) != mark]
            for some in _chunks(changed):
                self._known |= _reckoned(connection, some)
            self._marks = marks
            self._known = {id: standing for id, standing in self._known.items() if id in marks}
            return dict(self._known)


def bar_of(standing: Standing, forecast: Decimal | None = None, levels: Iterable[Decimal] = ()) -> BudgetBar:
    """The drawing of a standing."""
    return draw_budget_bar(
        standing.currency,
        standing.total,
        standing.spent,
        standing.committed,
        forecast,
        standing.reserve,
        levels,
    )


def standing_of(budget: Record) -> Standing:
    """The standing that budget facts tell."""
    total: Money = budget["total"]
    # What is committed counts beside what is spent only where the two are measured apart.
    committed = Decimal(0) if budget["committed"] == budget["spent"] else budget["committed"].amount
    return Standing(
        total.currency,
        total.amount,
        budget["spent"].amount,
        committed,
        budget["reserve_left"].amount,
        budget["used"],
    )


def sentence(seen: Reader, figures: Figures) -> str:
    """What the bar comes to, in one sentence."""
    budget, forecast = figures.budget, figures.forecast or {}
    if budget is None or budget["used"] is None:
        return seen.t("budget.none")
    used = seen.fmt.percent(budget["used"])
    overrun, whole = forecast.get("overrun"), forecast.get("at_completion")
    if overrun and whole is not None:
        return seen.t(
            "budget.sentence_over", used=used, forecast=seen.fmt.amount(whole), over=seen.fmt.amount(overrun)
        )
    if forecast.get("at_completion") is not None:
        return seen.t("budget.sentence_fits", used=used)
    if forecast.get("exhausted_on"):
        return seen.t("budget.sentence_ends", used=used, day=seen.fmt.day(forecast["exhausted_on"]))
    if not forecast.get("enough_data", True):
        known = {
            "days": forecast.get("days_of_data") or 0,
            "done": seen.fmt.percent(forecast.get("done") or 0),
        }
        return seen.t("budget.sentence_no_forecast", used=used, **known)
    return seen.t("budget.sentence", used=used)


def sentence_for_client(seen: Reader, figures: Figures) -> str:
    """The same for who pays: what is spent, and when it ends at this pace; forecast sums stay in the team."""
    budget, forecast = figures.budget, figures.forecast or {}
    if budget is None or budget["used"] is None:
        return seen.t("budget.none")
    used, ends = seen.fmt.percent(budget["used"]), forecast.get("exhausted_on")
    if ends and forecast.get("overrun"):
        return seen.t("budget.sentence_ends", used=used, day=seen.fmt.day(ends))
    return seen.t("budget.sentence", used=used)


def levels_for(variables: Mapping[str, Any], rules: RuleSet) -> list[Decimal]:
    """The levels that are told for a project with these variables: its own, else the usual ones of the packs."""
    written = variables.get("budget_levels")
    packs = (r.vars.get("budget_levels") for r in rules.rules.values() if "budget_levels" in r.vars)
    found = written or next(packs, None) or LEVELS
    return [level for level in found if isinstance(level, Decimal)] or list(LEVELS)


def _reckoned(connection: Connection, ids: list[str]) -> dict[str, Standing]:
    baselines = {r["id"]: r for r in attention.records_of(connection, "baseline", ids)}
    sums = {r["id"]: r for r in attention.records_of(connection, "sums", ids)}
    return {id: standing_of(budget_facts(baseline, sums.get(id))) for id, baseline in baselines.items()}


def _chunks(ids: list[str]) -> Iterable[list[str]]:
    return (ids[i : i + 400] for i in range(0, len(ids), 400))
