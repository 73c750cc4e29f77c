"""Rules about retainers, earned value and KPIs: written in YAML, fired by what the clock and the ledger tell."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from rules.engine.effects import retainers
from rules.facts.duration import Duration
from tests.support.worlds import World

RULES = """
- id: hours
  title: {en: Retained hours run out}
  when: [ledger.posted, ledger.corrected, ledger.voided]
  if: project.billing.kind == "retainer"
  crosses: {value: retainer.share, levels: [80%, 100%], rearm: 2%, period: retainer.period}
  do:
    - task: {to: project.lead, text: note}
- id: index
  title: {en: The work costs more than it is worth}
  when: kpi.breached
  if: kpi.name == "cpi" and earned.cpi < 0.9 and kpi.trend != "better"
  do:
    - task: {to: project.lead, text: note}
- id: ended
  title: {en: A period ended}
  when: retainer.closed
  if: retainer.over > 0
  do:
    - task: {to: project.lead, text: note}
"""
RETAINED = {
    "people": {"lin": {"bill_rate": "100 USD", "calendar": "CN"}},
    "projects": {
        "apollo": {
            "billing": {
                "kind": "retainer",
                "retainer": {"allotment": "20h", "carry": "none", "deficit": "bill", "rate": 150},
            },
            "kpi": {"cpi": {"at_least": 0.9}},
        }
    },
}


def worked(world: World, key: str, day: date, hours: int) -> list[str]:
    """Hours are logged; what the rules said to the booking."""
    entry = {"person": "lin", "work_date": day, "duration": Duration(hours * 60, "m")}
    found = world.happen("time.logged", entry={**entry, "id": key})
    return [v.kind for v in found.verdicts if v.rule == "hours"]


def owed(world: World) -> Any:
    """What the clock owes to the retainer now, decided."""
    project = world.state.workspace.projects["apollo"]
    return [world.decide(event) for event in retainers.due(project, world.state)]


def test_a_ladder_of_retained_hours_starts_anew_with_each_period() -> None:
    """80 % in September says so once; in October all levels are armed again."""
    world = World(RULES, RETAINED)
    owed(world)
    first = world.state.now.date()
    assert worked(world, "w1", first, 15) == ["not_crossed"]
    assert worked(world, "w2", first, 2) == ["fired"]
    assert worked(world, "w3", first, 1) == ["not_crossed"]
    world.now = world.state.now + timedelta(days=31)
    later = world.state.now.date()
    assert later.month != first.month
    closing = owed(world)
    assert [e.type for found in closing for e in found.events] == ["retainer.closed", "retainer.opened"]
    assert worked(world, "w4", later, 17) == ["fired"]


def test_a_period_that_ends_beyond_its_hours_is_known_with_its_figures() -> None:
    """The closed period is what the rule sees, not the one that follows."""
    world = World(RULES, RETAINED)
    owed(world)
    worked(world, "w1", world.state.now.date(), 23)
    world.now = world.state.now + timedelta(days=31)
    (closing,) = owed(world)
    assert [v.kind for v in closing.verdicts if v.rule == "ended"] == ["fired"]
    period = closing.events[0].objects["retainer"]
    assert (period["over"], str(period["billed"])) == (Decimal(3), "450.00 USD")


def test_a_kpi_that_misses_its_target_reaches_the_lead() -> None:
    """30,000 earned for 40,000: the index is 0.75, and the rule hears of it on the day it is measured."""
    world = World(RULES, {"projects": {"apollo": {"kpi": {"cpi": {"at_least": 0.9}}}}})
    world.happen("milestone.accepted", milestone={"id": "m1"})
    world.spend("B1", 40_000)
    found = world.happen("quality.measured")
    assert [v.kind for v in found.verdicts if v.rule == "index"] == ["fired"]
    again = world.happen("quality.measured")
    assert [v for v in again.verdicts if v.rule == "index"] == []
