"""A milestone is handed over and accepted in rounds: online, offline or by the contract's term, told apart for good."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from rules.engine.terms import ended
from rules.facts.approval import decide
from rules.facts.event import Event, Record
from rules.facts.project import Criterion, MilestonePlan, Project
from tests.rules.effects.world import APOLLO, World, types

CRITERIA = (
    Criterion("metric", "coverage", Decimal(90)),
    Criterion("metric", "defects_open", None, Decimal(0)),
    Criterion("checklist", "Data moved"),
    Criterion("approval", "client"),
)
PROJECT = replace(
    APOLLO,
    deemed_clause="7.2",
    deemed_days=10,
    milestones=(MilestonePlan("m1", "Prototype", date(2026, 10, 12), payment="30%", criteria=CRITERIA),),
)


def ask(world: World, **keys: Any) -> Record:
    """The client is asked to accept."""
    event = world.event("milestone.handed_over", milestone={"id": "m1"})
    return dict(world.act("request_decision", event, about="milestone", to=["ann"], **keys)[1]["approval"])


def say(world: World, approval: Record, outcome: str, **more: Any) -> list[Event]:
    decision = {"outcome": outcome, "channel": "online", "at": world.now, "name": "Ann Lee", **more}
    made = decide(world.get("approval", approval["id"]), "ann", decision, world.now)
    assert made.outcome == "recorded"
    world.book.store({("approval", approval["id"]): made.record})
    return world.tell("approval.answered", approval=made.record, decision={**decision, "by": "ann"})


def clock(world: World) -> list[Event]:
    """What ends by the clock now, decided."""
    open_ones = [a for a in world.all("approval") if a["status"] == "sent"]
    return world.decide(
        *ended(open_ones, lambda id: world.book.get("milestone", id), world.workspace, world.now)
    )


def delivered(world: World, approval: Record, verb: str = "sent") -> None:
    world.tell(
        f"message.{verb}", message={"id": "act_1", "to": "ann", "approval": approval["id"]}, cause="evt_1"
    )


def milestone(world: World) -> Record:
    return world.get("milestone", "apollo/m1")


def test_criteria_are_met_by_events_and_the_last_one_makes_it_ready() -> None:
    """A test report, an item ticked by a person; the client's own word is the acceptance."""
    world = World(PROJECT)
    bug = {"key": "APO-9", "title": "Crash", "type": "Bug", "status": "Doing"}
    world.tell("issue.created", "APO-9", connection="tracker", version="1", issue=bug)
    first = world.tell("quality.measured", quality={"coverage": Decimal("91.5")})
    assert types(first) == ["quality.measured", "milestone.checked"]
    assert first[1].objects["milestone"]["criteria_met"] == 1
    world.tell("milestone.checked", milestone={"id": "m1", "criterion": "Data moved", "met": True})
    world.tell("issue.closed", "APO-9", connection="tracker", version="2", issue={**bug, "status": "Done"})
    last = world.tell("quality.measured", quality={})
    assert types(last) == ["quality.measured", "milestone.checked", "milestone.ready"]
    assert (milestone(world)["criteria_met"], milestone(world)["criteria_total"]) == (3, 4)
    again = world.tell("quality.measured", quality={})
    assert types(again) == ["quality.measured"], "nothing changed, nothing is told"


def test_rounds_of_acceptance_keep_their_reasons() -> None:
    """Rejected with a reason, handed over again, accepted: two rounds on record."""
    world = World(PROJECT)
    world.tell("milestone.handed_over", milestone={"id": "m1"})
    assert milestone(world)["status"] == "handed_over"
    approval = ask(world)
    assert milestone(world)["status"] == "in_acceptance"
    (_, rejected) = say(world, approval, "rejected", remark="The export is missing")
    assert rejected.objects["milestone"]["reason"] == "The export is missing"
    assert (milestone(world)["status"], milestone(world)["round"]) == ("rejected", 2)
    world.tell("milestone.handed_over", milestone={"id": "m1"})
    (_, accepted) = say(world, ask(world), "approved")
    done = milestone(world)
    assert accepted.type == "milestone.accepted"
    assert (done["status"], done["acceptance"], done["criteria_met"]) == ("accepted", "online", 1)
    assert accepted.objects["milestone"]["payment"] == "30%", "a rule can draft the invoice from here"
    assert [(r["round"], r["outcome"], r["by"], r["remark"]) for r in done["rounds"]] == [
        (1, "rejected", "ann", "The export is missing"),
        (2, "accepted", "ann", None),
    ]


def test_what_was_accepted_offline_is_never_said_to_be_online() -> None:
    """By phone, written down by somebody of the team: the approval and the milestone both say so."""
    world = World(PROJECT)
    told = say(world, ask(world), "approved", channel="phone", recorded_by="lin", witness="Wang")
    assert types(told) == ["approval.answered", "milestone.accepted"]
    assert world.all("approval")[0]["status"] == "approved_offline"
    assert (milestone(world)["status"], milestone(world)["acceptance"]) == ("accepted", "offline")


def test_silence_counts_after_the_contracts_term_where_it_was_announced_and_delivered() -> None:
    """Ten working days of the client after 21 September end on 5 October, in New York."""
    world = World(PROJECT)
    approval = ask(world)
    assert milestone(world)["deemed_on"] == date(2026, 10, 5)
    assert (
        "by the end of 2026-10-05 it counts as accepted under clause 7.2" in approval["texts"]["en"]["text"]
    )
    delivered(world, approval)
    world.now = datetime(2026, 10, 6, 3, 59, tzinfo=UTC)
    assert clock(world) == []
    world.now += timedelta(minutes=1)
    (event,) = clock(world)
    assert event.type == "milestone.deemed_accepted"
    assert (event.objects["decision"]["channel"], event.objects["decision"]["clause"]) == ("deemed", "7.2")
    done, question = milestone(world), world.all("approval")[0]
    assert (done["status"], done["acceptance"]) == ("deemed_accepted", "deemed")
    assert (question["status"], question["decisions"][0]["person"]) == ("deemed_accepted", None)
    late = decide(question, "ann", {"outcome": "rejected", "channel": "online", "remark": "no"}, world.now)
    assert late.outcome == "conflict"


@pytest.mark.parametrize("proof", [(), ("sent", "bounced"), ("failed",), ("unknown",)])
def test_without_proof_that_the_question_arrived_silence_means_nothing(proof: tuple[str, ...]) -> None:
    """It never left, it came back, or nobody knows: the question expires, and the milestone waits to be asked about."""
    world = World(PROJECT)
    approval = ask(world)
    for verb in proof:
        delivered(world, approval, verb)
    world.now = datetime(2026, 10, 6, 4, tzinfo=UTC)
    assert types(clock(world)) == ["approval.expired"]
    assert (milestone(world)["status"], milestone(world)["accepted_at"]) == ("handed_over", None)


@pytest.mark.parametrize("missing", [{"deemed_clause": None}, {"deemed_days": None}])
def test_without_a_clause_silence_means_nothing(missing: Any) -> None:
    """Neither the text nor the clock speaks of it; an event that claims it changes nothing."""
    project: Project = replace(PROJECT, **missing)
    world = World(project)
    approval = ask(world)
    assert "without" not in approval["texts"]["en"]["text"].lower()
    delivered(world, approval)
    world.now = datetime(2026, 10, 6, 4, tzinfo=UTC)
    world.tell("milestone.deemed_accepted", milestone={"id": "apollo/m1"})
    assert milestone(world)["status"] == "in_acceptance"


def test_the_client_can_answer_as_long_as_the_term_runs() -> None:
    """A shorter time to decide does not close the page before silence would count."""
    world = World(PROJECT)
    assert ask(world, expires=None)["expires_on"] == date(2026, 10, 5)


@pytest.mark.parametrize("verb", ["accepted", "rejected", "cancelled"])
def test_a_tracker_never_speaks_for_the_client(verb: str) -> None:
    """It may say that something was handed over; consent comes from the client alone."""
    world = World(PROJECT)
    world.tell(f"milestone.{verb}", milestone={"id": "m1"}, connection="tracker")
    assert milestone(world)["status"] == "planned"
    world.tell("milestone.handed_over", milestone={"id": "m1"}, connection="tracker")
    assert milestone(world)["status"] == "handed_over"
