"""Days around a milestone: due dates, offsets and calendars in, reminder days, standing, lateness and new dates out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from rules.facts.calendar import (
    WorkCalendar,
    add_working_days,
    all_working,
    nearest_working_day,
    shift_day,
    working_days_late,
)
from rules.facts.duration import Duration
from rules.facts.event import Record
from rules.facts.money import shares

OnHoliday = Literal["earlier", "later", "skip"]

LEAD_TIMES: Final = tuple(Duration.parse(text) for text in ("-10wd", "-5wd", "-1wd", "0d", "+1wd", "+3wd"))
# Accepted by a decision (online or offline, the field `acceptance` says which), or by the contract's term.
ACCEPTED: Final = frozenset({"accepted", "deemed_accepted"})
SETTLED: Final = ACCEPTED | {"cancelled"}
# Working days before its date from which a planned milestone is due soon: the first of the usual reminders.
DUE_SOON: Final = 10


def reminder_days(
    due: date,
    offsets: Sequence[Duration],
    cals: Sequence[WorkCalendar],
    on_holiday: OnHoliday | None = None,
) -> dict[Duration, date]:
    """The day of each offset around a due date, in order of the days; an offset without a day of its own is left out.

    Offsets are working days, days or weeks. One that falls on a closed day moves as `on_holiday` says: by default
    earlier up to the due date, so that nothing is reminded of after it is due, and later beyond it, so that nobody is
    called late too soon. Offsets that end on one day collapse into the one nearest the due date.
    """
    nearest: dict[date, tuple[int, Duration]] = {}
    for offset in offsets:
        meant = shift_day(cals, due, offset)
        day = _open_day(meant, meant > due, cals, on_holiday)
        distance = abs((meant - due).days)
        if day is not None and (day not in nearest or distance < nearest[day][0]):
            nearest[day] = (distance, offset)
    return {nearest[day][1]: day for day in sorted(nearest)}


def standing(milestone: Mapping[str, Any], day: date, cals: Sequence[WorkCalendar]) -> dict[str, bool]:
    """`due_soon` and `overdue` of a milestone as of a day: flags that are worked out and never kept.

    One that is neither handed over nor settled is due soon from ten working days before its date, and overdue after it.
    """
    waits = milestone["status"] not in SETTLED and milestone.get("handed_over_at") is None
    late = waits and milestone["due"] < day
    soon = waits and not late and working_days_late(cals, day, milestone["due"]) <= DUE_SOON
    return {"due_soon": soon, "overdue": late}


def named(plan: Iterable[Record], versions: Mapping[str, str], name: Any) -> Record | None:
    """The milestone that a tracker means by the name of its version: as the file says it, else by key, id or title.

    plan: the milestones of one project. versions: key -> the version's name, of those that the file gives one.
    """
    if not isinstance(name, str) or not name.strip():
        return None
    meant = name.strip().casefold()
    asked: tuple[Callable[[Record], bool], ...] = (
        lambda m: versions.get(str(m["key"]), "").casefold() == meant,
        lambda m: name in (m["key"], m["id"]),
        lambda m: str(m["title"]).casefold() == meant and str(m["key"]) not in versions,
    )
    known = list(plan)
    return next((m for fits in asked for m in known if fits(m)), None)


def late_days(due: date, came: date, cals: Sequence[WorkCalendar]) -> int:
    """How many working days after its due date something came; 0 when it was in time."""
    return max(0, working_days_late(cals, due, came))


def shift_plan(
    milestones: Mapping[str, Mapping[str, Any]], first: str, days: int, cals: Sequence[WorkCalendar]
) -> dict[str, date]:
    """The new due dates when `first` moves by working days, day for day, and all that come after it with it.

    milestones: id -> {"due", "after": ids it waits for, "status"}. Accepted and cancelled ones do not move.
    """
    moving = _followers(milestones, first)
    return {
        name: add_working_days(cals, milestones[name]["due"], days)
        for name in moving
        if milestones[name].get("status") not in SETTLED
    }


def cause_shares(days_by_cause: Mapping[str, int], places: int = 0) -> dict[str, Decimal]:
    """Each cause's share of the days lost, in percent, adding to 100."""
    parts = shares([Decimal(days) for days in days_by_cause.values()], places)
    return dict(zip(days_by_cause, parts, strict=True))


def _open_day(
    meant: date, after_due: bool, cals: Sequence[WorkCalendar], on_holiday: OnHoliday | None
) -> date | None:
    if on_holiday == "skip":
        return meant if all_working(cals, meant) else None
    return nearest_working_day(cals, meant, on_holiday or ("later" if after_due else "earlier"))


def _followers(milestones: Mapping[str, Mapping[str, Any]], first: str) -> list[str]:
    """`first` and everything that waits for it, directly or not, each once, also where the plan runs in a circle."""
    found = [first]
    for name in found:
        waiting = (other for other, plan in milestones.items() if name in (plan.get("after") or ()))
        found.extend(other for other in waiting if other not in found)
    return found
