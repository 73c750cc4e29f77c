"""A report: one frozen snapshot that adds up, hides what its reader may not know, and never changes afterwards."""

from __future__ import annotations

import textwrap
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.engine.names import Facts
from rules.engine.reports.snapshot import checksum, report
from rules.facts.codec import dumps, loads
from rules.facts.duration import Duration
from rules.facts.money import Money
from rules.language.reports import document
from tests.support.worlds import World

FRIDAY = "2026-09-18 16:00 America/New_York"
RULE = """
- id: weekly-report
  every: {cron: "0 16 * * FRI", zone: client, for_each: project, on_holiday: earlier, at_least_apart: 3wd}
  calendar: [client, team]
  if: project.status == "active"
  do:
    - report: {period: week, view: client, to: [client.sponsor, client.billing]}
"""
LINES: dict[str, Any] = {
    "total": 100_000,
    "lines": {"staff": 80_000, "material": 8_000, "equipment": 5_000, "other": 2_000},
    "reserve": 5_000,
    "opening": {"spent": 42_000, "as_of": date(2026, 8, 31)},
}


def apollo(rules: str = RULE, **project: Any) -> World:
    """Apollo with budget lines and an opening figure, on Monday the 7th."""
    changes: dict[str, Any] = {"projects": {"apollo": {"budget": LINES, **project}}}
    return World(textwrap.dedent(rules), changes, now="2026-09-07 10:00 America/New_York")


def friday(world: World) -> World:
    """The clock strikes on Friday the 18th."""
    world.clock(FRIDAY)
    world.slot("weekly-report", "project", "apollo")
    return world


def spend(world: World, key: str, amount: str, on: int, cost_class: str = "staff", **entry: Any) -> None:
    world.spend(key, amount, work_date=date(2026, 9, on), entry={"class": cost_class, **entry})


def figures(world: World, view: str | None = None) -> dict[str, Any]:
    """The figures of the report that was made last."""
    made = [
        r for (kind, _), r in world.book.records.items() if kind == "report" and view in (None, r["view"])
    ]
    return dict(made[-1]["_figures"])


def read(world: World, locale: str = "en") -> str:
    (one,) = [r for (kind, _), r in world.book.records.items() if kind == "report"]
    return "\n".join(document(one, locale).lines())


# What it says


def test_the_eight_parts_stand_in_their_order_and_an_empty_one_says_none() -> None:
    """Done, problems, next, money, milestones, waiting, changes, risks: always all of them, in both languages."""
    world = friday(apollo())
    (record,) = [r for (kind, _), r in world.book.records.items() if kind == "report"]
    english, chinese = document(record, "en"), document(record, "zh-CN")
    assert [p.title for p in english.parts] == [
        "Done", "Problems", "Next", "Money", "Milestones", "Waiting on you", "Changes and consents", "Risks",
    ]  # fmt: skip
    assert [p.title for p in chinese.parts] == [
        "已完成", "问题", "下期计划", "费用", "里程碑", "待您处理", "变更与确认", "风险",
    ]  # fmt: skip
    assert [p.name for p in english.parts if p.empty] == [
        "done",
        "problems",
        "next",
        "waiting",
        "changes",
        "risks",
    ]
    assert (english.none, chinese.none) == ("none", "无")


def test_every_part_is_filled_from_the_records() -> None:
    """What happened in the seven days is done; what is late, triggered or expected is a problem with owner and fix."""
    world = apollo(tracked_by=[{"connection": "tracker", "project": "APO", "client_text": "titles"}])
    closed = datetime(2026, 9, 17, 15, tzinfo=UTC)
    for key, title, group, due in (
        ("APO-7", "Sign-in", "done", None),
        ("APO-8", "Export", "doing", None),
        ("APO-9", "Load test", "todo", date(2026, 9, 23)),
        ("APO-10", "Much later", "todo", date(2026, 11, 2)),
    ):
        issue = {"key": key, "title": title, "labels": [], "status_group": group, "due": due}
        ended = {"closed_at": closed} if group == "done" else {}
        world.happen("issue.created", key=key, connection="tracker", version="1", issue={**issue, **ended})
    world.happen(
        "risk.triggered", risk={"id": "r1", "title": "Supplier late", "owner": "lin", "plan": "Second asked"}
    )
    item = {"id": "a1", "title": "Test data", "party": "client", "owner": "ann", "due": date(2026, 9, 16)}
    world.happen("action_item.opened", action_item={**item, "kind": "input"})
    friday(world)
    said = read(world)
    assert "APO-7 Sign-in is done" in said
    assert 'The risk "Supplier late" has come true. Owner: Lin Hao. Fix: Second asked.' in said
    assert "APO-9 Load test, due on 23 September 2026" in said
    assert "Much later" not in said
    assert (
        "Test data (Ann Lee): asked for on 7 September 2026, due on 16 September 2026, 2 working days late"
        in said
    )


def test_a_late_milestone_is_a_problem_and_shows_its_drift() -> None:
    """Who it waits for takes care of it, and the new date is the mend; drift is counted in working days of the project.

    The project keeps the Chinese calendar, in which Sunday the 20th is worked.
    """
    world = apollo(
        milestones=[{"id": "m1", "title": "Prototype", "due": "2026-09-14"}],
    )
    world.book.store(
        {("milestone", "apollo/m1"): {**world.record("milestone", "apollo/m1"), "waiting_on": "client",
                                      "forecast_date": date(2026, 9, 21)}}
    )  # fmt: skip
    said = read(friday(world))
    assert "Prototype is 4 working days late. Owner: Acme Ltd. Fix: new date 21 September 2026." in said
    assert "Prototype | 2026-09-14 | 2026-09-21 | +6 working days | overdue" in said


def test_changes_of_the_period_name_who_agreed_and_how() -> None:
    """A decision of last week is there with its effect, its day, the person and the way; a draft is the team's own."""
    world = apollo()
    change = {
        "id": "chg_1", "number": "CR-1", "title": "Export", "status": "applied", "version": 1, "project": "apollo",
        "client": "acme", "amount": Money.parse("8000 USD"), "days": 5,
        "decided_at": datetime(2026, 9, 16, 15, tzinfo=UTC),
    }  # fmt: skip
    answer = {"outcome": "approved", "channel": "online", "name": "Ann Lee", "at": change["decided_at"]}
    approval = {"id": "apr_1", "project": "apollo", "client": "acme", "about": "change", "subject": "chg_1",
                "status": "approved", "version": 1, "decisions": [answer]}  # fmt: skip
    draft = {
        **change,
        "id": "chg_2",
        "number": "CR-2",
        "title": "Not yet",
        "status": "draft",
        "decided_at": None,
    }
    world.book.store(
        {("change", "chg_1"): change, ("approval", "apr_1"): approval, ("change", "chg_2"): draft}
    )
    said = read(friday(world))
    assert (
        "CR-1 Export (+ USD 8,000.00, +5 working days): approved and in force on 16 September 2026, "
        "by Ann Lee, on the decision page"
    ) in said
    assert "CR-2" not in said


# What adds up

amounts = st.integers(min_value=-50_000, max_value=5_000_000).map(lambda cents: Decimal(cents) / 100)
entries = st.lists(
    st.tuples(
        amounts,
        st.dates(min_value=date(2026, 8, 25), max_value=date(2026, 10, 2)),
        st.sampled_from(["staff", "material", "equipment", "subcontract", "travel", "other"]),
        st.sampled_from(["posted", "voided"]),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(booked=entries)
def test_printed_lines_add_up_to_printed_totals(booked: list[tuple[Decimal, date, str, str]]) -> None:
    """Lines make the period and each class of it; before, period and after make what the budget calls spent."""
    world = apollo()
    for number, (amount, on, cost_class, verb) in enumerate(booked):
        world.spend(f"B{number}", str(amount), work_date=on, entry={"class": cost_class})
        if verb == "voided":
            world.spend(
                f"B{number}", str(amount), "voided", work_date=on, entry={"class": cost_class}, version="2"
            )
    money = figures(friday(world))["money"]
    by_class: Counter[str] = Counter()
    for line in money["lines"]:
        by_class[line["class"]] += line["amount"].amount
    assert sum(by_class.values()) == money["period"].amount
    assert {c["class"]: c["period"].amount for c in money["classes"] if c["period"]} == {
        k: v for k, v in by_class.items() if v
    }
    assert (money["before"] + money["period"] + money["after"]) == money["spent"]
    assert sum((c["spent"] for c in money["classes"]), start=money["opening"]) == money["spent"]
    positive = [c for c in money["classes"] if c["period"].amount > 0]
    if positive and len(positive) == len([c for c in money["classes"] if c["period"]]):
        assert sum(c["share"] for c in money["classes"]) == 100


def test_shares_are_those_of_the_worked_example() -> None:
    """62,400.00, 8,150.50 and 4,800.00 of 75,350.50 are 82.8, 10.8 and 6.4 %."""
    world = apollo()
    for key, amount, cost_class in (
        ("1", "62400", "staff"),
        ("2", "8150.50", "material"),
        ("3", "4800", "equipment"),
    ):
        spend(world, key, amount, 15, cost_class)
    money = figures(friday(world))["money"]
    assert money["period"] == Money.parse("75350.50 USD")
    assert [str(c["share"]) for c in money["classes"] if c["period"]] == ["82.8", "10.8", "6.4"]


def test_each_line_has_its_reason_or_says_that_there_is_none() -> None:
    """The reason that was given, else the work it is linked to; a line without either says so."""
    world = apollo(tracked_by=[{"connection": "tracker", "project": "APO", "client_text": "titles"}])
    issue = {"key": "APO-8", "title": "Export", "labels": [], "status_group": "doing"}
    world.happen("issue.created", key="APO-8", connection="tracker", version="1", issue=issue)
    spend(
        world, "1", "480", 15, "equipment", number="BILL-92", party="Crane Hire", reason="Lifting the server"
    )
    spend(world, "2", "300", 16, issue="tracker/APO-8", person="lin", kind="time", duration=Duration(2, "h"))
    spend(world, "3", "50", 17, "travel")
    said = read(friday(world))
    assert "2026-09-15 | Equipment | BILL-92 | Crane Hire | Lifting the server | – | USD 480.00" in said
    assert "2026-09-16 | Staff | work | Lin Hao | APO-8 Export | 2 hours | USD 300.00" in said
    assert "no reason given" in said


# What a client does not see


def test_a_fixed_price_shows_the_client_no_cost_at_all() -> None:
    """What was agreed, invoiced and paid is there; spending, forecasts and entries are not even in the record."""
    world = apollo(billing={"kind": "fixed_price"})
    spend(world, "B1", "77777.77", 16, number="SECRET-1", reason="why")
    world = friday(world)
    money = figures(world)["money"]
    assert money.keys() == {"shown", "total", "billed", "collected"}
    (record,) = [r for (kind, _), r in world.book.records.items() if kind == "report"]
    assert "77777" not in dumps(record)
    assert "SECRET-1" not in dumps(record)
    assert "The price agreed is USD 100,000.00" in read(world)


@pytest.mark.parametrize("sees", ["progress", "nothing"])
def test_who_is_not_to_see_spending_sees_no_amounts(sees: str) -> None:
    """On time and materials too, `client_sees` decides."""
    world = apollo(billing={"kind": "time_and_materials", "client_sees": sees})
    spend(world, "B1", "77777.77", 16)
    world = friday(world)
    assert figures(world)["money"] == {"shown": "nothing"}
    assert "Amounts are not part of this report." in read(world)


def test_titles_of_the_tracker_stay_inside_unless_the_project_allows_them() -> None:
    """The key alone stands for an issue; on the lines of the ledger too."""
    world = apollo(tracked_by=[{"connection": "tracker", "project": "APO", "client_text": "none"}])
    issue = {"key": "APO-7", "title": "Clumsy rewrite", "labels": [], "status_group": "done"}
    at = datetime(2026, 9, 17, 15, tzinfo=UTC)
    world.happen(
        "issue.created", key="APO-7", connection="tracker", version="1", issue={**issue, "closed_at": at}
    )
    spend(world, "1", "300", 16, issue="tracker/APO-7", title="Clumsy rewrite", person="lin", kind="time")
    said = read(friday(world))
    assert "Clumsy" not in said
    assert "APO-7 is done" in said


def test_the_teams_view_has_scores_findings_and_cost() -> None:
    """What the client's view leaves out is what the team works with."""
    world = apollo(
        RULE.replace("view: client, to: [client.sponsor, client.billing]", "view: team, to: project.lead"),
        billing={"kind": "fixed_price"},
    )
    spend(world, "B1", "500", 16)
    world.happen(
        "risk.opened",
        risk={"id": "r1", "title": "Slow import", "kind": "technical", "score": 12, "owner": "lin"},
    )
    world.happen("finding.opened", finding={"id": "f1", "kind": "no_receipt", "owner": "wang"})
    said = read(friday(world))
    assert "Slow import (technical, score 12)" in said
    assert "A finding is open: no_receipt. Owner: Wang." in said
    assert "USD 500.00" in said


# What stays the same


def test_every_reader_of_one_report_gets_the_same_figures() -> None:
    """Two readers, one record; its checksum is that of its figures, also after it was stored and read back."""
    world = friday(apollo())
    first, second = world.actions("report")
    assert (first.recipient, second.recipient) == ("ann", "bob")
    assert first.keys["report"] == second.keys["report"]
    record = world.record("report", first.keys["report"])
    assert record["to"] == ["ann", "bob"]
    assert record["sha256"] == checksum(loads(dumps(record))["_figures"])


def test_a_report_does_not_change_with_what_comes_later() -> None:
    """A bill that comes after it is for the next one: the record of this one stays, byte for byte."""
    world = friday(apollo())
    id = world.actions("report")[0].keys["report"]
    before = dumps(world.record("report", id))
    spend(world, "late", "9999", 16)
    assert dumps(world.record("report", id)) == before


def test_it_does_not_depend_on_the_order_of_the_records() -> None:
    """The same facts, told in another order, make the same checksum."""
    sums = set()
    for order in ((1, 2, 3), (3, 1, 2)):
        world = apollo()
        for number in order:
            spend(world, f"B{number}", str(number * 100), 14 + number)
        world.clock(FRIDAY)
        event = replace(world.event("slot.due"), id="evt_fixed")
        facts = Facts(event, world.book, world.state)
        sums.add(report(facts, world.book, "week", "client")["sha256"])
    assert len(sums) == 1


def test_weeks_follow_each_other_without_a_gap() -> None:
    """The next report begins the day after the one that was sent, though Friday was moved by a holiday."""
    world = friday(apollo())
    action = world.actions("report")[0]
    told = {
        "id": action.id,
        "to": action.recipient,
        "status": "sent",
        "alert": None,
        "report": action.keys["report"],
    }
    found = world.happen("message.sent", message=told)
    assert [e.type for e in found.events] == ["message.sent", "report.sent"]
    assert "_figures" not in found.events[1].objects["report"]
    assert [e.type for e in world.happen("message.sent", message=told).events] == ["message.sent"]
    world.clock("2026-09-24 16:00 America/New_York")
    world.slot("weekly-report", "project", "apollo")
    assert (figures(world)["from"], figures(world)["until"]) == (date(2026, 9, 19), date(2026, 9, 24))


def test_a_project_that_is_observed_shows_the_report_to_its_lead() -> None:
    """Nothing reaches the client; the lead sees the very report that the client would."""
    world = friday(apollo(mode="observe"))
    assert world.told() == ["report lin", "report lin"]
    assert all(a.observed and a.keys["view"] == "client" for a in world.actions())


def test_a_mail_brings_the_sheet_of_its_readers_view() -> None:
    """A client gets the client's view, the team the team's: each is a record of its own."""
    rule = """
    - id: month
      when: ledger.posted
      do:
        - email: {to: [client.billing, project.lead], text: note, attach: {report: month}}
    """
    world = apollo(rule)
    spend(world, "B1", "100", 7)
    views = {a.recipient: world.record("report", a.keys["report"])["view"] for a in world.actions("email")}
    assert views == {"bob": "client", "lin": "team"}
    assert all(a.keys["attach"] == ["xlsx"] for a in world.actions("email"))


def test_without_a_baseline_there_is_nothing_to_report() -> None:
    """A project that was never activated has no figures, and the error says what is missing."""
    world = World("", {"projects": {"apollo": {"status": "draft"}}})
    facts = Facts(world.event("ledger.posted"), world.book, world.state)
    with pytest.raises(ValueError, match="apollo has no baseline yet"):
        report(facts, world.book, "week", "client")
