"""Why a rule fired, why it did not, and what was missing for it."""

from __future__ import annotations

import json

import pytest

from rules.engine.explain import explain, not_triggered, of_verdict
from tests.support.worlds import World

RULES = """
- id: staff
  title: {en: Staff costs, zh-CN: 人力成本}
  when: ledger.posted
  if:
    - entry.class == "staff"
    - entry.amount > 50 USD
  do:
    - task: {to: project.lead, text: note}
- id: levels
  when: ledger.posted
  crosses: {value: budget.used, levels: [50%, 80%]}
  do:
    - email: {to: client.sponsor, text: alert}
- id: weekly
  every: {cron: "0 16 * * FRI"}
  do:
    - task: {to: project.lead, text: note}
"""


def near(condition: str, **entry: object) -> str | None:
    """The near miss of a rule with this condition on an entry of 100 USD."""
    task = "task: {to: project.lead, text: note}"
    rules = f"- id: ask\n  when: ledger.posted\n  if: '{condition}'\n  do:\n    - {task}\n"
    world = World(rules)
    world.spend("B1", 100, entry=entry)
    return world.verdict("ask").near_miss


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        ("entry.amount > 500 USD", "entry.amount is USD 100.00; more than 500 USD would have fired"),
        ("500 USD <= entry.amount", "entry.amount is USD 100.00; 500 USD would have fired"),
        ("budget.used >= 80%", "budget.used is 0.1 %; 80% would have fired"),
        ('entry.class == "staff"', 'entry.class is "other"; "staff" would have fired'),
        (
            'entry.class in ["staff", "travel"]',
            'entry.class is "other"; one of ["staff", "travel"] would have fired',
        ),
        ('not (entry.class == "other")', 'entry.class is "other"; anything but "other" would have fired'),
        (
            "entry.amount > budget.total",
            "entry.amount is USD 100.00; more than budget.total (USD 100,000.00) would have fired",
        ),
        (
            'entry.kind == "bill" and entry.amount > 500 USD',
            "entry.amount is USD 100.00; more than 500 USD would have fired",
        ),
        ("entry.duration > 2h or entry.amount > 500 USD", None),
        ('entry.class == "staff" and entry.amount > 500 USD', None),
        ("entry.receipt != none", None),
        ("50 USD < entry.amount <= 80 USD", "entry.amount is USD 100.00; 80 USD or less would have fired"),
        (
            'contains(entry.tags, "urgent")',
            'entry.tags is ["late"]; one that contains "urgent" would have fired',
        ),
        (
            'startswith(entry.class, "st")',
            'entry.class is "other"; one that starts with "st" would have fired',
        ),
        ("changed(entry.amount)", "entry.amount is unchanged; a change would have fired"),
        ("not known(entry.class)", "known(entry.class) is true; false would have fired"),
    ],
)
def test_a_near_miss_says_what_would_have_fired(condition: str, sentence: str | None) -> None:
    """One comparison in the way is told with the value it had and the one it needed; more than one is no near miss."""
    assert near(condition, receipt=None, tags=["late"]) == sentence


def test_of_two_ways_to_fire_the_first_is_told() -> None:
    """Either of an `or` would have been enough."""
    found = near('entry.class == "staff" or entry.amount > 500 USD')
    assert found == 'entry.class is "other"; "staff" would have fired'


def test_a_near_miss_has_its_values_for_machines() -> None:
    """The operand, the value it had, and how it would have had to compare: as values, not as a sentence."""
    world = World(RULES.replace("entry.amount > 50 USD", "entry.amount > 500 USD"))
    (found,) = explain(world.entry("B1", 100, entry={"class": "staff"}), world.state, world.ruleset, "staff")
    assert found.plain()["would_fire"] == {
        "operand": "entry.amount",
        "value": {"amount": "100.00", "currency": "USD"},
        "operator": ">",
        "wanted": {"amount": "500.00", "currency": "USD"},
    }


def test_a_ladder_that_was_not_crossed_names_the_next_level() -> None:
    """The nearest level ahead is the near miss of a ladder."""
    world = World(RULES)
    world.spend("B1", 45_000)
    assert world.verdict("levels").near_miss == "budget.used is 45.0 %; 50 % would have fired"


def test_what_is_not_stored_is_decided_again() -> None:
    """An event with the facts as of it answers for every rule that was asked, and nothing is written."""
    world = World(RULES)
    event = world.entry("B1", 100)
    found = {e.rule: e.kind for e in explain(event, world.state, world.ruleset)}
    assert found == {"staff": "condition_false", "levels": "not_crossed"}
    assert world.book.get("entry", "B1") is None


def test_the_tree_shows_each_operand_with_its_value_and_where_the_rule_stands() -> None:
    """For a person: the sentence, the near miss, each step with its value, the deciding one first."""
    world = World(RULES)
    (found,) = explain(world.entry("B1", 100), world.state, world.ruleset, "staff")
    assert found.text().splitlines() == [
        "staff  condition_false  rules/test.yaml:4:9",
        "  Staff costs",
        '  `entry.class == "staff"` is false',
        '  near miss: entry.class is "other"; "staff" would have fired',
        '  entry.class == "staff"                                  false',
        '    entry.class                                           "other"',
        "  entry.amount > 50 USD                                   true",
        "    entry.amount                                          100.00 USD",
    ]


def test_a_step_in_parentheses_keeps_them() -> None:
    """Each step reads as it is written."""
    condition = '(entry.class == "staff" or entry.amount > 50 USD) and (entry.kind == "bill")'
    rules = RULES.replace('    - entry.class == "staff"\n', "").replace(
        "entry.amount > 50 USD", f"'{condition}'", 1
    )
    world = World(rules)
    (found,) = explain(world.entry("B1", 100), world.state, world.ruleset, "staff")
    (whole,) = found.trace
    assert whole.text == condition
    assert [part.text for part in whole.parts] == [
        'entry.class == "staff" or entry.amount > 50 USD',
        'entry.kind == "bill"',
    ]


def test_the_same_as_json() -> None:
    """For a machine: plain values; what is unknown says so."""
    world = World(RULES.replace("entry.amount > 50 USD", "entry.duration > 2h"))
    (found,) = explain(world.entry("B1", 100, entry={"class": "staff"}), world.state, world.ruleset, "staff")
    said = json.loads(json.dumps(found.plain()))
    assert (said["rule"], said["verdict"], said["near_miss"]) == ("staff", "unknown", None)
    assert said["trace"][0] == {
        "text": "entry.duration > 2h",
        "unknown": True,
        "parts": [{"text": "entry.duration", "unknown": True, "parts": []}],
    }
    assert said["trace"][1]["value"] is True


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("weekly", "this is ledger.posted; the rule fires on the schedule 0 16 * * FRI"),
        ("nothing", "there is no rule of that id in these rules"),
    ],
)
def test_a_rule_that_was_not_asked_is_answered_too(rule: str, reason: str) -> None:
    """Why nothing happened has an answer for every rule."""
    world = World(RULES)
    (found,) = explain(world.entry("B1", 100), world.state, world.ruleset, rule)
    assert (found.kind, found.reason) == ("not_triggered", reason)


def test_a_rule_on_other_events_says_which() -> None:
    """The trigger is named as it is written."""
    world = World(RULES)
    found = not_triggered(world.event("issue.created"), "staff", world.ruleset, locale="zh-CN")
    assert (found.reason, found.title) == (
        "this is issue.created; the rule fires on ledger.posted",
        "人力成本",
    )


def test_a_stored_verdict_is_explained_as_it_was_decided() -> None:
    """Its own reason and values, whatever the facts are by now; a rule that is gone keeps its id."""
    world = World(RULES)
    world.spend("B1", 81_000)
    found = of_verdict(world.verdict("levels"), World("").ruleset)
    assert (found.title, found.kind) == ("levels", "fired")
    assert found.text().splitlines()[-1].split() == ["budget.used", "0.81"]


def test_an_operand_without_meaning_is_shown_as_an_error() -> None:
    """Two currencies compared: the tree shows where."""
    world = World(RULES.replace("50 USD", "50 EUR"))
    (found,) = explain(world.entry("B1", 100, entry={"class": "staff"}), world.state, world.ruleset, "staff")
    assert found.kind == "error"
    assert "error: " in found.text()
    assert "error" in json.dumps(found.plain())
