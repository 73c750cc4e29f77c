"""What does not look right in a ledger is told, whichever order its entries come in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts import audit
from rules.facts.calendar import make_calendar
from rules.facts.event import Record
from rules.facts.money import Money

DAY = date(2026, 9, 21)
CN = (make_calendar("CN", "CN"),)


def usd(amount: int | str) -> Money:
    return Money(Decimal(amount), "USD")


def paper(id: str, amount: int | str = 100, **more: Any) -> Record:
    """A bill that stands."""
    fields = {
        "kind": "bill",
        "status": "posted",
        "work_date": DAY,
        "amount": usd(amount),
        "party": "Delta GmbH",
    }
    return {"id": id, **fields, **more}


def test_one_invoice_booked_twice_is_told_by_its_number() -> None:
    """Spaces, signs and case make no other number of it, and no other company."""
    twice = [paper("a", 100, number="INV-208"), paper("b", 120, number="inv 208", party="DELTA GmbH")]
    (found,) = audit.duplicates(twice)
    assert (found.kind, found.entries) == ("duplicate_invoice", ("a", "b"))


def test_the_same_amount_of_the_same_party_on_the_same_day_is_told_once() -> None:
    """Without numbers the amount and the day give it away; with numbers too it is still one suspicion."""
    assert len(audit.duplicates([paper("a"), paper("b")])) == 1
    assert len(audit.duplicates([paper("a", number="7"), paper("b", number="7")])) == 1


def test_lines_of_one_document_are_one_invoice() -> None:
    """A bill that is split over two lines of the same amount repeats nothing."""
    lines = [paper("a", document="bill/1", number="7"), paper("b", document="bill/1", number="7")]
    assert audit.duplicates(lines) == []


@pytest.mark.parametrize("gone", ["void", "deleted"])
def test_what_was_taken_back_repeats_nothing(gone: str) -> None:
    """The mend of a duplicate is to void one of the two."""
    assert audit.duplicates([paper("a"), paper("b", status=gone)]) == []


def test_work_that_is_paid_by_the_hour_is_no_invoice() -> None:
    """Two equal days of one person are two days."""
    assert audit.duplicates([paper("a", kind="time"), paper("b", kind="time")]) == []


def test_amounts_below_a_limit_that_exceed_it_together_are_a_split() -> None:
    """Three times 400 within a week where 1,000 may be approved alone."""
    papers = [
        paper(i, 400, submitter="wang", work_date=DAY + timedelta(days=n))
        for n, i in enumerate(("a", "b", "c"))
    ]
    (found,) = audit.splits(papers, [usd(1000)])
    assert (found.kind, found.entries, found.figures["sum"]) == (
        "split_under_limit",
        ("a", "b", "c"),
        usd(1200),
    )


def test_what_lies_weeks_apart_or_is_one_large_sum_is_no_split() -> None:
    """A sum over the limit goes the way of large sums, and a month later is another purchase."""
    apart = [
        paper("a", 600, submitter="wang"),
        paper("b", 600, submitter="wang", work_date=DAY + timedelta(days=30)),
    ]
    large = [paper("a", 1200, submitter="wang"), paper("b", 10, submitter="wang")]
    assert audit.splits(apart, [usd(1000)]) == [] == audit.splits(large, [usd(1000)])


def test_a_split_stays_the_same_suspicion_when_another_part_joins() -> None:
    """Its identity hangs on its first part, so that it is not told anew."""
    papers = [paper(i, 600, submitter="wang") for i in ("a", "b", "c")]
    first, more = audit.splits(papers[:2], [usd(1000)]), audit.splits(papers, [usd(1000)])
    assert [s.key for s in first] == [s.key for s in more]


@given(
    st.permutations([paper("a"), paper("b"), paper("c", number="1"), paper("d", number="1", status="void")])
)
def test_the_order_of_entries_changes_nothing(entries: list[Record]) -> None:
    """The same entries give the same suspicions, whichever arrived first."""
    expected = audit.duplicates([paper("a"), paper("b"), paper("c", number="1")])
    assert audit.duplicates(entries) == expected


def test_a_receipt_is_missed_after_five_working_days_and_never_of_a_bill_that_knows_of_none() -> None:
    """The National Day week does not count; a bill whose source says nothing of receipts is left alone."""
    spent = date(2026, 9, 30)
    papers = [
        paper("expense", kind="expense", work_date=spent),
        paper("with", kind="expense", work_date=spent, receipt="sha256:1"),
        paper("silent", work_date=spent),
        paper("told", work_date=spent, receipt=None),
    ]
    assert audit.without_receipt(papers, CN, date(2026, 10, 12)) == []
    found = audit.without_receipt(papers, CN, date(2026, 10, 14))
    assert {s.entries[0] for s in found} == {"expense", "told"}


def test_a_change_after_the_lock_is_told_with_its_version() -> None:
    """A new entry of a locked month is an adjustment; a changed one is a finding."""
    at = datetime(2026, 10, 5, tzinfo=UTC)
    before = {"version": "1", "source_time": at - timedelta(days=9)}
    after = {"version": "2", "source_time": at + timedelta(days=1)}
    lock = (date(2026, 9, 1), date(2026, 9, 30), at)
    edited, late = paper("a", versions=[before, after]), paper("b", versions=[after])
    (found,) = audit.after_lock([edited, late], [lock])
    assert found.key == ("a", "2")


def test_whoever_spent_it_did_not_approve_it() -> None:
    """The same key in both places is a finding."""
    papers = [paper("a", submitter="wang", approver="wang"), paper("b", submitter="wang", approver="lin")]
    assert [s.entries for s in audit.self_approved(papers)] == [("a",)]


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026-q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29)),
    ],
)
def test_a_period_has_a_first_and_a_last_day(period: str, first: date, last: date) -> None:
    """Years, quarters and months, leap days included."""
    assert audit.span(period) == (first, last)


@pytest.mark.parametrize(
    "period", ["", "26", "2026-Q5", "2026-13", "2026-00", "0000", "2026-Q1-x", "last year"]
)
def test_what_is_no_period_says_how_one_is_written(period: str) -> None:
    """The message has the three forms."""
    with pytest.raises(audit.BadPeriod, match="2026-Q3, 2026-09 or 2026"):
        audit.span(period)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.sampled_from(["monthly", "quarterly"]))
def test_the_period_before_ends_the_day_before_the_present_one(day: date, rhythm: str) -> None:
    """Nothing lies between a scheduled audit and the one before it."""
    _, last = audit.span(audit.before_this(day, rhythm))
    this = audit.span(day.strftime("%Y-%m") if rhythm == "monthly" else audit.quarter(day))
    assert last + timedelta(days=1) == this[0]
