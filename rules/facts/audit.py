"""What does not look right in a ledger: entries of a project in, suspicions out.

Each detector looks at records alone and says which entries it is about, so that the same entries give the same
suspicion whoever asks: one entry that was just booked with those it may repeat, or a whole period. A suspicion is no
verdict: a person closes it with a reason, or it ends by itself when the entries are mended.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from rules.facts.calendar import WorkCalendar, working_days_late
from rules.facts.event import Record
from rules.facts.money import Money

KINDS: Final = (
    "duplicate_invoice",
    "split_under_limit",
    "four_eyes",
    "no_receipt",
    "after_lock",
    "over_line",
)
_PAPERS: Final = frozenset({"expense", "bill"})
_LIVE: Final = frozenset({"posted", "draft", "unconverted"})
# Amounts that one person asks for within a week belong together as far as a limit is concerned.
WINDOW: Final = timedelta(days=7)
RECEIPT_DAYS: Final = 5


class BadPeriod(ValueError):
    """A period that is none; the message says how one is written."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Something that a person has to look at.

    kind: one of KINDS.  key: what makes it this one and no other, whatever joins it later.  entries: ids, in the order
    of their dates.  figures: the values behind it (paper, paid_to, sum, limit, line, spender), for the sentence.
    """

    kind: str
    key: tuple[str, ...]
    entries: tuple[str, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)


def concerns(entry: Mapping[str, Any]) -> bool:
    """Whether the entry is a paper that stands: an expense or a bill that is neither void nor deleted, and no
    adjustment of another one.
    """
    ours = entry.get("adjusts") is not None or bool(entry.get("moved_on"))
    return entry.get("kind") in _PAPERS and entry.get("status") in _LIVE and not ours


def lacks_receipt(entry: Mapping[str, Any]) -> bool:
    """Whether a receipt is missing: of an expense, or of a bill whose source knows of receipts."""
    return not entry.get("receipt") and (entry.get("kind") == "expense" or "receipt" in entry)


def duplicates(entries: Iterable[Record]) -> list[Suspicion]:
    """One invoice booked twice: the same party with the same number, or with the same amount on the same day.

    Lines of one document are one invoice. Two documents that share both are told once, by their number.
    """
    papers = [e for e in _in_order(entries) if concerns(e)]
    found, told = [], set()
    for name in (_by_number, _by_amount):
        for key, group in _grouped(papers, name):
            about = tuple(e["id"] for e in group)
            if len({_document(e) for e in group}) > 1 and about not in told:
                told.add(about)
                found.append(Suspicion("duplicate_invoice", key, about, _paper(group[-1])))
    return found


def splits(entries: Iterable[Record], limits: Iterable[Money]) -> list[Suspicion]:
    """Amounts of one spender to one party within a week, none over a limit and together over it."""
    papers = [e for e in _in_order(entries) if concerns(e) and _base(e) is not None]
    found = []
    for who, group in _grouped(papers, spender):
        for limit in sorted(set(limits), key=lambda m: (m.currency, m.amount)):
            under = [e for e in group if _base(e).currency == limit.currency and _within(_base(e), limit)]
            for run in _runs(under):
                together = sum((_base(e) for e in run), start=Money.zero(limit.currency))
                if len({_document(e) for e in run}) > 1 and together > limit:
                    figures = {**_paper(run[-1]), "sum": together, "limit": limit}
                    about = tuple(e["id"] for e in run)
                    found.append(
                        Suspicion("split_under_limit", (*who, str(limit), run[0]["id"]), about, figures)
                    )
    return found


def self_approved(entries: Iterable[Record]) -> list[Suspicion]:
    """Whoever spent it approved it."""
    return [
        Suspicion("four_eyes", (e["id"],), (e["id"],), _paper(e))
        for e in _in_order(entries)
        if concerns(e) and e.get("approver") and e["approver"] == (e.get("submitter") or e.get("person"))
    ]


def without_receipt(
    entries: Iterable[Record], cals: Sequence[WorkCalendar], today: date, days: int = RECEIPT_DAYS
) -> list[Suspicion]:
    """Expenses, and bills whose source knows of receipts, that are still without one after so many working days."""
    return [
        Suspicion("no_receipt", (e["id"],), (e["id"],), _paper(e))
        for e in _in_order(entries)
        if concerns(e) and lacks_receipt(e)
        if working_days_late(cals, min(e["work_date"], today), today) >= days
    ]


def after_lock(entries: Iterable[Record], locks: Iterable[tuple[date, date, datetime]]) -> list[Suspicion]:
    """Entries of a locked period that their source changed after the lock. locks: first day, last day, since when."""
    closed = list(locks)
    return [
        Suspicion(
            "after_lock",
            (e["id"], str(late["version"])),
            (e["id"],),
            _paper(e),
        )
        for e in _in_order(entries)
        for first, last, since in closed
        if first <= e["work_date"] <= last and (late := _changed_after(e, since)) is not None
    ]


def over_lines(budget: Mapping[str, Any], classes: Iterable[str]) -> list[Suspicion]:
    """Lines of the budget that are spent beyond what they have. budget: the facts of that name."""
    return [
        Suspicion(
            "over_line", (name, str(budget["version"])), (), {"line": name, "sum": spent, "limit": total}
        )
        for name in classes
        if (total := budget.get(f"lines.{name}.total"))
        and (spent := budget.get(f"lines.{name}.spent")) is not None
        and spent > total
    ]


def spender(entry: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Who spends and where it goes; none where neither is known."""
    who = str(entry.get("submitter") or entry.get("person") or "")
    party = _plain(entry.get("party"))
    return ("spender", who, party) if who or party else None


def keys_of(entry: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    """What other entries may share with this one so that the two are looked at together."""
    found = (_by_number(entry), _by_amount(entry), spender(entry))
    return tuple(key for key in found if key is not None)


def span(period: str) -> tuple[date, date]:
    """First and last day of a period: 2026, 2026-Q3 or 2026-09. Raises BadPeriod."""
    year, _, part = period.strip().upper().partition("-")
    try:
        if not year.isdecimal() or len(year) != 4:
            raise ValueError
        first, count = _part(part)
        start = date(int(year), first, 1)
        following = date(start.year + (first + count > 12), (first + count - 1) % 12 + 1, 1)
    except ValueError:
        raise BadPeriod(f"{period[:20]!r} is no period: write 2026-Q3, 2026-09 or 2026") from None
    return start, following - timedelta(days=1)


def quarter(day: date) -> str:
    """The quarter that a day lies in: 2026-Q3."""
    return f"{day.year}-Q{(day.month - 1) // 3 + 1}"


def before_this(day: date, rhythm: str) -> str:
    """The last whole period before a day: of a `monthly` rhythm the month before, else the quarter before."""
    if rhythm == "monthly":
        return (day.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    first, _ = span(quarter(day))
    return quarter(first - timedelta(days=1))


def _part(text: str) -> tuple[int, int]:
    """First month and number of months of a part of a year."""
    if not text:
        return 1, 12
    if text.startswith("Q") and text[1:] in ("1", "2", "3", "4"):
        return int(text[1:]) * 3 - 2, 3
    if len(text) == 2 and text.isdecimal():
        return int(text), 1
    raise ValueError(text)


def _in_order(entries: Iterable[Record]) -> list[Record]:
    dated = [e for e in entries if e.get("work_date") is not None]
    return sorted(dated, key=lambda e: (e["work_date"], str(e["id"])))


def _grouped(entries: Iterable[Record], name: Any) -> list[tuple[tuple[str, ...], list[Record]]]:
    found: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for entry in entries:
        key = name(entry)
        if key is not None:
            found[key].append(entry)
    return [(key, group) for key, group in found.items() if len(group) > 1]


def _by_number(entry: Mapping[str, Any]) -> tuple[str, ...] | None:
    number, party = _plain(entry.get("number")), _plain(entry.get("party"))
    return ("number", party, number) if number and party else None


def _by_amount(entry: Mapping[str, Any]) -> tuple[str, ...] | None:
    party, amount, day = _plain(entry.get("party")), entry.get("amount"), entry.get("work_date")
    if not party or not amount or day is None:
        return None
    return ("amount", party, f"{amount.amount.normalize():f} {amount.currency}", day.isoformat())


def _runs(entries: list[Record]) -> list[list[Record]]:
    """Entries in chains of which each member is within a week of the one before."""
    runs: list[list[Record]] = []
    for entry in entries:
        if runs and entry["work_date"] - runs[-1][-1]["work_date"] <= WINDOW:
            runs[-1].append(entry)
        else:
            runs.append([entry])
    return [run for run in runs if len(run) > 1]


def _within(amount: Money, limit: Money) -> bool:
    return Money.zero(limit.currency) < amount <= limit


def _changed_after(entry: Mapping[str, Any], since: datetime) -> Record | None:
    """The newest version that its source made after a moment, of an entry that had one before it."""
    versions: Sequence[Record] = entry.get("versions") or ()
    late = [v for v in versions if v["source_time"] > since]
    return late[-1] if late and len(late) < len(versions) else None


def _document(entry: Mapping[str, Any]) -> str:
    return str(entry.get("document") or entry["id"])


def _base(entry: Mapping[str, Any]) -> Any:
    return entry.get("base_amount") if entry.get("base_amount") is not None else entry.get("amount")


def _paper(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What people know a paper by."""
    name = entry.get("number") or entry.get("title")
    who = entry.get("submitter") or entry.get("person")
    return {"paper": name, "paid_to": entry.get("party"), "sum": entry.get("amount"), "spender": who}


def _plain(text: Any) -> str:
    """A name or number as people compare it: without case, spaces and signs between."""
    return "".join(c for c in str(text or "").casefold() if c.isalnum())
