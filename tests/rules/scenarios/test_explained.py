"""A scenario that is watched says at each step what a rule made of it, with the same words as production."""

from __future__ import annotations

from rules.scenarios import Run
from rules.scenarios.trace import Watch
from tests.rules.scenarios.stories import play

RULES = """
- id: large
  when: ledger.posted
  if: entry.amount > 1000 USD
  at_most: {times: 1, per: 1d}
  do:
    - email:
        to: client.billing
        text: {en: {subject: "{{ entry.amount | money }} booked", body: "For {{ project.name }}."}}
- id: closing
  when: project.closing
  do:
    - task: {to: project.lead, text: {en: {subject: "Closing", body: "Closing."}}}
"""


def bill(id: str, amount: int) -> str:
    return f"- event: {{type: ledger.posted, data: {{id: {id}, amount: {amount}, currency: USD}}}}\n"


def told(played: Run, step: int) -> list[str]:
    """What is said of one step, a line each, without the tree."""
    found = [e for s in played.steps if s.number == step for one in s.explained for e in one.rules]
    return [line.strip() for one in found for line in one.text().splitlines()[2:] if line[:4] != "    "]


def test_each_step_says_why_and_why_not() -> None:
    """A near miss, a message that left, and one that its cap left out."""
    steps = bill("B1", 900) + bill("B2", 1200) + bill("B3", 1300)
    played = play(steps, rules=RULES, watch=Watch(explain=True, rule="large"))
    assert told(played, 1)[:2] == [
        "`entry.amount > 1000 USD` is false",
        "near miss: entry.amount is USD 900.00; more than 1000 USD would have fired",
    ]
    assert told(played, 2)[:2] == ["email to bob", "message: email to bob: has left"]
    assert told(played, 3)[1] == (
        "message: email to bob: left out, its rule has said this 1 times within 1d already"
    )


def test_what_waits_says_until_when_at_the_end_of_its_step() -> None:
    """Where a message stands is told as of the step, not as of its planning."""
    steps = bill("B1", 1200) + "- wait: 1m\n"
    night = "2026-09-21 22:00 America/New_York"
    played = play(steps, rules=RULES, clock=night, watch=Watch(explain=True, rule="large"))
    assert "message: email to bob: waits for hours until 2026-09-22 09:00 America/New_York" in told(played, 1)


def test_a_rule_that_was_not_asked_answers_when_it_is_named() -> None:
    """Named, it says what it hears; among all rules only those that were asked speak."""
    named = play(bill("B1", 900), rules=RULES, watch=Watch(explain=True, rule="closing"))
    assert told(named, 1) == ["this is ledger.posted; the rule fires on project.closing"]
    every = play(bill("B1", 900), rules=RULES, watch=Watch(explain=True))
    assert {e.rule for one in every.steps[0].explained for e in one.rules} == {"large"}


def test_a_scenario_that_is_not_watched_keeps_nothing() -> None:
    """Watching costs only whoever asks for it."""
    assert play(bill("B1", 900), rules=RULES).steps == ()
    assert play(bill("B1", 900), rules=RULES, watch=Watch()).steps[0].explained == ()
