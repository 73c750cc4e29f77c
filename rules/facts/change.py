"""A change of scope, money or dates: its record in, its states and the exact text that a client decides on out.

A change's record: `status`, `version`, `amount` (Money, the change and not the new total), `days` (working days),
`milestones` (record ids), `issues` (record ids), and `_moves`: one record for each milestone it moves, with `id`,
`title`, `due` and `new_due`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final

from rules.facts.event import Record
from rules.facts.evidence import canonical_text
from rules.facts.money import Money, format_money
from rules.facts.project import Project
from rules.facts.retainer import HOURS

DRAFTS: Final = frozenset({"draft", "assessed", "internally_approved"})
OPEN: Final = DRAFTS | {"sent"}
# Approved on the client's page, or offline and written down: the same effect, kept apart on record.
APPROVED: Final = frozenset({"approved", "approved_offline"})
OVER: Final = APPROVED | {"rejected", "expired", "withdrawn", "superseded", "applied", "apply_failed"}

_Words = dict[str, Callable[..., str]]


def is_open(change: Record) -> bool:
    """Whether the change still awaits an assessment or a decision."""
    return change["status"] in OPEN


def next_number(changes: Iterable[Record]) -> str:
    """The number of the next change of a project: CR-1, CR-2, ... and none of them twice."""
    taken = [int(number) for c in changes if (number := str(c["number"]).removeprefix("CR-")).isdecimal()]
    return f"CR-{max(taken, default=0) + 1}"


def decision_text(change: Record, project: Project, locale: str) -> str:
    """The exact text that is shown, decided on and hashed: what, its effect, the milestones afterwards.

    Three lines, each ended by LF, in Unicode NFC; Chinese for locales zh*, else English. A fourth where the change
    gives a retainer another allotment.
    """
    words = _CHINESE if locale.lower().startswith("zh") else _ENGLISH
    title = " ".join(str(change["title"]).split())
    effect = words["effect"](
        words["days"](change.get("days") or 0), _signed(change.get("amount"), project, words)
    )
    moves = [
        f"{' '.join(str(m['title']).split())} {m['new_due'].isoformat()}" for m in change.get("_moves", ())
    ]
    return canonical_text(
        "".join(
            f"{line}\n"
            for line in (words["what"](title), effect, words["moves"](moves), *_retained(change, words))
        )
    )


def _retained(change: Record, words: _Words) -> list[str]:
    """The allotment of a retainer before and after, and from when."""
    known, allotment = change.get("_retained"), change.get("allotment")
    if known is None or allotment is None:
        return []
    before, after = (_units(figure, known["unit"]) for figure in (known["allotment"], allotment))
    day = change["allotment_from"].isoformat() if change.get("allotment_from") else None
    return [words["retained"](before, after, known["period"], day)]


def _units(figure: Any, unit: str) -> str:
    plain = f"{Decimal(figure).normalize():f}"
    return f"{plain} h" if unit == HOURS else format_money(Money(Decimal(figure), unit))


def _signed(amount: Any, project: Project, words: _Words) -> str:
    if amount is None or not amount:
        return words["no_cost"]()
    sign = "-" if amount.amount < 0 else "+"
    return sign + format_money(abs(amount), rounding=project.rounding)


def _english_days(days: int) -> str:
    return f"{days:+d} working day{'' if abs(days) == 1 else 's'}" if days else "no change of dates"


_ENGLISH: Final[_Words] = {
    "what": lambda title: f"Change: {title}",
    "effect": lambda days, money: f"Effect: {days}, {money}",
    "days": _english_days,
    "no_cost": lambda: "no change of cost",
    "moves": lambda moves: f"Milestones after the change: {', '.join(moves) or 'as before'}",
    "retained": lambda before, after, period, day: (
        f"Retainer{f' from {day}' if day else ''}: {after} each {period} (so far {before})"
    ),
}
_PERIODS: Final = {"week": "周", "month": "月", "quarter": "季度", "year": "年"}
_CHINESE: Final[_Words] = {
    "what": lambda title: f"变更内容：{title}",
    "effect": lambda days, money: f"影响：{days}，{money}",
    "days": lambda days: f"{days:+d} 个工作日" if days else "工期不变",
    "no_cost": lambda: "费用不变",
    "moves": lambda moves: f"调整后里程碑：{'、'.join(moves) or '不变'}",
    "retained": lambda before, after, period, day: (
        f"包量{f'自 {day} 起' if day else ''}：每{_PERIODS[period]} {after}（原 {before}）"
    ),
}
