"""A change from the label on an issue to the baseline: drafted, assessed, decided, applied in one step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from rules.engine.effects import EffectError
from rules.facts.approval import decide
from rules.facts.budget import budget_facts
from rules.facts.duration import Duration
from rules.facts.event import Event, Record
from rules.facts.ladder import Fired, Ladder, NotCrossed, rebase, step
from rules.facts.money import Money
from rules.facts.project import MilestonePlan
from tests.rules.effects.world import APOLLO, LIN, MONDAY, World, types, usd


@pytest.fixture
def world() -> World:
    return World()


def issue_event(world: World, key: str = "APO-7", **issue: Any) -> Event:
    """An issue on which somebody asks for a change: 50 hours of Lin Hao's work."""
    fields = {
        "key": key,
        "title": "Export to spreadsheet",
        "estimate": Duration(50, "h"),
        "assignee": "lin",
        **issue,
    }
    return world.tell("issue.changed", key, connection="tracker", issue=fields)[0]


def open_change(world: World, event: Event, **keys: Any) -> tuple[list[Event], Record]:
    events, objects = world.act("open_change", event, about="issue", reason="label", **keys)
    return events, dict(objects["change"])


def sent_change(world: World, **issue: Any) -> Record:
    """A change that Ann was asked about."""
    _, change = open_change(world, issue_event(world, **issue))
    _, objects = world.act(
        "request_decision", world.event("change.assessed", change=change), about="change", to=["ann"]
    )
    return dict(objects["change"])


def answer(world: World, outcome: str, person: str = "ann", remark: str | None = None) -> list[Event]:
    """The person decides on the newest approval, as the client's page does it."""
    approval = world.all("approval")[-1]
    decision = {"outcome": outcome, "channel": "online", "at": world.now, "name": "Ann Lee", "remark": remark}
    made = decide(approval, person, decision, world.now)
    assert made.outcome == "recorded"
    world.book.store({("approval", approval["id"]): made.record})
    return world.tell("approval.answered", approval=made.record, decision=decision)


def apply_change(world: World, change: Mapping[str, Any]) -> tuple[list[Event], Mapping[str, Record]]:
    return world.act("apply_change", world.event("change.approved", change=dict(change)), change="change")


def test_a_change_is_drafted_and_assessed_from_the_issues_estimate(world: World) -> None:
    """50 hours at 160.00 are 8,000.00 and seven working days; the next open milestone moves by them."""
    events, change = open_change(world, issue_event(world))
    assert types(events) == ["change.drafted", "change.assessed"]
    assert (change["number"], change["title"], change["status"]) == (
        "CR-1",
        "Export to spreadsheet",
        "assessed",
    )
    assert (change["amount"], change["days"], change["version"]) == (usd("8000.00"), 7, 1)
    assert change["milestones"] == ["apollo/m1"]
    assert change["new_total"] == usd(108_000)
    assert change["new_due"] == date(2026, 10, 21), "seven working days after Monday 12 October, Columbus Day"
    assert change["issues"] == ["tracker/APO-7"]
    assert [e.rule for e in events] == ["test-rule", "test-rule"]
    assert events[0].objects["issue"]["title"] == "Export to spreadsheet"


def test_a_change_without_an_estimate_waits_for_its_assessment(world: World) -> None:
    """Nothing is guessed: the console says amount and days, and the sums follow."""
    events, change = open_change(world, issue_event(world, estimate=None))
    assert types(events) == ["change.drafted"]
    assert (change["status"], change["amount"]) == ("draft", None)
    said = {"id": change["id"], "amount": Decimal("8000.00"), "days": 5, "milestones": ["m2"]}
    (event,) = world.tell("change.assessed", change=said)
    assessed = event.objects["change"]
    assert (assessed["status"], assessed["amount"], assessed["new_total"]) == (
        "assessed",
        usd(8_000),
        usd(108_000),
    )
    assert (assessed["milestones"], assessed["new_due"]) == (["apollo/m2"], date(2026, 12, 11))


def test_the_leads_rate_counts_where_nobody_is_assigned(world: World) -> None:
    """And where the assignee has no rate."""
    assert open_change(world, issue_event(world, assignee=None))[1]["amount"] == usd(8_000)
    assert open_change(world, issue_event(world, "APO-8", assignee="wang"))[1]["amount"] == usd(8_000)


def test_one_issue_has_one_open_change(world: World) -> None:
    """The label set twice opens nothing more; after a refusal it may."""
    first = sent_change(world)
    events, again = open_change(world, issue_event(world))
    assert (events, again["id"]) == ([], first["id"])
    answer(world, "rejected", remark="not now")
    events, second = open_change(world, issue_event(world))
    assert (types(events), second["number"]) == (["change.drafted", "change.assessed"], "CR-2")


def test_edits_are_gathered_in_the_open_draft(world: World) -> None:
    """Two half days of work are one day, not two; amounts add up; the text names both."""
    open_change(world, issue_event(world, estimate=Duration(4, "h")))
    other = issue_event(world, "APO-8", title="Import", estimate=Duration(4, "h"))
    events, change = open_change(world, other, merge_into="open_draft")
    assert types(events) == ["change.assessed"]
    assert (change["number"], change["amount"], change["days"]) == ("CR-1", usd(1_280), 1)
    assert change["issues"] == ["tracker/APO-7", "tracker/APO-8"]
    assert change["title"] == "Export to spreadsheet; Import"
    unknown = issue_event(world, "APO-9", title="Print", estimate=None)
    events, change = open_change(world, unknown, merge_into="open_draft")
    assert (events, change["status"]) == ([], "draft"), "what is not assessed as a whole is not sent"


def test_a_title_that_the_client_may_not_read_stays_with_the_team() -> None:
    """Without `client_text: titles` the change is named by the issue's key until somebody words it."""
    tracking = replace(APOLLO.tracked_by[0], client_text="none")
    world = World(replace(APOLLO, tracked_by=(tracking,)))
    _, change = open_change(world, issue_event(world))
    assert change["title"] == "APO-7"
    world.tell("change.assessed", change={"id": change["id"], "title": "An export"})
    assert world.get("change", change["id"])["title"] == "An export"


def test_a_form_makes_a_change_too(world: World) -> None:
    """Somebody wrote it down in the console; with its impact it is assessed at once."""
    events = world.tell("change.drafted", change={"title": "Second language", "amount": usd(500), "days": 0})
    assert types(events) == ["change.drafted", "change.assessed"]
    change = events[1].objects["change"]
    assert (change["number"], change["new_total"], change["new_due"]) == ("CR-1", usd(100_500), None)


def test_an_approved_change_takes_effect_in_one_step(world: World) -> None:
    """Budget, dates and the change itself, each with an event that says what it was; a second time nothing."""
    change = sent_change(world)
    events = answer(world, "approved")
    assert types(events) == ["approval.answered", "change.approved"]
    assert events[1].objects["decision"]["outcome"] == "approved"
    assert world.get("change", change["id"])["decided_at"] == MONDAY
    events, objects = apply_change(world, change)
    assert types(events) == ["baseline.approved", "milestone.moved", "milestone.moved", "change.applied"]
    baseline = world.get("baseline")
    assert (baseline["version"], baseline["total"]) == (2, usd(108_000))
    assert (baseline["previous_total"], baseline["change"]) == (usd(100_000), change["id"])
    assert baseline["lines"]["other"] == usd(10_000)
    assert baseline["issues"] == ["tracker/APO-7"]
    moved = {
        e.objects["milestone"]["key"]: (e.before["due"], e.objects["milestone"]["due"]) for e in events[1:3]
    }
    assert moved == {
        "m1": (date(2026, 10, 12), change["new_due"]),
        "m2": (date(2026, 12, 4), date(2026, 12, 15)),
    }
    assert world.get("milestone", "apollo/m1")["baseline_due"] == change["new_due"]
    assert (objects["change"]["status"], world.all("task")) == ("applied", [])
    again, _ = apply_change(world, change)
    assert (again, world.get("baseline")["version"]) == ([], 2)


def test_the_date_that_was_agreed_is_the_date_that_comes() -> None:
    """Also when the team works on another calendar than the client."""
    plan = (MilestonePlan("m1", "Prototype", date(2026, 9, 28)),)
    world = World(replace(APOLLO, calendar="CN", milestones=plan))
    change = sent_change(world)
    assert "Prototype 2026-10-13" in world.all("approval")[0]["texts"]["en"]["text"], (
        "over the national holiday"
    )
    answer(world, "approved")
    apply_change(world, change)
    assert world.get("milestone", "apollo/m1")["due"] == change["new_due"] == date(2026, 10, 13)


def test_dependent_milestones_move_day_for_day() -> None:
    """Three working days on the first move everything that waits for it, and nothing else."""
    plan = (
        MilestonePlan("m1", "First", date(2026, 9, 24)),
        MilestonePlan("m2", "Second", date(2026, 10, 12), after=("m1",)),
        MilestonePlan("m3", "Apart", date(2026, 11, 2)),
    )
    world = World(replace(APOLLO, milestones=plan, calendar="CN"))
    change = sent_change(world, estimate=Duration(24, "h"))
    answer(world, "approved")
    apply_change(world, change)
    assert [m["due"] for m in world.all("milestone")] == [
        date(2026, 9, 30),
        date(2026, 10, 15),
        date(2026, 11, 2),
    ]


def test_only_an_approved_change_is_applied(world: World) -> None:
    """The sentence names the change and its state."""
    change = sent_change(world)
    with pytest.raises(EffectError, match="CR-1 is sent"):
        apply_change(world, change)
    answer(world, "rejected", remark="too dear")
    with pytest.raises(EffectError, match="CR-1 is rejected"):
        apply_change(world, change)
    assert world.get("baseline")["version"] == 1


def test_a_wish_for_changes_makes_a_draft_of_the_next_version(world: World) -> None:
    """The same change, worded anew, is asked about again under a link of its own."""
    change = sent_change(world)
    assert types(answer(world, "changes_requested", remark="cheaper"))[1] == "change.changes_requested"
    draft = world.get("change", change["id"])
    assert (draft["status"], draft["version"]) == ("draft", 2)
    world.tell("change.assessed", change={"id": change["id"], "amount": usd(6_000)})
    world.act("request_decision", world.event("change.assessed", change=change), about="change", to=["ann"])
    first, second = world.all("approval")
    assert (first["status"], second["version"], second["status"]) == ("changes_requested", 2, "sent")
    answer(world, "approved")
    apply_change(world, change)
    assert world.get("baseline")["total"] == usd(106_000)


def test_an_edit_after_sending_makes_the_old_link_worthless(world: World) -> None:
    """Nobody can agree to a text that is no longer true."""
    change = sent_change(world)
    events = world.tell("change.assessed", change={"id": change["id"], "amount": usd(9_000)})
    assert types(events) == ["change.assessed", "approval.superseded"]
    assert world.get("change", change["id"])["version"] == 2
    approval = world.all("approval")[0]
    decision = {"outcome": "approved", "channel": "online", "at": MONDAY, "name": "Ann Lee"}
    assert decide(approval, "ann", decision, MONDAY).outcome == "superseded"


def test_a_change_that_nobody_answers_expires(world: World) -> None:
    """The clock's event ends the approval and the change; a late answer finds it so."""
    change = sent_change(world)
    world.now += timedelta(days=30)
    events = world.tell("approval.expired", approval=world.all("approval")[0])
    assert types(events) == ["approval.expired", "change.expired"]
    assert world.get("change", change["id"])["status"] == "expired"
    assert types(world.tell("approval.expired", approval=world.all("approval")[0])) == ["approval.expired"]


def test_a_change_taken_back_ends_its_approval(world: World) -> None:
    """Withdrawn in the console: the link decides nothing any more."""
    change = sent_change(world)
    events = world.tell("change.withdrawn", change={"id": change["id"]})
    assert types(events) == ["change.withdrawn", "approval.withdrawn"]
    assert events[0].before["status"] == "sent"
    assert world.all("approval")[0]["status"] == "withdrawn"


def test_a_budget_that_moved_meanwhile_gets_the_delta_and_the_lead_is_told(world: World) -> None:
    """Two changes were sent over the same budget: each adds what it says, and the second's sum is another."""
    first, second = sent_change(world), sent_change(world, key="APO-8")
    for change, approval in zip((first, second), world.all("approval"), strict=True):
        decision = {"outcome": "approved", "channel": "online", "at": MONDAY, "name": "Ann Lee"}
        made = decide(approval, "ann", decision, MONDAY)
        world.book.store({("approval", approval["id"]): made.record})
        world.tell("approval.answered", approval=made.record, decision=decision)
        apply_change(world, change)
    assert world.get("baseline")["total"] == usd(116_000)
    (task,) = world.all("task")
    assert ("CR-2" in task["title"], "108000.00 USD" in task["title"], "116000.00 USD" in task["title"]) == (
        True,
    ) * 3


def test_a_change_order_raises_what_the_budget_is_measured_by(world: World) -> None:
    """101,000 spent is 80.8 % of a budget raised to 125,000: 100 % is armed again, 80 % stays fired."""
    world.tell("ledger.posted", entry={"id": "B1", "amount": usd(101_000)})
    ladder = Ladder((Decimal("0.5"), Decimal("0.8"), Decimal(1)))
    used = lambda: budget_facts(world.get("baseline"), world.get("sums"))["used"]  # noqa: E731
    memory, fired = step(None, used(), ladder)
    assert isinstance(fired, Fired)
    world.tell("change.approved", change={"id": "chg_x", "title": "More", "amount": usd(25_000), "days": 0})
    apply_change(world, {"id": "chg_x"})
    assert used() == Decimal("0.808")
    memory, nothing = step(rebase(memory, used(), ladder), used(), ladder)
    assert nothing == NotCrossed(Decimal(1))
    world.tell("ledger.posted", entry={"id": "B6", "amount": usd(24_000)})
    memory, fired = step(memory, used(), ladder)
    assert isinstance(fired, Fired), "exactly 100 % counts"
    world.tell("baseline.approved", baseline={"total": usd(110_000)})
    assert f"{used() * 100:.2f}" == "113.64"
    assert isinstance(step(rebase(memory, used(), ladder), used(), ladder)[1], NotCrossed)


def test_finished_work_keeps_its_value_when_the_budget_grows(world: World) -> None:
    """60,000 earned of 100,000 is 60 %, of 125,000 it is 48 %."""
    world.tell("change.approved", change={"id": "chg_x", "title": "More", "amount": usd(25_000), "days": 0})
    earned = usd(60_000)
    assert earned / world.get("baseline")["total"] == Decimal("0.6")
    apply_change(world, {"id": "chg_x"})
    assert earned / world.get("baseline")["total"] == Decimal("0.48")


def test_a_reduction_cannot_take_more_than_there_is(world: World) -> None:
    """The verdict says so, and nothing is half applied."""
    world.tell("change.approved", change={"id": "chg_x", "title": "Less", "amount": usd(-100_001), "days": 1})
    with pytest.raises(EffectError, match=r"100001\.00 USD"):
        apply_change(world, {"id": "chg_x"})
    assert world.get("baseline")["version"] == 1
    assert world.get("milestone", "apollo/m1")["due"] == date(2026, 10, 12)


def test_the_words_of_an_unknown_change_are_taken_as_they_are(world: World) -> None:
    """An event about a change that was never drafted here puts it on record, so that rules can act on it."""
    (event,) = world.tell(
        "change.approved", change={"id": "chg_9", "number": "CR-9", "amount": usd(10), "days": None}
    )
    assert event.objects["change"]["new_total"] == usd(100_010)
    assert open_change(world, issue_event(world))[1]["number"] == "CR-10"


def test_what_an_action_cannot_do_is_a_sentence(world: World) -> None:
    """The mend is in it."""
    nothing = world.event("issue.changed", issue={"key": "APO-99"})
    with pytest.raises(EffectError, match="knows no issue"):
        world.act("open_change", nothing, about="issue")
    with pytest.raises(EffectError, match="names no change"):
        world.act("apply_change", nothing, change="change")
    with pytest.raises(EffectError, match="belongs to none"):
        world.act("record", world.event("rules.reloaded", project=None), text="note")


def test_a_note_is_kept_once_for_its_rule_and_event(world: World) -> None:
    """`record` writes to the project's log."""
    event = world.event("issue.changed")
    world.act("record", event, text="reason_asked")
    world.act("record", event, text="reason_asked")
    (note,) = world.all("note")
    assert (note["text"], note["rule"], note["event"], note["at"]) == (
        "reason_asked",
        "test-rule",
        event.id,
        MONDAY,
    )


def test_an_estimate_in_working_days_is_eight_hours_a_day(world: World) -> None:
    """Whatever unit the tracker estimates in."""
    _, change = open_change(world, issue_event(world, estimate=Duration(2, "wd")))
    assert (change["amount"], change["days"]) == (usd("2560.00"), 2)


def test_a_rate_in_another_currency_assesses_nothing() -> None:
    """Nobody is told a price at a rate that was never agreed."""
    euros = replace(LIN, bill_rates=((date(2026, 1, 1), Money(Decimal(100), "EUR")),))
    world = World(APOLLO, euros)
    assert open_change(world, issue_event(world))[1]["status"] == "draft"


def test_an_issue_puts_off_the_milestone_it_belongs_to(world: World) -> None:
    """Not the next one, where the issue says which; a settled one moves no more."""
    assert open_change(world, issue_event(world, milestone="m2"))[1]["milestones"] == ["apollo/m2"]
    world.tell("milestone.accepted", milestone={"id": "m1"})
    assert open_change(world, issue_event(world, "APO-8", milestone="m1"))[1]["milestones"] == ["apollo/m2"]
    world.now += timedelta(days=365)
    late = open_change(world, issue_event(world, "APO-9"))[1]
    assert (late["milestones"], late["new_due"], late["days"]) == ([], None, 7)


def test_a_change_may_say_which_lines_it_is_for(world: World) -> None:
    """What it does not say is `other`; a budget without lines stays without."""
    said = {"id": "chg_x", "title": "More", "amount": usd(1_000), "days": 0, "lines": {"material": usd(700)}}
    world.tell("change.approved", change=said)
    apply_change(world, said)
    lines = world.get("baseline")["lines"]
    assert (lines["material"], lines["other"], lines["staff"]) == (usd(8_700), usd(2_300), usd(80_000))
    plain = World(replace(APOLLO, budget=replace(APOLLO.budget, lines={})))
    plain.tell("change.approved", change=said)
    apply_change(plain, said)
    assert plain.get("baseline")["lines"] == {}


def test_a_change_needs_a_baseline_to_apply_to() -> None:
    """A project that was never activated has none."""
    world = World(active=False)
    world.tell("change.approved", change={"id": "chg_x", "title": "More", "amount": usd(10), "days": 0})
    with pytest.raises(EffectError, match="activate the project"):
        apply_change(world, {"id": "chg_x"})


def test_what_is_decided_stays_decided(world: World) -> None:
    """A late event does not reopen it; an approved one may only fail to apply."""
    change = sent_change(world)
    answer(world, "approved")
    for verb in ("rejected", "expired", "assessed", "changes_requested"):
        world.tell(f"change.{verb}", change={"id": change["id"], "amount": usd(1)})
        assert world.get("change", change["id"])["status"] == "approved"
    world.tell("change.apply_failed", change={"id": change["number"]})
    assert world.get("change", change["id"])["status"] == "apply_failed"
