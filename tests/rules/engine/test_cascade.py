"""One event and all that follows from it: in order, the same every time, ending on its own."""

from __future__ import annotations

import builtins
import random
import socket
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.engine.evaluate import evaluate
from rules.engine.state import MemoryBook, State
from rules.facts.event import MAX_DEPTH, Event
from rules.facts.money import Money
from tests.rules.scenarios.stories import play
from tests.support.worlds import World, rules_of, workspace_of

LADDER = """
- id: levels
  when: [ledger.posted, ledger.corrected, ledger.voided, baseline.approved]
  crosses: {value: budget.used, levels: [50%, 80%, 100%], rearm: 2%}
  do:
    - email: {to: [client.sponsor, client.billing], text: alert}
    - comment: {target: project.home, text: alert}
"""
BIG = """
- id: big
  when: ledger.posted
  if: entry.base_amount > 5000 USD
  once_per: [entry.id]
  do:
    - task: {to: project.lead, text: note, due: 1wd}
"""
STAFF = """
- id: other
  when: ledger.posted
  if: entry.class == "staff"
  do:
    - record: {text: note}
"""
ECHO = """
- id: echo
  when: level.crossed
  do:
    - record: {text: note}
    - chat: {to: room, text: note}
"""


def test_deciding_reads_no_file_no_clock_no_chance_and_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that deciding may know is handed in."""
    world = World(LADDER + BIG + ECHO)
    world.spend("warm", 1)  # Time zones are read from their files once, before anything is decided.
    event = world.entry("B1", 81_000)

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("deciding went outside")

    monkeypatch.setattr(builtins, "open", refuse)
    monkeypatch.setattr(socket, "socket", refuse)
    for module, names in (
        (time, ("time", "monotonic", "sleep")),
        (random, ("random", "randint", "getrandbits")),
    ):
        for name in names:
            monkeypatch.setattr(module, name, refuse)
    found = evaluate(event, world.state, world.ruleset)
    monkeypatch.undo()
    assert [a.recipient or a.target for a in found.actions] == ["ann", "bob", "tracker/APO-1", "lin", "room"]


def test_nothing_that_is_handed_in_is_changed() -> None:
    """The records are as before; what is new stands in `puts`."""
    world = World(LADDER + BIG)
    before = {k: dict(v) for k, v in world.book.records.items()}
    found = evaluate(world.entry("B1", 81_000), world.state, world.ruleset)
    assert world.book.records == before
    assert {kind for kind, _ in found.puts} >= {"entry", "sums", "memory", "once"}


amounts = st.lists(
    st.tuples(
        st.sampled_from(["B1", "B2", "B3"]),
        st.integers(0, 60_000),
        st.sampled_from(["posted", "corrected", "voided"]),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=25, deadline=None)
@given(amounts)
def test_the_same_events_give_the_same_verdicts_actions_and_records(
    steps: list[tuple[str, int, str]],
) -> None:
    """Deciding is a function: told twice, it comes to the same, ids included."""
    first, second = (played(steps) for _ in range(2))
    assert [e.actions for e in first.evaluations] == [e.actions for e in second.evaluations]
    assert [e.verdicts for e in first.evaluations] == [e.verdicts for e in second.evaluations]
    assert first.book.records == second.book.records


@settings(max_examples=25, deadline=None)
@given(amounts)
def test_the_order_of_independent_rules_does_not_matter(steps: list[tuple[str, int, str]]) -> None:
    """Each rule comes to the same alone, first or last."""
    there, back = played(steps, LADDER + BIG), played(steps, BIG + LADDER)
    for one, other in zip(there.evaluations, back.evaluations, strict=True):
        assert {a.id for a in one.actions} == {a.id for a in other.actions}
        assert {(v.rule, v.kind) for v in one.verdicts} == {(v.rule, v.kind) for v in other.verdicts}
    assert there.book.records == back.book.records


APPLY = """
- id: apply
  when: change.approved
  do:
    - apply_change: {change: change}
"""
LARGER = """
- id: larger
  when: change.approved
  if: budget.total > 100000 USD
  do:
    - task: {to: project.lead, text: note}
"""


@pytest.mark.parametrize("rules", [APPLY + LARGER, LARGER + APPLY], ids=["apply first", "apply last"])
def test_every_rule_decides_on_the_facts_as_of_the_event(rules: str) -> None:
    """What one rule does at once is news for the events that it causes, not for its neighbours."""
    world = World(rules)
    world.happen("change.drafted", change={"id": "chg_1", "title": "Export", "issues": []})
    world.happen("change.assessed", change={"id": "chg_1", "amount": Money(Decimal(8000), "USD"), "days": 0})
    world.happen("change.approved", change={"id": "chg_1"})
    assert {v.rule: v.kind for v in world.last.verdicts} == {"apply": "fired", "larger": "condition_false"}
    assert "baseline.approved" in [e.type for e in world.last.events]


@settings(max_examples=25, deadline=None)
@given(amounts)
def test_no_two_messages_of_a_ladder_are_the_same(steps: list[tuple[str, int, str]]) -> None:
    """However often entries are corrected, each level tells each reader once for each arming."""
    ids = [a.id for e in played(steps).evaluations for a in e.actions]
    assert len(ids) == len(set(ids))


WORKSPACE = workspace_of()
SETS = {rules: rules_of(rules, WORKSPACE) for rules in (LADDER, LADDER + BIG, BIG + LADDER)}


def played(steps: list[tuple[str, int, str]], rules: str = LADDER) -> World:
    """A world after these entries."""
    world = World(SETS[rules], WORKSPACE)
    for key, amount, verb in steps:
        world.spend(key, amount, verb)
    return world


def test_deciding_an_event_again_gives_the_same_ids() -> None:
    """A decision that was not stored is made again with the same actions and caused events."""
    world = World(LADDER + BIG + ECHO)
    event = world.entry("B1", 81_000)
    once, again = (evaluate(event, world.state, world.ruleset) for _ in range(2))
    assert [a.id for a in once.actions] == [a.id for a in again.actions]
    assert [e.id for e in once.events] == [e.id for e in again.events]


def test_a_replayed_event_tells_nobody_again() -> None:
    """The memory stands: a second run of the same event finds the level told and the key spoken about."""
    world = World(LADDER + BIG)
    event = world.entry("B1", 81_000)
    world.decide(event)
    world.decide(event)
    assert world.told() == []
    assert (world.verdict("levels").kind, world.verdict("big").kind) == ("not_crossed", "duplicate")


def test_caused_events_come_after_what_caused_them_and_name_it() -> None:
    """An approved change moves the baseline, which moves the ladder: one chain, each link naming the one before."""
    world = World(
        """
- id: draft
  when: issue.created
  if: issue.change_requested
  do:
    - open_change: {about: issue, reason: asked}
- id: drafted
  when: change.drafted
  do:
    - task: {to: project.lead, text: note}
"""
    )
    issue = {
        "key": "APO-7",
        "title": "Export",
        "status": "To Do",
        "type": "Story",
        "labels": ["change-request"],
    }
    world.happen("issue.created", issue=issue, connection="tracker")
    first, *caused = world.last.events
    assert [e.type for e in world.last.events] == ["issue.created", "change.drafted"]
    assert (caused[0].cause, caused[0].rule, caused[0].depth) == (first.id, "draft", 1)
    assert [(v.rule, v.kind, v.event) for v in world.last.verdicts] == [
        ("draft", "fired", first.id),
        ("drafted", "fired", caused[0].id),
    ]
    assert world.told() == ["task lin"]


def test_rules_that_cause_each_other_without_end_are_stopped() -> None:
    """At depth ten the chain ends with the verdict `loop`, and what came before stands."""
    world = World(ECHO)
    deep = world.event(
        "level.crossed", level={"rule": "x", "level": 1, "value": 1, "epoch": 1}, depth=MAX_DEPTH + 1
    )
    world.decide(deep)
    assert (world.verdict("echo").kind, world.told()) == ("loop", [])
    world.happen("level.crossed", level={"rule": "x", "level": 1, "value": 1, "epoch": 1}, depth=MAX_DEPTH)
    assert (world.verdict("echo").kind, world.told()) == ("fired", ["chat room"])


def test_rules_that_cause_each_other_through_what_they_send_are_stopped() -> None:
    """A task about each new task, and a task about each silence after one: both chains end at depth ten, for their
    tasks, messages and timers are links of them.
    """
    at_once = """
    - id: another
      when: task.opened
      do: [{task: {to: project.lead, text: {en: {subject: again, body: x}}}}]
    """
    begun = "- event: {type: task.opened, data: {id: T1, owner: lin, title: x, status: open}}\n"
    played = play(begun, rules=at_once)
    assert played.verdicts["another", "loop"] == 1
    assert played.verdicts["another", "fired"] == MAX_DEPTH + 1
    later = at_once.replace(
        "do:", "if_not_followed_by: {event: task.done, same: task.id, within: 1h}\n      do:"
    )
    played = play(begun + "- wait: 9d\n", rules=later)
    assert played.verdicts["another", "fired"] == MAX_DEPTH // 2
    assert played.verdicts["another", "loop"] == 1


def test_a_comment_of_our_own_that_comes_back_is_recognised() -> None:
    """A rule that answers comments with comments does not answer itself."""
    world = World(
        """
- id: answer
  when: comment.created
  do:
    - comment: {target: project.home, text: note}
"""
    )
    comment = {"id": "10", "text": "hello", "on": "APO-1", "visibility": "internal"}
    world.happen("comment.created", comment=comment, connection="tracker")
    assert world.told() == ["comment tracker/APO-1"]
    world.happen("comment.created", comment={**comment, "id": "11"}, connection="tracker", own=True)
    assert (world.verdict("answer").kind, world.told()) == ("suppressed", [])


def test_a_rule_that_cannot_be_decided_does_not_stop_the_others() -> None:
    """Two currencies compared are the verdict `error` of that one rule, with the sentence that says so."""
    world = World(
        """
- id: wrong
  when: ledger.posted
  if: entry.amount > 10 EUR
  do:
    - task: {to: project.lead, text: note}
"""
        + BIG
    )
    world.spend("B1", 9_000)
    assert world.verdict("wrong").kind == "error"
    assert "USD" in world.verdict("wrong").reason
    assert "EUR" in world.verdict("wrong").reason
    assert world.verdict("big").kind == "fired"


def test_a_rule_whose_every_action_fails_leaves_no_trace() -> None:
    """A ladder that could tell nobody has told nobody: the level stays armed until somebody can be reached."""
    rules = LADDER.replace("to: [client.sponsor, client.billing]", "to: entry.approver").replace(
        "    - comment: {target: project.home, text: alert}\n", ""
    )
    world = World(rules.replace(", baseline.approved]", "]"))
    world.spend("B1", 81_000)
    verdict = world.verdict("levels")
    assert (verdict.kind, world.told()) == ("error", [])
    assert "entry.approver is not known for this event" in verdict.reason
    assert "level.crossed" not in [e.type for e in world.last.events]
    world.spend("B2", 100, entry={"approver": "wang"})
    assert (world.verdict("levels").kind, world.told()) == ("fired", ["email wang"])


def test_what_can_be_carried_out_is_carried_out() -> None:
    """One recipient who cannot be found keeps neither the other recipients nor the other actions back."""
    world = World(LADDER.replace("client.billing]", "entry.approver]").replace(", baseline.approved]", "]"))
    world.spend("B1", 81_000)
    assert world.verdict("levels").kind == "error"
    assert world.told() == ["email ann", "comment tracker/APO-1"]


def test_verdicts_that_nobody_stores_are_left_out_on_demand() -> None:
    """The service asks for what it stores; explain asks for everything."""
    world = World(LADDER + BIG + STAFF)
    event = world.entry("B1", 100)
    everything = evaluate(event, world.state, world.ruleset)
    stored = evaluate(event, world.state, world.ruleset, stored_only=True)
    assert {v.rule: v.kind for v in everything.verdicts} == {
        "levels": "not_crossed",
        "big": "condition_false",
        "other": "condition_false",
    }
    assert {v.rule: v.kind for v in stored.verdicts} == {"levels": "not_crossed"}
    assert stored.puts == everything.puts


def empty_book_state(world: World) -> State:
    """The same moment with no records at all."""
    return State(world.state.now, world.state.workspace, MemoryBook())


def test_an_event_of_no_project_is_told_to_no_rule_about_projects() -> None:
    """A bill that nobody claims is kept for a person to place; rules about projects have nothing to say."""
    world = World(BIG.replace("ledger.posted", "[ledger.posted, bill.received]"))
    unplaced: Callable[..., Event] = world.event
    found = evaluate(
        unplaced("bill.received", None, bill={"id": "b", "number": "1"}),
        empty_book_state(world),
        world.ruleset,
    )
    assert [v.kind for v in found.verdicts] == ["out_of_scope"]
    assert found.actions == ()
