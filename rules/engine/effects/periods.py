"""Closed periods: a change in one in, its figures left as they are and an adjustment in the open period out.

The books of a project are closed up to a day, by its file, by the organisation's, or by an event. What was counted up
to that day stays; a later state of it is posted as the difference, as an entry of its own that names the one it
adjusts. What arrives late for a closed day counts on an open one. Opening a period again takes two people.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from rules.engine.effects import two_people
from rules.engine.effects.shapes import Act, Applied, shown, today
from rules.facts.event import Event, Record
from rules.facts.ledger import Version, apply_version, effective
from rules.facts.money import EXACT, Money
from rules.facts.project import Project

_ONE_DAY: Final = timedelta(days=1)
_NOTHING: Final = Decimal(0)
# What an adjustment tells of the entry that it adjusts.
_ABOUT: Final = ("kind", "title", "number", "person", "party", "issue", "milestone", "connection")


def closed_until(act: Act, project: Project) -> date | None:
    """The last day whose books are closed, or none."""
    kept = act.draft.get("period", project.id) or {}
    days = (act.state.workspace.closed_until, project.closed_until, kept.get("closed_until"))
    return max((day for day in days if day is not None), default=None)


def settled(
    act: Act, project: Project, was: Record | None, record: Record, as_of: date | None
) -> tuple[Record, tuple[Record, ...] | None]:
    """The entry as it is to be kept, and the adjustments that its new state needs, which are written.

    None instead of adjustments where the entry itself takes its new state.
    was: the entry as it counts now, if it counts in this project. as_of: the day of the opening figure.
    """
    until = closed_until(act, project)
    if was is not None and _is_fixed(was, until, as_of):
        made = _adjusted(act, project, was, [effective(record, as_of)], as_of)
        told = {"versions": record["versions"], "version": record["version"]}
        return {**was, **told, "adjusted_by": [*_adjusting(was), *(a["id"] for a in made)]}, made
    return {**record, "booked_on": _booked_on(act, project, was, record, until)}, None


def left_behind(act: Act, project: Project, stored: Record, as_of: date | None) -> tuple[Record, ...] | None:
    """What a closed period of a project keeps of an entry that another project claims now; none where it is open.

    The entry stays under a name of its own as it was counted, and the open period takes it back.
    """
    if not _is_fixed(stored, closed_until(act, project), as_of):
        return None
    made = _adjusted(act, project, stored, [], as_of)
    stays = {"id": f"{stored['id']}~{project.id}~{stored['version'] or ''}", "moved_on": True}
    act.draft.put(
        "entry", {**stored, **stays, "adjusted_by": [*_adjusting(stored), *(a["id"] for a in made)]}
    )
    return made


def closing(act: Act) -> Applied:
    """`period.closed`: the books are closed up to a day; an earlier day than the one on record closes nothing."""
    project, given = act.project, act.event.objects.get("period", {})
    day = given.get("closed_until")
    if project is None or not isinstance(day, date):
        return Applied(act.event)
    said = {"by": act.event.person or given.get("by"), "declared": given.get("declared")}
    return Applied(act.seen(period=close(act, project, day, said)))


def close(act: Act, project: Project, day: date, said: Record) -> Record:
    """Close the books of a project up to a day."""
    known = act.draft.get("period", project.id) or act.new(project, project.id, closed_until=None, steps=[])
    if known["closed_until"] is not None and known["closed_until"] >= day:
        return known
    return act.draft.put("period", {**known, "closed_until": day, "steps": _step(act, known, day, said)})


def reopening(act: Act) -> Applied:
    """`period.reopening`: somebody asks to open the books again from a day; a second person is asked to agree."""
    project, given = act.project, act.event.objects.get("period", {})
    known = act.draft.get("period", act.event.project or "")
    if project is None or known is None or known["closed_until"] is None:
        return Applied(act.event)
    day, asker = given.get("closed_until"), act.event.person or given.get("by")
    if day is not None and day >= known["closed_until"]:
        return Applied(act.seen(period=known))
    said = {"by": asker, "reason": given.get("reason"), "declared": given.get("declared")}
    subject = {"id": books_of(project), "day": day, **said}
    asked = two_people.ask(act, project, "reopening", subject, {"closed_until": day})
    return Applied(act.seen(period={**known, **said}), asked)


def reopened(act: Act, project: Project, approval: Record, second: str | None) -> tuple[Event, ...]:
    """A second person agreed: the books are closed up to the earlier day that was asked for."""
    known, day = act.draft.get("period", project.id), approval["_wish"]["closed_until"]
    if known is None or known["closed_until"] is None or (day is not None and day >= known["closed_until"]):
        return ()
    said = {"by": approval["requested_by"], "agreed_by": second}
    record = act.draft.put("period", {**known, "closed_until": day, "steps": _step(act, known, day, said)})
    return (act.cause("period.reopened", project.id, shown(known), period={**record, **said}),)


def books_of(project: Project) -> str:
    """What a question about the books of a project is about."""
    return f"{project.id}/books"


def _is_fixed(entry: Record, until: date | None, as_of: date | None) -> bool:
    """Whether an entry counts in a closed period, or was adjusted before: then its figure stays."""
    fact = effective(entry, as_of)
    if fact is None or until is None:
        return bool(entry.get("adjusted_by"))
    counts = bool(fact["amount"]) or bool(fact.get("seconds"))
    return bool(entry.get("adjusted_by")) or (counts and fact["work_date"] <= until)


def _booked_on(
    act: Act, project: Project, was: Record | None, record: Record, until: date | None
) -> date | None:
    """The open day on which an entry for a closed day counts; none where it counts on its own day."""
    day = record.get("work_date")
    if until is None or day is None or day > until:
        return None
    kept = (was or {}).get("booked_on")
    return kept or _open_day(act, project, until)


def _open_day(act: Act, project: Project, until: date | None) -> date:
    now: date = today(act.state, project)
    return now if until is None else max(now, until + _ONE_DAY)


def _adjusted(
    act: Act, project: Project, entry: Record, wanted: Iterable[dict[str, Any] | None], as_of: date | None
) -> tuple[Record, ...]:
    """The entries that bring what is counted for an entry to what it should be, one for each measure and class."""
    open_day = _open_day(act, project, closed_until(act, project))
    standing = [entry, *(act.draft.get("entry", id) for id in _adjusting(entry))]
    counted = [effective(e, as_of) for e in standing if e is not None]
    sums: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for facts, sign in ((wanted, 1), (counted, -1)):
        for fact in facts:
            if fact is not None:
                key = (fact["measure"], fact["class"])
                amount, seconds = sums.get(key, (_NOTHING, _NOTHING))
                money = fact["amount"].amount if fact["amount"] is not None else _NOTHING
                more = money * sign, fact.get("seconds", _NOTHING) * sign
                sums[key] = EXACT.add(amount, more[0]), EXACT.add(seconds, more[1])
    number = len(_adjusting(entry))
    made = []
    for (measure, cost_class), (amount, seconds) in sorted(sums.items()):
        if amount or seconds:
            number += 1
            fact = {"measure": measure, "class": cost_class, "work_date": open_day, "seconds": seconds}
            money = Money(amount, project.currency)
            made.append(
                _adjustment(act, project, entry, f"{entry['id']}~a{number}", {**fact, "amount": money})
            )
    return tuple(made)


def _adjustment(act: Act, project: Project, entry: Record, id: str, fact: Record) -> Record:
    """One adjustment as an entry of the open period; stored."""
    money: Money = fact["amount"]
    about = {name: entry[name] for name in _ABOUT if entry.get(name) is not None}
    base = {"base_amount": money, "currency": money.currency, "rate": Decimal(1), "rate_source": "same"}
    fields = {**about, **fact, **base, "adjusts": entry["id"]}
    record, _ = apply_version(None, Version(act.event.version, act.event.at, "posted", fields))
    ours = {"posted_at": act.state.now, "counted": True, "booked_on": None}
    return act.draft.put("entry", {**record, **act.new(project, id), **ours})


def _adjusting(entry: Record) -> list[str]:
    return list(entry.get("adjusted_by") or ())


def _step(act: Act, known: Record, day: date | None, said: Record) -> list[Record]:
    """The steps of the books with one more: until when, who said it, and how that was known. The latest 50 are kept."""
    step = {"at": act.state.now, "closed_until": day, **{k: v for k, v in said.items() if v is not None}}
    return [*known["steps"], step][-50:]
