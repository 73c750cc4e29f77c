"""A label on an issue becomes an agreed budget: the whole way through rules, in the order events cause each other."""

from __future__ import annotations

from typing import Any

import pytest

from rules.facts.approval import decide
from rules.facts.codec import dumps, loads
from rules.facts.duration import Duration
from rules.facts.money import Money
from tests.support.worlds import World

RULES = """
- id: change-opened
  when: issue.changed
  if: issue.change_requested and changed(issue.change_requested)
  do:
    - open_change: {about: issue, reason: label}
- id: change-sent
  when: change.assessed
  do:
    - request_decision: {about: change, to: client.approver, text: decide}
- id: change-applied
  when: change.approved
  do:
    - apply_change: {change: change}
    - task: {to: project.lead, text: note, due: 1wd}
- id: levels
  when: [ledger.posted, baseline.approved]
  crosses: {value: budget.used, levels: [80%, 100%], rearm: 2%}
  do:
    - email: {to: client.billing, text: alert}
"""
RATES: dict[str, Any] = {"people": {"lin": {"bill_rate": "500.00 USD", "locale": "en"}}}


@pytest.fixture
def world() -> World:
    return World(RULES, RATES)


def label(world: World) -> list[str]:
    issue = {"key": "APO-7", "title": "Export", "labels": ["change-request"], "estimate": Duration(50, "h")}
    found = world.happen(
        "issue.changed", key="APO-7", connection="tracker", version="2", before={"labels": []}, issue=issue
    )
    return [e.type for e in found.events]


def test_from_a_label_to_the_new_budget(world: World) -> None:
    """One label asks the approver; her answer moves budget and dates, and arms the level of 100 % again."""
    world.spend("B1", 101_000)
    assert world.told() == ["email bob"]
    assert label(world) == [
        "issue.changed",
        "change.drafted",
        "change.assessed",
        "approval.sent",
        "change.sent",
    ]
    (mail,) = world.actions("email")
    (approval,) = world.book.find("approval", "apollo")
    assert mail.recipient == "ann"
    assert mail.keys["link"] == {"approval": approval["id"], "version": 1, "person": "ann"}
    assert mail.confirms is False

    said = {
        "outcome": "approved",
        "channel": "online",
        "at": world.state.now,
        "name": "Ann Lee",
        "remark": None,
    }
    made = decide(approval, "ann", said, world.state.now)
    world.book.store({("approval", approval["id"]): made.record})
    found = world.happen("approval.answered", approval=made.record, decision=said)
    assert [e.type for e in found.events] == [
        "approval.answered",
        "change.approved",
        "baseline.approved",
        "milestone.moved",
        "milestone.moved",
        "change.applied",
    ]
    assert world.told() == ["task lin"], "nobody is told of a level that the larger budget no longer meets"
    assert world.record("baseline", "apollo")["total"] == Money.parse("125000 USD")
    world.spend("B6", 24_000)
    assert world.told() == ["email bob"], "exactly 100 % of the new budget"


def test_deciding_the_same_event_again_gives_the_same_ids(world: World) -> None:
    """A decision that has to be made again, because another came between, is the same decision."""
    issue = {"key": "APO-7", "title": "Export", "labels": ["change-request"], "estimate": Duration(50, "h")}
    event = world.event(
        "issue.changed", key="APO-7", connection="tracker", before={"labels": []}, issue=issue
    )
    first, second = world.decide(event), World(RULES, RATES).decide(event)
    assert [e.id for e in first.events] == [e.id for e in second.events]
    assert [a.id for a in first.actions] == [a.id for a in second.actions]
    assert first.puts == second.puts


def test_a_second_label_event_asks_nobody_again(world: World) -> None:
    """The change is open already."""
    label(world)
    assert label(world) == ["issue.changed"]
    assert world.told() == []


def test_every_record_and_event_can_be_stored_and_read_back(world: World) -> None:
    """What transitions write has exactly one text, and reading that text gives it back."""
    world.spend("B1", 101_000)
    label(world)
    (approval,) = world.book.find("approval", "apollo")
    said = {
        "outcome": "approved",
        "channel": "online",
        "at": world.state.now,
        "name": "Ann Lee",
        "remark": None,
    }
    made = decide(approval, "ann", said, world.state.now)
    world.book.store({("approval", approval["id"]): made.record})
    world.happen("approval.answered", approval=made.record, decision=said)
    told = {"person": "wang", "seconds": 90, "issue": "APO-7"}
    world.happen("time.logged", key="worklog/1", connection="tracker", version="1", entry=told)
    for record in world.book.records.values():
        assert loads(dumps(record)) == record
    for event in (e for evaluation in world.evaluations for e in evaluation.events):
        stored = {**event.objects, "before": event.before}
        assert loads(dumps(stored)) == stored
        assert not [
            k for thing in event.objects.values() for k in thing if k.startswith("_") or k == "versions"
        ]
