"""Ladders through the whole engine: alerts once per crossing, taken back from whoever was told wrongly."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from rules.engine.verdicts import Planned
from rules.facts.event import Event
from rules.facts.money import Money
from tests.support.worlds import World, merged

LADDER = """
- id: levels
  title: {en: Spending reaches a level, zh-CN: 支出达到档位}
  when: [ledger.posted, ledger.corrected, ledger.voided, baseline.approved]
  crosses: {value: budget.used, levels: [50%, 80%, 100%], rearm: 2%}
  do:
    - email: {to: [client.sponsor, client.billing], text: alert}
"""
IN_CNY = {
    "clients": {"acme": {"contacts": {"ann": {"approves_up_to": None}}}},
    "projects": {"apollo": {"currency": "CNY"}},
}


def rebase(world: World, total: int) -> Event:
    """The event of a new agreement about the budget."""
    money = Money(Decimal(total), world.state.workspace.projects["apollo"].currency)
    return world.event("baseline.approved", baseline={"total": money})


def sentences(world: World) -> list[str]:
    """Each message of the latest evaluation: its reader and subject."""
    return [f"{a.recipient}: {world.text(a).subject}" for a in world.actions()]


def test_every_row_of_the_worked_table_says_exactly_what_it_should() -> None:
    """A correction takes an alert back once, re-arming needs a fall of over 2 points, a new baseline is silent."""
    world = World(LADDER, IN_CNY)
    steps = [
        (lambda: world.spend("B1", 45_000), "not_crossed", []),
        (lambda: world.spend("B2", 36_000), "fired", ["ann: Apollo: 81.0 %", "bob: Apollo：81.0%"]),
        (
            lambda: world.spend("B2", 34_000, "corrected"),
            "cleared",
            ["ann: Apollo: corrected to 79.0 %", "bob: Apollo：更正为 79.0%"],
        ),
        (lambda: world.spend("B3", 1_500), "not_crossed", []),
        (lambda: world.spend("B3", 1_500, "voided"), "not_crossed", []),
        (lambda: world.spend("B2", 30_000, "corrected"), "not_crossed", []),
        (lambda: world.spend("B4", 6_000), "fired", ["ann: Apollo: 81.0 %", "bob: Apollo：81.0%"]),
        (lambda: world.spend("B5", 20_000), "fired", ["ann: Apollo: 101.0 %", "bob: Apollo：101.0%"]),
        (lambda: world.decide(rebase(world, 125_000)), "not_crossed", []),
        (lambda: world.spend("B6", 24_000), "fired", ["ann: Apollo: 100.0 %", "bob: Apollo：100.0%"]),
        (lambda: world.spend("B6", 24_000), "not_crossed", []),
        (lambda: world.decide(rebase(world, 110_000)), "not_crossed", []),
    ]
    for number, (step, kind, messages) in enumerate(steps, 1):
        step()
        assert world.verdict("levels").kind == kind, f"row {number}: {world.verdict('levels').reason}"
        assert sentences(world) == messages, f"row {number}"


def test_each_level_and_arming_is_one_alert_with_ids_of_its_own() -> None:
    """The second alert at 80 % after a re-arming is another message; nothing that was sent is ever sent again."""
    world = World(LADDER, IN_CNY)
    for key, amount, verb in [
        ("B1", 81_000, "posted"),
        ("B1", 75_000, "corrected"),
        ("B1", 82_000, "corrected"),
        ("B1", 75_000, "corrected"),
        ("B1", 83_000, "corrected"),
    ]:
        world.spend(key, amount, verb)
    every = [a for e in world.evaluations for a in e.actions]
    assert len({a.id for a in every}) == len(every) == 10
    alerts = [a.alert for a in every if a.corrects is None and a.recipient == "ann"]
    assert alerts == [("levels|apollo||", "0.8", epoch) for epoch in (1, 2, 3)]


def test_the_correction_says_what_was_told_and_when_the_next_message_comes() -> None:
    """What the client was told last stays true: the note names the old figure, its day, and the next two occasions."""
    world = World(LADDER)
    world.spend("B1", 81_000)
    world.clock("2026-09-23 10:00 America/New_York").spend("B1", 79_000, "corrected")
    note = next(a for a in world.actions() if a.recipient == "ann")
    assert world.text(note).body == (
        "Told 81.0 % on 21 September 2026; next at 100 %, or at 80 % again after a fall below 78 %."
    )


def test_only_those_whose_alert_left_or_may_have_left_hear_of_the_correction() -> None:
    """Bob's copy failed before it left: Ann alone was told wrongly, so Ann alone is corrected."""
    world = World(LADDER)
    world.spend("B1", 81_000)
    ann, bob = world.actions()
    world.leave(ann, "sent")
    world.leave(bob, "failed")
    world.spend("B1", 79_000, "corrected")
    assert world.told() == ["email ann"]
    assert world.actions()[0].corrects == ann.id


@pytest.mark.parametrize("outcome", ["sent", "unknown"])
def test_an_alert_of_unknown_outcome_is_corrected_too(outcome: str) -> None:
    """Whoever may have read the wrong figure hears that it was wrong."""
    world = World(LADDER)
    world.spend("B1", 81_000)
    for action in world.actions():
        world.leave(action, outcome)
    world.spend("B1", 79_000, "corrected")
    assert world.told() == ["email ann", "email bob"]


def test_a_level_that_nobody_was_told_of_is_given_back() -> None:
    """Every copy failed before it left: there is nothing to correct, and the next crossing tells it anew."""
    world = World(LADDER)
    world.spend("B1", 81_000)
    first = world.actions()
    for action in first:
        world.leave(action, "failed")
    world.spend("B2", 100)
    assert world.verdict("levels").kind == "fired"
    assert {a.recipient for a in world.actions()} == {"ann", "bob"}
    assert not {a.id for a in world.actions()} & {a.id for a in first}


def test_a_reader_told_of_two_levels_gets_one_note_when_both_fall() -> None:
    """One correction from 101 % down to 20 % is one note for each reader, about the most serious alert."""
    world = World(LADDER)
    world.spend("B1", 81_000)
    world.spend("B2", 20_000)
    hundred = {a.id for a in world.actions()}
    world.spend("B1", 0, "corrected")
    assert world.told() == ["email ann", "email bob"]
    assert {a.corrects for a in world.actions()} == hundred


def test_a_task_is_taken_back_by_a_mail_to_its_owner() -> None:
    """A task that stands on a wrong figure is not answered with another task."""
    rules = LADDER.replace(
        "email: {to: [client.sponsor, client.billing], text: alert}", "task: {to: project.lead, text: alert}"
    )
    world = World(rules)
    world.spend("B1", 81_000)
    assert world.told() == ["task lin"]
    world.spend("B1", 79_000, "corrected")
    assert world.told() == ["email lin"]
    assert world.actions()[0].address == "lin@northwind.example"


def test_what_was_spent_before_the_start_is_never_told_as_news() -> None:
    """A project taken over at 85 % starts with 50 and 80 behind it: the first alert is 100 %."""
    opening = {"opening": {"spent": 85000, "as_of": "2026-08-31"}}
    world = World(LADDER, {"projects": {"apollo": {"budget": opening}}})
    world.spend("B1", 1_000)
    assert world.verdict("levels").kind == "not_crossed"
    assert "next level is 100 %" in world.verdict("levels").reason
    world.spend("B2", 15_000)
    assert sentences(world) == ["ann: Apollo: 101.0 %", "bob: Apollo：101.0%"]


def test_a_rule_added_to_a_running_project_starts_from_what_was_spent_then() -> None:
    """A ladder without memory takes the figure before the event, not zero: what is old is not told."""
    world = World("", {})
    world.spend("B1", 85_000)
    later = World(LADDER)
    later.book = world.book
    later.spend("B2", 1_000)
    assert later.verdict("levels").kind == "not_crossed"
    later.spend("B3", 14_000)
    assert later.verdict("levels").kind == "fired"


def test_history_builds_the_memory_and_tells_nobody() -> None:
    """What a backfill brings is recorded as fired before the start; its correction needs no note either."""
    world = World(LADDER)
    world.spend("B1", 81_000, history=True)
    assert (world.verdict("levels").kind, world.told()) == ("history", [])
    world.spend("B1", 82_000, "corrected")
    assert (world.verdict("levels").kind, world.told()) == ("not_crossed", [])
    world.spend("B1", 70_000, "corrected")
    assert (world.verdict("levels").kind, world.told()) == ("not_crossed", [])
    world.spend("B1", 81_000, "corrected")
    assert world.verdict("levels").kind == "fired"


def test_a_new_baseline_rearms_rules_that_do_not_hear_of_it() -> None:
    """A rule that is asked on entries alone still stands on the budget of now."""
    world = World(LADDER.replace(", baseline.approved]", "]"))
    world.spend("B1", 101_000)
    world.decide(rebase(world, 125_000))
    assert world.last.verdicts == ()
    world.spend("B2", 24_000)
    assert sentences(world) == ["ann: Apollo: 100.0 %", "bob: Apollo：100.0%"]


def test_a_lower_budget_may_reach_a_level_by_itself() -> None:
    """81,000 of 100,000 was told as 80 %; of 80,000 it is over all of it, and that is news."""
    world = World(LADDER)
    world.spend("B1", 81_000)
    world.decide(rebase(world, 80_000))
    assert sentences(world) == ["ann: Apollo: 101.2 %", "bob: Apollo：101.2%"]


def test_exact_decimals_decide_not_what_is_printed() -> None:
    """79.995 % is below 80 and prints as 79.9; eight times 0.1 is exactly 0.8 and fires."""
    world = World(LADDER)
    world.spend("B1", "79995.00")
    assert "79.9 %" in world.verdict("levels").reason
    other = World(LADDER, {"projects": {"apollo": {"budget": {"total": 1}}}})
    for number in range(8):
        other.spend(f"B{number}", "0.10")
    assert sentences(other) == ["ann: Apollo: 80.0 %", "bob: Apollo：80.0%"]


def test_changing_the_levels_of_a_rule_starts_its_memory_anew_on_record() -> None:
    """Levels already passed under the new words were passed before: nobody is told of them."""
    world = World(LADDER)
    world.spend("B1", 60_000)
    changed = World(LADDER.replace("[50%, 80%, 100%]", "[40%, 55%, 90%]"))
    changed.book = world.book
    changed.spend("B2", 1_000)
    verdict = changed.verdict("levels")
    assert verdict.kind == "not_crossed"
    assert "memory was set anew" in verdict.reason
    assert "next level is 90 %" in verdict.reason


def test_a_ladder_may_keep_one_memory_for_each_class_of_cost() -> None:
    """`key` makes ladders of their own: travel reaching its level says nothing about staff."""
    rules = """
    - id: big
      when: ledger.posted
      crosses: {value: entry.base_amount, levels: [500 USD, 1000 USD], key: entry.class}
      do:
        - task: {to: project.lead, text: note}
    """
    world = World(rules)
    world.spend("B1", 600, entry={"class": "travel"})
    world.spend("B2", 700, entry={"class": "travel"})
    assert world.told() == []
    world.spend("B3", 600, entry={"class": "material"})
    assert world.told() == ["task lin"]
    assert world.verdict("big").reason.startswith("entry.base_amount is USD 600.00 and reached USD 500.00")


def test_levels_may_differ_by_client_through_a_variable() -> None:
    """The nearest `vars:` wins: this project is told at 60 % where the house says 50 %."""
    rules = LADDER.replace("[50%, 80%, 100%]", "vars.budget_levels")
    vars_of = {
        "vars": {"budget_levels": ["50%"]},
        "projects": {"apollo": {"vars": {"budget_levels": ["60%"]}}},
    }
    world = World(rules, vars_of)
    world.spend("B1", 55_000)
    assert world.told() == []
    world.spend("B2", 5_000)
    assert world.told() == ["email ann", "email bob"]


def test_a_figure_that_is_not_known_changes_no_memory() -> None:
    """Without enough data there is no forecast: the ladder is left alone and the verdict says what is missing."""
    rules = LADDER.replace("value: budget.used", "value: forecast.at_completion / budget.total")
    world = World(rules)
    before = dict(world.book.records)
    world.spend("B1", 1_000)
    verdict = world.verdict("levels")
    assert verdict.kind == "unknown"
    assert "forecast.at_completion is none" in verdict.reason
    assert [k for k in world.book.records if k not in before and k[0] == "memory"] == []


def test_crossing_and_clearing_are_events_that_other_rules_hear() -> None:
    """`level.crossed` and `level.cleared` carry the rule, the level, the value and the epoch."""
    rules = (
        LADDER
        + """
- id: heard
  when: [level.crossed, level.cleared]
  do:
    - task: {to: project.lead, text: note}
"""
    )
    world = World(rules)
    world.spend("B1", 81_000)
    crossed = world.last.events[-1]
    assert (crossed.type, crossed.rule, crossed.depth) == ("level.crossed", "levels", 1)
    assert crossed.objects["level"] == {
        "rule": "levels",
        "level": Decimal("0.8"),
        "value": Decimal("0.81"),
        "epoch": 1,
    }
    assert world.verdict("heard").kind == "fired"
    world.spend("B1", 79_000, "corrected")
    assert [e.type for e in world.last.events][-1] == "level.cleared"


def test_the_alert_names_the_entry_behind_it() -> None:
    """The names of an alert are those of the event: entry, budget, forecast, level."""
    world = World(LADDER)
    world.spend("BILL-91", 81_000, work_date=date(2026, 9, 18))
    names: Planned = world.actions()[0]
    assert names.names["entry"]["id"] == "BILL-91"
    assert names.names["level"] == Decimal("0.8")
    assert names.names["budget"]["remaining"] == Money(Decimal("19000.00"), "USD")


def test_a_project_in_observe_tells_the_lead_alone_and_corrects_the_lead_alone() -> None:
    """Observed alerts are taken back where they went, even when the project has gone live since."""
    observed = {"projects": {"apollo": {"mode": "observe"}}}
    world = World(LADDER, observed)
    world.spend("B1", 81_000)
    assert [(a.recipient, a.observed, a.locale) for a in world.actions()] == [
        ("lin", True, "en"),
        ("lin", True, "zh-CN"),
    ]
    world.book.store({("project", "apollo"): merged(world.record("project", "apollo"), {"mode": "live"})})
    world.spend("B1", 79_000, "corrected")
    assert [(a.recipient, a.observed) for a in world.actions()] == [("lin", True)]
