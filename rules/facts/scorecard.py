"""How a project went, by numbers: its records in, a scorecard and retrospective figures out.

The scorecard has four sides: schedule, quality, cost, satisfaction. The figures behind a retrospective are counts of
what is on record: changes, meetings and their minutes, delays by cause. What nobody recorded is none, never a guess.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from rules.facts.calendar import WorkCalendar, local_day, working_days_late
from rules.facts.event import Record
from rules.facts.milestone import cause_shares
from rules.facts.money import Money
from rules.facts.survey import satisfaction

_DONE: Final = frozenset({"accepted", "deemed_accepted"})
_DECIDED: Final = ("approved", "applied", "rejected", "withdrawn", "expired")


def scorecard(
    milestones: Sequence[Mapping[str, Any]],
    budget: Mapping[str, Any] | None,
    surveys: Sequence[Mapping[str, Any]],
    issues: Sequence[Mapping[str, Any]],
    cals: Sequence[WorkCalendar],
    zone: str,
) -> Record:
    """The four sides: each a mapping of figures, ratios as fractions of 1."""
    return {
        "schedule": _schedule(milestones, cals, zone),
        "quality": _quality(milestones, issues),
        "cost": _cost(budget),
        "satisfaction": satisfaction(surveys),
    }


def retrospective(
    changes: Sequence[Mapping[str, Any]],
    meetings: Sequence[Mapping[str, Any]],
    delays: Sequence[Mapping[str, Any]],
    currency: str,
    cals: Sequence[WorkCalendar],
    zone: str,
) -> Record:
    """Changes, meetings and delays in figures."""
    return {
        "changes": _changes(changes, currency, cals, zone),
        "meetings": _meetings(meetings, zone),
        "delays": _delays(delays),
    }


def _schedule(milestones: Sequence[Mapping[str, Any]], cals: Sequence[WorkCalendar], zone: str) -> Record:
    """Milestones handed over by their own date; late: working days past the first agreed date, on average."""
    counted = [m for m in milestones if m.get("status") != "cancelled"]
    came = [(m, day) for m in counted if (day := _came(m, zone)) is not None]
    on_time = sum(day <= m["due"] for m, day in came)
    slips = [max(0, working_days_late(cals, m.get("baseline_due") or m["due"], day)) for m, day in came]
    return {
        "milestones": len(counted),
        "accepted": sum(m.get("status") in _DONE for m in counted),
        "on_time": _share(on_time, len(came)),
        "late_days": _mean(slips),
    }


def _quality(milestones: Sequence[Mapping[str, Any]], issues: Sequence[Mapping[str, Any]]) -> Record:
    """Milestones accepted at the first hand-over, and items that were opened again after they were done."""
    accepted = [m for m in milestones if m.get("status") in _DONE]
    done = [
        i
        for i in issues
        if not i.get("deleted") and (i.get("status_group") == "done" or i.get("times_reopened"))
    ]
    return {
        "first_round": _share(sum(int(m.get("round") or 1) == 1 for m in accepted), len(accepted)),
        "items_done": len(done),
        "reopened": _share(sum(bool(i.get("times_reopened")) for i in done), len(done)),
    }


def _cost(budget: Mapping[str, Any] | None) -> Record:
    if budget is None:
        return {"spent": None, "total": None, "used": None, "variance": None}
    spent, total = budget["spent"], budget["total"]
    return {"spent": spent, "total": total, "used": budget.get("used"), "variance": total - spent}


def _changes(
    changes: Sequence[Mapping[str, Any]], currency: str, cals: Sequence[WorkCalendar], zone: str
) -> Record:
    """Counts by outcome; what was applied in money and days; how long a decision took, in working days."""
    applied = [c for c in changes if c.get("status") == "applied"]
    waits = [
        working_days_late(cals, local_day(c["sent_at"], zone), local_day(c["decided_at"], zone))
        for c in changes
        if isinstance(c.get("sent_at"), datetime) and isinstance(c.get("decided_at"), datetime)
    ]
    counts = Counter(str(c.get("status")) for c in changes)
    return {
        "count": len(changes),
        "by_outcome": {name: counts[name] for name in _DECIDED if counts[name]},
        "amount": sum((c["amount"] for c in applied if c.get("amount")), start=Money.zero(currency)),
        "days": sum(int(c.get("days") or 0) for c in applied),
        "decision_days": _mean(waits),
    }


def _meetings(meetings: Sequence[Mapping[str, Any]], zone: str) -> Record:
    """How many were held, how many of those have minutes in time, how many minutes were objected to.

    Minutes that were sent before anybody said that the meeting was held were due on no day yet: they are in time.
    """
    held = [m for m in meetings if m.get("held_at") is not None]
    sent = [m for m in held if m.get("minutes_sent_at") is not None]
    in_time = [
        m
        for m in sent
        if m.get("minutes_due") is None or local_day(m["minutes_sent_at"], zone) <= m["minutes_due"]
    ]
    return {
        "held": len(held),
        "with_minutes": _share(len(sent), len(held)),
        "in_time": _share(len(in_time), len(held)),
        "objected": _share(sum(bool(m.get("objections")) for m in sent), len(sent)),
    }


def _delays(delays: Sequence[Mapping[str, Any]]) -> Record:
    """Working days by cause, and their shares in percent that add to 100.0."""
    days: Counter[str] = Counter()
    for delay in delays:
        days[str(delay.get("cause"))] += int(delay.get("days") or 0)
    known = {cause: count for cause, count in sorted(days.items()) if count > 0}
    return {"days": sum(known.values()), "by_cause": known, "shares": cause_shares(known, 1) if known else {}}


def _came(milestone: Mapping[str, Any], zone: str) -> Any:
    """The day on which it was handed over, or accepted where nobody said that it was handed over."""
    at = milestone.get("handed_over_at") or milestone.get("accepted_at")
    return local_day(at, zone) if isinstance(at, datetime) else None


def _share(part: int, whole: int) -> Decimal | None:
    return Decimal(part) / whole if whole else None


def _mean(values: Iterable[int]) -> Decimal | None:
    given = list(values)
    return (Decimal(sum(given)) / len(given)).quantize(Decimal("0.1")) if given else None
