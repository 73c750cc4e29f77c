"""Decisions are asked for with an exact text, of the right people, until the end of the client's day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from rules.engine.effects import EffectError
from rules.facts.approval import decide
from rules.facts.duration import Duration
from rules.facts.event import Event, Record
from rules.facts.evidence import text_hash
from rules.facts.project import Criterion, MilestonePlan
from tests.rules.effects.world import ANN, APOLLO, BOB, LIN, World, types, usd


def changed(world: World, amount: int = 8_000, days: int = 5) -> Event:
    """The event of a change that is ready to be sent."""
    said = {"title": "Export", "amount": usd(amount), "days": days, "milestones": ["m2"]}
    return world.tell("change.drafted", change=said)[-1]


def ask(world: World, event: Event | None = None, **keys: Any) -> tuple[list[Event], Record]:
    """Ask Ann, unless `to` says otherwise."""
    asked = {"about": "change", "to": ["ann"], **keys}
    events, objects = world.act("request_decision", event or changed(world), **asked)
    return events, dict(objects["approval"])


def test_a_request_freezes_the_text_in_every_language_of_those_asked() -> None:
    """Ann reads English, Bob Chinese: both texts are kept with their hashes, one approval for both."""
    world = World()
    events, approval = ask(world, to=[ANN, BOB])
    assert types(events) == ["approval.sent", "change.sent"]
    assert approval["asked"] == ["ann", "bob"]
    assert set(approval["texts"]) == {"en", "zh-CN"}
    assert approval["texts"]["en"]["text"].splitlines() == [
        "Change: Export",
        "Effect: +5 working days, +USD 8,000.00",
        "Milestones after the change: Launch 2026-12-11",
    ]
    for said in approval["texts"].values():
        assert text_hash(said["text"]) == said["sha256"]
    assert approval["text_sha256"] == approval["texts"]["en"]["sha256"]
    change = world.all("change")[0]
    assert (change["status"], change["sent_at"], approval["change"]) == ("sent", world.now, change["id"])
    assert (approval["about"], approval["subject"], approval["version"]) == ("change", change["id"], 1)
    assert "_able" not in events[0].objects["approval"]


@pytest.mark.parametrize(
    ("zone", "end"),
    [
        ("America/New_York", datetime(2026, 12, 1, 5, tzinfo=UTC)),
        ("Asia/Shanghai", datetime(2026, 11, 30, 16, tzinfo=UTC)),
        ("Europe/London", datetime(2026, 12, 1, tzinfo=UTC)),
        ("Pacific/Auckland", datetime(2026, 11, 30, 11, tzinfo=UTC)),
    ],
)
def test_the_time_to_decide_ends_with_the_clients_day(zone: str, end: datetime) -> None:
    """30 November is over when it is over where the client is."""
    world = World(now=datetime(2026, 11, 25, 9, tzinfo=UTC))
    client = replace(world.workspace.clients["acme"], time_zone=zone)
    world.workspace = replace(world.workspace, clients={"acme": client})
    _, approval = ask(world, expires=Duration(5, "d"))
    assert (approval["expires_on"], approval["expires_at"]) == (date(2026, 11, 30), end)


def test_ten_working_days_of_the_client_are_the_usual_term() -> None:
    """From 21 September over two weeks of the American calendar."""
    assert ask(World())[1]["expires_on"] == date(2026, 10, 5)


def test_asking_again_ends_the_question_before() -> None:
    """A new version, a new approval; the link of the old one says so."""
    world = World()
    event = changed(world)
    ask(world, event)
    events, second = ask(world, event)
    assert types(events) == ["approval.superseded", "approval.sent", "change.sent"]
    first, kept = world.all("approval")
    assert (first["status"], kept["status"]) == ("superseded", "sent")
    assert (second["version"], world.all("change")[0]["version"]) == (2, 2)
    assert first["id"] != second["id"]


def test_an_expired_question_can_be_asked_again() -> None:
    """The client asked for a new link: the change is open for a decision once more."""
    world = World()
    event = changed(world)
    _, approval = ask(world, event)
    world.tell("approval.expired", approval=approval)
    events, again = ask(world, event)
    assert types(events) == ["approval.sent", "change.sent"]
    assert (again["version"], world.all("change")[0]["status"]) == (2, "sent")


def test_a_scanner_decides_nothing_and_a_person_does_once() -> None:
    """Being opened is noted and is no consent; an answer decides; its second delivery decides nothing more."""
    world = World()
    _, approval = ask(world)
    for _ in range(20):
        world.tell("approval.opened", approval={"id": approval["id"]})
    assert (world.all("approval")[0]["status"], world.all("approval")[0]["opened_at"]) == ("sent", world.now)
    decision = {"outcome": "approved", "channel": "online", "at": world.now, "name": "Ann Lee"}
    made = decide(world.all("approval")[0], "ann", decision, world.now)
    world.book.store({("approval", approval["id"]): made.record})
    answered = world.event("approval.answered", approval=approval, decision=decision)
    assert types(world.decide(answered)) == ["approval.answered", "change.approved"]
    assert types(world.decide(answered)) == ["approval.answered"]
    assert (
        decide(world.all("approval")[0], "ann", {**decision, "outcome": "rejected"}, world.now).outcome
        == "conflict"
    )


def test_an_answer_about_an_older_version_decides_nothing() -> None:
    """Ann agreed in the moment in which the change was edited and sent again: what she agreed to is no more."""
    world = World()
    event = changed(world)
    _, first = ask(world, event)
    decision = {"outcome": "approved", "channel": "online", "at": world.now, "name": "Ann Lee"}
    made = decide(world.get("approval", first["id"]), "ann", decision, world.now)
    world.book.store({("approval", first["id"]): made.record})
    ask(world, world.tell("change.assessed", change={"id": first["change"], "amount": usd(9_000)})[0])
    told = world.tell("approval.answered", approval=made.record, decision=decision)
    assert types(told) == ["approval.answered"]
    change = world.get("change", first["change"])
    assert (change["status"], change["version"]) == ("sent", 2)


def test_one_answer_of_several_leaves_the_change_open() -> None:
    """Both have to agree: the first answer is on record and decides nothing yet."""
    world = World()
    _, approval = ask(world, to=["ann", "bob"], need="all")
    for person, expected in (
        ("ann", ["approval.answered"]),
        ("bob", ["approval.answered", "change.approved"]),
    ):
        decision = {"outcome": "approved", "channel": "online", "at": world.now, "name": person}
        made = decide(world.get("approval", approval["id"]), person, decision, world.now)
        world.book.store({("approval", approval["id"]): made.record})
        assert types(world.tell("approval.answered", approval=made.record, decision=decision)) == expected


def test_a_sum_over_the_step_up_needs_a_limit_that_covers_it() -> None:
    """20,000 is the step-up: above it somebody's written limit must reach; the sentence says whose does not."""
    world = World()
    with pytest.raises(
        EffectError, match=r"CR-1 .*25000\.00 USD.*step-up of 20000\.00 USD.*ann 20000\.00 USD"
    ):
        ask(world, changed(world, 25_000))
    assert world.all("approval") == []
    world.mend(replace(ANN, approves_up_to=usd(30_000)))
    _, approval = ask(world, changed(world, 25_000), to=["bob", "ann"])
    assert world.get("approval", approval["id"])["_able"] == ["ann"], "Bob has no limit written"


def test_only_a_sum_over_the_step_up_is_decided_with_a_code() -> None:
    """20,000 itself is not over it; what is asked of the team has other proof of who decides."""
    world = World()
    world.mend(replace(ANN, approves_up_to=usd(30_000)))
    asked = [ask(world, changed(world, amount))[1]["id"] for amount in (20_000, 20_001)]
    assert [world.get("approval", id)["_code"] for id in asked] == [False, True]


def test_whoever_asks_is_never_among_those_who_decide() -> None:
    """Changes, milestones and budgets are the client's to decide."""
    world = World()
    with pytest.raises(EffectError, match="only the client's contacts can"):
        ask(world, to=["lin"])
    assert ask(world, to=["lin", "ann", "ann"])[1]["asked"] == ["ann"]


def test_a_change_without_impact_is_not_sent() -> None:
    """Time and cost come first."""
    world = World()
    draft = world.tell("change.drafted", change={"title": "Vague"})[0]
    with pytest.raises(EffectError, match="CR-1 has no cost and time impact"):
        ask(world, draft)


@pytest.mark.parametrize("need", [0, 3, "half"])
def test_a_quorum_must_be_possible(need: object) -> None:
    """Two people cannot be three."""
    with pytest.raises(EffectError, match="cannot be met"):
        ask(World(), to=["ann", "bob"], need=need)


def test_what_cannot_be_asked_about_is_named() -> None:
    """With the kinds that can."""
    world = World()
    with pytest.raises(EffectError, match="change, milestone, budget, expense"):
        ask(world, about="weather")
    with pytest.raises(EffectError, match="no change to decide on"):
        ask(world, world.event("slot.due"))
    with pytest.raises(EffectError, match="no open milestone"):
        ask(world, world.event("slot.due"), about="milestone")
    with pytest.raises(EffectError, match="no expense"):
        ask(world, world.event("slot.due"), about="expense")


@pytest.mark.parametrize(
    ("outcome", "event", "status"),
    [
        ("approved", "milestone.accepted", "accepted"),
        ("rejected", "milestone.rejected", "rejected"),
        ("changes_requested", "milestone.rejected", "rejected"),
    ],
)
def test_a_milestone_is_accepted_by_the_client(outcome: str, event: str, status: str) -> None:
    """Or goes into its next round; asked about again then, it is another question."""
    world = World()
    handed = world.tell("milestone.handed_over", milestone={"id": "m1"})[0]
    _, approval = ask(world, handed, about="milestone")
    assert "Prototype (round 1)" in approval["texts"]["en"]["text"]
    decision = {
        "outcome": outcome,
        "channel": "online",
        "at": world.now,
        "name": "Ann",
        "remark": "see notes",
    }
    made = decide(world.get("approval", approval["id"]), "ann", decision, world.now)
    world.book.store({("approval", approval["id"]): made.record})
    told = world.tell("approval.answered", approval=made.record, decision=decision)
    assert types(told) == ["approval.answered", event]
    milestone = world.get("milestone", "apollo/m1")
    assert (milestone["status"], milestone["round"]) == (status, 1 if status == "accepted" else 2)
    again = world.tell("approval.answered", approval=made.record, decision=decision)
    assert types(again) == ["approval.answered"], "one answer is one round"
    if status == "rejected":
        assert ask(world, told[1], about="milestone")[1]["version"] == 2


def test_what_is_to_be_accepted_says_what_has_to_be_true() -> None:
    """The criteria are in the text, in the reader's language."""
    criteria = (Criterion("metric", "coverage", Decimal(90)), Criterion("checklist", "Data moved"))
    plan = MilestonePlan("m1", "Prototype", date(2026, 10, 12), criteria=criteria)
    world = World(replace(APOLLO, milestones=(plan,)))
    handed = world.tell("milestone.handed_over", milestone={"id": "m1"})[0]
    texts = ask(world, handed, about="milestone", to=["ann", "bob"])[1]["texts"]
    assert texts["en"]["text"].splitlines()[2] == "Criteria: test coverage ≥ 90; Data moved"
    assert texts["zh-CN"]["text"].splitlines()[2] == "验收标准：测试覆盖率 ≥ 90；Data moved"


def test_accepting_a_milestone_by_other_means_ends_the_open_question() -> None:
    """Accepted in a meeting: nobody is asked for it any more."""
    world = World()
    ask(world, world.tell("milestone.handed_over", milestone={"id": "m1"})[0], about="milestone")
    events = world.tell("milestone.accepted", milestone={"id": "m1"})
    assert types(events) == ["milestone.accepted", "approval.withdrawn"]


def test_an_expense_is_approved_within_the_team_and_never_by_its_submitter() -> None:
    """The approver is somebody else, with a limit that covers it."""
    world = World(APOLLO, replace(LIN, approves_up_to=usd(500)))
    spent = {"kind": "expense", "amount": usd(400), "class": "travel", "submitter": "wang", "title": "Train"}
    submitted = world.tell("expense.submitted", "expense/1", connection="books", version="1", entry=spent)[0]
    with pytest.raises(EffectError, match="besides who asks"):
        ask(world, submitted, about="expense", to=["wang"])
    _, approval = ask(world, submitted, about="expense", to=["wang", "lin"])
    assert approval["asked"] == ["lin"]
    assert approval["texts"]["en"]["text"] == "Expense: Train\nAmount: USD 400.00\nDate: 2026-09-21\n"
    decision = {"outcome": "approved", "channel": "online", "at": world.now, "name": "Lin Hao"}
    made = decide(world.get("approval", approval["id"]), "lin", decision, world.now)
    world.book.store({("approval", approval["id"]): made.record})
    told = world.tell("approval.answered", approval=made.record, decision=decision)
    assert types(told) == ["approval.answered", "expense.approved", "ledger.posted"]
    assert (world.spent, told[2].objects["entry"]["approver"]) == (usd(400), "lin")
    for version, amount, follows in (("2", 300, "ledger.corrected"), ("3", 4_000, "ledger.voided")):
        again = {**spent, "amount": usd(amount)}
        told = world.tell("expense.submitted", "expense/1", connection="books", version=version, entry=again)
        assert types(told) == ["expense.submitted", follows], "approved up to what was approved"


def test_the_budget_itself_can_be_agreed_to() -> None:
    """Its lines and reserve are in the text, in the reader's language."""
    world = World()
    _, approval = ask(world, world.event("slot.due"), about="budget", to=["ann", "bob"])
    assert "Budget of Apollo, version 1: USD 100,000.00" in approval["texts"]["en"]["text"]
    assert "人工 USD 80,000.00" in approval["texts"]["zh-CN"]["text"]
    assert "应急预备金：USD 5,000.00" in approval["texts"]["zh-CN"]["text"]


def test_a_slot_comes_with_what_it_is_about() -> None:
    """A reminder knows the approval, its change, and how many of the client's working days it has waited."""
    world = World()
    _, approval = ask(world)
    world.now += timedelta(days=7)
    (event,) = world.tell(
        "slot.due", slot={"id": "slt_1", "kind": "approval", "object": approval["id"], "offset": None}
    )
    assert event.objects["approval"]["waiting_days"] == 5
    assert event.objects["change"]["number"] == "CR-1"
    (event,) = world.tell("slot.due", slot={"id": "slt_2", "kind": "milestone", "object": "apollo/m1"})
    assert (event.objects["milestone"]["title"], event.objects["milestone"]["overdue"]) == (
        "Prototype",
        False,
    )


def test_an_approval_that_others_asked_for_is_taken_as_told() -> None:
    """A bare event puts it on record, so that a rule can wait for its answer."""
    world = World()
    (event,) = world.tell(
        "approval.sent", approval={"id": "A1", "about": "scope", "asked": ["ann"], "need": None}
    )
    assert (event.objects["approval"]["status"], world.get("approval", "A1")["client"]) == ("sent", "acme")
    world.tell("approval.bounced", approval={"id": "A1"})
    assert world.get("approval", "A1")["bounced_at"] == world.now
    world.tell("approval.withdrawn", approval={"id": "A1"})
    assert world.get("approval", "A1")["status"] == "withdrawn"
