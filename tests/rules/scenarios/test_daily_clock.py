"""While a scenario waits, its clock does what the clock of an installation does: no step has to tell it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rules.engine.effects.projects import activation
from rules.packs import read_pack
from rules.scenarios import given_world, read_scenarios
from rules.scenarios.stage import Stage
from tests.rules.scenarios.stories import file_of, messages, play

MEASURED = """
- id: measured
  when: quality.measured
  do:
    - task: {to: project.lead, text: {en: {subject: "Measured on {{ today | day('iso') }}", body: "Look."}}}
"""
AUDITED = """
- id: audited
  when: audit.run
  do:
    - task: {to: project.lead, text: {en: {subject: "Audit of {{ audit.period }}", body: "Look."}}}
"""


def test_a_project_is_measured_every_night_where_a_rule_hears_it() -> None:
    """Two nights, two measurements, each at its own hour; a wait within one day has none."""
    steps = "- wait: 2h\n  expect: none\n- wait: 2d\n  expect: [{task: {to: lin}}, {task: {to: lin}}]\n"
    assert messages(play(steps, rules=MEASURED)) == []


def test_the_audit_of_a_quarter_comes_round() -> None:
    """At the first of the next quarter, for the quarter that is over, and once."""
    steps = (
        '- until: 2026-10-02 10:00 America/New_York\n  expect: [{task: {to: lin, subject: "Audit of 2026-Q3"}}]\n'
        "- until: 2026-10-09 10:00 America/New_York\n  expect: none\n"
    )
    assert messages(play(steps, rules=AUDITED)) == []


def test_a_journal_has_had_its_clock() -> None:
    """A stage of a backtest makes no day of its own: what the clock did stands in the journal."""
    (scenario,), _ = read_scenarios(file_of("- wait: 1m", rules=MEASURED), "story.yaml")
    world, _ = given_world(scenario.world, read_pack)
    assert world is not None
    begun = datetime(2026, 9, 21, 14, tzinfo=UTC)
    stage = Stage(world.workspace, world.rules, begun)
    stage.tell(activation(world.workspace.projects["apollo"], begun))
    stage.advance(begun + timedelta(days=3))
    assert stage.collect()[0] == []
