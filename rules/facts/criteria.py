"""What must be true of a milestone: its criteria and what was measured or ticked in, the criteria after it out.

A criterion is a record: `kind` (metric, checklist, approval), `text` (a field of `quality`, an item of the list, whose
approval), `at_least` or `at_most` of a metric, `met`. One of kind approval is met by the acceptance alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from rules.facts.event import Record

# Shares: 92.5, 92.5 % and 0.925 are one figure, whoever writes them.
SHARES: Final = frozenset({"coverage", "reopened_rate", "rework_rate"})
_HUNDRED: Final = Decimal(100)


def well_formed(value: Any) -> bool:
    """Whether a list from outside is one of criteria: each with its kind, its text, and whether it is met."""
    return isinstance(value, list) and all(
        isinstance(c, Mapping) and {"kind", "text", "met"} <= c.keys() for c in value
    )


def measured(criteria: Sequence[Record], quality: Mapping[str, Any]) -> list[Record]:
    """The criteria after a measurement: those of kind metric whose figure it brings, with the figure as `value`."""
    return [_after(c, quality.get(c["text"])) if c["kind"] == "metric" else c for c in criteria]


def ticked(criteria: Sequence[Record], text: str, met: bool) -> list[Record]:
    """The criteria after a person ticked or unticked the item of that text; a metric is measured, never ticked."""
    return [{**c, "met": met} if c["kind"] == "checklist" and c["text"] == text else c for c in criteria]


def accepted(criteria: Sequence[Record]) -> list[Record]:
    """The criteria once the client has accepted: those of kind approval are met."""
    return [{**c, "met": True} if c["kind"] == "approval" else c for c in criteria]


def counted(criteria: Sequence[Record]) -> Record:
    """`criteria`, `criteria_met` and `criteria_total` as a milestone carries them."""
    return {
        "criteria": list(criteria),
        "criteria_met": sum(bool(c["met"]) for c in criteria),
        "criteria_total": len(criteria),
    }


def ready(criteria: Sequence[Record]) -> bool:
    """Whether everything is met that the team can bring about: all but the client's approval, and at least one."""
    return any(c["kind"] != "approval" for c in criteria) and not unmet(criteria)


def unmet(criteria: Sequence[Record]) -> list[Record]:
    """What the team still has to bring about."""
    return [c for c in criteria if c["kind"] != "approval" and not c["met"]]


def _after(criterion: Record, value: Any) -> Record:
    if value is None or isinstance(value, bool) or not isinstance(value, int | Decimal):
        return criterion
    name, figure = criterion["text"], Decimal(value)
    least, most = criterion.get("at_least"), criterion.get("at_most")
    met = (least is None or _scaled(name, figure) >= _scaled(name, least)) and (
        most is None or _scaled(name, figure) <= _scaled(name, most)
    )
    return {**criterion, "value": figure, "met": met}


def _scaled(name: str, figure: Decimal) -> Decimal:
    return figure / _HUNDRED if name in SHARES and abs(figure) > 1 else figure
