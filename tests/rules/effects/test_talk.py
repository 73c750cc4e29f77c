"""Risks, complaints, surveys, meetings and contacts: what is said of them, and what the record makes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from rules.engine import condition
from rules.engine.effects import EffectError, projects
from rules.engine.effects.surveys import people_asked, survey_events
from rules.facts.calendar import local_day
from rules.facts.duration import Duration
from rules.facts.project import RiskPlan, Talk
from tests.rules.effects.world import APOLLO, MONDAY, World, types, usd

RISKS = (
    RiskPlan(
        "supplier", "The supplier is late", "schedule", score=15, owner="wang", review_on=date(2026, 10, 1)
    ),
    RiskPlan("rates", "The dollar falls", "financial", "accept", 6, plan="Buy forward", amount=usd(3_000)),
)
RISKY = replace(APOLLO, risks=RISKS)


def health(world: World) -> tuple[str, list[str]]:
    """The project's health and its reasons, as rules see them; without figures of money."""
    day = local_day(world.now, world.project.time_zone)
    colour, reasons = condition.health_of(world.project, world.book, world.workspace, day, (None, None))
    return colour, [r.what for r in reasons]


# --- risks ---------------------------------------------------------------------------------------------------------


def test_the_register_begins_with_the_risks_of_the_file() -> None:
    """Each is opened with the project; one that has a plan is worked on already."""
    world = World(RISKY, active=False)
    told = types(world.decide(projects.activation(RISKY, MONDAY)))
    assert told.count("risk.opened") == 2
    supplier, rates = world.get("risk", "apollo/supplier"), world.get("risk", "apollo/rates")
    assert (supplier["status"], supplier["owner"], supplier["needs_plan"]) == ("open", "wang", True)
    assert (rates["status"], rates["owner"], rates["needs_plan"]) == ("mitigating", "lin", False)


def test_a_risk_that_is_added_to_the_file_later_joins_the_register_and_edits_there_change_nothing() -> None:
    """From activation on the record holds the register."""
    world = World(RISKY)
    edited = replace(RISKS[0], score=1)
    world.mend(project=replace(RISKY, risks=(edited, RISKS[1], RiskPlan("staff", "Somebody leaves"))))
    events = projects.following(world.project, world.get("project"), MONDAY)
    assert types(world.decide(*events)) == ["project.changed", "risk.opened"]
    assert world.get("risk", "apollo/supplier")["score"] == 15
    assert projects.following(world.project, world.get("project"), MONDAY) == ()


def test_a_risk_over_the_limit_without_a_plan_keeps_the_project_from_green() -> None:
    """Writing the plan down lets it be green again, and the risk is worked on from then."""
    world = World(RISKY)
    assert health(world) == ("amber", ["risk_without_plan"])
    (event,) = world.tell("risk.changed", risk={"id": "apollo/supplier", "plan": "Order from the other one"})
    assert (event.objects["risk"]["status"], event.before["plan"]) == ("mitigating", None)
    assert health(world) == ("green", [])


def test_a_risk_that_happened_is_red_until_it_has_a_plan_and_closed_ones_count_no_more() -> None:
    """triggered, then closed; what is closed is not triggered again."""
    world = World(RISKY)
    world.tell("risk.triggered", risk={"id": "apollo/supplier"})
    assert health(world)[0] == "red"
    world.tell("risk.closed", risk={"id": "apollo/supplier", "reason": "delivered"})
    assert health(world) == ("green", [])
    (event,) = world.tell("risk.triggered", risk={"id": "apollo/supplier"})
    assert event.objects["risk"]["status"] == "closed"


def test_a_rule_opens_a_risk_once_for_the_same_thing_while_it_lives() -> None:
    """The same issue seen twice is one risk; after it was closed it may be opened anew."""
    world = World()
    issue = {"id": "tracker/APO-7", "key": "APO-7", "title": "Delivery of devices"}
    seen = world.tell("issue.changed", "APO-7", connection="tracker", version="1", issue=issue)[0]
    keys = {"kind": "schedule", "score": 12, "title": "Devices come late", "owner": "wang"}
    events, objects = world.act("open_risk", seen, **keys)
    assert types(events) == ["risk.opened"]
    assert (objects["risk"]["title"], objects["risk"]["owner"]) == ("Devices come late", "wang")
    again = world.tell("issue.changed", "APO-7", connection="tracker", version="2", issue=issue)[0]
    assert world.act("open_risk", again, **keys)[0] == []
    world.tell("risk.closed", risk={"id": objects["risk"]["id"]})
    assert types(world.act("open_risk", again, **keys)[0]) == ["risk.opened"]


def test_a_score_off_the_scale_is_refused_with_the_scale() -> None:
    """Probability times effect is 25 at most."""
    with pytest.raises(EffectError, match="from 1 to 25, not 99"):
        World().act("open_risk", kind="other", score=99)


# --- complaints ----------------------------------------------------------------------------------------------------


def test_a_complaint_is_due_on_the_day_it_came_in_and_makes_the_project_amber_then_red() -> None:
    """It is dealt with on the same working day; the day after it is late."""
    world = World()
    said = {"id": "s1", "kind": "csat", "contact": "ann", "score": 1, "remark": "Nobody calls back"}
    answered = world.tell("survey.answered", survey=said)[0]
    events, objects = world.act("open_complaint", answered, about="survey")
    assert types(events) == ["complaint.opened"]
    complaint = objects["complaint"]
    assert (complaint["contact"], complaint["owner"], complaint["due"]) == ("ann", "lin", date(2026, 9, 21))
    assert complaint["said"] == "Nobody calls back"
    assert health(world) == ("amber", ["complaint_open"])
    world.now += timedelta(days=1)
    assert health(world) == ("red", ["complaint_late"])
    (event,) = world.tell("complaint.resolved", complaint={"id": complaint["id"], "resolution": "Called"})
    assert (event.objects["complaint"]["status"], event.before["status"]) == ("resolved", "open")
    assert health(world) == ("green", [])


def test_the_same_answer_opens_one_complaint() -> None:
    """Two rules on one answer are still one complaint."""
    world = World()
    answered = world.tell(
        "survey.answered", survey={"id": "s1", "kind": "csat", "contact": "ann", "score": 1}
    )[0]
    world.act("open_complaint", answered, about="survey")
    assert world.act("open_complaint", answered, about="survey")[0] == []


def test_a_complaint_of_a_sunday_is_due_on_monday() -> None:
    """A closed day has nobody to deal with it."""
    world = World(now=MONDAY)
    (event,) = world.tell(
        "complaint.opened", complaint={"id": "c1"}, at=datetime(2026, 9, 20, 15, tzinfo=UTC)
    )
    assert event.objects["complaint"]["due"] == date(2026, 9, 21)


# --- surveys -------------------------------------------------------------------------------------------------------


def test_an_answer_to_both_questions_is_a_record_and_an_event_for_each() -> None:
    """A rule can tell a CSAT of 2 from an NPS of 2."""
    world = World()
    people = people_asked(world.workspace, APOLLO, "client", MONDAY)
    (sent,) = world.decide(*survey_events(APOLLO, people, "closing", "closing", MONDAY))
    survey = sent.objects["survey"]
    assert (survey["contact"], survey["kind"], survey["questions"]) == ("ann", "csat", ["csat", "nps"])
    answer = {"id": survey["id"], "score": 4, "scores": {"csat": 4, "nps": 9}, "remark": "Good work"}
    told = world.tell("survey.answered", survey=answer, person="ann")
    assert [(e.objects["survey"]["kind"], e.objects["survey"]["score"]) for e in told] == [
        ("csat", 4),
        ("nps", 9),
    ]
    assert [e.objects["survey"]["remark"] for e in told] == ["Good work", "Good work"]


def test_the_first_answer_stands_and_one_off_the_scale_is_none() -> None:
    """A second click changes nothing; eleven is no CSAT."""
    world = World()
    world.tell("survey.sent", survey={"id": "s1", "kind": "csat", "contact": "ann"})
    world.tell("survey.answered", survey={"id": "s1", "score": 11})
    assert world.get("survey", "s1")["status"] == "sent"
    world.tell("survey.answered", survey={"id": "s1", "score": 5})
    world.tell("survey.answered", survey={"id": "s1", "score": 1})
    assert world.get("survey", "s1")["score"] == 5


def test_the_same_occasion_asks_each_person_once() -> None:
    """The clock of two machines, or a second click on the same day."""
    world = World()
    people = people_asked(world.workspace, APOLLO, "client", MONDAY)
    first, second = (survey_events(APOLLO, people, "pulse", "2026-09", MONDAY) for _ in range(2))
    assert [e.id for e in first] == [e.id for e in second]


def test_closing_asks_the_client_and_the_team_and_counts_what_they_answer() -> None:
    """The scorecard is brought up to date with every answer, and stands once the project is closed."""
    world = World()
    told = world.tell("project.closing")
    asked = [e.objects["survey"] for e in told if e.type == "survey.sent"]
    assert {(s["party"], s["kind"]) for s in asked} == {("client", "csat"), ("team", "pulse")}
    ann = next(s for s in asked if s["contact"] == "ann")
    world.tell("survey.answered", survey={"id": ann["id"], "score": 5, "scores": {"nps": 10}}, person="ann")
    satisfaction = world.get("closing")["scorecard"]["satisfaction"]
    assert (satisfaction["csat"], satisfaction["nps"], satisfaction["answered"]) == (Decimal(1), 100, 1)
    world.tell("project.closed")
    assert world.get("closing")["final"] is True
    world.tell("survey.sent", survey={"id": "late", "kind": "csat", "contact": "bob"})
    world.tell("survey.answered", survey={"id": "late", "score": 1})
    assert world.get("closing")["scorecard"]["satisfaction"]["csat"] == Decimal(1)


def test_no_survey_where_the_file_wants_none() -> None:
    """`surveys: {closing: false}`."""
    assert types(World(replace(APOLLO, closing_survey=False)).tell("project.closing")) == ["project.closing"]


# --- meetings and contacts -----------------------------------------------------------------------------------------


def test_minutes_are_due_one_working_day_after_the_meeting_and_can_be_objected_to() -> None:
    """A Friday's minutes are due on Monday; after they were sent there are three working days for objections."""
    world = World()
    at = datetime(2026, 9, 25, 14, tzinfo=UTC)
    world.tell(
        "meeting.planned", meeting={"id": "m1", "title": "Review", "at": at, "attendees": ["ann", "lin"]}
    )
    world.now = at
    (held,) = world.tell("meeting.held", meeting={"id": "m1"})
    assert (held.objects["meeting"]["status"], held.objects["meeting"]["minutes_due"]) == (
        "held",
        date(2026, 9, 28),
    )
    world.now = datetime(2026, 9, 28, 14, tzinfo=UTC)
    (sent,) = world.tell("minutes.sent", meeting={"id": "m1", "minutes": "Agreed: export."})
    assert sent.objects["meeting"]["objections_until"] == date(2026, 10, 1)
    world.tell("minutes.objected", meeting={"id": "m1", "objection": "Not agreed"}, person="ann")
    kept = world.get("meeting", "m1")
    assert (kept["status"], [o["text"] for o in kept["objections"]]) == ("minuted", ["Not agreed"])


def test_days_since_contact_count_from_whatever_the_client_took_part_in() -> None:
    """A call that was logged, a meeting, a comment of theirs; not what rules sent."""
    world = World(replace(APOLLO, communication=(Talk("status", every=Duration.parse("2w")),)))
    day = local_day(MONDAY, "America/New_York")

    def since(days: int) -> tuple[int | None, bool]:
        kept, then = world.get("project"), day + timedelta(days=days)
        overdue = condition.contact_overdue(world.project, kept, world.workspace, then)
        return condition.days_since_contact(world.project, kept, then), overdue

    assert since(3) == (None, False)
    assert since(15) == (None, True), "a project that began two weeks ago has been silent since"
    world.tell("message.sent", message={"id": "act_1", "to": "ann"})
    assert since(15) == (None, True)
    world.now = MONDAY + timedelta(days=10)
    world.tell("contact.logged", contact={"id": "k1", "channel": "phone", "with": "ann"}, person="lin")
    assert since(15) == (5, False)
    assert world.get("contact", "k1")["by"] == "lin"
    earlier = MONDAY + timedelta(days=2)
    world.tell("contact.logged", contact={"id": "k0", "channel": "chat", "with": "ann", "at": earlier})
    assert since(15) == (5, False), "what is logged late does not take the later contact back"


def test_a_signed_contract_is_told_once_with_its_clauses() -> None:
    """It stands beside the first baseline."""
    signed = replace(APOLLO, contract_signed=date(2026, 8, 1), clauses={"7.2": "Acceptance within ten days"})
    world = World(signed, active=False)
    told = world.decide(projects.activation(signed, MONDAY))
    contract = next(e for e in told if e.type == "contract.signed").objects["contract"]
    assert (contract["signed_on"], contract["clauses"][0]["clause"]) == (date(2026, 8, 1), "7.2")
