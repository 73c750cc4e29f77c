"""What became of an alert's copies: a level that nobody was told of is given back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from rules.facts.event import Record
from rules.facts.ladder import Fired, Ladder, step
from tests.rules.effects.world import World

LADDER = Ladder((Decimal("0.5"), Decimal("0.8")))
ID = "budget/levels|apollo||"


@pytest.fixture
def world() -> World:
    """The level of 80 % fired at 81 %, and two copies are on their way."""
    world = World()
    memory, _ = step({"id": ID, "project": "apollo", "client": "acme"}, Decimal("0.81"), LADDER)
    copies = {a: {"kind": "email", "recipient": a, "state": "planned"} for a in ("act_ann", "act_bob")}
    world.book.store({("memory", ID): {**memory, "told": {"0.8@1": copies}}})
    return world


def ended(world: World, verb: str, action: str, alert: Any = (ID, "0.8", 1)) -> Record:
    world.tell(f"message.{verb}", message={"id": action, "alert": alert})
    return world.get("memory", ID)


def states(memory: Record) -> list[str]:
    return [copy["state"] for copy in memory["told"]["0.8@1"].values()]


def test_outcomes_are_kept_for_the_correction_note(world: World) -> None:
    """Sent and unknown copies may have been read; a bounce had left."""
    ended(world, "sent", "act_ann")
    memory = ended(world, "unknown", "act_bob")
    assert states(memory) == ["sent", "unknown"]
    assert states(ended(world, "bounced", "act_ann")) == ["sent", "unknown"]
    assert memory["levels"]["0.8"]["state"] == "fired"


def test_a_level_is_given_back_when_no_copy_left(world: World) -> None:
    """The last failure arms the level and those it had superseded: the next crossing is told, as a new alert."""
    assert ended(world, "failed", "act_ann")["levels"]["0.8"]["state"] == "fired"
    memory = ended(world, "failed", "act_bob")
    assert memory["levels"] == {
        "0.5": {"state": "armed", "epoch": 1},
        "0.8": {"state": "armed", "epoch": 2},
    }
    _, again = step(memory, Decimal("0.82"), LADDER)
    assert again == Fired(Decimal("0.8"), 2, (Decimal("0.5"),))


def test_one_copy_that_left_keeps_the_level_fired(world: World) -> None:
    """Whoever may have read it counts."""
    ended(world, "unknown", "act_ann")
    assert ended(world, "failed", "act_bob")["levels"]["0.8"]["state"] == "fired"


@pytest.mark.parametrize("alert", [None, ("other|apollo||", "0.8", 1), (ID, "0.8", 2)])
def test_messages_that_are_no_alert_change_no_memory(world: World, alert: Any) -> None:
    """Most messages belong to no ladder."""
    before = world.get("memory", ID)
    assert ended(world, "failed", "act_ann", alert) == before


def test_alerts_read_back_from_the_store_are_lists(world: World) -> None:
    """The event may come from the journal, where a tuple is a list."""
    assert states(ended(world, "sent", "act_ann", [ID, "0.8", 1])) == ["sent", "planned"]
