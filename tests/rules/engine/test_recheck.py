"""What waited is looked at again before it leaves: no longer true is not sent, and figures are those of the moment."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rules.engine.recheck import Recheck, recheck
from rules.engine.verdicts import Planned
from rules.facts.money import Money
from tests.support.worlds import World, workspace_of

NIGHT = "2026-09-21 22:00 America/New_York"
MORNING = "2026-09-22 09:00 America/New_York"
LADDER = """
- id: levels
  when: [ledger.posted, ledger.corrected, ledger.voided]
  crosses: {value: budget.used, levels: [50%, 80%, 100%], rearm: 2%}
  do:
    - email: {to: client.sponsor, text: alert}
"""


def again(world: World, action: Planned) -> Recheck:
    """The look at an action at the world's present moment."""
    event = next(e for run in world.evaluations for e in run.events if e.id == action.event)
    return recheck(action, event, world.state, world.ruleset)


def rule(condition: str, more: str = "", when: str = "ledger.posted") -> str:
    """A rule that mails the sponsor, with a condition and further words of its action."""
    action = f"email: {{to: client.sponsor, text: note{more}}}"
    return f"- id: ask\n  when: {when}\n  if: '{condition}'\n  do:\n    - {action}\n"


def test_an_alert_that_is_still_true_leaves_with_the_figures_of_the_moment() -> None:
    """81 % at night, 82.5 % in the morning: the text says 82.5 %."""
    world = World(LADDER, now=NIGHT)
    world.spend("B1", 81_000)
    (alert,) = world.actions()
    world.clock(MORNING).spend("B2", 1_500)
    found = again(world, alert)
    assert (found.still_true, found.reason) == (True, "")
    assert found.names["budget"]["used"] == Decimal("0.825")
    assert (found.names["level"], found.names["value"]) == (Decimal("0.8"), Decimal("0.825"))


def test_an_alert_that_was_corrected_before_it_left_is_not_sent() -> None:
    """The figure fell below the level overnight: nothing is told, and the sentence says why."""
    world = World(LADDER, now=NIGHT)
    world.spend("B1", 81_000)
    (alert,) = world.actions()
    world.clock(MORNING).spend("B1", 79_000, "corrected")
    found = again(world, alert)
    assert (found.still_true, found.reason) == (False, "budget.used is 79.0 %: 80 % no longer holds")
    world.leave(alert, "failed")
    world.spend("B1", 81_000, "corrected")
    assert world.verdict("levels").kind == "fired", "nobody was told, so the next crossing is told"


def test_an_alert_of_an_earlier_arming_is_not_sent_for_a_later_one() -> None:
    """Cleared, re-armed and fired again while it waited: the new alert speaks, the old one does not."""
    world = World(LADDER, now=NIGHT)
    world.spend("B1", 81_000)
    (old,) = world.actions()
    world.spend("B1", 70_000, "corrected")
    world.spend("B1", 82_000, "corrected")
    (new,) = world.actions()
    assert (again(world, old).still_true, again(world, new).still_true) == (False, True)


def test_a_correction_stays_due_and_says_where_the_figure_stands_now() -> None:
    """The client was told something wrong: that has to be said, with the figure of the moment."""
    world = World(LADDER)
    world.spend("B1", 81_000)
    world.clock(NIGHT).spend("B1", 79_000, "corrected")
    (note,) = world.actions()
    world.clock(MORNING).spend("B2", 21_500)
    found = again(world, note)
    assert found.still_true
    assert found.names["budget"]["used"] == Decimal("1.005")
    assert found.names["told"]["value"] == Decimal("0.81")
    assert found.names["next"] == {
        "level": None,
        "again_level": Decimal("0.8"),
        "rearm_below": Decimal("0.78"),
    }


def test_a_condition_is_asked_again_of_the_record_of_the_moment() -> None:
    """The receipt came overnight: nobody is asked for it any more."""
    world = World(rule("entry.receipt == none"), now=NIGHT)
    world.spend("B1", 100, entry={"receipt": None})
    (ask,) = world.actions()
    assert again(world, ask).still_true
    world.clock(MORNING).spend("B1", 100, "corrected", entry={"receipt": "scan.pdf"})
    found = again(world, ask)
    assert (found.still_true, found.reason) == (False, "`entry.receipt == none` is false")


def test_an_action_s_own_condition_is_asked_again() -> None:
    """What made this one entry apply has to hold as well."""
    world = World(rule("entry.receipt == none", ", if: entry.amount > 50 USD"), now=NIGHT)
    world.spend("B1", 100, entry={"receipt": None})
    (ask,) = world.actions()
    world.clock(MORNING).spend("B1", 20, "corrected", entry={"receipt": None})
    assert again(world, ask).reason == "`entry.amount > 50 USD` is false"


def test_a_project_that_stopped_says_nothing_more() -> None:
    """Closed or set to observe overnight: what waited for the client stays here."""
    world = World(rule("entry.receipt == none"), now=NIGHT)
    world.spend("B1", 100, entry={"receipt": None})
    (ask,) = world.actions()
    project = world.record("project", "apollo")
    world.book.store({("project", "apollo"): {**project, "status": "closed"}})
    assert "project apollo is closed" in again(world, ask).reason
    world.book.store({("project", "apollo"): {**project, "mode": "observe"}})
    assert "observed by now" in again(world, ask).reason


def test_whoever_has_left_is_not_written_to() -> None:
    """The last day was yesterday."""
    world = World(rule("entry.receipt == none"), now=NIGHT)
    world.spend("B1", 100, entry={"receipt": None})
    (ask,) = world.actions()
    gone: dict[str, Any] = {"clients": {"acme": {"contacts": {"ann": {"until": "2026-09-21"}}}}}
    world.clock(MORNING).workspace = workspace_of(gone)
    assert again(world, ask).reason == "ann is no longer there"


def test_a_request_to_decide_waits_only_for_its_own_approval() -> None:
    """Asking made the change `sent`, which its own `if` does not look for: the mail leaves while it is open."""
    rules = """
- id: ask
  when: change.assessed
  if: change.status == "assessed"
  do:
    - request_decision: {to: client.approver, about: change, text: decide}
"""
    world = World(rules, now=NIGHT)
    world.happen("change.drafted", change={"id": "chg_1", "title": "Export", "issues": []})
    world.happen("change.assessed", change={"id": "chg_1", "amount": Money(Decimal(8000), "USD"), "days": 5})
    (mail,) = world.actions()
    assert mail.waits == "hours"
    found = again(world.clock(MORNING), mail)
    assert found.still_true
    assert found.names["change"]["status"] == "sent"
    world.happen("change.withdrawn", change={"id": "chg_1"})
    found = again(world, mail)
    assert (found.still_true, found.reason) == (False, "the decision is no longer open: withdrawn")


def test_a_rule_that_is_gone_sends_nothing() -> None:
    """Without the rule nobody can say whether it is still true."""
    world = World(rule("entry.receipt == none"), now=NIGHT)
    world.spend("B1", 100, entry={"receipt": None})
    (ask,) = world.actions()
    found = recheck(ask, world.last.events[0], world.state, World("").ruleset)
    assert (found.still_true, found.reason) == (False, "its rule is no longer there")


def test_further_names_of_the_text_are_refreshed() -> None:
    """`with:` is evaluated again with the facts of the moment."""
    world = World(rule("entry.receipt == none", ", with: {sum: entry.amount}"), now=NIGHT)
    world.spend("B1", 100, entry={"receipt": None})
    (ask,) = world.actions()
    world.clock(MORNING).spend("B1", 70, "corrected", entry={"receipt": None})
    assert str(again(world, ask).names["sum"]) == "70.00 USD"
