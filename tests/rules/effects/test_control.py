"""Papers that do not look right become findings: opened once, closed when they are mended or by a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from rules.facts.approval import decide
from rules.facts.event import Record
from rules.facts.project import BudgetPlan
from tests.rules.effects.world import APOLLO, LIN, MONDAY, WANG, World, types, usd


def paid(
    world: World, key: str, amount: int, version: str = "1", verb: str = "received", **more: Any
) -> list[str]:
    """A bill of the books; the types of what followed."""
    fields = {
        "kind": "bill",
        "amount": usd(amount),
        "class": "material",
        "party": "Delta",
        "work_date": MONDAY.date(),
    }
    entry = {**fields, **more}
    return types(world.tell(f"bill.{verb}", f"bill/{key}", connection="books", version=version, entry=entry))


def findings(world: World, status: str = "open") -> list[Record]:
    return [f for f in world.all("finding") if f["status"] == status]


def test_a_bill_that_comes_twice_is_a_finding_at_once_and_voiding_one_mends_it() -> None:
    """Before anybody pays it a second time; finance has five working days to look at it."""
    world = World()
    assert "finding.opened" not in paid(world, "1", 100, number="INV-7")
    assert "finding.opened" in paid(world, "2", 100, number="INV-7")
    (found,) = findings(world)
    assert (found["kind"], found["owner"], found["paper"]) == ("duplicate_invoice", "wang", "INV-7")
    assert len(found["entries"]) == 2
    assert "finding.closed" in paid(world, "2", 100, "2", "voided", number="INV-7")
    (closed,) = findings(world, "closed")
    assert (closed["id"], closed["reason"], closed["closed_by"]) == (found["id"], "mended", None)


def test_a_corrected_number_mends_the_finding_too() -> None:
    """The two are compared with what they were before, so that nothing stays open behind a correction."""
    world = World()
    paid(world, "1", 100, number="INV-7")
    paid(world, "2", 130, number="INV-7")
    assert "finding.closed" in paid(world, "2", 130, "2", "changed", number="INV-8")
    assert findings(world) == []


def test_a_finding_is_opened_once_however_often_its_papers_are_seen() -> None:
    """A corrected class is no new duplicate."""
    world = World()
    paid(world, "1", 100, number="INV-7")
    paid(world, "2", 100, number="INV-7")
    assert "finding.opened" not in paid(world, "2", 100, "2", "changed", number="INV-7", tags=["paid"])
    assert len(world.all("finding")) == 1


def test_what_a_person_closed_with_a_reason_stays_closed_and_what_was_mended_may_come_back() -> None:
    """Two equal licences on one day are two licences; a third one is the same question, answered."""
    world = World()
    paid(world, "1", 100)
    paid(world, "2", 100)
    (found,) = findings(world)
    reason = {"id": found["id"], "reason": "two licences"}
    (event,) = world.tell("finding.closed", finding=reason, person="wang")
    assert (event.objects["finding"]["closed_by"], event.objects["finding"]["status"]) == ("wang", "closed")
    assert "finding.opened" not in paid(world, "3", 100)
    paid(world, "4", 70, number="9")
    paid(world, "5", 70, number="9")
    paid(world, "5", 70, "2", "voided", number="9")
    assert "finding.opened" in paid(world, "6", 70, number="9")


def test_parts_below_a_limit_are_a_finding_when_they_exceed_it_together() -> None:
    """Lin may approve 500 alone: 300 and 300 for one supplier in one week are a split."""
    world = World(APOLLO, replace(LIN, approves_up_to=usd(500)))
    paid(world, "1", 300, number="1", submitter="wang")
    assert "finding.opened" in paid(world, "2", 301, number="2", submitter="wang")
    (found,) = findings(world)
    assert (found["kind"], found["sum"], found["limit"]) == ("split_under_limit", usd(601), usd(500))


def test_a_line_that_is_spent_beyond_what_it_has_is_a_finding_until_it_has_it_again() -> None:
    """8,000 for material: 9,000 is over it, 7,000 is not."""
    world = World()
    assert "finding.opened" in paid(world, "1", 9_000)
    assert [(f["kind"], f["line"]) for f in findings(world)] == [("over_line", "material")]
    assert "finding.closed" in paid(world, "1", 7_000, "2", "changed")


def test_history_opens_nothing_and_an_audit_finds_it() -> None:
    """What is read back from the past is looked through when somebody asks."""
    world = World()
    for key in ("1", "2"):
        entry = {
            "kind": "bill",
            "amount": usd(100),
            "class": "material",
            "party": "Delta",
            "work_date": MONDAY.date(),
        }
        world.tell("bill.received", f"bill/{key}", connection="books", version="1", entry=entry, history=True)
    assert world.all("finding") == []
    told = world.tell("audit.run", audit={"period": "2026-Q3"})
    assert types(told) == ["audit.run", "finding.opened"]
    result = told[0].objects["audit"]
    assert (result["checked"], result["opened"], result["open"]) == (2, 1, 1)


def test_an_audit_finds_missing_receipts_and_the_receipt_mends_them() -> None:
    """A train ticket without a receipt after five working days; the receipt comes by its hash, and stays."""
    world = World()
    spent = {"kind": "expense", "amount": usd(40), "class": "travel", "submitter": "lin", "title": "Train"}
    world.tell(
        "expense.submitted", "expense/1", connection="books", version="1", entry={**spent, "status": "posted"}
    )
    assert types(world.tell("audit.run", audit={"period": "2026-09"})) == ["audit.run"]
    world.now = MONDAY + timedelta(days=21)
    assert "finding.opened" in types(world.tell("audit.run", audit={"period": "2026-09"}))
    entry = findings(world)[0]["entries"][0]
    told = world.tell("receipt.attached", entry={"id": entry, "receipt": "sha256:ab"})
    assert types(told) == ["receipt.attached", "finding.closed"]
    assert world.get("entry", entry)["receipt"] == "sha256:ab"
    again = {**spent, "status": "posted", "receipt": None, "title": "Train to Hamburg"}
    world.tell("expense.submitted", "expense/1", connection="books", version="2", entry=again)
    assert world.get("entry", entry)["receipt"] == "sha256:ab", "the source knows nothing of it"


def test_an_audit_ends_what_was_mended_in_its_period_and_leaves_other_periods_alone() -> None:
    """A finding of another quarter is none of its business."""
    world = World()
    paid(world, "1", 100)
    paid(world, "2", 100)
    assert types(world.tell("audit.run", audit={"period": "2026-Q1"})) == ["audit.run"]
    assert len(findings(world)) == 1


@pytest.mark.parametrize("period", ["soon", "2026-Q9"])
def test_an_audit_of_no_period_does_nothing(period: str) -> None:
    """The command and the page refuse it before; an event that says so anyway breaks nothing."""
    assert types(World().tell("audit.run", audit={"period": period})) == ["audit.run"]


def test_a_project_without_budget_lines_has_no_line_to_exceed() -> None:
    """Only what was planned can be exceeded."""
    world = World(replace(APOLLO, budget=BudgetPlan(total=usd(1_000))), WANG)
    assert "finding.opened" not in paid(world, "1", 900)


def test_a_change_of_a_closed_month_is_found_and_its_adjustment_repeats_nothing() -> None:
    """The books of September are closed; the bill is changed afterwards: the ledger adjusts, the audit tells."""
    world = World()
    paid(world, "1", 100, number="INV-7")
    world.now = MONDAY + timedelta(days=14)
    world.tell("period.closed", period={"closed_until": date(2026, 9, 30)}, person="wang")
    world.now += timedelta(days=1)
    paid(world, "1", 140, "2", "changed", number="INV-7")
    told = world.tell("audit.run", audit={"period": "2026-09"})
    assert [e.objects["finding"]["kind"] for e in told if e.type == "finding.opened"] == ["after_lock"]


def test_an_expense_whose_source_knows_neither_approver_nor_receipt_has_none() -> None:
    """So that a rule can ask; once somebody approved it, a later version of the source takes that away only where it
    asks for more.
    """
    world = World(APOLLO, replace(LIN, approves_up_to=usd(500)))

    def submitted(version: str, amount: int) -> Record:
        spent = {"amount": usd(amount), "class": "travel", "submitter": "wang", "title": "Train"}
        said = world.tell("expense.submitted", "expense/1", connection="books", version=version, entry=spent)
        return dict(said[0].objects["entry"])

    fresh = submitted("1", 400)
    assert (fresh["approver"], fresh["receipt"], fresh["status"]) == (None, None, "draft")
    entry = world.all("entry")[0]
    world.tell("receipt.attached", entry={"id": entry["id"], "receipt": "sha256:aa"})
    _, objects = world.act(
        "request_decision",
        world.event("expense.submitted", entry=world.get("entry", entry["id"])),
        about="expense",
        to=["lin"],
    )
    decision = {"outcome": "approved", "channel": "online", "at": world.now, "name": "Lin Hao"}
    made = decide(world.get("approval", objects["approval"]["id"]), "lin", decision, world.now)
    world.book.store({("approval", made.record["id"]): made.record})
    world.tell("approval.answered", approval=made.record, decision=decision)
    less, more = submitted("2", 390), submitted("3", 450)
    assert (less["status"], less["approver"], less["receipt"]) == ("posted", "lin", "sha256:aa")
    assert (more["status"], more["approver"], more["receipt"]) == ("draft", None, "sha256:aa")
