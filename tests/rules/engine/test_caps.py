"""A client's cap: nothing is lost, and within any stretch of its length no more leaves than it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.engine.caps import Spoken, capped
from rules.engine.verdicts import Planned
from rules.facts.duration import Duration
from tests.support.worlds import World

RULES = "- id: tell\n  when: ledger.posted\n  do:\n    - email: {to: client.billing, text: note}\n"


@settings(max_examples=40, deadline=None)
@given(gaps=st.lists(st.integers(0, 900), min_size=1, max_size=20), times=st.integers(1, 4))
def test_every_message_leaves_in_the_end_and_the_cap_always_holds(gaps: list[int], times: int) -> None:
    """However close they come, each message is held until there is room, and then leaves."""
    world = World(RULES)
    client = replace(world.state.workspace.clients["acme"], at_most=(times, Duration(1, "d")))
    workspace = replace(world.state.workspace, clients={"acme": client})
    left: list[datetime] = []
    now = world.state.now
    for number, gap in enumerate(gaps):
        now += timedelta(minutes=gap)
        due = now
        planned = Planned(
            f"act_{number}",
            "evt",
            "tell",
            "email",
            0,
            now,
            client="acme",
            recipient="bob",
            client_facing=True,
        )
        while True:
            state = replace(world.state, now=due, workspace=workspace)
            held = capped(planned, None, state, Spoken(client=left))
            if held is None:
                break
            assert isinstance(held, Planned)
            assert held.due > due
            due = held.due
        left.append(due)
    ordered = sorted(left)
    assert len(ordered) == len(gaps)
    for first, later in zip(ordered, ordered[times:], strict=False):
        assert later - first >= timedelta(hours=23), "a day has 23 hours where the clocks go forward"
