"""The scope and its edges: what has to be there to begin, what was added without asking, what the reserve is for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from rules.engine.effects import EffectError, projects
from rules.facts.approval import decide
from rules.facts.event import Record
from rules.facts.project import BudgetPlan, Goal, RiskPlan, Talk
from rules.facts.readiness import missing
from tests.rules.effects.world import ANN, APOLLO, MONDAY, World, types, usd


def item(world: World, key: str, version: str = "1", **more: Any) -> Record:
    """An issue of the tracker; its record as rules see it."""
    issue = {"key": key, "title": key, "status": "To Do", **more}
    return world.tell("issue.changed", key, connection="tracker", version=version, issue=issue)[0].objects[
        "issue"
    ]


def answered(world: World, approval: Record, person: str, outcome: str = "approved") -> list[str]:
    """The person's answer to an approval; the types of what followed."""
    decision = {"outcome": outcome, "channel": "online", "at": world.now, "name": person, "remark": "no"}
    made = decide(world.get("approval", approval["id"]), person, decision, world.now)
    world.book.store({("approval", approval["id"]): made.record})
    return types(world.tell("approval.answered", approval=made.record, decision=decision))


# --- scope creep ---------------------------------------------------------------------------------------------------


def test_what_stood_under_a_milestone_when_the_project_began_is_its_baseline() -> None:
    """Items that were known, and those that existed already and are heard of later."""
    world = World(active=False)
    item(world, "APO-1", milestone="m1")
    world.decide(projects.activation(APOLLO, MONDAY))
    assert item(world, "APO-1", "2", milestone="m1", status="Done")["baselined"]
    old = item(world, "APO-2", milestone="Launch", created_at=MONDAY - timedelta(days=30))
    assert (old["baselined"], old["unplanned"]) == (True, False)
    assert world.get("project").get("_unplanned") is None


def test_an_item_that_is_added_later_without_a_change_is_counted_until_it_leaves() -> None:
    """Under a milestone of the baseline, or taken away from it again."""
    world = World()
    world.now += timedelta(days=3)
    new = item(world, "APO-9", milestone="m1", created_at=world.now)
    assert (new["baselined"], new["unplanned"]) == (False, True)
    assert world.get("project")["_unplanned"] == ["tracker/APO-9"]
    assert item(world, "APO-9", "2", milestone="m1", created_at=world.now)["unplanned"]
    assert world.get("project")["_unplanned"] == ["tracker/APO-9"]
    assert not item(world, "APO-9", "3", milestone="later")["unplanned"]
    assert world.get("project")["_unplanned"] == []


def test_an_applied_change_makes_its_items_planned() -> None:
    """What the client agreed to is creep no more."""
    world = World()
    world.now += timedelta(days=3)
    item(world, "APO-9", milestone="m1", created_at=world.now)
    seen = world.tell(
        "issue.changed", "APO-9", connection="tracker", version="2", issue={"key": "APO-9", "status": "To Do"}
    )[0]
    _, objects = world.act("open_change", seen, about="issue", reason="added")
    change = objects["change"]["id"]
    world.tell("change.assessed", change={"id": change, "amount": usd(500), "days": 1})
    world.tell("change.approved", change={"id": change})
    world.act(
        "apply_change", world.event("change.approved", change=world.get("change", change)), change="change"
    )
    record = world.get("issue", "tracker/APO-9")
    assert (record["baselined"], record["unplanned"]) == (True, False)
    assert world.get("project")["_unplanned"] == []
    assert not item(world, "APO-9", "3", milestone="m1")["unplanned"]


def test_an_item_outside_every_milestone_adds_nothing_to_the_scope() -> None:
    """The backlog may grow."""
    world = World()
    assert not item(world, "APO-9", created_at=MONDAY + timedelta(days=1))["unplanned"]


# --- readiness -----------------------------------------------------------------------------------------------------

READY = replace(
    APOLLO,
    goals=(Goal("Orders leave faster", "within two days", date(2026, 12, 31)),),
    deliverables=("Shop",),
    risks=(RiskPlan("supplier", "The supplier is late", score=15, plan="The other one"),),
    communication=(Talk("status"),),
)


def test_a_file_that_says_everything_has_no_gap() -> None:
    """Goals with measure and date, scope, lines, approver, risks with plans, communication."""
    assert missing(READY, approver=True) == ()


@pytest.mark.parametrize(
    ("project", "name", "says"),
    [
        (replace(READY, goals=()), "goals", "scope.goals is empty"),
        (replace(READY, goals=(Goal("Faster", "two days"),)), "goals", "goal 1 (Faster) has no date"),
        (replace(READY, goals=(Goal("Faster"),)), "goals", "no measure and no date"),
        (replace(READY, deliverables=()), "scope", "neither deliverables nor a file"),
        (replace(READY, budget=BudgetPlan(usd(100))), "lines", "budget.lines is empty"),
        (replace(READY, risks=()), "risks", "risks is empty"),
        (
            replace(READY, risks=(RiskPlan("a", "A", score=20),)),
            "risks",
            "risk a has a score of 20 and no plan",
        ),
        (replace(READY, communication=()), "communication", "communication is empty"),
    ],
)
def test_each_gap_is_named_with_its_mend_and_stands_in_the_way_only_where_the_workspace_says_so(
    project: Any, name: str, says: str
) -> None:
    """A small studio begins with what it has; one that wants the gate closed names what it needs."""
    (found,) = missing(project, approver=True)
    assert found.name == name
    assert says in found.says
    projects.activation(project, MONDAY, World(project, active=False).workspace)
    strict = replace(project, needs_to_begin=(name,))
    with pytest.raises(projects.ActivationRefused, match="cannot be activated"):
        projects.activation(strict, MONDAY, World(strict, active=False).workspace)


def test_a_project_that_nobody_of_the_client_may_approve_for_is_refused_where_an_approver_is_needed() -> None:
    """Otherwise it begins, and the lead has a task."""
    alone = replace(READY, roles={}, needs_to_begin=("approver",))
    world = World(alone, replace(ANN, roles=("sponsor",)), active=False)
    with pytest.raises(projects.ActivationRefused, match="nobody of the client may approve"):
        projects.activation(alone, MONDAY, world.workspace)


# --- reserve and scope are asked for -------------------------------------------------------------------------------


def risky(amount: int | None = 3_000) -> World:
    money = None if amount is None else usd(amount)
    risk = RiskPlan("rates", "The dollar falls", "financial", score=6, plan="Buy forward", amount=money)
    world = World(replace(APOLLO, risks=(risk,)))
    world.tell("risk.triggered", risk={"id": "apollo/rates"})
    return world


def ask_for_reserve(world: World) -> Record:
    event = world.event("risk.triggered", risk=world.get("risk", "apollo/rates"))
    return dict(world.act("request_decision", event, about="reserve", to=["ann"])[1]["approval"])


def test_an_approved_draw_takes_from_the_reserve_once() -> None:
    """5,000 are set aside; 3,000 are drawn, and a second 3,000 are not there."""
    world = risky()
    approval = ask_for_reserve(world)
    said = approval["texts"]["en"]["text"]
    assert said == "Draw on the reserve: USD 3,000.00\nFor: The dollar falls\nProject: Apollo\n"
    assert answered(world, approval, "ann") == ["approval.answered", "reserve.drawn"]
    (drawn,) = world.all("reserve")
    assert (drawn["amount"], drawn["risk"], drawn["status"]) == (usd(3_000), "apollo/rates", "drawn")
    with pytest.raises(EffectError, match=r"2,?000.* left, and 'The dollar falls' costs"):
        ask_for_reserve(world)


def test_a_refused_draw_takes_nothing() -> None:
    """The reserve is as it was."""
    world = risky()
    assert answered(world, ask_for_reserve(world), "ann", "rejected") == [
        "approval.answered",
        "reserve.rejected",
    ]
    assert [r["status"] for r in world.all("reserve")] == ["rejected"]
    assert world.get("baseline").get("drawn") is None


def test_a_risk_without_an_amount_asks_for_nothing() -> None:
    """Nobody signs a blank cheque."""
    with pytest.raises(EffectError, match="has no amount"):
        ask_for_reserve(risky(None))


def test_the_scope_is_asked_about_in_its_exact_words() -> None:
    """Goals with their measures, what is delivered, what is left out; in the reader's language."""
    world = World(replace(READY, excluded=("Hosting",)))
    event = world.event("slot.due")
    approval = world.act("request_decision", event, about="scope", to=["ann"])[1]["approval"]
    assert approval["texts"]["en"]["text"].splitlines() == [
        "Scope of Apollo",
        "Goals: Orders leave faster (within two days, 2026-12-31)",
        "Delivered: Shop",
        "Left out: Hosting",
    ]
    assert answered(world, approval, "ann") == ["approval.answered"]
