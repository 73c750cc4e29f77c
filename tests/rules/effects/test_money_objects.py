"""Retainers, the reserve, KPIs and the baseline through the events that change them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from rules.engine.derived import milestone_today
from rules.engine.effects import projects, retainers
from rules.engine.effects.rebasing import differences
from rules.engine.figures import Figure, Ground, figures, workload_of
from rules.engine.findings import findings
from rules.facts.change import decision_text
from rules.facts.consent import rebase_text
from rules.facts.duration import Duration
from rules.facts.event import Event, Record
from rules.facts.project import Criterion, MilestonePlan, Project, Target
from rules.facts.retainer import Terms
from tests.rules.effects.world import APOLLO, MONDAY, WANG, World, types, usd

D = Decimal
TWENTY_HOURS = Terms(D(20), carry="capped", cap=D(10), expiry=1, rate=usd(500))
RETAINED = replace(APOLLO, billing_kind="retainer", retainer=TWENTY_HOURS)


def at(year: int, month: int, day: int) -> datetime:
    """Noon in New York."""
    return datetime(year, month, day, 17, 0, tzinfo=UTC)


def figure(world: World, what: Figure) -> Record:
    """A derived figure of the project as a rule sees it now."""
    day = world.now.date()
    found = figures(what, Ground(world.project, world.workspace, world.book, day))
    assert found is not None
    return found


def work(world: World, key: str, day: date, hours: int, version: str = "1") -> list[Event]:
    entry = {"person": "lin", "seconds": hours * 3600, "work_date": day}
    return world.tell("time.logged", f"worklog/{key}", connection="tracker", version=version, entry=entry)


def clock(world: World) -> list[Event]:
    """What the clock owes to the retainer now, decided."""
    return world.decide(*retainers.due(world.project, world.state))


def test_a_retainer_over_three_months() -> None:
    """15 of 20 hours, then 12 of 25, then 34 of 30: carried, capped and billed, each period closed by the clock."""
    world = World(RETAINED, now=at(2026, 1, 5))
    assert types(clock(world)) == ["retainer.opened"]
    assert clock(world) == []
    closings = []
    for month, hours in ((1, 15), (2, 12), (3, 34)):
        world.now = at(2026, month, 12)
        work(world, str(month), date(2026, month, 10), hours)
        world.now = at(2026, month + 1, 2)
        assert clock(world) == [], "late entries have three working days"
        world.now = at(2026, month + 1, 8)
        told = clock(world)
        assert types(told) == ["retainer.closed", "retainer.opened"]
        closings.append(told[0].objects["retainer"])
    assert [c["carry_on"] for c in closings] == [5, 10, 0]
    assert [c["forfeited"] for c in closings] == [0, 3, 0]
    assert (closings[2]["available"], closings[2]["over"], closings[2]["billed"]) == (30, 4, usd("2000.00"))
    now = figure(world, "retainer")
    assert (now["period"], now["available"], now["used"]) == ("2026-04", 20, 0)
    assert [p["period"] for p in world.get("retainer")["closed"]] == ["2026-01", "2026-02", "2026-03"]


def test_the_running_period_is_known_before_the_last_one_is_closed() -> None:
    """On the first of February the allotment of February stands, with what January is about to hand on."""
    world = World(RETAINED, now=at(2026, 1, 5))
    clock(world)
    work(world, "1", date(2026, 1, 6), 15)
    world.now = at(2026, 2, 1)
    work(world, "2", date(2026, 2, 1), 2)
    now = figure(world, "retainer")
    assert (now["period"], now["carried"], now["available"], now["used"]) == ("2026-02", 5, 25, 2)
    assert now["share"] == D("0.08")


def test_hours_that_come_after_a_period_was_closed_are_of_the_next_one() -> None:
    """The figures that the client was told stand; the late hour is an adjustment of the open period."""
    world = World(RETAINED, now=at(2026, 1, 5))
    clock(world)
    work(world, "1", date(2026, 1, 6), 15)
    world.now = at(2026, 2, 9)
    clock(world)
    work(world, "late", date(2026, 1, 30), 3)
    work(world, "1", date(2026, 1, 6), 16, version="2")
    assert world.get("retainer")["closed"][0]["used"] == 15
    assert figure(world, "retainer")["used"] == 4


def test_a_pool_adds_up_the_hours_of_its_projects() -> None:
    """Two projects of a client draw on one allotment; each sees the same standing."""
    pooled = replace(RETAINED, retainer=replace(TWENTY_HOURS, pool=("hermes",)))
    world = World(pooled, now=at(2026, 1, 5))
    hermes = replace(APOLLO, id="hermes", name="Hermes", tracked_by=())
    world.workspace = replace(world.workspace, projects={"apollo": pooled, "hermes": hermes})
    world.decide(projects.activation(hermes, world.now))
    clock(world)
    work(world, "1", date(2026, 1, 6), 5)
    entry = {"person": "lin", "seconds": 7200, "work_date": date(2026, 1, 7)}
    world.tell("time.logged", "worklog/9", connection="tracker", version="1", entry=entry, project="hermes")
    assert figure(world, "retainer")["used"] == 7
    of_hermes = figures("retainer", Ground(hermes, world.workspace, world.book, date(2026, 1, 8)))
    assert of_hermes is not None
    assert (of_hermes["used"], of_hermes["by_project"]) == (7, {"apollo": 5, "hermes": 2})
    world.now = at(2026, 2, 9)
    clock(world)
    assert world.get("period", "hermes")["closed_until"] == date(2026, 1, 31)


def test_what_was_agreed_holds_when_the_file_is_edited() -> None:
    """More hours in the file are no more hours until the period's terms are agreed to on record."""
    world = World(RETAINED, now=at(2026, 1, 5))
    clock(world)
    world.mend(project=replace(RETAINED, retainer=replace(TWENTY_HOURS, allotment=D(30))))
    assert figure(world, "retainer")["allotment"] == 20


def test_edited_terms_are_shown_with_both_values() -> None:
    """Who reads the console sees what the file says now beside what was agreed, until they are the same again."""
    world = World(RETAINED, now=at(2026, 1, 5))
    clock(world)
    edited = replace(RETAINED, retainer=replace(TWENTY_HOURS, allotment=D(30)))
    (found,) = findings(edited, world.book)
    assert (found["kind"], found["what"]) == ("file_differs", "billing.retainer.allotment")
    assert (found["file"], found["record"]) == (30, 20)
    assert findings(RETAINED, world.book) == []


def test_the_reserve_is_drawn_on_once_and_never_beyond_what_it_holds() -> None:
    """A draw that was asked for and agreed to lowers what is left; one of too much opens a task."""
    world = World()
    reserve = {"id": "r1", "amount": usd(1500), "reason": "a second crane"}
    asked = world.tell("reserve.asked", "r1", reserve=reserve, person="lin")
    assert types(asked) == ["reserve.asked", "approval.sent"]
    told, made = world.act(
        "request_decision",
        world.event("reserve.asked", "r1", reserve=reserve),
        about="reserve",
        to=["ann"],
    )
    assert types(told) == ["approval.superseded", "approval.sent"], "a rule that asks the client comes first"
    approval = made["approval"]
    assert approval["texts"]["en"]["text"].splitlines()[:2] == [
        "Draw on the reserve: USD 1,500.00",
        "For: a second crane",
    ]
    record = {**world.get("approval", approval["id"]), "status": "approved"}
    world.book.store({("approval", approval["id"]): record})
    decided = world.tell("approval.answered", approval=record, decision={"outcome": "approved"})
    assert types(decided) == ["approval.answered", "reserve.drawn"]
    assert figure(world, "budget")["reserve_left"] == usd(3500)
    world.tell("reserve.drawn", "r1", reserve=reserve)
    assert figure(world, "budget")["reserve_left"] == usd(3500), "told twice, drawn once"
    more = world.tell("reserve.drawn", "r2", reserve={"id": "r2", "amount": usd(4000), "reason": "more"})
    assert types(more) == ["reserve.drawn", "task.opened"]
    assert world.get("reserve", "r2")["status"] == "asked"
    assert figure(world, "budget")["reserve_left"] == usd(3500)


@pytest.mark.parametrize("amount", [usd(0), usd(-5), None])
def test_an_amount_that_cannot_be_drawn_is_no_request(amount: Any) -> None:
    """Nothing, less than nothing, or no amount at all."""
    world = World()
    world.tell("reserve.drawn", "r1", reserve={"id": "r1", "amount": amount})
    assert world.all("reserve") == []


def issue(world: World, key: str, verb: str = "created", **fields: Any) -> list[Event]:
    given = {"key": key, "type": "Task", "labels": [], "status_group": "doing", **fields}
    return world.tell(f"issue.{verb}", key, connection="tracker", version=str(world.count + 100), issue=given)


def test_quality_is_read_off_the_tracker() -> None:
    """Two of four closed issues came back; a quarter of the hours went into a defect and one that was reopened."""
    world = World()
    hours = {"a": 10, "b": 10, "c": 2, "d": 10, "bug": 8}
    for key, logged in hours.items():
        kind = "Bug" if key == "bug" else "Task"
        issue(world, key, type=kind, logged=Duration(logged * 60, "m"), status_group="done")
    issue(world, "c", "reopened", status_group="doing")
    issue(world, "bug", "reopened", type="Bug", status_group="doing")
    told = world.tell("quality.measured")
    quality = told[0].objects["quality"]
    assert (quality["defects_open"], quality["reopened_rate"]) == (1, D("0.4"))
    assert quality["rework_rate"] == D("0.25")
    assert quality["coverage"] is None


def test_a_test_report_says_what_the_tracker_does_not() -> None:
    """Coverage stays as it was reported last."""
    world = World()
    world.tell("quality.measured", quality={"coverage": D("0.91")})
    world.tell("quality.measured")
    assert world.get("quality")["coverage"] == D("0.91")


def test_a_kpi_that_leaves_its_target_is_told_once() -> None:
    """Each day a value with its trend; a breach when it begins, and again only after it was met."""
    project = replace(
        APOLLO, kpi={"coverage": Target(D("0.9"), True), "defects_open": Target(D(0), at_least=False)}
    )
    world, breaches = World(project), []
    for day, coverage in enumerate(["0.95", "0.85", "0.80", "0.92", "0.70"]):
        world.now = MONDAY + timedelta(days=day)
        told = world.tell("quality.measured", quality={"coverage": D(coverage)})
        breaches.append([e.objects["kpi"]["value"] for e in told if e.type == "kpi.breached"])
    assert breaches == [[], [D("0.85")], [], [], [D("0.70")]]
    kpi = world.get("kpi", "apollo/coverage")
    assert (kpi["trend"], kpi["target"], kpi["met"]) == ("worse", D("0.9"), False)
    assert len(kpi["history"]) == 5
    assert world.get("kpi", "apollo/defects_open")["met"] is True


def test_milestones_on_time_are_those_handed_over_by_the_end_of_their_day() -> None:
    """Eleven at night in New York is still that day, whatever the date in UTC says."""
    world = World()
    late_evening = datetime(2026, 10, 13, 3, 0, tzinfo=UTC)
    world.tell("milestone.handed_over", at=late_evening, milestone={"id": "m1"})
    world.tell("milestone.handed_over", at=at(2026, 12, 5), milestone={"id": "m2"})
    world.tell("quality.measured")
    assert world.get("kpi", "apollo/on_time")["value"] == D("0.5")


def test_earned_value_follows_the_plan_and_a_change() -> None:
    """The first milestone accepted earns its 30,000 of 100,000, and keeps them when 25,000 are added."""
    world = World()
    world.now = at(2026, 10, 20)
    world.tell("milestone.accepted", milestone={"id": "m1"})
    work(world, "1", date(2026, 10, 19), 200)
    assert figure(world, "earned")["ev"] == usd(30_000)
    assert figure(world, "earned")["cpi"] == D("0.9375")
    total = {"total": usd(125_000)}
    world.tell("baseline.approved", "apollo", baseline=total)
    after = figure(world, "earned")
    assert (after["ev"], after["pv"], after["bac"]) == (usd(30_000), usd(30_000), usd(125_000))
    assert after["percent"] == D("0.24")


def test_criteria_may_earn_their_share() -> None:
    """Where it was agreed, one of two criteria met is half of the milestone."""
    criteria = (Criterion("metric", "coverage", D(90)), Criterion("approval", "client"))
    plan = MilestonePlan("m1", "Prototype", date(2026, 10, 12), D(100), criteria=criteria, credit="criteria")
    world = World(replace(APOLLO, milestones=(plan,)))
    world.tell("milestone.moved", milestone={"id": "m1", "criteria_met": 1})
    assert figure(world, "earned")["ev"] == usd(50_000)


def other_file(project: Project) -> Project:
    """The file with another total, a later date and a milestone more."""
    first, second = project.milestones
    extra = MilestonePlan("m3", "Training", date(2026, 12, 18), D(0))
    lines = {**project.budget.lines, "staff": usd(90_000)}
    return replace(
        project,
        budget=replace(project.budget, total=usd(110_000), lines=lines),
        milestones=(replace(first, due=date(2026, 10, 19)), second, extra),
    )


def test_two_people_may_set_the_baseline_to_the_file() -> None:
    """One asks, and the question says what would change; the second one's word makes the next version."""
    world = World()
    world.mend(project=other_file(APOLLO))
    assert set(differences(world.project, world.book)) == {
        "budget.total",
        "budget.lines.staff",
        "milestones.m1.due",
        "milestones.m3.due",
    }
    asking = {"person": "wang", "project": "apollo"}
    asked = world.tell("project.rebasing", **asking)
    assert types(asked) == ["project.rebasing", "approval.sent"]
    (question,) = world.all("approval")
    text = question["texts"]["en"]["text"].splitlines()
    assert "Total USD 100,000.00 -> USD 110,000.00" in text
    assert "Milestone Prototype 2026-10-12 -> 2026-10-19" in text
    assert "Milestone Training - -> 2026-12-18" in text
    assert types(world.tell("project.rebasing", **asking)) == ["project.rebasing"]
    done = types(world.answer("lin"))
    assert done == ["approval.answered", "baseline.approved", "milestone.moved", "milestone.planned"]
    baseline = world.get("baseline")
    assert (baseline["version"], baseline["total"], baseline["lines"]["staff"]) == (
        2,
        usd(110_000),
        usd(90_000),
    )
    assert world.get("milestone", "apollo/m1")["due"] == date(2026, 10, 19)
    assert differences(world.project, world.book) == {}


def test_a_file_that_was_edited_again_has_to_be_asked_for_again() -> None:
    """What the second one agrees to is what they were shown; whoever asked is told that it is another file by now."""
    world = World()
    world.mend(project=other_file(APOLLO))
    world.tell("project.rebasing", project="apollo", person="wang")
    changed = replace(world.project.budget, total=usd(120_000), lines={}, reserve=None)
    world.mend(project=replace(world.project, budget=changed))
    told = world.answer("lin")
    assert types(told) == ["approval.answered", "task.opened"]
    assert told[1].objects["task"]["owner"] == "wang"
    assert world.get("baseline")["version"] == 1


def test_a_draw_is_agreed_to_by_a_second_person_of_the_team() -> None:
    """Where no rule asks the client; whose limit is under the amount is not asked."""
    world = World()
    asking = {"id": "r1", "amount": usd(1500), "reason": "a second crane", "by": "lin"}
    asked = world.tell("reserve.asked", "r1", person="lin", reserve=asking)
    assert types(asked) == ["reserve.asked", "approval.sent"]
    assert world.answer("lin") == []
    assert types(world.answer("wang")) == ["approval.answered", "reserve.drawn"]
    assert figure(world, "budget")["reserve_left"] == usd(3500)
    world.mend(replace(WANG, approves_up_to=usd(1000)))
    too_much = {"id": "r2", "amount": usd(1001), "reason": "a third crane", "by": "lin"}
    assert types(world.tell("reserve.asked", "r2", person="lin", reserve=too_much)) == ["reserve.asked"]


def test_a_draw_that_is_not_agreed_to_is_over() -> None:
    """It is off the table, and whoever asked is told why."""
    world = World()
    asking = {"id": "r1", "amount": usd(1500), "reason": "a second crane", "by": "lin"}
    world.tell("reserve.asked", "r1", person="lin", reserve=asking)
    told = world.answer("wang", "rejected", "we own one")
    assert types(told) == ["approval.answered", "reserve.rejected", "task.opened"]
    assert world.get("reserve", "r1")["status"] == "rejected"
    assert figure(world, "budget")["reserve_left"] == usd(5000)


def test_hours_are_hours_whatever_they_cost() -> None:
    """Wang has no rate: three hours of hers are three of the twenty, spend nothing yet, and count once when priced."""
    world = World(RETAINED, now=at(2026, 1, 5))
    clock(world)
    day = date(2026, 1, 6)
    entry = {"person": "wang", "seconds": 3 * 3600, "work_date": day}
    told = world.event("time.logged", "worklog/1", connection="tracker", version="1", entry=entry)
    world.decide(told)
    assert (figure(world, "retainer")["used"], world.spent) == (D(3), usd(0))
    world.mend(replace(world.workspace.people["wang"], bill_rates=((date(2026, 1, 1), usd(100)),)))
    world.now += timedelta(hours=1)
    world.decide(told)
    assert (figure(world, "retainer")["used"], world.spent) == (D(3), usd(300))


def test_the_hours_of_a_week_are_known_by_person() -> None:
    """What was logged in the week, corrections and removals included, beside what is planned for it."""
    project = replace(APOLLO, workload={"lin": Duration(20, "h")})
    world = World(project)

    def week() -> Record:
        ground = Ground(project, world.workspace, world.book, world.now.date())
        return workload_of("lin", "2026-W39", ground)

    work(world, "1", date(2026, 9, 21), 8)
    work(world, "2", date(2026, 9, 27), 14)
    work(world, "3", date(2026, 9, 28), 8)
    assert (week()["logged"], week()["over"], week()["share"]) == (Duration(22, "h"), True, D("1.1"))
    work(world, "2", date(2026, 9, 27), 4, version="2")
    assert (week()["logged"], week()["over"]) == (Duration(12, "h"), False)


def months(world: World, hours: dict[int, int], until: int) -> list[Record]:
    """Work in each month and the clock behind it; the closed periods."""
    for month in range(1, until + 1):
        world.now = at(2026, month, 12)
        if month in hours:
            work(world, str(month), date(2026, month, 10), hours[month])
        world.now = at(2026, month + 1, 10)
        clock(world)
    return list(world.get("retainer")["closed"])


def test_an_approved_change_gives_a_retainer_another_allotment_from_a_day() -> None:
    """20 hours in January and February, 30 from March on: 5 hours of February are carried beside the new 30."""
    world = World(RETAINED, now=at(2026, 1, 5))
    clock(world)
    world.now = at(2026, 1, 20)
    said = {"id": "C1", "number": "CR-1", "title": "More hours", "amount": usd(0), "days": 0}
    world.tell("change.drafted", change={**said, "allotment": D(30), "allotment_from": date(2026, 3, 1)})
    change = world.get("change", "C1")
    assert decision_text(change, RETAINED, "en").splitlines()[3] == (
        "Retainer from 2026-03-01: 30 h each month (so far 20 h)"
    )
    assert decision_text(change, RETAINED, "zh-CN").splitlines()[3] == (
        "包量自 2026-03-01 起：每月 30 h（原 20 h）"
    )
    world.tell("change.approved", change={"id": "C1"})
    assert "retainer.agreed" in types(world.act("apply_change", change="C1")[0])
    closed = months(world, {1: 20, 2: 15, 3: 33}, 3)
    assert [(p["period"], p["allotment"], p["available"], p["used"]) for p in closed] == [
        ("2026-01", D(20), D(20), D(20)),
        ("2026-02", D(20), D(20), D(15)),
        ("2026-03", D(30), D(35), D(33)),
    ]
    assert findings(replace(RETAINED, retainer=replace(TWENTY_HOURS, allotment=D(30))), world.book) == []


def test_two_people_agree_on_other_terms_for_the_periods_to_come() -> None:
    """The file's new terms hold from the next period; the one that runs ends as it was agreed."""
    world = World(RETAINED, now=at(2026, 1, 5))
    clock(world)
    other = replace(
        TWENTY_HOURS, allotment=D(12), carry="none", cap=None, expiry=None, deficit="carry", rate=None
    )
    world.mend(project=replace(RETAINED, retainer=other))
    assert "billing.retainer.allotment" in differences(world.project, world.book)
    world.tell("project.rebasing", project="apollo", person="wang")
    (question,) = world.all("approval")
    assert "Retainer: allotment 20 -> 12" in question["texts"]["en"]["text"].splitlines()
    wish = {"values": [("billing.retainer.carry", "capped", "none")], "by": "wang"}
    assert "包量：期满结转 capped -> none" in rebase_text(wish, RETAINED, "zh-CN").splitlines()
    assert types(world.answer("lin")) == ["approval.answered", "retainer.agreed"]
    assert differences(world.project, world.book) == {}
    january, february = months(world, {1: 15, 2: 14}, 2)
    assert (january["allotment"], january["carry_on"]) == (D(20), D(5))
    assert (february["allotment"], february["available"], february["owed_on"]) == (D(12), D(17), D(0))
    assert figure(world, "retainer")["available"] == D(12)


def test_a_quarter_agreed_on_waits_for_a_quarter_to_begin() -> None:
    """Agreed in January on 60 hours a quarter: February and March are months still, April begins the quarter."""
    world = World(RETAINED, now=at(2026, 1, 5))
    clock(world)
    quarters = replace(TWENTY_HOURS, allotment=D(60), period="quarter")
    world.mend(project=replace(RETAINED, retainer=quarters))
    world.tell("project.rebasing", project="apollo", person="wang")
    world.answer("lin")
    assert [p["period"] for p in months(world, {}, 3)] == ["2026-01", "2026-02", "2026-03"]
    assert world.get("retainer")["running"]["period"] == "2026-Q2"


def test_payments_of_milestones_add_up_to_the_price() -> None:
    """Two halves of 100.01 are 50.01 and 50.00, not twice 50.01."""
    plans = [MilestonePlan(f"m{n}", f"Part {n}", date(2026, 10, 12), D(50), payment="50%") for n in (1, 2)]
    budget = replace(APOLLO.budget, total=usd("100.01"), lines={}, reserve=None)
    world = World(replace(APOLLO, milestones=tuple(plans), budget=budget))
    paid = [milestone_today(m, world.book, world.state)["payment_amount"] for m in world.all("milestone")]
    assert sorted(str(p) for p in paid) == ["50.00 USD", "50.01 USD"]
