"""Facts of a ledger entry made complete: what a source said in, the entry's fields and what they lack out.

Time is worth its hours at the person's dated rate, on the basis that the baseline names; documents are worth what they
say. Every amount is brought to the project's currency with a rate that is frozen on the entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from rules.engine.effects.shapes import Act, shown
from rules.facts.calendar import local_day
from rules.facts.catalogue import OBJECTS
from rules.facts.duration import Duration
from rules.facts.event import Event, Record
from rules.facts.ledger import MEASURES, RateMissing, freeze_base, price_time, rate_on
from rules.facts.money import Money, UnknownCurrency
from rules.facts.project import Project

# What is worked out anew for each version; carried over, yesterday's price would pass for the document's own.
_WORKED_OUT: Final = frozenset({"amount", "base_amount", "cost_amount", "rate", "rate_source"})
_LENGTH: Final = frozenset({"duration", "seconds"})
_OURS: Final = frozenset(
    {"id", "key", "project", "client", "status", "version", "versions", "posted_at", "counted"}
)
_ABSURD: Final = 10
_YEARS_AHEAD: Final = 2
_YEARS_BACK: Final = 20
_MEASURES: Final = {"invoice": "billed", "payment": "collected"}


@dataclass(frozen=True)
class Gap:
    """What an entry lacks to count: the kind of task that asks for it, what it is about, and the words it needs."""

    kind: str
    about: str
    values: Mapping[str, Any] = field(default_factory=dict)


def known_fields(stored: Record | None, given: Mapping[str, Any]) -> Record:
    """What is known of an entry: what its source says now, over what it said last."""
    last = stored["versions"][-1]["fields"] if stored and stored["versions"] else {}
    said = {k: v for k, v in shown(given).items() if k not in _OURS and (k != "measure" or v in MEASURES)}
    anew = _WORKED_OUT - {"amount"} | (_LENGTH if said.keys() & _LENGTH else set())
    return {**{k: v for k, v in last.items() if k not in anew}, **said}


def time_fields(act: Act, project: Project, given: Record, key: str) -> tuple[Record, Gap | None]:
    """Time with its price; without one, the fields and the gap."""
    said = {k: v for k, v in given.items() if k not in _WORKED_OUT}
    fields = {**_defaults(said, kind="time", measure="incurred"), "class": said.get("class") or "staff"}
    fields["work_date"] = said.get("work_date") or local_day(act.event.at, project.time_zone)
    worked = said.get("duration") if said.get("duration") is not None else said.get("seconds")
    in_days = isinstance(worked, Duration) and worked.unit == "wd"
    if in_days or not isinstance(worked, Duration | int | Decimal):
        # Days of work have no length that could be summed: what is not said in hours is not known.
        fields.pop("duration", None)
        return fields, Gap("incomplete", key, {"missing": "duration"})
    if isinstance(worked, int) and worked % 60 == 0:
        fields["duration"] = Duration(worked // 60, "m")
    baseline = act.draft.get("baseline", project.id)
    at: str = baseline["at"] if baseline else project.budget.at
    return _priced(act, project, fields, worked, at, key)


def _priced(
    act: Act, project: Project, fields: Record, worked: Duration | int | Decimal, at: str, key: str
) -> tuple[Record, Gap | None]:
    who, day = fields.get("person"), fields["work_date"]
    person = act.state.workspace.people.get(who) if isinstance(who, str) else None
    if person is None:
        return fields, Gap("unknown_account", str(who), {"person": who or "-"})
    cost = rate_on(person.cost_rates, day)
    rate = cost if at == "cost_rate" else rate_on(person.bill_rates, day)
    if cost is not None:
        fields["cost_amount"] = price_time(worked, cost, project.rounding)
    if rate is None:
        return fields, Gap("no_rate", f"{person.id}/{at}", {"person": person.id, "rate": at, "day": day})
    return based(act, project, {**fields, "amount": price_time(worked, rate, project.rounding)}, key)


def document_fields(
    act: Act, project: Project, given: Record, kind: str, key: str
) -> tuple[Record, Gap | None]:
    """A document's entry in the project's currency; without an amount or a rate, the fields and the gap."""
    said = _defaults(given, kind=kind, measure=_MEASURES.get(kind, "incurred"))
    said["class"] = said.get("class") or "other"
    said["work_date"] = said.get("work_date") or local_day(act.event.at, project.time_zone)
    if said.pop("base_currency", project.currency) != project.currency:
        # The books' own rate goes to the books' own currency, which is not this project's.
        said.pop("rate", None)
    try:
        said["amount"] = _money(said.get("amount"), said.get("currency"), project)
    except UnknownCurrency:
        code = str(said.get("currency"))[:20]
        return {**said, "amount": None, "base_amount": None}, Gap("unknown_currency", key, {"currency": code})
    if said["amount"] is None:
        return {**said, "base_amount": None}, Gap("incomplete", key, {"missing": "amount"})
    return based(act, project, said, key)


def based(act: Act, project: Project, fields: Record, key: str) -> tuple[Record, Gap | None]:
    """The fields with the amount in the project's currency, at a rate frozen on the entry."""
    fields = {**fields, "currency": fields["amount"].currency}
    previous = act.draft.get("entry", key)
    usable = previous if previous is not None and previous.get("amount") is not None else None
    try:
        return freeze_base(fields, project.currency, previous=usable, rounding=project.rounding), None
    except RateMissing:
        values = {"what": named(fields, key), "amount": fields["amount"], "currency": project.currency}
        return {**fields, "base_amount": None}, Gap("no_exchange_rate", key, values)


def from_document(event: Event, noun: str) -> Record | None:
    """The entry behind a document: as its connector made it, else read off the document; none without an amount."""
    entry = event.objects.get("entry")
    if entry is not None:
        return entry
    document = event.objects.get(noun, {})
    amount = document.get("amount") if document.get("amount") is not None else document.get("total")
    if amount is None:
        return None
    on: date | None = document.get("work_date") or document.get("issued_on")
    fields = {k: v for k, v in document.items() if k in OBJECTS["entry"] or k in ("rate", "base_currency")}
    # Money given back lowers what was collected; where it is counted as credited, it is counted as it is.
    sign = -1 if event.type == "payment.refunded" and document.get("measure") != "credited" else 1
    return {**fields, "amount": abs(amount) * sign if sign < 0 else amount, "work_date": on}


def implausible(act: Act, project: Project, entry: Mapping[str, Any]) -> str | None:
    """Why an amount or a date cannot be meant as it stands, as the name of a task; none for what can.

    An amount of more than ten times the budget, a day more than two years ahead or twenty years back.
    """
    base, day = entry.get("base_amount"), entry.get("work_date")
    if base is None or day is None:
        return None
    baseline = act.draft.get("baseline", project.id)
    total: Money = baseline["total"] if baseline else project.budget.total
    if total and abs(base) > total * _ABSURD:
        return "absurd_amount"
    years = day.year - local_day(act.event.at, project.time_zone).year
    return "far_date" if years > _YEARS_AHEAD or years < -_YEARS_BACK else None


def named(fields: Mapping[str, Any], key: str) -> str:
    """What people call the entry: its number, its title, or its key."""
    return str(fields.get("number") or fields.get("title") or key)


def _defaults(given: Mapping[str, Any], **defaults: Any) -> Record:
    return {**given, **{k: v for k, v in defaults.items() if given.get(k) is None}}


def _money(amount: Any, currency: Any, project: Project) -> Money | None:
    if isinstance(amount, Decimal | int) and not isinstance(amount, bool):
        return Money(Decimal(amount), currency if isinstance(currency, str) else project.currency)
    return amount if isinstance(amount, Money) else None
