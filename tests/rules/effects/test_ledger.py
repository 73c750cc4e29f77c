"""Time and documents become entries of one ledger: priced, converted, counted once, corrected, taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts.budget import budget_facts
from rules.facts.duration import Duration
from rules.facts.money import Money
from tests.rules.effects.world import APOLLO, LIN, MONDAY, World, types, usd


@pytest.fixture
def world() -> World:
    return World()


def log_time(
    world: World, key: str = "worklog/1", verb: str = "logged", version: str = "1", **entry: Any
) -> list[str]:
    given = {"person": "lin", "seconds": 3600, "work_date": date(2026, 9, 21), "issue": "APO-7", **entry}
    return types(world.tell(f"time.{verb}", key, connection="tracker", version=version, entry=given))


def bill(
    world: World, key: str = "bill/981", verb: str = "received", version: str = "1", **entry: Any
) -> list[str]:
    given = {
        "kind": "bill",
        "measure": "incurred",
        "class": "material",
        "amount": usd("1500.00"),
        "work_date": date(2026, 9, 18),
        "number": "BILL-91",
        **entry,
    }
    given = {k: v for k, v in given.items() if v is not ...}
    return types(world.tell(f"bill.{verb}", key, connection="books", version=version, entry=given))


def test_time_is_worth_its_hours_at_the_persons_rate_of_that_day(world: World) -> None:
    """The rate in force on the day of work counts, not the one of today; what it costs us is kept beside it."""
    assert log_time(world, work_date=date(2026, 8, 31)) == ["time.logged", "ledger.posted"]
    log_time(world, "worklog/2", seconds=5400)
    first, second = world.all("entry")
    assert (first["amount"], first["class"], first["measure"]) == (usd("150.00"), "staff", "incurred")
    assert second["amount"] == usd("240.00")
    assert second["cost_amount"] == usd("90.00")
    assert second["duration"] == Duration(90, "m")
    assert world.spent == usd("390.00")


def test_a_budget_at_cost_rate_counts_what_time_costs() -> None:
    """The baseline says which rate consumes the budget."""
    world = World(replace(APOLLO, budget=replace(APOLLO.budget, at="cost_rate")))
    log_time(world)
    assert world.spent == usd("60.00")


def test_each_entry_is_rounded_once_and_totals_add_up_to_their_lines() -> None:
    """Three times twenty minutes at 250 an hour are 83.33 each and 249.99 together."""
    world = World(APOLLO, replace(LIN, bill_rates=((date(2026, 1, 1), usd(250)),)))
    for number in range(3):
        log_time(world, f"worklog/{number}", seconds=1200)
    assert [e["amount"] for e in world.all("entry")] == [usd("83.33")] * 3
    assert world.spent == usd("249.99")


def test_the_same_worklog_in_two_hooks_counts_once(world: World) -> None:
    """Jira tells of one worklog in two hooks: the same key and version is one entry and one ledger event."""
    assert log_time(world) == ["time.logged", "ledger.posted"]
    assert log_time(world) == ["time.logged"]
    assert world.spent == usd("160.00")


def test_a_corrected_worklog_says_what_it_was(world: World) -> None:
    """The event of a correction carries the whole entry and the former values."""
    log_time(world)
    events = world.tell(
        "time.changed",
        "worklog/1",
        connection="tracker",
        version="2",
        entry={"seconds": 7200, "person": "lin"},
    )
    assert types(events) == ["time.changed", "ledger.corrected"]
    corrected = events[1]
    assert corrected.objects["entry"]["amount"] == usd("320.00")
    assert corrected.objects["entry"]["issue"] == "tracker/APO-7", (
        "what the source did not repeat is still known"
    )
    assert corrected.before["amount"] == usd("160.00")
    assert (corrected.cause, corrected.depth) == (events[0].id, 1)
    assert log_time(world, verb="deleted", version="3") == ["time.deleted", "ledger.voided"]
    assert world.spent == usd(0)


def test_an_older_version_that_comes_late_changes_nothing(world: World) -> None:
    """The source's own order counts, not the order of arrival."""
    log_time(world, version="2", seconds=7200)
    assert log_time(world, version="1", seconds=3600) == ["time.logged"]
    assert world.spent == usd("320.00")


def test_states_of_one_version_stand_in_the_order_of_their_times(world: World) -> None:
    """Some sources do not count versions up; then the time of the change decides, and a late one changes nothing."""
    entry = {"person": "lin", "work_date": date(2026, 9, 21), "issue": None}
    for minutes, seconds in ((10, 7200), (5, 3600)):
        given = {"connection": "tracker", "version": "1", "at": MONDAY + timedelta(minutes=minutes)}
        told = world.tell("time.logged", "worklog/1", entry={**entry, "seconds": seconds}, **given)
    assert types(told) == ["time.logged"]
    assert world.spent == usd("320.00")


def test_what_was_voided_is_still_known(world: World) -> None:
    """A void of the books says nothing but zeros: the entry shows what was taken back, and counts nothing."""
    bill(world)
    bill(world, verb="voided", version="2", amount=usd(0), number=None)
    (entry,) = world.all("entry")
    assert (entry["amount"], entry["number"], entry["status"]) == (usd("1500.00"), "BILL-91", "void")
    assert world.spent == usd(0)


def test_a_void_that_comes_before_its_bill_keeps_it_at_nothing(world: World) -> None:
    """The tombstone has the newer version, so the bill that follows counts nothing."""
    assert bill(world, verb="voided", version="2", amount=...) == ["bill.voided"]
    assert bill(world, version="1") == ["bill.received"]
    assert world.spent == usd(0)


def test_time_without_a_rate_is_kept_and_the_lead_asked_once(world: World) -> None:
    """No ledger event, one task for each person, and the entry counts when it is replayed after the mend."""
    told = world.event(
        "time.logged", "worklog/1", connection="tracker", version="1", entry={"person": "wang"}
    )
    told = replace(
        told, objects={"entry": {"person": "wang", "seconds": 3600, "work_date": date(2026, 9, 21)}}
    )
    assert types(world.decide(told)) == ["time.logged", "task.opened"]
    assert log_time(world, "worklog/2", person="wang") == ["time.logged"]
    assert [e["status"] for e in world.all("entry")] == ["unpriced", "unpriced"]
    (task,) = world.all("task")
    assert (task["owner"], task["status"]) == ("lin", "open")
    assert "people.wang.bill_rate" in task["title"]
    assert "2026-09-21" in task["title"]

    world.mend(replace(world.workspace.people["wang"], bill_rates=((date(2026, 1, 1), usd(100)),)))
    world.now += timedelta(hours=1)
    assert types(world.decide(told)) == ["time.logged", "ledger.posted"]
    assert world.spent == usd("100.00")


def test_time_of_an_account_that_is_nobodys_names_the_account_and_its_connection(world: World) -> None:
    """The connector could not match the account with a person: the task says where to add it."""
    assert log_time(world, person="5b10a2") == ["time.logged", "task.opened"]
    (task,) = world.all("task")
    assert "5b10a2" in task["title"]
    assert "tracker" in task["title"]


def test_tasks_speak_the_language_of_their_owner() -> None:
    """A lead who reads Chinese is asked in Chinese."""
    world = World(APOLLO, replace(LIN, locale="zh-CN"))
    log_time(world, person="wang")
    assert "费率" in world.all("task")[0]["title"]


def test_a_bill_counts_in_its_class_and_measure(world: World) -> None:
    """Lines of the budget follow the class; a client invoice is billed, not spent."""
    assert bill(world) == ["bill.received", "ledger.posted"]
    bill(world, "invoice/4", kind="invoice", measure="billed", amount=usd(9_000))
    facts = budget_facts(world.get("baseline"), world.get("sums"))
    assert (facts["spent"], facts["billed"]) == (usd("1500.00"), usd(9_000))
    assert facts["lines.material.spent"] == usd("1500.00")


def test_a_document_without_an_entry_of_its_own_is_read_off(world: World) -> None:
    """A connector that only tells of the document: total, date and number make the entry; the document is on record."""
    document = {"number": "INV-8", "total": usd(4_000), "issued_on": date(2026, 9, 20), "status": "open"}
    events = world.tell("invoice.issued", "invoice/8", connection="books", version="1", invoice=document)
    assert types(events) == ["invoice.issued", "ledger.posted"]
    entry = events[1].objects["entry"]
    assert (entry["kind"], entry["measure"], entry["amount"]) == ("invoice", "billed", usd(4_000))
    assert entry["work_date"] == date(2026, 9, 20)
    paid = world.tell(
        "invoice.paid", "invoice/8", connection="books", version="2", invoice={"status": "paid"}
    )
    assert types(paid) == ["invoice.paid"], "paying an invoice does not bill it again"
    assert (paid[0].before["status"], paid[0].objects["invoice"]["number"]) == ("open", "INV-8")


def test_a_draft_counts_when_it_is_posted(world: World) -> None:
    """A draft is kept and counts nothing."""
    assert bill(world, status="draft") == ["bill.received"]
    assert world.spent == usd(0)
    assert bill(world, verb="changed", version="2", status="posted") == ["bill.changed", "ledger.posted"]
    assert world.spent == usd("1500.00")


def test_a_foreign_amount_keeps_its_rate_when_it_is_taken_back() -> None:
    """USD 1,000.00 at 7.2345 is CNY 7,234.50; voided when the market is at 7.1 it nets to nothing."""
    budget = replace(APOLLO.budget, total=Money(Decimal(500_000), "CNY"), lines={}, reserve=None)
    world = World(replace(APOLLO, currency="CNY", budget=budget, step_up=None))
    bill(world, amount=usd("1000.00"), rate=Decimal("7.2345"))
    assert world.spent == Money(Decimal("7234.50"), "CNY")
    bill(world, verb="changed", version="2", amount=usd("900.00"))
    assert world.spent == Money(Decimal("6511.05"), "CNY"), "a corrected amount keeps the rate"
    assert bill(world, verb="voided", version="3", rate=Decimal("7.1")) == ["bill.voided", "ledger.voided"]
    assert world.spent == Money(Decimal(0), "CNY")
    bill(world, "bill/982", amount=Money(Decimal(123_456), "JPY"), rate=Decimal("0.0478"))
    assert world.spent == Money(Decimal("5901.20"), "CNY")


def test_a_foreign_amount_without_a_rate_waits_for_finance(world: World) -> None:
    """It is kept, counts nothing, and finance is asked; with a rate it is posted."""
    euros = Money(Decimal(100), "EUR")
    assert bill(world, amount=euros) == ["bill.received", "task.opened"]
    (entry,), (task,) = world.all("entry"), world.all("task")
    assert (entry["status"], task["owner"]) == ("unconverted", "wang")
    assert world.spent == usd(0)
    told = bill(world, verb="changed", version="2", amount=euros, rate=Decimal("1.1"))
    assert told == ["bill.changed", "ledger.posted"]
    assert world.spent == usd("110.00")


def test_a_running_project_starts_from_its_opening_figure() -> None:
    """85 % were spent before: work up to that day is listed and not added, what follows is."""
    plan = replace(APOLLO.budget, opening_spent=usd(85_000), opening_as_of=date(2026, 9, 18))
    world = World(replace(APOLLO, budget=plan))
    bill(world, "bill/1", work_date=date(2026, 9, 18))
    bill(world, "bill/2", work_date=date(2026, 9, 19))
    assert [e["counted"] for e in world.all("entry")] == [False, True]
    facts = budget_facts(world.get("baseline"), world.get("sums"))
    assert facts["spent"] == usd("86500.00")
    assert facts["used"] == Decimal("0.865")
    bill(world, "bill/1", verb="changed", version="2", work_date=date(2026, 9, 18), amount=usd(9_999))
    assert world.spent == usd("1500.00"), "a late correction of the past is in the opening figure already"


def test_what_arrived_before_activation_counts_by_the_first_baseline() -> None:
    """Hooks and backfill may come before the project is activated: nothing is lost, nothing counts twice."""
    plan = replace(APOLLO.budget, opening_spent=usd(10), opening_as_of=date(2026, 9, 1))
    world = World(replace(APOLLO, budget=plan), active=False)
    bill(world, "bill/1", work_date=date(2026, 8, 31))
    bill(world, "bill/2")
    world.tell("project.activated")
    assert world.spent == usd("1500.00")
    assert [e["counted"] for e in world.all("entry")] == [False, True]


def test_what_comes_after_closing_is_kept_and_told(world: World) -> None:
    """A bill for a closed project is in the ledger, and the lead is asked to settle it."""
    world.tell("project.closed")
    assert bill(world) == ["bill.received", "task.opened", "ledger.posted"]
    assert "BILL-91" in world.all("task")[0]["title"]
    assert world.spent == usd("1500.00")


def test_history_builds_the_ledger_and_asks_nobody(world: World) -> None:
    """What happened before the project was live here causes ledger events of history and no task."""
    past = MONDAY - timedelta(days=90)
    known = world.tell(
        "time.logged",
        "worklog/1",
        connection="tracker",
        version="1",
        at=past,
        history=True,
        entry={"person": "wang", "seconds": 60},
    )
    assert types(known) == ["time.logged"]
    events = world.tell(
        "bill.received",
        "bill/1",
        connection="books",
        version="1",
        at=past,
        history=True,
        entry={"amount": usd(7), "class": "other"},
    )
    assert [e.history for e in events] == [True, True]
    assert world.all("task") == []
    assert world.spent == usd(7)


def test_an_entry_that_moves_to_another_project_counts_there_alone() -> None:
    """A bill line that is given to another project leaves the first one's sums."""
    world = World()
    other = replace(APOLLO, id="hermes", name="Hermes")
    world.workspace = replace(world.workspace, projects={"apollo": APOLLO, "hermes": other})
    bill(world)
    told = world.tell(
        "bill.changed",
        "bill/981",
        connection="books",
        version="2",
        project="hermes",
        entry={"amount": usd(1_500)},
    )
    assert [(e.type, e.project) for e in told] == [
        ("bill.changed", "hermes"),
        ("ledger.voided", "apollo"),
        ("ledger.posted", "hermes"),
    ]
    assert world.spent == usd(0)
    assert world.get("sums", "hermes")["spent.incurred.material"] == Decimal(1_500)
    late = world.tell(
        "bill.received", "bill/981", connection="books", version="1", entry={"amount": usd(1_500)}
    )
    assert types(late) == ["bill.received"], "the older state does not bring it back"
    assert world.spent == usd(0)


BUDGET_STORY = [
    ("posted", {"id": "B1", "amount": Decimal(45_000)}, 45_000),
    ("posted", {"id": "B2", "amount": Decimal(36_000)}, 81_000),
    ("corrected", {"id": "B2", "amount": Decimal(34_000)}, 79_000),
    ("posted", {"id": "B3", "amount": Decimal(1_500)}, 80_500),
    ("voided", {"id": "B3"}, 79_000),
    ("corrected", {"id": "B2", "amount": Decimal(30_000)}, 75_000),
    ("posted", {"id": "B4", "amount": Decimal(6_000)}, 81_000),
    ("posted", {"id": "B5", "amount": Decimal(20_000)}, 101_000),
    ("posted", {"id": "B6", "amount": Decimal(24_000)}, 125_000),
    ("posted", {"id": "B6", "amount": Decimal(24_000)}, 125_000),
]


def test_bare_ledger_events_are_entries_by_themselves(world: World) -> None:
    """Scenarios and imports speak of the ledger directly, all at one moment: their order is their version."""
    for verb, entry, sum_after in BUDGET_STORY:
        event, *_ = world.tell(
            f"ledger.{verb}", entry={"currency": "USD", "class": None, "person": None, **entry}
        )
        assert world.spent == usd(sum_after)
        assert event.objects["entry"]["amount"].currency == "USD"
    corrected = world.get("entry", "B2")
    assert (corrected["measure"], corrected["class"], corrected["status"]) == ("incurred", "other", "posted")


def test_a_bare_correction_says_what_it_was(world: World) -> None:
    """`before(entry.amount)` is known for a correction that comes without its past."""
    world.tell("ledger.posted", entry={"id": "B1", "amount": usd(100), "class": "travel"})
    (event,) = world.tell("ledger.corrected", entry={"id": "B1", "amount": usd(90), "class": None})
    assert event.before["amount"] == usd(100)
    assert event.objects["entry"]["class"] == "travel"


def test_an_entry_of_time_is_called_by_its_issue(world: World) -> None:
    """A worklog without words of its own takes the issue's title; the event knows the issue."""
    world.tell("issue.created", "APO-7", connection="tracker", issue={"key": "APO-7", "title": "Export"})
    told = world.tell(
        "time.logged",
        "worklog/1",
        connection="tracker",
        entry={"person": "lin", "seconds": 60, "issue": "APO-7"},
    )
    assert [e.objects["issue"]["id"] for e in told] == ["tracker/APO-7"] * 2
    assert told[1].objects["entry"]["title"] == "Export"


def test_time_without_a_length_is_asked_for(world: World) -> None:
    """Nothing is guessed; the task names what is missing and where."""
    assert log_time(world, seconds=None) == ["time.logged", "task.opened"]
    assert "no duration" in world.all("task")[0]["title"]


def test_time_in_days_of_work_is_asked_for_in_hours(world: World) -> None:
    """Three working days have no length that could be summed or priced."""
    said = {"id": "W1", "person": "lin", "work_date": date(2026, 9, 21), "duration": Duration(3, "wd")}
    world.tell("time.logged", entry=said)
    assert "no duration" in world.all("task")[0]["title"]
    assert world.all("entry")[0]["status"] == "unpriced"


@pytest.mark.parametrize(
    ("word", "status"), [("voided", "void"), ("Deleted", "deleted"), ("AUTHORISED", "posted")]
)
def test_words_of_the_books_become_ours(world: World, word: str, status: str) -> None:
    """Each system has its own words for a document's state."""
    bill(world, status=word)
    assert world.all("entry")[0]["status"] == status


def test_a_bare_event_may_bring_its_version(world: World) -> None:
    """An import that knows the order says so; without a word the next one follows what stands."""
    world.tell("ledger.posted", version="2026-09-21T10:00:00Z", entry={"id": "B1", "amount": usd(10)})
    for amount in (20, 30):
        world.tell("ledger.corrected", entry={"id": "B1", "amount": usd(amount)})
        assert world.spent == usd(amount)
    world.tell("ledger.corrected", version="2026-09-20T10:00:00Z", entry={"id": "B1", "amount": usd(99)})
    assert world.spent == usd(30)


def test_an_event_that_we_caused_is_not_counted_again(world: World) -> None:
    """The ledger event behind a bill is shown with its entry and adds nothing."""
    told = world.tell("bill.received", "bill/1", connection="books", version="1", entry={"amount": usd(10)})
    posted = told[1]
    assert posted.objects["entry"]["amount"] == usd(10)
    assert "versions" not in posted.objects["entry"]
    assert world.spent == usd(10)


def test_deciding_an_event_again_gives_the_same_ids(world: World) -> None:
    """Replaying is safe: events that follow have the ids they had."""
    event = world.event("bill.received", "bill/1", connection="books", version="1", entry={"amount": usd(10)})
    first = [e.id for e in World().decide(event)]
    assert first == [e.id for e in World().decide(event)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.integers(1, 5),
            st.sampled_from(["received", "voided"]),
            st.integers(1, 999),
        ),
        max_size=12,
    )
)
def test_the_sums_are_those_of_the_newest_states_in_any_order(
    history: list[tuple[str, int, str, int]],
) -> None:
    """Whatever comes in whatever order, the ledger stands at the newest state of each document."""
    world = World()
    newest: dict[str, tuple[int, str, int]] = {}
    seen: set[tuple[str, int]] = set()
    for key, version, verb, amount in history:
        if (key, version) in seen:
            continue
        seen.add((key, version))
        bill(world, f"bill/{key}", verb=verb, version=str(version), amount=usd(amount))
        newest[key] = max(newest.get(key, (0, "", 0)), (version, verb, amount))
    expected = sum(amount for _, verb, amount in newest.values() if verb == "received")
    assert world.spent == usd(expected)


@pytest.mark.parametrize(
    ("entry", "task"),
    [
        ({"amount": usd(10**9)}, "over ten times the budget"),
        ({"amount": usd(5), "work_date": date(9999, 12, 31)}, "is dated 9999-12-31"),
        ({"amount": usd(5), "work_date": date(1, 1, 1)}, "is dated 0001-01-01"),
        ({"amount": Decimal(5), "currency": "XYZ"}, "is in XYZ, which is no currency"),
    ],
)
def test_what_can_hardly_be_meant_waits_for_somebody(world: World, entry: dict[str, Any], task: str) -> None:
    """It is kept and counts nothing, and a task says why and what to do; nobody is alarmed by a slip of the pen."""
    assert bill(world, **entry) == ["bill.received", "task.opened"]
    assert task in world.all("task")[0]["title"]
    assert world.spent == usd(0)
    assert len(world.all("entry")) == 1


def test_a_questioned_entry_counts_when_somebody_says_that_it_is_meant(world: World) -> None:
    """The same amount is not questioned again; another one is."""
    bill(world, amount=usd(2_000_000))
    (entry,) = world.all("entry")
    told = world.tell("ledger.accepted", entry["id"], person="wang", entry={"id": entry["id"]})
    assert types(told)[:2] == ["ledger.accepted", "ledger.posted"]
    assert world.spent == usd(2_000_000)
    assert bill(world, version="2", amount=usd(2_000_000), number="BILL-92") == [
        "bill.received",
        "ledger.corrected",
    ]
    assert world.spent == usd(2_000_000)
    bill(world, version="3", amount=usd(3_000_000))
    assert world.spent == usd(0), "until somebody looks at the new amount"


def test_a_credit_note_lowers_what_was_spent(world: World) -> None:
    """A negative amount is money that came back, and no mistake."""
    bill(world)
    bill(world, "bill/982", amount=usd("-500.00"))
    assert world.spent == usd("1000.00")


def test_times_are_utc(world: World) -> None:
    """An entry's posting time is the moment of deciding."""
    bill(world)
    assert world.all("entry")[0]["posted_at"] == datetime(2026, 9, 21, 14, tzinfo=UTC)
