"""The ledger's arithmetic: versions of documents and work in, effective entries and their sums out.

An entry is a record of the catalogue's fields with all its versions; the newest by the source's own order stands,
whatever arrived when. Void and deleted entries stay on record and count nothing, also when they arrive before what
they take back. Sums are kept per measure and class and per measure and day, and of worked seconds per day and per
person and week; measures never mix. Hours are hours: time without a rate counts no money, and its hours. An entry
counts on its work date, or on the day it was booked on where that date was closed already.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, Literal

from rules.facts.codec import dumps
from rules.facts.duration import Duration
from rules.facts.event import Record
from rules.facts.money import EXACT, CurrencyMismatch, Money, Rounding, convert, quantize
from rules.facts.workload import week_of

Status = Literal["posted", "void", "deleted", "draft"]
Outcome = Literal["posted", "corrected", "voided", "unchanged", "stale"]

MEASURES: Final = ("committed", "incurred", "billed", "collected", "credited")
CLASSES: Final = ("staff", "material", "equipment", "subcontract", "travel", "other")
# Between versions that the source does not order, the one that takes money away stands.
_RANK: Final[dict[str, int]] = {"draft": 0, "posted": 1, "void": 2, "deleted": 3}
_TAKEN_BACK: Final = ("void", "deleted")
# What is on record and waits for somebody before it counts.
_WAITING: Final = ("draft", "questioned")
_OWN: Final = ("status", "version", "versions")
_UNREAD: Final = datetime.min.replace(tzinfo=UTC)
_ZERO: Final = Decimal(0)


class BadEntry(ValueError):
    """An entry that cannot be counted as it stands."""


class RateMissing(BadEntry):
    """A foreign amount without a rate to the project's currency."""


@dataclass(frozen=True, slots=True)
class Version:
    """One state of one entry as its source tells it.

    version: orders the states of one entry: a number, digits, or text that sorts; none where the source has none.
    source_time: when the source changed it, aware UTC; orders states whose versions are equal or absent.
    fields: the entry's catalogue fields, complete for a posted one; a deletion may have none.
    read_at: when it was read from the source, for re-reading one state with more detail: the later reading stands.
    """

    version: str | int | None
    source_time: datetime
    status: Status
    fields: Mapping[str, Any]
    read_at: datetime | None = None


def entry_key(connection: str, tenant: str | None, type: str, id: str, line: str | int | None = None) -> str:  # noqa: A002
    """The identity of an entry over all sources: "books/42/bill/981/1". Parts may hold any characters."""
    parts = (connection, tenant or "", type, id, "" if line is None else str(line))
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


def apply_version(entry: Record | None, incoming: Version) -> tuple[Record, Outcome]:
    """The entry with one more version, and what that did to the ledger.

    posted: it counts for the first time; corrected: it counts with other facts than before, or again; voided: it
    counts no more; stale: an older state, kept on record; unchanged: the ledger stands as it was (a repetition, a
    draft, a void that came before its entry). Store the returned entry unless it is the one given.
    """
    versions: list[Record] = list(entry["versions"]) if entry else []
    row = {
        "version": _one_way(incoming.version),
        "source_time": incoming.source_time,
        "status": incoming.status,
        "fields": dict(incoming.fields),
        "read_at": incoming.read_at,
    }
    known = next((old for old in versions if _same_state(old, row)), None)
    if known is not None:
        if entry is not None and _read(row) <= _read(known):
            return entry, "unchanged"
        versions.remove(known)
    insort(versions, row, key=_order)
    changed = _standing(entry or {}, versions)
    if versions[-1] is not row:
        return changed, "unchanged" if known is not None else "stale"
    return changed, _outcome(entry, changed)


def effective(entry: Mapping[str, Any], counted_after: date | None = None) -> dict[str, Any] | None:
    """What the entry counts: {"measure", "class", "amount": Money in base currency, "work_date"}, or none.

    work_date is the day it counts on: `booked_on` where its own was closed. Entries of time have "seconds" and "person"
    as well; of time that has no rate the amount is none. Void and deleted entries count an amount of zero. Drafts,
    questioned ones, documents without a base amount, tombstones without facts, and work up to `counted_after` (the day
    of the opening figure) count nothing at all.
    """
    base, work_date = entry.get("base_amount"), entry.get("work_date")
    taken_back = entry.get("status") in _TAKEN_BACK
    seconds = _ZERO if taken_back else worked_seconds(entry)
    if (base is None and not seconds) or work_date is None or entry.get("status") in _WAITING:
        return None
    if counted_after is not None and work_date <= counted_after:
        return None
    measure = entry.get("measure")
    if measure not in MEASURES:
        raise BadEntry(f"entry {entry.get('id')}: {measure!r} is no measure: use {', '.join(MEASURES)}")
    return {
        "measure": measure,
        "class": entry.get("class") or "other",
        "amount": Money.zero(base.currency) if taken_back and base is not None else base,
        "work_date": entry.get("booked_on") or work_date,
        **({"seconds": seconds, "person": entry.get("person")} if seconds else {}),
    }


def counts(entry: Mapping[str, Any]) -> bool:
    """Whether the entry's amount is in the sums: not one that is void, waits, or lies before the opening figure."""
    return (
        entry.get("counted") is not False
        and entry.get("status") not in _TAKEN_BACK
        and effective(entry) is not None
    )


def worked_seconds(entry: Mapping[str, Any]) -> Decimal:
    """How long an entry of time is; nothing for what is no work."""
    if entry.get("kind") != "time":
        return _ZERO
    given, length = entry.get("seconds"), entry.get("duration")
    if isinstance(given, int | Decimal):
        return Decimal(given)
    return Decimal(length.seconds) if isinstance(length, Duration) else _ZERO


def empty_sums(currency: str) -> Record:
    """The sums of a project without entries."""
    return {"currency": currency, "days": {}}


def adjust(sums: Record, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Record:
    """The sums after one entry changed from `before` to `after` (results of `effective`); `sums` is not altered.

    Shape: {"currency", "spent.MEASURE.CLASS": Decimal, "days": {MEASURE: {"2026-09-21": Decimal}}, "hours":
    {"2026-09-21": Decimal seconds}, "people": {person: {"2026-W39": Decimal seconds}}}; zeros, and hours and people
    where there are none, are left out.
    Raises CurrencyMismatch when an amount is not in the currency of the sums.
    """
    if before == after:
        return sums
    changed = _to_count_in(sums)
    for fact, sign in ((before, -1), (after, 1)):
        if fact is not None:
            _count(changed, fact, sign)
    return _without_empty(changed)


def recompute(
    entries: Iterable[Mapping[str, Any]],
    currency: str,
    counted_after: date | None = None,
    onto: Record | None = None,
) -> Record:
    """The sums of all entries from nothing, or on top of those of others; equal to adjusting them one by one."""
    sums = _to_count_in(onto or empty_sums(currency))
    for entry in entries:
        fact = effective(entry, counted_after)
        if fact is not None:
            _count(sums, fact, 1)
    return _without_empty(sums)


def by_class(sums: Mapping[str, Any], measure: str) -> dict[str, Money]:
    """The sum of each cost class in one measure."""
    prefix = f"spent.{measure}."
    found = {key.removeprefix(prefix): amount for key, amount in sums.items() if key.startswith(prefix)}
    return {name: Money(amount, sums["currency"]) for name, amount in sorted(found.items())}


def total(sums: Mapping[str, Any], measure: str) -> Money:
    """The sum of all cost classes in one measure."""
    return sum(by_class(sums, measure).values(), start=Money.zero(sums["currency"]))


def freeze_base(
    fields: Mapping[str, Any],
    currency: str,
    *,
    original: Mapping[str, Any] | None = None,
    previous: Mapping[str, Any] | None = None,
    rate: Decimal | None = None,
    rounding: Rounding = "half_up",
) -> dict[str, Any]:
    """The fields with `base_amount`, `rate` and `rate_source`, rounded once to the minor unit of `currency`.

    Rates are units of `currency` for one unit of the amount's own. Which one counts, first found: the original's when
    this entry reverses it; the document's own (`fields["rate"]`); the one frozen before, while currency and date are
    the same; the `rate` handed in. RateMissing when there is none.
    """
    amount: Money = fields["amount"]
    if amount.currency == currency:
        return {
            **fields,
            "rate": Decimal(1),
            "rate_source": "same",
            "base_amount": quantize(amount, rounding),
        }
    found, source = _rate(fields, amount, original, previous, rate)
    if found is None:
        raise RateMissing(f"{amount} has no rate to {currency}: give one on the document or by hand")
    base = quantize(convert(amount, currency, found), rounding)
    return {**fields, "rate": found, "rate_source": source, "base_amount": base}


def price_time(worked: Duration | int | Decimal, rate: Money, rounding: Rounding = "half_up") -> Money:
    """Time (a duration, or a number of seconds) at an hourly rate, rounded once to the minor unit."""
    seconds = Decimal(worked.seconds if isinstance(worked, Duration) else worked)
    return quantize(rate * seconds / 3600, rounding)


def rate_on(rates: Sequence[tuple[date, Money]], day: date) -> Money | None:
    """The rate in force on a day, of (from_date, rate) in any order; none before the first."""
    started = [dated for dated in rates if dated[0] <= day]
    return max(started, key=lambda dated: dated[0])[1] if started else None


def _order(row: Record) -> tuple[Any, ...]:
    """Newest last. Content breaks the last tie, so that no order of arrival ever shows."""
    version = row["version"]
    if isinstance(version, str) and version.isascii() and version.isdigit():
        version = int(version)
    place = (
        (0, 0, "") if version is None else (1, version, "") if isinstance(version, int) else (2, 0, version)
    )
    return place, row["source_time"], _read(row), _RANK[row["status"]], dumps(row["fields"])


def _read(row: Record) -> datetime:
    read_at: datetime | None = row["read_at"]
    return read_at or _UNREAD


def _same_state(first: Record, second: Record) -> bool:
    names = ("version", "source_time", "status")
    return all(first[name] == second[name] for name in names) and _same_facts(first, second)


def _same_facts(first: Record, second: Record) -> bool:
    """By their canonical text, since a stored version has lists where a fresh one may have tuples."""
    return first["fields"] == second["fields"] or dumps(first["fields"]) == dumps(second["fields"])


def _one_way(version: str | int | None) -> str | None:
    """A version as text, a whole number always in the same digits: 1, "1" and "01" are one version."""
    if version is None or (isinstance(version, str) and not (version.isascii() and version.isdigit())):
        return version
    return str(int(version))


def _standing(entry: Record, versions: list[Record]) -> Record:
    """The entry as its newest version says; what a void or deletion does not say is known from before."""
    newest = versions[-1]
    fields = newest["fields"]
    if newest["status"] in _TAKEN_BACK:
        standing = [row["fields"] for row in versions if row["status"] not in _TAKEN_BACK]
        fields = {**standing[-1], **fields} if standing else fields
    of_the_source = {name for row in versions for name in row["fields"]}
    ours = {k: v for k, v in entry.items() if k not in of_the_source and k not in _OWN}
    return {**ours, **fields, "status": newest["status"], "version": newest["version"], "versions": versions}


def _outcome(before: Record | None, after: Record) -> Outcome:
    stood = before if before is not None and before["status"] == "posted" else None
    if after["status"] != "posted":
        return "unchanged" if stood is None else "voided"
    if stood is None:
        earlier = after["versions"][:-1]
        return "corrected" if any(row["status"] == "posted" for row in earlier) else "posted"
    return "unchanged" if _same_facts(stood["versions"][-1], after["versions"][-1]) else "corrected"


def _to_count_in(sums: Record) -> Record:
    """A copy of sums that facts can be counted into in place."""
    return {
        **sums,
        "days": {measure: dict(days) for measure, days in sums["days"].items()},
        "hours": dict(sums.get("hours", {})),
        "people": {person: dict(weeks) for person, weeks in sums.get("people", {}).items()},
    }


def _count(sums: Record, fact: Mapping[str, Any], sign: int) -> None:
    """Add one fact to sums, in place, or take it away."""
    amount: Money | None = fact["amount"]
    day = fact["work_date"].isoformat()
    if amount is not None:
        if amount.currency != sums["currency"]:
            raise CurrencyMismatch(f"{amount} cannot be added to sums in {sums['currency']}")
        _add(sums, f"spent.{fact['measure']}.{fact['class']}", amount.amount * sign)
        _add(sums["days"].setdefault(fact["measure"], {}), day, amount.amount * sign)
    if "seconds" in fact:
        _add(sums["hours"], day, fact["seconds"] * sign)
        if isinstance(fact["person"], str):
            weeks = sums["people"].setdefault(fact["person"], {})
            _add(weeks, week_of(fact["work_date"]), fact["seconds"] * sign)


def _without_empty(sums: Record) -> Record:
    """The sums without measures and hours of which there is nothing."""
    days = {measure: of_days for measure, of_days in sums["days"].items() if of_days}
    people = {person: weeks for person, weeks in sums["people"].items() if weeks}
    kept = {**sums, "days": days, "people": people}
    return {name: value for name, value in kept.items() if value or name not in ("hours", "people")}


def _add(sums: dict[str, Any], key: str, amount: Decimal) -> None:
    result = EXACT.add(sums.get(key, _ZERO), amount)
    if result:
        sums[key] = result
    else:
        sums.pop(key, None)


def _rate(
    fields: Mapping[str, Any],
    amount: Money,
    original: Mapping[str, Any] | None,
    previous: Mapping[str, Any] | None,
    rate: Decimal | None,
) -> tuple[Decimal | None, str]:
    if original is not None and original["amount"].currency == amount.currency and original.get("rate"):
        return original["rate"], "original"
    if fields.get("rate"):
        return fields["rate"], fields.get("rate_source") or "document"
    if previous is not None and previous.get("rate") and _same_basis(previous, fields):
        return previous["rate"], previous.get("rate_source") or "document"
    return rate, "manual"


def _same_basis(previous: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    same_day = previous.get("work_date") == fields.get("work_date")
    return same_day and bool(previous["amount"].currency == fields["amount"].currency)
