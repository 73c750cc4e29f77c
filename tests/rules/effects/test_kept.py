"""Objects that are kept as they are told: the newest telling holds, and a verb says the state it stands for."""

from __future__ import annotations

from typing import Any

import pytest

from rules.facts.event import Event
from tests.rules.effects.world import MONDAY, World


@pytest.fixture
def world() -> World:
    return World()


def tell(world: World, event: str, version: str = "1", /, **survey: Any) -> Event:
    told = world.tell(event, "s1", connection="forms", version=version, survey={"id": "s1", **survey})
    assert len(told) == 1
    return told[0]


def test_a_verb_says_the_state_and_the_time_of_its_step(world: World) -> None:
    """Nobody has to repeat in fields what the event's own name says."""
    tell(world, "survey.sent", kind="csat", contact="ann")
    answered = tell(world, "survey.answered", "2", score=2).objects["survey"]
    assert (answered["status"], answered["answered_at"]) == ("answered", MONDAY)


def test_what_a_later_event_leaves_out_is_still_known(world: World) -> None:
    """The answer of a survey need not say again which survey it was, and the former score can be asked for."""
    tell(world, "survey.sent", kind="csat", contact="ann", score=None)
    event = tell(world, "survey.answered", "2", score=2)
    assert event.objects["survey"]["kind"] == "csat"
    assert event.before["score"] is None


def test_an_older_telling_never_overwrites_a_newer_one(world: World) -> None:
    """Deliveries arrive in any order; the source's version decides."""
    tell(world, "survey.answered", "2", kind="csat", score=2)
    late = tell(world, "survey.sent", "1", kind="csat", score=None)
    assert late.objects["survey"]["score"] == 2
    assert world.get("survey", "s1")["status"] == "answered"
