"""A project begins with its file's plan as the first baseline; milestones go their way on record."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from rules.engine.effects import projects
from rules.facts.milestone import standing
from rules.facts.project import BudgetPlan, Criterion, MilestonePlan
from tests.rules.effects.world import APOLLO, BOB, MONDAY, World, types, usd


def test_activation_makes_the_first_baseline_and_its_milestones() -> None:
    """One event per part, so that rules can speak of each."""
    world = World(active=False)
    events = world.decide(projects.activation(APOLLO, MONDAY))
    assert types(events) == [
        "project.activated",
        "baseline.approved",
        "milestone.planned",
        "milestone.planned",
    ]
    baseline = world.get("baseline")
    assert (baseline["version"], baseline["total"], baseline["reserve"]) == (1, usd(100_000), usd(5_000))
    assert baseline["lines"]["staff"] == usd(80_000)
    assert (baseline["measure"], baseline["at"]) == ("incurred", "bill_rate")
    first, launch = world.all("milestone")
    assert (launch["id"], launch["key"], launch["status"]) == ("apollo/m2", "m2", "planned")
    assert (launch["due"], launch["baseline_due"], launch["after"]) == (
        date(2026, 12, 4),
        date(2026, 12, 4),
        ["m1"],
    )
    assert first["weight"] == Decimal(30)
    project = world.get("project")
    assert (project["status"], project["mode"], project["activated_at"]) == ("active", "live", MONDAY)
    assert events[1].objects["baseline"]["version"] == 1


def test_a_second_activation_changes_nothing() -> None:
    """Two processes may both find a new project: the first baseline is made once."""
    world = World()
    world.now += timedelta(days=1)
    assert types(world.decide(projects.activation(APOLLO, world.now))) == ["project.activated"]
    assert world.get("project")["activated_at"] == MONDAY


LINES = {"staff": usd(80_000), "other": usd(2_000)}


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (
            BudgetPlan(usd(100_000), lines=LINES, reserve=usd(5_000)),
            ["87000.00 USD", "100000.00 USD", "13000.00 USD"],
        ),
        (BudgetPlan(usd(0)), ["more than nothing"]),
    ],
)
def test_a_budget_that_does_not_add_up_refuses_to_begin(budget: BudgetPlan, words: list[str]) -> None:
    """The gap is named with its figures; no baseline is made, and the lead has a task."""
    project = replace(APOLLO, budget=budget)
    with pytest.raises(projects.ActivationRefused) as refused:
        projects.activation(project, MONDAY)
    assert all(word in str(refused.value) for word in words)
    world = World(project, active=False)
    assert types(world.tell("project.activated")) == ["project.activated", "task.opened"]
    assert world.book.get("baseline", "apollo") is None
    assert all(word in world.all("task")[0]["title"] for word in words)


def test_a_mended_file_can_be_activated_after_a_refusal() -> None:
    """The activation of another plan is another event."""
    broken = replace(APOLLO, budget=replace(APOLLO.budget, total=usd(100_001)))
    world = World(broken, active=False)
    world.tell("project.activated")
    world.mend(project=APOLLO)
    assert "baseline.approved" in types(world.decide(projects.activation(APOLLO, MONDAY)))
    other = replace(APOLLO, budget=replace(APOLLO.budget, lines={}))
    assert projects.activation(APOLLO, MONDAY).id != projects.activation(other, MONDAY).id


def test_a_project_without_an_approver_tells_its_lead() -> None:
    """Nobody could agree to a change: the project begins, and the gap is a task."""
    world = World(replace(APOLLO, roles={}), replace(BOB, roles=()), active=False)
    world.mend(*(replace(p, roles=("sponsor",)) for p in world.workspace.people.values() if p.id == "ann"))
    told = world.decide(projects.activation(replace(APOLLO, roles={}), MONDAY))
    assert types(told)[-1] == "task.opened"
    assert "approver" in world.all("task")[0]["title"]


def test_a_project_keeps_its_state() -> None:
    """Held, resumed, closing, closed: the record says so, and the event what it was."""
    world = World()
    for verb, status in (
        ("held", "on_hold"),
        ("resumed", "active"),
        ("closing", "closing"),
        ("closed", "closed"),
    ):
        event, *_ = world.tell(f"project.{verb}")
        assert (event.objects["project"]["status"], world.get("project")["status"]) == (status, status)
    assert event.before["status"] == "closing"


def test_another_agreement_is_the_next_version_of_the_baseline() -> None:
    """A baseline that was cut by agreement: the version rises and the former total is known."""
    world = World()
    (event,) = world.tell("baseline.approved", baseline={"total": usd(90_000)})
    assert event.objects["baseline"]["version"] == 2
    assert event.objects["baseline"]["previous_total"] == usd(100_000)
    assert event.before["total"] == usd(100_000)
    world.tell("baseline.approved", baseline={"total": usd(1), "version": 2})
    assert world.get("baseline")["total"] == usd(90_000), "a version that is known already changes nothing"


def test_a_milestone_goes_from_planned_to_accepted() -> None:
    """Handing over makes it wait for the client; a rejection begins the next round; what is accepted stays so."""
    world = World()
    world.tell("milestone.handed_over", milestone={"id": "m1"})
    assert world.get("milestone", "apollo/m1")["waiting_on"] == "client"
    (rejected,) = world.tell("milestone.rejected", milestone={"id": "apollo/m1"})
    assert (rejected.objects["milestone"]["round"], rejected.before["round"]) == (2, 1)
    assert world.get("milestone", "apollo/m1")["handed_over_at"] is None
    world.tell("milestone.handed_over", milestone={"id": "m1"})
    world.tell("milestone.accepted", milestone={"id": "m1"})
    world.tell("milestone.rejected", milestone={"id": "m1"})
    accepted = world.get("milestone", "apollo/m1")
    assert (accepted["status"], accepted["accepted_at"], accepted["round"]) == ("accepted", MONDAY, 2)


def test_a_moved_milestone_keeps_its_first_date_to_measure_by() -> None:
    """Drift is due against baseline_due; only an agreed change moves both."""
    world = World()
    event, after = world.tell(
        "milestone.moved", milestone={"id": "m1", "due": date(2026, 10, 20), "title": None}
    )
    moved = event.objects["milestone"]
    assert (moved["due"], moved["baseline_due"], moved["title"]) == (
        date(2026, 10, 20),
        date(2026, 10, 12),
        "Prototype",
    )
    assert event.before["due"] == date(2026, 10, 12)
    launch = after.objects["milestone"]
    assert (launch["due"], launch["baseline_due"]) == (date(2026, 12, 14), date(2026, 12, 4)), (
        "what comes after it moves day for day, by six working days"
    )


def test_overdue_is_worked_out_for_the_day_in_the_projects_zone() -> None:
    """The due day itself is not over until midnight there; what is handed over is not overdue."""
    world = World()
    world.now = MONDAY.replace(month=10, day=13, hour=3)  # still 12 October in New York
    assert world.tell("milestone.moved", milestone={"id": "m1"})[0].objects["milestone"]["overdue"] is False
    world.now += timedelta(hours=2)
    assert world.tell("milestone.moved", milestone={"id": "m1"})[0].objects["milestone"]["overdue"] is True
    world.tell("milestone.handed_over", milestone={"id": "m1"})
    assert standing(world.get("milestone", "apollo/m1"), date(2027, 1, 1), ())["overdue"] is False


def test_a_milestone_carries_its_criteria() -> None:
    """What must be true is on record, none of it met yet."""
    plan = MilestonePlan(
        "m1", "Prototype", date(2026, 10, 12), criteria=(Criterion("metric", "coverage", Decimal(90)),)
    )
    milestone = World(replace(APOLLO, milestones=(plan,))).get("milestone", "apollo/m1")
    assert (milestone["criteria_met"], milestone["criteria_total"]) == (0, 1)
    assert milestone["criteria"] == [
        {"kind": "metric", "text": "coverage", "at_least": Decimal(90), "met": False}
    ]


def test_a_milestone_that_the_plan_did_not_have_can_be_added() -> None:
    """From the console or a tracker; without a date there is nothing to keep."""
    world = World()
    world.tell("milestone.planned", milestone={"id": "m3", "title": "Warranty", "due": date(2027, 3, 1)})
    assert world.get("milestone", "apollo/m3")["baseline_due"] == date(2027, 3, 1)
    world.tell("milestone.planned", milestone={"id": "m4", "title": "No date", "due": None})
    assert world.book.get("milestone", "apollo/m4") is None


def test_a_task_is_done_once() -> None:
    """Who did it first is on record."""
    world = World()
    world.tell("task.opened", task={"id": "tsk_1", "owner": "lin", "title": "Call Ann", "status": "open"})
    assert world.get("task", "tsk_1")["project"] == "apollo"
    world.tell("task.done", task={"id": "tsk_1"})
    world.now += timedelta(hours=1)
    world.tell("task.done", task={"id": "tsk_1"})
    assert world.get("task", "tsk_1")["done_at"] == MONDAY
