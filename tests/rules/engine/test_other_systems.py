"""What a rule does in trackers, books and sheets: where it goes, what it says there, and what a person has to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from connectors import registry
from rules.facts.money import Money
from tests.support.worlds import World, workspace_of

OPERATIONS = {name: frozenset(c.operations) for name, c in registry.everything().items()}
APPLY = """
- id: applied
  when: change.approved
  do:
    - apply_change: {change: change, tracker: {due: change.new_due}, books: {estimate: change.new_total}}
"""
CHANGE: dict[str, Any] = {
    "id": "chg_7", "number": "CR-7", "title": "Export", "status": "approved", "version": 1, "issues": ["tracker/APO-7"],
    "amount": Money.parse("8000 USD"), "days": 5, "new_total": Money.parse("108000 USD"), "new_due": None,
    "lines": {}, "milestones": [], "about": "issue",
    "project": "apollo", "client": "acme",
}  # fmt: skip


def world_of(rules: str, changes: dict[str, Any] | None = None) -> World:
    """A world that knows what the shipped connectors can do."""
    return World(rules, replace(workspace_of(changes), operations=OPERATIONS))


def rule(action: str, when: str) -> str:
    """A rule with one action."""
    return f"- id: tell\n  when: {when}\n  do:\n    - {action}\n"


def approved(world: World) -> None:
    """The client has approved CR-7."""
    world.book.store({("change", "chg_7"): CHANGE})
    world.happen("change.approved", change=CHANGE)


def test_a_new_issue_goes_to_the_projects_place_in_the_tracker() -> None:
    """Title and fields are worked out from the event; the text is in the team's language where only the team reads."""
    fields = "{due: milestone.due, labels: accord}"
    action = f"create_issue: {{connection: tracker, title: milestone.title, text: note, fields: {fields}}}"
    world = world_of(rule(action, "milestone.moved"))
    world.happen("milestone.moved", milestone={"id": "apollo/m1"})
    (made,) = world.actions("create_issue")
    assert (made.connection, made.address, made.locale, made.client_facing) == (
        "tracker",
        "APO",
        "zh-CN",
        False,
    )
    assert made.keys == {"title": "Prototype", "fields": {"due": date(2026, 10, 12), "labels": "accord"}}


def test_a_new_issue_that_the_client_can_read_is_a_message_to_the_client() -> None:
    """It is held by mode and hours, and written in the client's language."""
    tracked = [{"connection": "tracker", "project": "APO", "home": "APO-1", "client_can_read": True}]
    world = world_of(
        rule("create_issue: {connection: tracker, text: note}", "ledger.posted"),
        {"projects": {"apollo": {"tracked_by": tracked, "mode": "observe"}}},
    )
    world.spend("B1", 100)
    (shown,) = world.actions()
    assert (shown.kind, shown.recipient, shown.observed, shown.locale) == ("email", "lin", True, "en")


def test_an_invoice_is_drafted_for_the_projects_customer() -> None:
    """Lines keep their order and exact money; books and customer are the project's own."""
    lines = "[{text: milestone.title, amount: budget.total * 30%}, {text: Travel, amount: 120.50 USD}]"
    world = world_of(rule(f"draft_invoice: {{target: books, lines: {lines}}}", "milestone.accepted"))
    world.happen("milestone.accepted", milestone={"id": "apollo/m1"})
    (draft,) = world.actions("draft_invoice")
    assert (draft.target, draft.address, draft.client_facing) == ("books/42", "42", False)
    assert [(line["text"], str(line["amount"])) for line in draft.keys["lines"]] == [
        ("Prototype", "30000.00 USD"),
        ("Travel", "120.50 USD"),
    ]
    assert draft.keys["reference"] == "Apollo"


def test_a_note_finds_the_document_of_the_event() -> None:
    """`target: invoice` is the document in the books that it came from."""
    world = world_of(rule("book_note: {target: invoice, text: note}", "invoice.issued"))
    invoice = {
        "id": "invoice/1a",
        "number": "INV-1",
        "total": Money.parse("100 USD"),
        "issued_on": date(2026, 9, 21),
    }
    world.happen("invoice.issued", invoice=invoice, connection="books", key="invoice/1a", version="1")
    (note,) = world.actions("book_note")
    assert (note.connection, note.address, note.text) == ("books", "invoice/1a", "note")


def test_a_row_takes_its_columns_from_the_facts() -> None:
    """Money stays money and days stay days until the connector writes them."""
    changes = {"connections": {"sheet": {"connector": "webhook", "url": "https://sheet.example/x"}}}
    world = world_of(
        rule(
            "append_row: {connection: sheet, row: {day: today, spent: budget.spent, by: accord}}",
            "ledger.posted",
        ),
        changes,
    )
    world.spend("B1", 100)
    (row,) = world.actions("append_row")
    assert row.keys["row"] == {"day": date(2026, 9, 21), "spent": Money.parse("100.00 USD"), "by": "accord"}


def test_an_applied_change_drafts_an_estimate_where_the_books_can() -> None:
    """The estimate has the new total, names the change, and goes to the project's customer."""
    world = world_of(APPLY)
    approved(world)
    (draft,) = world.actions("draft_estimate")
    assert (draft.connection, draft.address) == ("books", "42")
    assert (str(draft.keys["amount"]), draft.keys["title"]) == ("108000.00 USD", "CR-7: Export")
    assert not world.actions("task")


@pytest.mark.parametrize(
    "changes",
    [
        {"connections": {"books": {"connector": "stripe"}}},
        {"projects": {"apollo": {"booked_in": None}}},
        {"projects": {"apollo": {"booked_in": [{"connection": "books", "tag": "Apollo"}]}}},
    ],
    ids=["books that keep no estimates", "no books", "no customer"],
)
def test_where_nobody_can_draft_an_estimate_the_lead_enters_it(changes: dict[str, Any]) -> None:
    """The change applies all the same, and the lead gets a task with the figure instead of silence."""
    world = world_of(APPLY, changes)
    approved(world)
    assert world.record("change", "chg_7")["status"] == "applied"
    (task,) = world.actions("task")
    assert task.recipient == "lin"
    assert str(task.names["estimate"]) == "108000.00 USD"
    assert "CR-7" in str(task.names["change"]["number"])


def test_change_issues_fan_out() -> None:
    """Each issue of the change is acted on, each once."""
    world = world_of(rule("label: {target: change.issues, add: agreed}", "change.approved"))
    both = {**CHANGE, "issues": ["tracker/APO-7", "tracker/APO-9", "tracker/APO-7"]}
    world.happen("change.approved", change=both)
    assert world.told() == ["label tracker/APO-7", "label tracker/APO-9"]


def test_an_urgent_message_mentions_the_lead_in_the_room() -> None:
    """The lead's account in that messenger is mentioned where it is known; a person written to directly is not."""
    changes: dict[str, Any] = {"people": {"lin": {"accounts": {"tracker": "acc-lin", "room": "U02LIN"}}}}
    world = world_of(rule("chat: {to: [room, wang], text: note, urgent: true}", "ledger.posted"), changes)
    world.spend("B1", 100)
    room, wang = world.actions()
    assert (room.kind, room.keys) == ("chat", {"urgent": True, "mention": "U02LIN"})
    assert (wang.kind, "mention" in wang.keys) == ("email", False)


def test_a_project_that_is_not_kept_there_is_told_in_the_verdict() -> None:
    """A rule over several projects says for which one it could do nothing, and why."""
    odd = {"client": "acme", "name": "Hermes", "status": "active", "mode": "live", "lead": "lin", "currency": "USD",
           "budget": {"total": 1000}, "tracked_by": [], "booked_in": []}  # fmt: skip
    world = world_of(
        rule("create_issue: {connection: tracker, text: note}", "ledger.posted"),
        {"projects": {"hermes": odd}},
    )
    world.spend("B1", 100, project="hermes")
    verdict = world.verdict("tell")
    assert (verdict.kind, world.told()) == ("error", [])
    assert "hermes is not tracked by tracker" in verdict.reason


def test_deciding_again_gives_the_same_keys() -> None:
    """The key that makes a draft idempotent at the books hangs on the event alone."""
    lines = "[{text: Work, amount: entry.amount}]"
    at = datetime(2026, 9, 21, 14, tzinfo=UTC)
    ids = set()
    for _ in range(2):
        world = world_of(rule(f"draft_invoice: {{target: books, lines: {lines}}}", "ledger.posted"))
        event = replace(world.entry("B1", 100), at=at)
        ids.add(world.decide(event).actions[0].id)
    assert len(ids) == 1
