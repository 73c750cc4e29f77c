"""What names stand for, and what a client's text may name."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from rules.engine.names import Facts, Names
from rules.facts.duration import Duration
from rules.facts.money import Money
from rules.language.model import UNKNOWN
from tests.support.worlds import World

TASK = """
- id: note
  when: [ledger.posted, issue.created, issue.changed, change.approved, approval.sent, comment.created, time.logged]
  do:
    - task: {to: project.lead, text: note}
    - email: {to: client.sponsor, text: note}
"""


def names_of(world: World, kind: str, **given: Any) -> Names:
    """The names of an event of that kind after its transition."""
    event = world.happen(kind, **given).events[0]
    return Names(Facts(event, world.book, world.state), world.ruleset.rules["note"])


def seen_by(world: World, reader: str) -> dict[str, Any]:
    """The names of the latest text for a reader."""
    return dict(next(a.names for a in world.actions() if a.recipient == reader))


def test_every_event_knows_its_project_client_organisation_and_money() -> None:
    """The standing objects, from files and records, and figures derived from the ledger."""
    world = World(TASK)
    world.spend("B0", 30_000, entry={"class": "staff"})
    entry = world.entry("B1", 1_000).objects["entry"]
    names = names_of(world, "ledger.posted", entry=entry, key="B1")
    found = {
        name: names(name)
        for name in (
            "project.name",
            "project.status",
            "project.lead_name",
            "project.home",
            "client.time_zone",
        )
    }
    assert found == {
        "project.name": "Apollo",
        "project.status": "active",
        "project.lead_name": "Lin Hao",
        "project.home": "tracker/APO-1",
        "client.time_zone": "America/New_York",
    }
    assert names("organisation.locale") == "zh-CN"
    assert names("budget.spent") == Money(Decimal("31000.00"), "USD")
    assert names("budget.lines.staff.spent") == Money(Decimal("30000.00"), "USD")
    assert names("today") == date(2026, 9, 21)
    assert names("now") == world.state.now


def test_what_is_not_in_the_data_is_unknown_and_what_is_empty_is_none() -> None:
    """Fields and objects that this event does not have are unknown; keys of the engine's own are nobody's to name."""
    world = World(TASK)
    names = names_of(
        world, "ledger.posted", entry={**world.entry("B1", 1).objects["entry"], "receipt": None}, key="B1"
    )
    assert names("entry.receipt") is None
    for name in (
        "entry.person",
        "issue.title",
        "decision.by",
        "milestone.title",
        "entry._secret",
        "vars.nothing",
    ):
        assert names(name) is UNKNOWN, name


def test_objects_that_an_event_names_by_id_are_looked_up() -> None:
    """An entry brings its issue and its milestone, an approval what it is about, a change its approval and decision."""
    world = World(TASK)
    world.happen(
        "issue.created", issue={"key": "APO-7", "title": "Export", "labels": []}, connection="tracker"
    )
    entry = {
        **world.entry("B1", 1).objects["entry"],
        "issue": "tracker/APO-7",
        "milestone": "m1",
        "person": "wang",
    }
    names = names_of(world, "ledger.posted", entry=entry, key="B1")
    assert (names("issue.title"), names("milestone.title"), names("person.name")) == (
        "Export",
        "Prototype",
        "Wang",
    )
    assert names("issue")["id"] == "tracker/APO-7"


def test_a_decision_is_named_with_whoever_made_it() -> None:
    """`decision.by_name` is the contact's name, also where only the change is at hand."""
    world = World(TASK)
    world.happen("change.drafted", change={"id": "chg_1", "title": "Export", "issues": []})
    answer = {"outcome": "approved", "by": "ann", "channel": "online", "at": world.state.now}
    approval = {
        "id": "apr_1",
        "project": "apollo",
        "client": "acme",
        "about": "change",
        "subject": "chg_1",
        "version": 1,
        "status": "approved",
        "decisions": [answer],
    }
    world.book.store({("approval", "apr_1"): approval})
    names = names_of(world, "change.approved", change={"id": "chg_1"})
    assert (names("approval.id"), names("decision.by_name"), names("decision.remark")) == (
        "apr_1",
        "Ann Lee",
        None,
    )


def test_before_and_changed_compare_with_the_record() -> None:
    """A field that did not change has its own value for a former one."""
    world = World(TASK)
    issue = {"key": "APO-7", "title": "Export", "labels": [], "estimate": Duration(10, "h")}
    world.happen("issue.created", issue=issue, connection="tracker")
    names = names_of(
        world, "issue.changed", issue={**issue, "estimate": Duration(12, "h")}, connection="tracker"
    )
    assert (names("before:issue.estimate"), names("changed:issue.estimate")) == (Duration(10, "h"), True)
    assert (names("before:issue.title"), names("changed:issue.title")) == ("Export", False)
    assert names("changed:issue.assignee") is UNKNOWN


def test_the_nearest_variable_wins() -> None:
    """Organisation, then client, then project."""
    world = World(
        TASK,
        {
            "vars": {"a": 1, "b": 1, "c": 1},
            "clients": {"acme": {"vars": {"b": 2, "c": 2}}},
            "projects": {"apollo": {"vars": {"c": 3}}},
        },
    )
    names = names_of(world, "ledger.posted", entry=world.entry("B1", 1).objects["entry"], key="B1")
    assert [names(f"vars.{name}") for name in "abc"] == [1, 2, 3]


def test_amounts_are_converted_at_the_rate_frozen_on_the_entry() -> None:
    """There and back at the entry's own rate; a third currency has no rate here."""
    world = World(TASK)
    fields = {"amount": Money(Decimal("1000.00"), "EUR"), "currency": "EUR", "rate": Decimal("1.1")}
    entry = {**world.entry("B1", 1).objects["entry"], **fields}
    names = names_of(world, "ledger.posted", entry=entry, key="B1")
    rates = names("$rates")
    assert rates(Money(Decimal(500), "EUR"), "USD") == Money(Decimal("550.00"), "USD")
    assert rates(Money(Decimal(550), "USD"), "EUR") == Money(Decimal("500.00"), "EUR")
    assert rates(Money(Decimal(1), "EUR"), "CNY") is UNKNOWN


def test_a_client_s_text_cannot_name_what_is_internal() -> None:
    """Rates of people stay with the team, and so does whatever the engine keeps for itself."""
    world = World(TASK, {"people": {"wang": {"cost_rate": "60.00 USD", "bill_rate": "150.00 USD"}}})
    worked = {
        "id": "w1",
        "kind": "time",
        "duration": Duration(2, "h"),
        "person": "wang",
        "work_date": date(2026, 9, 21),
    }
    world.happen("time.logged", entry=worked, connection="tracker", version="1")
    actions = [a for a in world.actions() if a.event == world.last.events[0].id]
    team, client = (next(a.names for a in actions if a.recipient == r) for r in ("lin", "ann"))
    assert team["person"]["cost_rate"] == Money(Decimal("60.00"), "USD")
    assert client["person"]["name"] == "Wang"
    assert not {"cost_rate", "bill_rate"} & client["person"].keys()
    assert not [
        k for record in client.values() if isinstance(record, dict) for k in record if k.startswith("_")
    ]


@pytest.mark.parametrize(
    ("allowed", "title", "comment"),
    [("none", False, False), ("titles", True, False), ("marked_comments", True, True)],
)
def test_words_from_the_tracker_reach_a_client_only_as_the_project_allows(
    allowed: str, title: bool, comment: bool
) -> None:
    """Titles where titles are allowed, comments where they are marked and allowed."""
    tracking = {"connection": "tracker", "project": "APO", "home": "APO-1", "client_text": allowed}
    if allowed == "none":
        del tracking["client_text"]
    world = World(TASK, {"projects": {"apollo": {"tracked_by": [tracking]}}})
    world.happen(
        "issue.created", issue={"key": "APO-7", "title": "Export", "labels": []}, connection="tracker"
    )
    assert ("title" in seen_by(world, "ann")["issue"]) is title
    assert seen_by(world, "lin")["issue"]["title"] == "Export"
    for visibility, shown in (("client", comment), ("internal", False)):
        said = {
            "id": visibility,
            "text": "Ready",
            "on": "APO-7",
            "visibility": visibility,
            "connection": "tracker",
        }
        world.happen("comment.created", comment=said, connection="tracker")
        assert ("text" in seen_by(world, "ann")["comment"]) is shown, visibility


@pytest.mark.parametrize(
    "billing", [{"kind": "fixed_price"}, {"kind": "time_and_materials", "client_sees": "progress"}]
)
def test_a_client_who_buys_a_result_sees_no_cost(billing: dict[str, str]) -> None:
    """The agreed total is theirs to see; what was spent, forecast or booked is not."""
    world = World(TASK, {"projects": {"apollo": {"billing": billing}}})
    world.spend("B1", 1_000)
    client, team = seen_by(world, "ann"), seen_by(world, "lin")
    assert set(client["budget"]) == {"version", "total", "billed", "collected", "reserve", "reserve_left"}
    assert not {"forecast", "entry"} & client.keys()
    assert team["budget"]["spent"] == Money(Decimal("1000.00"), "USD")


def test_a_ladder_on_cost_does_not_tell_it_by_its_level() -> None:
    """`level` and `value` of a ladder on spending are cost as well."""
    rules = """
- id: levels
  when: ledger.posted
  crosses: {value: budget.used, levels: [50%]}
  do:
    - task: {to: project.lead, text: note}
    - email: {to: client.sponsor, text: note}
"""
    world = World(rules, {"projects": {"apollo": {"billing": {"kind": "fixed_price"}}}})
    world.spend("B1", 60_000)
    assert seen_by(world, "lin")["level"] == Decimal("0.5")
    assert not {"level", "value"} & seen_by(world, "ann").keys()


def test_a_slot_of_the_clock_knows_what_it_is_about() -> None:
    """`around` binds the offset, `every` the time of the slot; only the rule that owns the slot is asked."""
    rules = """
- id: near
  around: {date: milestone.due, offsets: [-5wd, -1wd]}
  if: milestone.status == "planned"
  do:
    - email: {to: client.sponsor, text: note}
    - task: {if: offset == -5wd, to: project.lead, text: note}
- id: weekly
  every: {cron: "0 16 * * FRI"}
  do:
    - task: {to: project.lead, text: note}
"""
    world = World(rules)
    world.slot("near", "milestone", "apollo/m1", offset=Duration(-1, "wd"))
    assert [(v.rule, v.kind) for v in world.last.verdicts] == [("near", "fired")]
    assert world.told() == ["email ann"]
    assert seen_by(world, "ann")["milestone"]["title"] == "Prototype"
    world.slot("near", "milestone", "apollo/m1", offset=Duration(-5, "wd"))
    assert world.told() == ["email ann", "task lin"]
    world.slot("weekly", "project", "apollo")
    assert seen_by(world, "lin")["slot"] == world.state.now
    world.slot("gone", "project", "apollo")
    assert world.last.verdicts == ()


def test_a_slot_about_something_settled_says_nothing() -> None:
    """The record of the moment decides, not the one of when the slot was planned."""
    rules = """
- id: near
  around: {date: milestone.due, offsets: [-1wd]}
  if: milestone.status == "planned"
  do:
    - email: {to: client.sponsor, text: note}
"""
    world = World(rules)
    world.book.store(
        {("milestone", "apollo/m1"): {**world.record("milestone", "apollo/m1"), "status": "accepted"}}
    )
    world.slot("near", "milestone", "apollo/m1", offset=Duration(-1, "wd"))
    assert world.verdict("near").kind == "condition_false"
