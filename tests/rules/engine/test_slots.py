"""The clock's slots: around dates, on schedules, on working days, once each, whoever runs the clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.engine.slots import Slot, due, plan, slot_event
from rules.facts.calendar import is_working
from rules.facts.duration import Duration
from rules.language.model import ActionSpec, Around, Every, Position, Rule, RuleSet, Scope
from tests.rules.effects.world import APOLLO, World

AT = Position("rules/test.yaml", 1, 1)
TO_CLIENT = (ActionSpec("email", "email:1", {"to": ("client.sponsor",), "text": "reminder"}, AT),)
TO_LEAD = (ActionSpec("task", "task:1", {"to": ("project.lead",), "text": "reminder"}, AT),)
OFFSETS = ("-10wd", "-5wd", "-1wd", "0d", "1wd", "3wd")
FRIDAYS = Every("0 16 * * FRI", "client", "project", at_least_apart=Duration(3, "wd"))
START = datetime(2026, 9, 1, 12, tzinfo=UTC)


def rule(trigger: Around | Every, do: tuple[ActionSpec, ...] = TO_CLIENT, **more: Any) -> Rule:
    return Rule(id=more.pop("id", "r"), title={"en": "R"}, at=AT, trigger=trigger, do=do, **more)


def rules(*given: Rule) -> RuleSet:
    return RuleSet("v1", {r.id: r for r in given}, {}, tuple(given), {})


def around(*offsets: str, date: str = "milestone.due", time: str | None = None) -> Around:
    return Around(date, tuple(Duration.parse(o) for o in offsets or OFFSETS), time)


def planned(world: World, until: datetime, *given: Rule, since: datetime = START) -> list[Slot]:
    return plan(rules(*given), world.state, until, since=since)


def days(slots: list[Slot], key: str = "m1") -> dict[str, str]:
    """Offsets of one milestone with their days."""
    return {str(s.offset): s.day.isoformat() for s in slots if s.object == f"apollo/{key}"}


@pytest.fixture
def world() -> World:
    return World(now=START)


def test_reminders_stand_around_a_date_on_the_clients_working_days(world: World) -> None:
    """Due on Columbus Day: the day itself moves earlier, falls on the one of -1wd, and the nearer one counts."""
    slots = planned(world, datetime(2026, 11, 1, tzinfo=UTC), rule(around()))
    assert days(slots) == {
        "-10wd": "2026-09-28",
        "-5wd": "2026-10-05",
        "0d": "2026-10-09",
        "1wd": "2026-10-13",
        "3wd": "2026-10-15",
    }
    assert [s.at for s in slots] == sorted(s.at for s in slots)
    assert slots[0].at == datetime(2026, 9, 28, 13, tzinfo=UTC), "09:00 in New York, when the client opens"
    assert (slots[0].kind, slots[0].project, slots[0].client) == ("milestone", "apollo", "acme")


def test_what_only_the_team_hears_follows_the_teams_days_and_hours(world: World) -> None:
    """The same offsets on the Chinese calendar, at nine in Shanghai."""
    slots = planned(world, datetime(2026, 11, 1, tzinfo=UTC), rule(around("-1wd", "0d"), TO_LEAD))
    assert days(slots) == {"-1wd": "2026-10-10", "0d": "2026-10-12"}, "10 October is a make-up day"
    assert slots[0].at == datetime(2026, 10, 10, 1, tzinfo=UTC)


def test_a_rule_may_name_its_calendars_and_its_time(world: World) -> None:
    """With two calendars a day works only where both do."""
    both = rule(around("-1wd", time="16:30"), calendar=("client", "team"))
    (slot,) = [s for s in planned(world, datetime(2026, 11, 1, tzinfo=UTC), both) if s.object == "apollo/m1"]
    assert slot.day == date(2026, 10, 9)
    assert slot.at == datetime(2026, 10, 9, 20, 30, tzinfo=UTC)


def test_skipped_days_have_no_slot(world: World) -> None:
    """`on_holiday: skip` on a date that is a holiday."""
    assert "0d" not in days(
        planned(world, datetime(2026, 11, 1, tzinfo=UTC), rule(around("0d"), on_holiday="skip"))
    )


def test_moving_a_date_moves_what_has_not_fired(world: World) -> None:
    """The ids stay, the days follow; nothing is remembered of the old date."""
    until = datetime(2026, 12, 1, tzinfo=UTC)
    before = {s.id: s for s in planned(world, until, rule(around())) if s.object == "apollo/m1"}
    world.tell("milestone.moved", milestone={"id": "m1", "due": date(2026, 10, 19)})
    after = {s.id: s for s in planned(world, until, rule(around())) if s.object == "apollo/m1"}
    assert days(list(after.values()))["-5wd"] == "2026-10-09"
    assert set(before) <= set(after)
    world.tell("milestone.accepted", milestone={"id": "m1"})
    assert [s for s in planned(world, until, rule(around())) if s.object == "apollo/m1"] == []


def test_a_decision_is_reminded_of_before_its_last_day_ends(world: World) -> None:
    """The deadline is midnight after its day; one day before means before that day."""
    change = world.tell("change.drafted", change={"title": "More", "days": 1})[-1]
    world.act("request_decision", change, about="change", to=["ann"])
    slots = planned(
        world, datetime(2026, 11, 1, tzinfo=UTC), rule(around("-1wd", date="approval.expires_at"))
    )
    assert world.all("approval")[0]["expires_on"] == date(2026, 9, 16)
    assert [(s.kind, s.day) for s in slots] == [("approval", date(2026, 9, 15))]


def test_only_running_projects_in_scope_have_slots(world: World) -> None:
    """On hold, closed, out of scope or never activated: nothing is due."""
    until = datetime(2026, 11, 1, tzinfo=UTC)
    assert planned(world, until, rule(around(), scope=Scope(projects=("herm*",)))) == []
    assert planned(world, until, rule(FRIDAYS, scope=Scope(not_clients=("acme",)))) == []
    world.tell("project.held")
    assert planned(world, until, rule(around())) == []
    assert planned(World(active=False), until, rule(around()), rule(FRIDAYS, id="f")) == []


def test_what_passed_before_a_project_began_was_not_missed() -> None:
    """A project activated three days before its milestone is not reminded of the ten."""
    world = World(now=datetime(2026, 10, 7, 15, tzinfo=UTC))
    slots = planned(world, datetime(2026, 10, 20, tzinfo=UTC), rule(around()))
    assert days(slots) == {"0d": "2026-10-09", "1wd": "2026-10-13", "3wd": "2026-10-15"}


def fridays(
    world: World, first: datetime, last: datetime, trigger: Every = FRIDAYS, **more: Any
) -> list[Slot]:
    return planned(world, last, rule(trigger, **more), since=first)


def test_a_weekly_report_leaves_earlier_when_friday_is_closed() -> None:
    """Mid-autumn and the national holiday: 25 September moves to the 24th, 2 October to 30 September."""
    world = World(replace(APOLLO, calendar="CN"), now=START)
    slots = fridays(
        world, datetime(2026, 9, 15, tzinfo=UTC), datetime(2026, 10, 17, tzinfo=UTC), calendar=("team",)
    )
    assert [s.day.isoformat() for s in slots] == [
        "2026-09-18",
        "2026-09-24",
        "2026-09-30",
        "2026-10-09",
        "2026-10-16",
    ]
    assert slots[0].at == datetime(2026, 9, 18, 20, tzinfo=UTC), "16:00 in New York"
    assert slots[0].offset is None


def test_a_day_that_moves_before_the_end_of_the_window_is_seen_from_there() -> None:
    """Planning up to 30 September knows of the Friday after it that moves there."""
    weekly = Every("0 16 * * FRI", "team", "project")
    window = (datetime(2026, 9, 26, tzinfo=UTC), datetime(2026, 9, 30, 12, tzinfo=UTC))
    assert [s.day for s in fridays(World(now=START), *window, weekly, calendar=("team",))] == [
        date(2026, 9, 30)
    ]


def test_a_report_that_moves_too_close_to_the_one_before_is_merged_on_record() -> None:
    """Wednesday's report is out when Friday's would move to Thursday: one report, and the record of the other."""
    twice = Every("0 16 * * WED,FRI", "client", "project", at_least_apart=Duration(2, "wd"))
    world = World(now=START)
    slots = fridays(
        world, datetime(2026, 9, 21, tzinfo=UTC), datetime(2026, 9, 27, tzinfo=UTC), twice, calendar=("team",)
    )
    (slot,) = slots
    assert slot.day == date(2026, 9, 23)
    assert slot.merged == (datetime(2026, 9, 25, 20, tzinfo=UTC),)


@pytest.mark.parametrize("apart", [Duration(3, "wd"), None])
def test_two_fridays_around_the_spring_festival_are_one_report(apart: Duration | None) -> None:
    """20 February 2026 would move to Saturday the 14th, a make-up workday, on the heels of the 13th: one report."""
    weekly = Every("0 16 * * FRI", "team", "project", at_least_apart=apart)
    world = World(now=datetime(2026, 2, 1, tzinfo=UTC))
    slots = fridays(
        world, datetime(2026, 2, 8, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC), weekly, calendar=("team",)
    )
    assert [s.day for s in slots] == [date(2026, 2, 13), date(2026, 2, 27)]
    assert slots[0].merged == (datetime(2026, 2, 20, 8, tzinfo=UTC),)


def test_a_daily_schedule_collapses_over_a_holiday() -> None:
    """Eight closed days are not eight reports on the day before."""
    daily = Every("0 9 * * *", "team", "workspace")
    world = World(now=START)
    slots = fridays(
        world, datetime(2026, 9, 29, tzinfo=UTC), datetime(2026, 10, 9, tzinfo=UTC), daily, calendar=("team",)
    )
    assert [s.day.day for s in slots] == [29, 30, 8]
    assert len(slots[1].merged) == 7
    assert (slots[0].kind, slots[0].object, slots[0].project) == ("workspace", "Northwind Studio", None)


def test_a_local_time_that_the_spring_change_skips_comes_after_the_gap() -> None:
    """02:30 in New York on 14 March 2027 is 03:30; the next day it is 02:30 again. In autumn the first one counts."""
    nightly = Every("30 2 * * *", "client", "client")
    daily = make_world_calendar()
    slots = fridays(
        daily,
        datetime(2027, 3, 13, tzinfo=UTC),
        datetime(2027, 3, 16, tzinfo=UTC),
        nightly,
        calendar=("all",),
    )
    local = [s.at.astimezone(ZoneInfo("America/New_York")).strftime("%d %H:%M") for s in slots]
    assert local == ["13 02:30", "14 03:30", "15 02:30"]
    late = Every("30 1 * * *", "client", "client")
    autumn = fridays(
        daily, datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC), late, calendar=("all",)
    )
    assert [s.at for s in autumn] == [datetime(2026, 11, 1, 5, 30, tzinfo=UTC)]


def make_world_calendar() -> World:
    """A world with a calendar that works every day."""
    world = World(now=START)
    every_day = replace(world.workspace.calendars["US"], name="all", country=None, week=frozenset(range(7)))
    world.workspace = replace(world.workspace, calendars={**world.workspace.calendars, "all": every_day})
    return world


def test_a_written_schedule_fires_where_the_project_has_one() -> None:
    """`every: project.reports.weekly` takes cron and zone from the project's file, and is silent without."""
    written = Every(None, "project", "project", "project.reports.weekly")
    window = (datetime(2026, 9, 15, tzinfo=UTC), datetime(2026, 9, 20, tzinfo=UTC))
    assert fridays(World(now=START), *window, written) == []
    weekly = {"weekly": {"cron": "0 16 * * THU", "zone": "team"}}
    (slot,) = fridays(World(replace(APOLLO, reports=weekly), now=START), *window, written)
    assert slot.at == datetime(2026, 9, 17, 8, tzinfo=UTC)


def test_a_schedule_for_each_milestone_leaves_out_those_that_are_settled(world: World) -> None:
    """One slot for each that is open."""
    monday = Every("0 9 * * MON", "client", "milestone")
    window = (datetime(2026, 9, 20, tzinfo=UTC), datetime(2026, 9, 22, tzinfo=UTC))
    assert [s.object for s in fridays(world, *window, monday)] == ["apollo/m1", "apollo/m2"]
    world.tell("milestone.cancelled", milestone={"id": "m1"})
    assert [s.object for s in fridays(world, *window, monday)] == ["apollo/m2"]


def test_of_several_missed_only_the_latest_fires(world: World) -> None:
    """A clock that stood still says once what is true now; what it left out is on record."""
    slots = planned(world, datetime(2026, 11, 1, tzinfo=UTC), rule(around()))
    now = datetime(2026, 10, 14, 12, tzinfo=UTC)
    to_fire, to_skip = due(slots, {slots[0].id}, now)
    assert [str(s.offset) for s in to_fire] == ["1wd"]
    assert [str(s.offset) for s in to_skip] == ["-5wd", "0d"]
    again = {slots[0].id, *(s.id for s in (*to_fire, *to_skip))}
    assert due(slots, again, now) == ([], [])


def test_an_older_slot_never_follows_a_newer_one(world: World) -> None:
    """When -5wd has fired, a -10wd that is found later is left out."""
    slots = planned(world, datetime(2026, 11, 1, tzinfo=UTC), rule(around("-10wd", "-5wd")))
    first, second = (s for s in slots if s.object == "apollo/m1")
    assert due([first, second], {second.id}, second.at) == ([], [first])


def test_slots_of_two_objects_do_not_wait_for_each_other(world: World) -> None:
    """Each milestone and each rule is a sequence of its own."""
    slots = planned(
        world, datetime(2027, 1, 1, tzinfo=UTC), rule(around("0d")), rule(around("0d"), id="other")
    )
    to_fire, to_skip = due(slots, set(), datetime(2027, 1, 1, tzinfo=UTC))
    assert (len(to_fire), to_skip) == (4, [])


def test_a_slot_makes_one_event_whoever_runs_the_clock(world: World) -> None:
    """The event names the slot; its id hangs on the slot alone."""
    slot = planned(world, datetime(2026, 10, 1, tzinfo=UTC), rule(around()))[0]
    event = slot_event(slot, slot.at + timedelta(minutes=5))
    assert (event.type, event.at, event.project) == ("slot.due", slot.at, "apollo")
    assert event.objects["slot"]["offset"] == Duration(-10, "wd")
    assert event.objects["slot"]["rule"] == "r"
    assert event.id == slot_event(slot, slot.at).id


def test_without_a_word_from_the_clock_the_last_hour_counts_as_missed(world: World) -> None:
    """A restart loses nothing; a rule that is new today does not speak about last week."""
    world.now = datetime(2026, 9, 28, 13, 20, tzinfo=UTC)
    assert days(plan(rules(rule(around())), world.state, world.now)) == {"-10wd": "2026-09-28"}
    world.now += timedelta(hours=1)
    assert plan(rules(rule(around())), world.state, world.now) == []


@given(
    st.dates(date(2026, 9, 10), date(2027, 6, 30)),
    st.lists(st.integers(-15, 15).map(lambda n: f"{n}wd"), min_size=1, max_size=6, unique=True),
    st.sampled_from(["0 16 * * FRI", "0 16 * * SAT", "0 10 1,15 * *"]),
    st.sampled_from([None, "earlier", "later", "skip"]),
    st.sampled_from([None, Duration(3, "wd"), Duration(4, "d"), Duration(30, "h")]),
    st.integers(1, 300),
)
def test_planning_is_deterministic_and_windows_fit_together(
    due_on: date, offsets: list[str], cron: str, closed: Any, apart: Duration | None, cut: int
) -> None:
    """Two plans in a row are equal, two windows give what one gives, and every day is worked and planned once."""
    world = World(now=START)
    world.tell("milestone.moved", milestone={"id": "m1", "due": due_on})
    schedule = rule(
        Every(cron, "client", "project", at_least_apart=apart), id="f", on_holiday=closed, calendar=("team",)
    )
    given_rules = (rule(around(*offsets)), schedule)
    end = START + timedelta(days=310)
    whole = planned(world, end, *given_rules)
    assert whole == planned(world, end, *given_rules)
    middle = START + timedelta(days=cut)
    parts = [*planned(world, middle, *given_rules), *planned(world, end, *given_rules, since=middle)]
    assert [s.id for s in parts] == [s.id for s in whole]
    calendars = {"r": world.workspace.calendars["US"], "f": world.workspace.calendars["CN"]}
    assert all(is_working(calendars[s.rule], s.day) for s in whole)
    assert len({(s.rule, s.object, s.day) for s in whole}) == len(whole)
