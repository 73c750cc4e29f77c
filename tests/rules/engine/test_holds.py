"""What keeps a message back: the reader's hours, a delay, a review, the mode of the project."""

from __future__ import annotations

import pytest

from rules.engine.noise import next_hold
from tests.support.worlds import World, moment

EVERYONE = "[client.sponsor, client.billing, project.lead]"


def rule(more: str = "", to: str = EVERYONE, do: str = "", words: str = "") -> str:
    """A rule that mails a note on every entry, with further words of the action or of the rule."""
    action = do or f"email: {{to: {to}, text: note{more}}}"
    return f"- id: tell\n  when: ledger.posted\n{words}  do:\n    - {action}\n"


BOB_IN_CHINA = {
    "clients": {
        "acme": {
            "contacts": {"bob": {"time_zone": "Asia/Shanghai", "calendar": "CN", "hours": "09:00-18:00"}}
        }
    }
}
OBSERVED = {"projects": {"apollo": {"mode": "observe"}}}
REVIEWED = {"projects": {"apollo": {"mode": "review"}}}


def due(world: World) -> dict[str | None, tuple[str | None, str]]:
    """recipient -> what it waits for and when it may leave, of the latest evaluation."""
    return {a.recipient: (a.waits, f"{a.due:%m-%d %H:%M}") for a in world.actions()}


def test_each_reader_has_their_own_hours_and_holidays() -> None:
    """22:00 in New York on 30 September: Ann waits for the morning, Bob for the end of the Chinese holiday, Lin not."""
    world = World(rule(), BOB_IN_CHINA, now="2026-09-30 22:00 America/New_York")
    world.spend("B1", 100)
    assert due(world) == {
        "ann": ("hours", "10-01 13:00"),
        "bob": ("hours", "10-08 01:00"),
        "lin": (None, "10-01 02:00"),
    }
    assert {a.recipient: a.recheck for a in world.actions()} == {"ann": True, "bob": True, "lin": False}
    assert world.verdict("tell").kind == "waiting"


def test_a_day_that_was_made_up_is_worked() -> None:
    """Saturday 10 October 2026 is a working day in China and none in New York."""
    world = World(rule(), BOB_IN_CHINA, now="2026-10-10 10:00 Asia/Shanghai")
    world.spend("B1", 100)
    assert due(world)["bob"] == (None, "10-10 02:00")
    # The Monday after is Columbus Day.
    assert due(world)["ann"] == ("hours", "10-13 13:00")


def test_one_waiting_reader_among_several_is_named_and_the_rule_has_fired() -> None:
    """Not everything waits, so the verdict is `fired`; its reason says what does."""
    world = World(rule(), BOB_IN_CHINA, now="2026-09-21 10:00 America/New_York")
    world.spend("B1", 100)
    verdict = world.verdict("tell")
    assert verdict.kind == "fired"
    assert "email to bob waits for hours" in verdict.reason
    assert "email to ann waits" not in verdict.reason


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("anytime", (None, "09-26 02:00")),
        ("client.hours", ("hours", "09-28 13:00")),
        ("team.hours", ("hours", "09-27 01:00")),
    ],
)
def test_send_in_says_whose_hours_count(word: str, expected: tuple[str | None, str]) -> None:
    """Friday night in New York is Saturday in Shanghai; Sunday 27 September is no working day, Monday is."""
    rules = rule(f", send_in: {word}", to="client.sponsor")
    calendars = {
        "calendars": {"six": {"week": ["mon", "tue", "wed", "thu", "fri", "sun"]}},
        "organisation": {"calendar": "six"},
    }
    world = World(rules, calendars, now="2026-09-25 22:00 America/New_York")
    world.spend("B1", 100)
    assert due(world)["ann"] == expected


def test_a_delay_holds_and_is_followed_by_hours() -> None:
    """Two hours later it is evening in New York: then the message waits for the morning."""
    world = World(rule(", delay: 2h"), now="2026-09-21 17:00 America/New_York")
    world.spend("B1", 100)
    ann = world.actions()[0]
    assert (ann.waits, ann.due, ann.recheck) == ("delay", moment("2026-09-21 19:00 America/New_York"), True)
    world.clock("2026-09-21 19:00 America/New_York")
    after = next_hold(ann, world.ruleset.rules["tell"], world.state)
    assert (after.waits, after.due) == ("hours", moment("2026-09-22 09:00 America/New_York"))
    world.clock("2026-09-22 09:00 America/New_York")
    assert next_hold(after, world.ruleset.rules["tell"], world.state).waits is None


def test_a_delay_in_working_days_keeps_the_calendar_of_the_rule() -> None:
    """One working day after Friday is Monday, at the same time of day."""
    world = World(rule(", delay: 1wd"), now="2026-09-25 10:00 America/New_York")
    world.spend("B1", 100)
    assert world.actions()[0].due == moment("2026-09-28 10:00 America/New_York")


def test_what_is_under_review_waits_for_the_lead_whatever_the_hour() -> None:
    """`review: always` holds what a client would read; what the team reads leaves."""
    world = World(rule(", review: always"))
    world.spend("B1", 100)
    assert {a.recipient: a.waits for a in world.actions()} == {"ann": "review", "bob": "review", "lin": None}
    assert world.verdict("tell").kind == "awaiting_review"


def test_a_released_message_still_keeps_the_readers_hours() -> None:
    """The lead releases in the evening; Ann reads it in the morning."""
    world = World(rule(", review: always"))
    world.spend("B1", 100)
    world.clock("2026-09-21 20:00 America/New_York")
    after = next_hold(world.actions()[0], world.ruleset.rules["tell"], world.state)
    assert (after.waits, after.due) == ("hours", moment("2026-09-22 09:00 America/New_York"))


def test_the_first_messages_of_a_rule_are_reviewed_and_a_changed_rule_begins_again() -> None:
    """`review: 3` for a rule with two client readers: the first two, then one, then none; an edit counts anew."""
    rules = rule(words="  review: 3\n")
    world = World(rules)
    waits = []
    for number in range(3):
        world.spend(f"B{number}", 100)
        waits.append([a.waits for a in world.actions() if a.client_facing])
    assert waits == [["review", "review"], ["review", None], [None, None]]
    edited = World(rule(words="  review: 3\n", to="client.sponsor"))
    edited.book = world.book
    edited.spend("B9", 100)
    assert [a.waits for a in edited.actions()] == ["review"]


def test_a_project_under_review_holds_everything_for_clients() -> None:
    """The mode `review` treats every client-facing message as `review: always`."""
    world = World(rule(), REVIEWED)
    world.spend("B1", 100)
    assert {a.recipient: a.waits for a in world.actions()} == {"ann": "review", "bob": "review", "lin": None}


def test_an_observed_project_sends_the_lead_what_the_client_would_read() -> None:
    """Same text, same language, to the lead's address, with what it would have been beside it; nobody's hours count."""
    world = World(
        rule(to="[client.sponsor, client.billing]"), OBSERVED, now="2026-09-26 03:00 America/New_York"
    )
    world.spend("B1", 100)
    assert [
        (a.recipient, a.address, a.locale, a.observed, a.client_facing, a.waits) for a in world.actions()
    ] == [
        ("lin", "lin@northwind.example", "en", True, True, None),
        ("lin", "lin@northwind.example", "zh-CN", True, True, None),
    ]
    assert world.actions()[0].keys["instead_of"] == {
        "kind": "email",
        "recipient": "ann",
        "address": "ann@acme.example",
        "target": "mail/ann",
    }
    assert world.verdict("tell").kind == "observed"


def test_a_comment_that_the_client_would_read_goes_to_the_lead_by_mail_in_observe() -> None:
    """A tracker that the client reads is as good as a mail to them; one that they do not read is the team's own."""
    rules = rule(do="comment: {target: project.home, text: note}")
    tracking = {"connection": "tracker", "project": "APO", "home": "APO-1", "client_can_read": True}
    world = World(rules, {"projects": {"apollo": {"mode": "observe", "tracked_by": [tracking]}}})
    world.spend("B1", 100)
    assert world.told() == ["email lin"]
    assert world.actions()[0].keys["instead_of"]["target"] == "tracker/APO-1"
    own = World(rules, OBSERVED)
    own.spend("B1", 100)
    assert world.verdict("tell").kind == "observed"
    assert own.told() == ["comment tracker/APO-1"]


def test_a_comment_for_the_client_keeps_the_clients_hours_and_language() -> None:
    """Nobody in particular reads it, so the client's own hours and locale count."""
    rules = rule(do="comment: {target: project.home, text: note}")
    tracking = {"connection": "tracker", "project": "APO", "home": "APO-1", "client_can_read": True}
    world = World(
        rules, {"projects": {"apollo": {"tracked_by": [tracking]}}}, now="2026-09-21 22:00 America/New_York"
    )
    world.spend("B1", 100)
    (comment,) = world.actions()
    assert (comment.client_facing, comment.locale, comment.waits) == (True, "en", "hours")
    assert comment.due == moment("2026-09-22 09:00 America/New_York")


def test_history_plans_nothing_at_all() -> None:
    """What happened before the project was live here is kept, and the verdict says so."""
    world = World(rule())
    world.spend("B1", 100, history=True)
    assert (world.verdict("tell").kind, world.actions()) == ("history", [])


def test_a_confirmation_that_the_client_just_asked_for_never_waits() -> None:
    """At night, on a holiday, under review: whoever pressed the button gets the receipt now."""
    rules = rule(", confirms: true", to="client.sponsor")
    world = World(rules, REVIEWED, now="2026-12-25 03:00 America/New_York")
    world.spend("B1", 100)
    (receipt,) = world.actions()
    assert (receipt.confirms, receipt.waits, receipt.due) == (True, None, world.state.now)


def test_what_two_holds_ask_for_is_kept_one_after_the_other() -> None:
    """Released before the delay is over, a message still waits for the delay."""
    world = World(rule(", review: always, delay: 1d"))
    world.spend("B1", 100)
    ann, tell = world.actions()[0], world.ruleset.rules["tell"]
    assert (ann.waits, ann.due) == ("review", moment("2026-09-22 10:00 America/New_York"))
    after = next_hold(ann, tell, world.state)
    assert (after.waits, after.due) == ("delay", ann.due)
    world.clock("2026-09-22 10:00 America/New_York")
    assert next_hold(after, tell, world.state).waits is None


def test_a_task_is_due_in_working_days_of_the_team() -> None:
    """One working day after Wednesday 30 September is Thursday 8 October in China."""
    rules = rule(do="task: {to: project.lead, text: note, due: 1wd}")
    world = World(rules, now="2026-09-30 10:00 Asia/Shanghai")
    world.spend("B1", 100)
    assert f"{world.actions()[0].keys['due']}" == "2026-10-08"
