"""What the client has to do is written down, reminded of on record, answered once; lateness moves the plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from rules.engine.effects import EffectError
from rules.facts.duration import Duration
from rules.facts.project import MilestonePlan
from tests.rules.effects.world import APOLLO, World, types

# The project is planned in the Chinese calendar; the client answers from New York.
PLANNED = replace(
    APOLLO,
    calendar="CN",
    time_zone="Asia/Shanghai",
    milestones=(
        MilestonePlan("m2", "Launch", date(2026, 10, 12)),
        MilestonePlan("m3", "Warranty", date(2026, 10, 26), after=("m2",)),
    ),
)
DUE = {"id": "itm_1", "title": "Test data", "kind": "input", "due": date(2026, 9, 21), "blocks": ["m2"]}


@pytest.fixture
def world() -> World:
    return World(PLANNED, now=datetime(2026, 9, 14, 2, tzinfo=UTC))


def at(world: World, day: int, month: int = 9) -> None:
    """Ten in the morning in Shanghai."""
    world.now = datetime(2026, month, day, 2, tzinfo=UTC)


def item(world: World, id: str = "itm_1") -> dict[str, Any]:
    """The item as a rule would see it now."""
    return dict(
        world.tell("action_item.answered", action_item={"id": id}, cause="x")[0].objects["action_item"]
    )


def test_an_item_says_where_it_stands_on_each_day(world: World) -> None:
    """open, due soon two working days before, overdue after its day; how late, and what it does to the dates."""
    world.tell("action_item.opened", action_item=DUE)
    told = []
    for day in (14, 18, 21, 22, 24):
        at(world, day)
        now = item(world)
        told.append((now["status"], now["late_days"], now["effect_on_dates"], now["new_due"].isoformat()))
    assert told == [
        ("open", 0, 0, "2026-10-12"),
        ("due_soon", 0, 0, "2026-10-12"),
        ("due_soon", 0, 0, "2026-10-12"),
        ("overdue", 1, 1, "2026-10-13"),
        ("overdue", 3, 3, "2026-10-15"),
    ]
    assert (now["party"], now["owner"], now["milestone_title"]) == ("client", "ann", "Launch")


def test_an_answer_three_days_late_moves_the_plan_by_three(world: World) -> None:
    """Due on 21 September, there on the 24th: Launch goes from 12 to 15 October, what follows it day for day."""
    world.tell("action_item.opened", action_item=DUE)
    at(world, 24)
    events = world.tell("action_item.answered", action_item={"id": "itm_1", "answered_by": "ann"})
    assert types(events) == ["action_item.answered", "delay.logged", "milestone.moved", "milestone.moved"]
    delay = events[1].objects["delay"]
    assert (delay["days"], delay["cause"], delay["milestone"]) == (3, "client_input", "apollo/m2")
    launch, warranty = world.get("milestone", "apollo/m2"), world.get("milestone", "apollo/m3")
    assert (launch["due"], launch["baseline_due"]) == (date(2026, 10, 15), date(2026, 10, 12))
    assert (warranty["due"], warranty["baseline_due"]) == (date(2026, 10, 29), date(2026, 10, 26))
    at(world, 28)
    again = world.tell("action_item.answered", action_item={"id": "itm_1"})
    assert types(again) == ["action_item.answered"], "the first answer counts"
    assert (world.get("action_item", "itm_1")["late_days"], launch["due"]) == (3, date(2026, 10, 15))


def test_two_that_are_late_on_the_same_days_move_the_plan_once(world: World) -> None:
    """Day for day, and each day once."""
    world.tell("action_item.opened", action_item=DUE)
    world.tell("action_item.opened", action_item={**DUE, "id": "itm_2", "kind": "review"})
    at(world, 23)
    world.tell("action_item.answered", action_item={"id": "itm_1"})
    at(world, 24)
    world.tell("action_item.done", action_item={"id": "itm_2"})
    assert [(d["cause"], d["days"]) for d in world.all("delay")] == [
        ("client_input", 2),
        ("client_approval", 1),
    ]
    assert world.get("milestone", "apollo/m2")["due"] == date(2026, 10, 15)


def test_what_is_waived_costs_no_days(world: World) -> None:
    """It was not needed after all."""
    world.tell("action_item.opened", action_item=DUE)
    at(world, 24)
    assert types(world.tell("action_item.waived", action_item={"id": "itm_1", "remark": "found it"})) == [
        "action_item.waived"
    ]
    assert world.all("delay") == []


def test_a_ticket_that_waits_for_the_client_opens_an_item_and_leaving_that_status_answers_it(
    world: World,
) -> None:
    """As the workspace names the status; the title is the client's to read only where the project says so."""
    waiting = {"key": "APO-7", "title": "Which tax rate?", "status": "Waiting for client"}
    told = world.tell("issue.changed", "APO-7", connection="tracker", version="1", issue=waiting)
    assert types(told) == ["issue.changed", "action_item.opened"]
    opened = told[1].objects["action_item"]
    assert (opened["title"], opened["party"], opened["due"]) == (
        "Which tax rate?",
        "client",
        date(2026, 9, 20),
    )
    same = world.tell(
        "issue.changed", "APO-7", connection="tracker", version="2", issue={**waiting, "labels": ["x"]}
    )
    assert types(same) == ["issue.changed"], "it waits already"
    back = world.tell(
        "issue.changed", "APO-7", connection="tracker", version="3", issue={**waiting, "status": "Doing"}
    )
    assert types(back) == ["issue.changed", "action_item.answered"]
    once_more = world.tell("issue.changed", "APO-7", connection="tracker", version="4", issue=waiting)
    assert once_more[1].objects["action_item"]["id"] != opened["id"]


@pytest.mark.parametrize(("author", "answers"), [("ann", True), ("lin", False), ("5b10a2", False)])
def test_what_the_client_writes_under_the_ticket_answers_it(world: World, author: str, answers: bool) -> None:
    """A comment of ours, or of somebody unknown, does not."""
    waiting = {"key": "APO-7", "title": "Which tax rate?", "status": "Waiting for client"}
    world.tell("issue.changed", "APO-7", connection="tracker", version="1", issue=waiting)
    comment = {"id": "c1", "author": author, "text": "19 %", "on": "APO-7"}
    told = world.tell("comment.created", "c1", connection="tracker", comment=comment)
    assert types(told) == ["comment.created", *(["action_item.answered"] if answers else [])]


def test_the_rung_counts_the_steps_that_are_on_record(world: World) -> None:
    """A message counts once it left, from the day on; copies of one step are one; a call is a step as well."""
    world.tell("action_item.opened", action_item=DUE)
    at(world, 17)
    sent = {"id": "act_1", "channel": "email", "action_item": "itm_1"}
    world.tell("message.sent", message=sent, cause="evt_before")
    assert world.get("action_item", "itm_1")["rung"] == 0, "before its day it is a reminder"
    at(world, 21)
    for message in ("act_2", "act_3"):
        world.tell("message.sent", message={**sent, "id": message}, cause="evt_due")
    world.tell("message.failed", message={**sent, "id": "act_4"}, cause="evt_late")
    at(world, 24)
    call = {"id": "cnt_1", "channel": "phone", "with": "ann", "action_item": "itm_1"}
    assert types(world.tell("contact.logged", contact=call)) == ["contact.logged"]
    assert world.get("action_item", "itm_1")["rung"] == 2
    answered = world.tell("contact.logged", contact={**call, "id": "cnt_2", "answered": True})
    assert types(answered)[1] == "action_item.answered"


def test_a_reply_to_a_message_of_ours_answers_what_it_was_about(world: World) -> None:
    """The inbound hook knows the message by its id; nothing else is needed."""
    world.tell("action_item.opened", action_item=DUE)
    world.tell(
        "message.sent", message={"id": "act_2", "channel": "email", "action_item": "itm_1"}, cause="evt_1"
    )
    assert types(world.tell("message.replied", message={"id": "act_9"})) == ["message.replied"]
    told = world.tell("message.replied", message={"id": "act_2", "text": "here it is"}, person="ann")
    assert types(told) == ["message.replied", "action_item.answered"]
    assert world.get("action_item", "itm_1")["answered_by"] == "ann"


def test_a_rule_opens_an_item_once_while_it_is_open(world: World) -> None:
    """With the owner, the date in the project's working days, the title in the owner's language."""
    event = world.tell("milestone.moved", milestone={"id": "m2"})[0]
    keys = {
        "party": "client",
        "owner": [world.workspace.people["bob"]],
        "kind": "input",
        "about": "milestone",
        "title": {"en": "Test data", "zh-CN": "测试数据"},
        "due": Duration(5, "wd"),
        "blocks": ("milestone",),
    }
    events, objects = world.act("open_action_item", event, **keys)
    assert types(events) == ["action_item.opened"]
    made = objects["action_item"]
    assert (made["title"], made["owner"], made["due"], made["blocks"]) == (
        "测试数据",
        "bob",
        date(2026, 9, 20),
        ["apollo/m2"],
    ), "Sunday 20 September is a make-up day in China"
    assert types(world.act("open_action_item", event, **keys)[0]) == []
    world.tell("action_item.answered", action_item={"id": made["id"]})
    world.now += timedelta(days=1)
    assert types(world.act("open_action_item", event, **keys)[0]) == ["action_item.opened"], "asked once more"


def test_an_item_about_nothing_is_refused(world: World) -> None:
    """The verdict says what is missing."""
    with pytest.raises(EffectError, match="this event knows no issue"):
        world.act("open_action_item", party="client", about="issue")


@pytest.mark.parametrize(
    "wrong", [{"days": 0}, {"days": 400}, {"cause": "weather"}, {"milestone": "m9"}, {"days": None}]
)
def test_a_delay_that_cannot_be_meant_moves_nothing(world: World, wrong: dict[str, Any]) -> None:
    """Days between one and a year, a cause of the list, a milestone of the plan."""
    good = {"milestone": "m2", "days": 2, "cause": "resource"}
    world.tell("delay.logged", delay={**good, **wrong})
    assert world.get("milestone", "apollo/m2")["due"] == date(2026, 10, 12)


def test_a_delay_that_somebody_writes_down_moves_the_plan_once(world: World) -> None:
    """The same event again moves nothing more."""
    said = {"id": "dly_1", "milestone": "m2", "days": 2, "cause": "resource"}
    assert types(world.tell("delay.logged", delay=said)) == [
        "delay.logged",
        "milestone.moved",
        "milestone.moved",
    ]
    assert types(world.tell("delay.logged", delay=said)) == ["delay.logged"]
    assert world.get("milestone", "apollo/m2")["due"] == date(2026, 10, 14)
