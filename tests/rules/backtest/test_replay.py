"""A backtest says what edited rules would have sent: the journal through both sets, only the window counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from rules.backtest import Outcome, Replay
from rules.engine.effects.projects import activation
from rules.facts.event import Event
from tests.support.worlds import World, moment, rules_of, workspace_of

LADDER = """
- id: levels
  title: {en: Spending reaches a level, zh-CN: 支出达到档位}
  when: [ledger.posted, ledger.corrected, ledger.voided]
  crosses: {value: budget.used, levels: [LEVELS], rearm: 2%}
  do:
    - email: {to: client.billing, text: alert, send_in: anytime}
"""
ASK = """
- id: ask
  title: {en: The client decides, zh-CN: 请客户确认}
  when: change.assessed
  do:
    - request_decision: {to: client.approver, about: change, text: decide, send_in: anytime}
"""
DAILY = """
- id: daily
  title: {en: Every working day, zh-CN: 每个工作日}
  every: {cron: "0 9 * * *", zone: team, for_each: project}
  on_holiday: skip
  do:
    - task: {to: project.lead, text: note}
"""
BEGAN = moment("2026-09-01 01:00")
SINCE = moment("2026-09-10 00:00")
UNTIL = moment("2026-09-20 00:00")


def ladder(levels: str) -> str:
    return LADDER.replace("LEVELS", levels)


def spend(world: World, id: str, amount: int, at: str) -> Event:
    world.clock(at)
    return replace(world.entry(id, amount), version=at)


def backtest(old: str, new: str, *events: Event, since: datetime = SINCE) -> Outcome:
    """The outcome for a project that began on 1 September, with its events in the order of their time."""
    workspace = workspace_of()
    replay = Replay(workspace, rules_of(old, workspace), rules_of(new, workspace), since, UNTIL)
    replay.take(activation(workspace.projects["apollo"], BEGAN))
    for event in events:
        replay.take(event)
    return replay.finish()


@pytest.fixture
def world() -> World:
    return World()


def test_rules_against_themselves_say_the_same(world: World) -> None:
    """Nothing differs, and what both say is counted."""
    outcome = backtest(ladder("80%"), ladder("80%"), spend(world, "B1", 81_000, "2026-09-15 10:00"))
    assert (outcome.changes, outcome.same, outcome.events) == ((), 1, 2)


def test_a_lower_level_would_have_told_somebody(world: World) -> None:
    """A message that only the new rules send is added, with its reader, its time and its words."""
    outcome = backtest(ladder("80%"), ladder("50%, 80%"), spend(world, "B1", 60_000, "2026-09-15 10:00"))
    (change,) = outcome.changes
    assert (change.kind, change.message.to, change.message.subject) == (
        "added",
        "bob@acme.example",
        "Apollo：60.0%",
    )
    assert change.message.at == moment("2026-09-15 10:00")
    assert list(outcome.by_client()) == ["acme"]
    assert "+档位 50%" in change.difference


def test_a_level_that_is_gone_tells_nobody(world: World) -> None:
    """A message that only the old rules sent is removed."""
    outcome = backtest(ladder("50%, 80%"), ladder("80%"), spend(world, "B1", 60_000, "2026-09-15 10:00"))
    assert [c.kind for c in outcome.changes] == ["removed"]


def test_the_same_message_in_other_words_is_changed(world: World) -> None:
    """The difference shows the lines that read otherwise."""
    other = ladder("80%").replace(
        "text: alert", 'text: {zh-CN: {subject: "{{ project.name }}：看预算", body: 看预算}}'
    )
    outcome = backtest(ladder("80%"), other, spend(world, "B1", 81_000, "2026-09-15 10:00"))
    kinds = {c.kind for c in outcome.changes}
    assert kinds == {"added", "removed"}, "another text is another entry of `do:`"
    same_entry = [r.replace("- email: {", "- email: {id: told, ") for r in (ladder("80%"), other)]
    outcome = backtest(*same_entry, spend(world, "B1", 81_000, "2026-09-15 10:00"))
    (change,) = outcome.changes
    assert change.kind == "changed"
    assert {"-Apollo：81.0%", "+Apollo：看预算"} <= set(change.difference)


def test_what_happened_before_the_window_only_warms_the_memory(world: World) -> None:
    """A level passed before the window is told by neither run within it, and stands as fired in both."""
    early, late = (
        spend(world, "B1", 81_000, "2026-09-05 10:00"),
        spend(world, "B2", 1_000, "2026-09-15 10:00"),
    )
    outcome = backtest(ladder("80%"), ladder("50%, 80%"), early, late)
    assert (outcome.changes, outcome.same) == ((), 0)


def test_the_past_of_a_connection_is_replayed_as_it_happened(world: World) -> None:
    """What a backfill read says in the window what it would have said on its day; before the window it says nothing."""
    told = replace(spend(world, "B1", 81_000, "2026-09-15 10:00"), received_at=UNTIL, history=True)
    outcome = backtest(ladder("100%"), ladder("80%"), told)
    assert [c.message.at for c in outcome.changes] == [moment("2026-09-15 10:00")]


def test_the_clock_speaks_anew() -> None:
    """Slots are made by each run: a rule of the clock that only the new rules have fires on each of its days."""
    outcome = backtest("", DAILY)
    days = [c.message.at.date().isoformat() for c in outcome.changes]
    # Sunday the 20th of September is a make-up workday, and its 09:00 lies beyond the window.
    assert days == ["2026-09-10", "2026-09-11", *(f"2026-09-{d}" for d in (14, 15, 16, 17, 18))]


def test_what_rules_caused_and_the_fate_of_messages_are_not_replayed(world: World) -> None:
    """Both are made by the run itself; taking them from the record too would count them twice."""
    caused = replace(spend(world, "B1", 81_000, "2026-09-15 10:00"), cause="evt_other")
    fate = world.event("message.failed", message={"id": "act_1", "status": "failed"})
    outcome = backtest(ladder("80%"), ladder("50%"), caused, fate)
    assert (outcome.events, outcome.changes) == (1, ())


def test_an_answer_to_a_question_that_was_never_asked_is_listed_apart(world: World) -> None:
    """The old rules asked, so the decision counts there; nobody knows what it would be to rules that do not ask."""
    world = World(ASK, now="2026-09-11 10:00")
    amount = world.entry("x", 500).objects["entry"]["amount"]
    change = {"id": "chg_1", "number": "CR-1", "title": "Export", "amount": amount, "days": 0}
    drafted = world.event("change.drafted", change=change)
    world.decide(drafted)
    (approval,) = [r for (k, _), r in world.book.records.items() if k == "approval"]
    decision = {"outcome": "approved", "by": "ann", "channel": "online", "at": world.now, "name": "Ann Lee"}
    answer = world.event("approval.answered", approval=approval, decision=decision, person="ann")
    outcome = backtest(ASK, "", drafted, answer)
    assert [c.kind for c in outcome.changes] == ["removed"]
    assert outcome.unasked == {"old": (), "new": (f"{answer.id}: approved by ann",)}


def test_without_old_rules_it_is_what_the_new_ones_would_say(world: World) -> None:
    """A pasted rule is asked alone."""
    workspace = workspace_of()
    replay = Replay(workspace, None, rules_of(ladder("50%"), workspace), SINCE, UNTIL)
    replay.take(activation(workspace.projects["apollo"], BEGAN))
    replay.take(spend(world, "B1", 60_000, "2026-09-15 10:00"))
    outcome = replay.finish()
    assert [(c.kind, c.message.rule) for c in outcome.changes] == [("added", "levels")]


def test_the_order_of_the_journal_does_not_matter_within_a_moment(world: World) -> None:
    """Two entries of one moment give the same outcome either way."""
    one, two = (spend(world, id, 30_000, "2026-09-15 10:00") for id in ("B1", "B2"))
    outcomes = [backtest(ladder("80%"), ladder("50%"), *events) for events in ((one, two), (two, one))]
    assert [len(o.changes) for o in outcomes] == [1, 1]
    assert Decimal(outcomes[0].events) == outcomes[1].events
