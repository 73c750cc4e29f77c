"""The ledger comes out right whatever order its pieces arrive in, and its sums equal the entries behind them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts.codec import dumps, loads
from rules.facts.duration import Duration, DurationMismatch
from rules.facts.ledger import (
    CLASSES,
    MEASURES,
    BadEntry,
    RateMissing,
    Status,
    Version,
    adjust,
    apply_version,
    by_class,
    effective,
    empty_sums,
    entry_key,
    freeze_base,
    price_time,
    rate_on,
    recompute,
    total,
)
from rules.facts.money import CurrencyMismatch, Money, quantize

D = Decimal
START = datetime(2026, 9, 21, 8, tzinfo=UTC)


def cny(amount: str | int) -> Money:
    """An amount of yuan."""
    return Money(D(amount), "CNY")


def bill(amount: str | int, **more: Any) -> dict[str, Any]:
    """The fields of a bill of that amount."""
    fields = {"measure": "incurred", "class": "material", "amount": cny(amount), "base_amount": cny(amount)}
    return {**fields, "work_date": date(2026, 9, 21), **more}


def version(number: int, status: Status, fields: dict[str, Any]) -> Version:
    """The n-th state, an hour after the one before."""
    return Version(number, START + timedelta(hours=number), status, fields)


def applied(*versions: Version) -> dict[str, Any]:
    """The entry after these versions arrived in this order."""
    entry = None
    for incoming in versions:
        entry, _ = apply_version(entry, incoming)
    assert entry is not None
    return entry


def amount_of(entry: dict[str, Any]) -> Money | None:
    """What the entry counts."""
    fact = effective(entry)
    return fact["amount"] if fact else None


def test_an_entry_is_posted_corrected_and_voided() -> None:
    """Each step says what it did to the ledger, and every version stays on record."""
    entry, outcome = apply_version(None, version(1, "posted", bill(36000)))
    assert outcome == "posted"
    assert amount_of(entry) == cny(36000)
    entry, outcome = apply_version(entry, version(2, "posted", bill(34000, reason="discount")))
    assert outcome == "corrected"
    assert amount_of(entry) == cny(34000)
    assert entry["reason"] == "discount"
    entry, outcome = apply_version(entry, version(3, "void", {}))
    assert outcome == "voided"
    assert amount_of(entry) == cny(0)
    assert entry["status"] == "void"
    assert entry["class"] == "material"
    assert [row["version"] for row in entry["versions"]] == ["1", "2", "3"]


def test_the_same_version_again_changes_nothing() -> None:
    """A delivery that comes twice leaves the very same entry, newest or not."""
    entry = applied(version(1, "posted", bill(100)), version(2, "posted", bill(200)))
    for again in (version(1, "posted", bill(100)), version(2, "posted", bill(200))):
        after, outcome = apply_version(entry, again)
        assert (after is entry, outcome) == (True, "unchanged")


def test_a_version_is_recognised_after_it_was_stored() -> None:
    """A stored entry has lists where the delivery has tuples; the repetition is a repetition all the same."""
    tagged = version(1, "posted", bill(100, tags=("a", "b")))
    stored = loads(dumps(applied(tagged)))
    after, outcome = apply_version(stored, tagged)
    assert (after is stored, outcome) == (True, "unchanged")
    _, outcome = apply_version(stored, version(2, "posted", bill(100, tags=("a", "b"))))
    assert outcome == "unchanged"


def test_a_late_older_version_is_kept_and_does_not_count() -> None:
    """The newest by the source's order stands, not the last to arrive."""
    entry, outcome = apply_version(applied(version(2, "posted", bill(200))), version(1, "posted", bill(100)))
    assert outcome == "stale"
    assert amount_of(entry) == cny(200)
    assert len(entry["versions"]) == 2


def test_a_void_that_comes_first_keeps_the_entry_at_nothing() -> None:
    """The creation that arrives after its own void is stale; only a newer version restores the entry."""
    entry, outcome = apply_version(None, version(2, "void", {}))
    assert outcome == "unchanged"
    assert effective(entry) is None
    entry, outcome = apply_version(entry, version(1, "posted", bill(100)))
    assert outcome == "stale"
    assert amount_of(entry) == cny(0)
    entry, outcome = apply_version(entry, version(3, "posted", bill(100)))
    assert outcome == "corrected"
    assert amount_of(entry) == cny(100)


def test_an_entry_posted_first_after_its_tombstone_is_posted() -> None:
    """What never counted before is posted, not corrected."""
    _, outcome = apply_version(applied(version(1, "deleted", {})), version(2, "posted", bill(100)))
    assert outcome == "posted"


def test_a_void_that_zeroes_its_amounts_is_a_void_like_any_other() -> None:
    """Some books keep a voided document with all sums at zero."""
    entry = applied(version(1, "posted", bill(100)), version(2, "void", bill(0)))
    assert amount_of(entry) == cny(0)


def test_drafts_count_nothing() -> None:
    """A draft is on record, becomes posted, and a document put back to draft is taken out."""
    entry, outcome = apply_version(None, version(1, "draft", bill(100)))
    assert (effective(entry), outcome) == (None, "unchanged")
    entry, outcome = apply_version(entry, version(2, "posted", bill(100)))
    assert (amount_of(entry), outcome) == (cny(100), "posted")
    entry, outcome = apply_version(entry, version(3, "draft", bill(100)))
    assert (effective(entry), outcome) == (None, "voided")


def test_a_new_version_without_new_facts_is_no_correction() -> None:
    """A version number alone moves nobody; it is kept."""
    entry, outcome = apply_version(applied(version(1, "posted", bill(100))), version(2, "posted", bill(100)))
    assert outcome == "unchanged"
    assert entry["version"] == "2"


def test_facts_of_an_older_version_do_not_linger() -> None:
    """What the newest version does not say is unknown again; what we added ourselves stays."""
    entry = applied(version(1, "posted", bill(100, reason="rush")))
    entry = {**entry, "id": "books//bill/1/", "project": "apollo", "posted_at": START}
    entry, _ = apply_version(entry, version(2, "posted", bill(90)))
    assert "reason" not in entry
    assert (entry["id"], entry["project"], entry["posted_at"]) == ("books//bill/1/", "apollo", START)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (9, 10),
        ("9", "10"),
        ("009", "010"),
        ("2026-09-21T08:00:00Z", "2026-09-21T09:00:00Z"),
        ("a", "b"),
        (None, 1),
    ],
)
def test_source_versions_sort_as_their_source_means_them(older: str | int | None, newer: str | int) -> None:
    """Numbers as numbers, also when they come as text; other text as text."""
    first, second = Version(older, START, "posted", bill(1)), Version(newer, START, "posted", bill(2))
    assert amount_of(applied(first, second)) == amount_of(applied(second, first)) == cny(2)


def test_without_versions_the_sources_time_decides() -> None:
    """The later change stands."""
    first = Version(None, START, "posted", bill(1))
    second = Version(None, START + timedelta(seconds=1), "posted", bill(2))
    assert amount_of(applied(second, first)) == cny(2)


def test_a_state_read_again_with_more_detail_stands() -> None:
    """The same version, read later with its class mapped differently, replaces the earlier reading in any order."""
    first = Version(1, START, "posted", bill(1), read_at=START)
    again = Version(1, START, "posted", bill(1, **{"class": "travel"}), read_at=START + timedelta(days=1))
    for order in permutations([first, again]):
        assert applied(*order)["class"] == "travel"


readings = st.none() | st.integers(0, 3).map(lambda n: START + timedelta(days=n))
versions = st.lists(
    st.builds(
        Version,
        st.none() | st.integers(0, 4) | st.sampled_from(["1", "07", "b"]),
        st.integers(0, 3).map(lambda n: START + timedelta(hours=n)),
        st.sampled_from(get_args(Status)),
        st.sampled_from([bill(n, **{"class": c}) for n in (1, 2) for c in ("staff", "travel")] + [{}]),
        readings,
    ),
    min_size=1,
    max_size=6,
)


def by_source(version: Version) -> tuple[Any, ...]:
    """Where a version stands: no version, then numbers, then text; then time, reading, taking back, content."""
    text = "" if version.version is None else str(version.version)
    kind = 1 if text.isdigit() else 2 if text else 0
    read = version.read_at or datetime.min.replace(tzinfo=UTC)
    rank = ["draft", "posted", "void", "deleted"].index(version.status)
    order = int(text) if kind == 1 else 0
    return kind, order, text if kind == 2 else "", version.source_time, read, rank, dumps(version.fields)


def naive(all_versions: list[Version]) -> dict[str, Any] | None:
    """What the versions come to, computed from scratch: sort by the source's order, take the last."""
    ordered = sorted(all_versions, key=by_source)
    newest = ordered[-1]
    facts = [v.fields for v in ordered if v.status in ("posted", "draft")]
    fields = newest.fields if newest.status == "posted" else {**(facts[-1] if facts else {}), **newest.fields}
    if newest.status == "draft" or not fields:
        return None
    amount = fields["base_amount"] if newest.status == "posted" else cny(0)
    return {
        "measure": fields["measure"],
        "class": fields["class"],
        "amount": amount,
        "work_date": fields["work_date"],
    }


@given(versions, st.randoms(use_true_random=False), st.integers(0, 3))
def test_any_order_of_arrival_gives_the_same_entry(
    arriving: list[Version], random: Any, repeats: int
) -> None:
    """Shuffled and with repetitions, the entry counts what a computation from all versions says."""
    shuffled = arriving + [random.choice(arriving) for _ in range(repeats)]
    random.shuffle(shuffled)
    entry = applied(*shuffled)
    assert effective(entry) == naive(arriving)
    assert dumps(entry) == dumps(applied(*arriving))
    assert dumps(loads(dumps(entry))) == dumps(entry)


@given(versions)
def test_an_outcome_tells_whether_the_ledger_moved(arriving: list[Version]) -> None:
    """Unchanged and stale never move a sum; voided ends at nothing; posted and corrected leave a posted entry."""
    entry: dict[str, Any] | None = None
    counted = cny(0)
    for incoming in arriving:
        entry, outcome = apply_version(entry, incoming)
        before, counted = counted, amount_of(entry) or cny(0)
        if outcome in ("unchanged", "stale"):
            assert counted == before
        elif outcome == "voided":
            assert counted == cny(0)
        else:
            assert entry["status"] == "posted"


class History:
    """Entries of a project, and the sums kept beside them one change at a time."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, Any]] = {}
        self.sums = empty_sums("CNY")

    def take(self, key: str, incoming: Version) -> None:
        """One version of one entry arrives."""
        before = self.entries.get(key)
        after, _ = apply_version(before, incoming)
        self.entries[key] = after
        self.sums = adjust(self.sums, effective(before) if before else None, effective(after))


entry_fields = st.fixed_dictionaries(
    {
        "measure": st.sampled_from(MEASURES),
        "class": st.sampled_from(CLASSES),
        "base_amount": st.decimals(-(10**9), 10**9, places=2).map(lambda a: Money(a, "CNY")),
        "work_date": st.dates(date(2026, 9, 1), date(2026, 9, 5)),
    }
)
arrivals = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.builds(
            Version, st.integers(1, 5), st.just(START), st.sampled_from(get_args(Status)), entry_fields
        ),
    ),
    max_size=15,
)


@given(arrivals)
def test_sums_kept_step_by_step_equal_sums_from_scratch(arriving: list[tuple[str, Version]]) -> None:
    """After any history, adjusting and recomputing agree to the last cent, and measures have not mixed."""
    history = History()
    for key, incoming in arriving:
        history.take(key, incoming)
    assert history.sums == recompute(history.entries.values(), "CNY")
    first, *others = history.entries.values() or [{}]
    assert recompute(others, "CNY", onto=recompute([first], "CNY")) == history.sums, "in pieces as in one"
    assert dumps(loads(dumps(history.sums))) == dumps(history.sums)
    for measure in MEASURES:
        days = history.sums["days"].get(measure, {})
        assert total(history.sums, measure) == Money(sum(days.values(), D(0)), "CNY")


def test_measures_never_mix() -> None:
    """What is ordered, spent, billed and paid are four figures."""
    entries = [
        {**bill(100), "measure": "committed"},
        {**bill(80), "measure": "incurred"},
        {**bill(60), "measure": "billed", "class": "staff"},
        {**bill(50), "measure": "collected"},
        {**bill(5), "measure": "credited"},
    ]
    sums = recompute(entries, "CNY")
    assert [total(sums, m) for m in MEASURES] == [cny(100), cny(80), cny(60), cny(50), cny(5)]
    assert by_class(sums, "billed") == {"staff": cny(60)}
    with pytest.raises(BadEntry, match="committed, incurred"):
        effective({**bill(1), "measure": "guessed"})


def test_sums_are_in_one_currency_and_leave_what_they_were_given_alone() -> None:
    """A foreign amount is refused; adjusting returns new sums and keeps what else the record holds."""
    sums = {**empty_sums("CNY"), "id": "apollo"}
    after = adjust(sums, None, effective(bill(100)))
    assert sums == {"currency": "CNY", "days": {}, "id": "apollo"}
    assert after["id"] == "apollo"
    assert adjust(after, effective(bill(100)), None) == sums
    with pytest.raises(CurrencyMismatch):
        adjust(sums, None, effective({**bill(1), "base_amount": Money(D(1), "USD")}))


def test_work_up_to_the_opening_figure_is_listed_and_not_counted() -> None:
    """The opening figure already has it."""
    as_of = date(2026, 8, 31)
    before, after = bill(7000, work_date=as_of), bill(100, work_date=date(2026, 9, 1))
    assert effective(before, as_of) is None
    assert recompute([before, after], "CNY", as_of) == recompute([after], "CNY")


def test_time_without_a_rate_counts_nothing() -> None:
    """Hours that cannot be priced yet are on record only."""
    assert effective({"status": "posted", "measure": "incurred", "work_date": date(2026, 9, 1)}) is None
    assert effective({**bill(5), "class": None})["class"] == "other"  # type: ignore[index]


def test_lines_are_rounded_and_the_total_is_their_sum() -> None:
    """Three times 20 minutes at 250 an hour: 83.33 each and 249.99 together, while one hour is 250.00."""
    rate = cny(250)
    line = price_time(Duration.parse("20m"), rate)
    assert line == cny("83.33")
    entries = [bill(0, base_amount=line, **{"class": "staff"}) for _ in range(3)]
    assert total(recompute(entries, "CNY"), "incurred") == cny("249.99")
    assert price_time(3600, rate) == cny("250.00")
    assert price_time(D("0.1") * 3600, rate) == cny("25.00")
    with pytest.raises(DurationMismatch):
        price_time(Duration.parse("1wd"), rate)


def test_half_a_cent_is_rounded_as_the_project_decided() -> None:
    """Half up is the default, half even a setting."""
    assert price_time(Duration.parse("30m"), cny("5.33")) == cny("2.67")
    assert price_time(Duration.parse("30m"), cny("5.33"), "half_even") == cny("2.66")


def test_a_rate_holds_from_its_date_until_the_next() -> None:
    """Nothing before the first, whatever the order they are written in."""
    rates = [(date(2026, 7, 1), cny(160)), (date(2026, 1, 1), cny(150))]
    assert rate_on(rates, date(2025, 12, 31)) is None
    assert rate_on(rates, date(2026, 6, 30)) == cny(150)
    assert rate_on(rates, date(2026, 7, 1)) == cny(160)
    assert rate_on([], date(2026, 7, 1)) is None


def test_a_reversal_uses_the_original_rate_and_nets_to_nothing() -> None:
    """USD 1000.00 at 7.2345 is 7234.50; taken back when the market is at 7.1000 it is -7234.50, not -7100.00."""
    day, later = date(2026, 9, 1), date(2026, 9, 20)
    dollars = Money(D("1000.00"), "USD")
    posted = freeze_base({**bill(0), "amount": dollars, "work_date": day, "rate": D("7.2345")}, "CNY")
    assert posted["base_amount"] == cny("7234.50")
    reversal = freeze_base(
        {**bill(0), "amount": -dollars, "work_date": later, "rate": D("7.1000")}, "CNY", original=posted
    )
    assert reversal["base_amount"] == cny("-7234.50")
    assert total(recompute([posted, reversal], "CNY"), "incurred") == cny(0)
    voided = applied(version(1, "posted", posted), version(2, "void", {}))
    assert total(recompute([voided], "CNY"), "incurred") == cny(0)


def test_a_foreign_amount_is_rounded_once_to_the_minor_unit() -> None:
    """JPY 123456 at 0.0478 is 5901.1968, booked as 5901.20."""
    yen = {"amount": Money(D(123456), "JPY"), "work_date": date(2026, 9, 1)}
    booked = freeze_base(yen, "CNY", rate=D("0.0478"))
    assert booked["base_amount"] == quantize(cny("5901.1968")) == cny("5901.20")
    assert (booked["rate"], booked["rate_source"]) == (D("0.0478"), "manual")
    own = freeze_base({"amount": cny("10.005")}, "CNY", rounding="half_even")
    assert (own["base_amount"], own["rate"]) == (cny("10.00"), D(1))


def test_a_corrected_amount_keeps_its_rate_unless_the_date_changed() -> None:
    """The market moves; what was frozen does not. A rate that the document itself states is the books' truth."""
    day, other = date(2026, 9, 1), date(2026, 9, 2)
    posted = freeze_base({"amount": Money(D(1000), "USD"), "work_date": day}, "CNY", rate=D("7.2"))
    more = {"amount": Money(D(1200), "USD"), "work_date": day}
    assert freeze_base(more, "CNY", previous=posted, rate=D("7.1"))["base_amount"] == cny(8640)
    moved = {**more, "work_date": other}
    assert freeze_base(moved, "CNY", previous=posted, rate=D("7.1"))["base_amount"] == cny(8520)
    euros = {**more, "amount": Money(D(100), "EUR")}
    assert freeze_base(euros, "CNY", previous=posted, rate=D("8"))["base_amount"] == cny(800)
    stated = {**more, "rate": D("7.3")}
    assert freeze_base(stated, "CNY", previous=posted)["base_amount"] == cny(8760)
    with pytest.raises(RateMissing, match=r"1200\.00 USD has no rate to CNY"):
        freeze_base(moved, "CNY", previous=posted)


def test_keys_of_entries_cannot_run_into_each_other() -> None:
    """A slash inside a part is not a border between parts."""
    assert entry_key("books", "42", "bill", "981", 1) == "books/42/bill/981/1"
    assert entry_key("books", None, "bill", "981") == "books//bill/981/"
    assert entry_key("books", "4/2", "bill", "9%2F8") != entry_key("books", "4", "2/bill", "9/8")
    assert entry_key("a/b", "c", "d", "e") != entry_key("a", "b/c", "d", "e")


@given(st.tuples(*[st.text(max_size=4)] * 4), st.tuples(*[st.text(max_size=4)] * 4))
def test_different_things_have_different_keys(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    """A key names one thing."""
    assert (entry_key(*first) == entry_key(*second)) == (first == second)
