"""`stays_true_for` and `if_not_followed_by`: what waits, what ends a wait, and what it says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from rules.engine.explain import explain
from rules.engine.slots import due, slot_event
from rules.engine.waits import slots_of
from tests.rules.scenarios.stories import messages, play
from tests.support.worlds import World

QUESTION = """
- id: unanswered
  when: action_item.opened
  if:
    - action_item.party == "client"
    - action_item.kind == "question"
  calendar: client
  if_not_followed_by:
    event: [action_item.answered, action_item.done, action_item.waived]
    same: action_item.id
    within: [3wd, 5wd]
  do:
    - email: {if: elapsed == 3wd, to: action_item.owner, text: {en: {subject: "{{ action_item.title }} open", body: "For {{ elapsed | duration }}."}}}
    - task: {if: elapsed == 5wd, to: project.lead, text: {en: {subject: "phone", body: "They are silent."}}}
"""  # noqa: E501
ASKED = "- event: {type: action_item.opened, data: {id: A1, party: client, kind: question, owner: ann, title: Logo}}\n"
RECEIPT = """
- id: chase
  when: [expense.submitted, ledger.posted, ledger.corrected]
  if:
    - entry.amount > 2000 USD
    - entry.receipt == none
  calendar: team
  stays_true_for: [3wd, 5wd]
  do:
    - task: {to: project.lead, text: {en: {subject: "{{ elapsed | duration }}", body: "{{ entry.amount | money }}"}}}
"""
ESTIMATE = """
- id: grew
  when: issue.changed
  if:
    - changed(issue.estimate)
    - issue.estimate > before(issue.estimate) * 110%
  stays_true_for: 2h
  do:
    - chat: {to: room, text: {en: {body: "{{ grown | duration }} more: {{ issue.estimate | duration }}"}}, with: {grown: issue.estimate - before(issue.estimate)}}
"""  # noqa: E501
KNOWN = "- event: {type: issue.created, data: {key: APO-7, estimate: 10h, title: Export}}\n"


def passes(steps: str, rules: str) -> None:
    """The story goes as it is told."""
    played = play(steps, rules=rules)
    assert messages(played) == []


def edit(estimate: str) -> str:
    """A step in which the estimate is edited."""
    return f"- event: {{type: issue.changed, data: {{key: APO-7, estimate: {estimate}}}}}\n"


# if_not_followed_by


def test_silence_fires_each_duration_once() -> None:
    """Three working days of silence remind the client, five call the lead, and then there is nothing more to say."""
    passes(
        ASKED
        + """
- wait: 2wd
  expect: none
- wait: 1wd
  expect: [{email: {to: ann, subject: "Logo open", contains: "For 3 working days."}}]
- wait: 2wd
  expect: [{task: {to: lin, subject: phone}}]
- wait: 30wd
  expect: none
""",
        QUESTION,
    )


def test_the_next_event_about_the_same_thing_ends_the_wait() -> None:
    """An answer ends what waited; one about another question does not."""
    other = ASKED.replace("A1", "A2").replace("Logo", "Name")
    passes(
        ASKED
        + other
        + """
- event: {type: action_item.answered, data: {id: A1}}
- wait: 3wd
  expect: [{email: {to: ann, subject: "Name open"}}]
- event: {type: action_item.waived, data: {id: A2}}
- wait: 30wd
  expect: none
""",
        QUESTION,
    )


def test_an_answer_that_arrives_before_its_question_counts() -> None:
    """Sources tell things out of order: what was answered already when it is told of waits for nothing."""
    passes(
        """
- event: {type: action_item.answered, data: {id: A1, party: client, kind: question, owner: ann, title: Logo}}
- event: {type: action_item.opened, at: 2026-09-21 09:00, data: {id: A1, party: client, kind: question, owner: ann, title: Logo}}
- wait: 30wd
  expect: none
""",  # noqa: E501
        QUESTION,
    )


def test_a_question_that_is_no_longer_the_clients_is_not_chased() -> None:
    """When a wait is over, `if` is asked again with the facts of that moment."""
    passes(
        ASKED
        + """
- event: {type: task.opened, data: {id: T1, owner: lin, title: x}}
- event: {type: action_item.opened, data: {id: A1, party: team}}
- wait: 30wd
  expect: none
""",
        QUESTION,
    )


def test_a_question_that_reaches_us_days_late_is_chased_once() -> None:
    """Of durations that passed before we heard of it only the last fires, after a while for what came with it."""
    late = ASKED.replace("data:", "at: 2026-09-10 09:00, data:")
    passes(late + "- wait: 5m\n  expect: none\n- wait: 10m\n  expect: [{task: {to: lin}}]\n", QUESTION)
    passes(
        late + "- event: {type: action_item.answered, data: {id: A1}}\n- wait: 9wd\n  expect: none\n",
        QUESTION,
    )


def test_a_reminder_that_waits_for_hours_is_dropped_when_the_answer_comes_meanwhile() -> None:
    """Held back over night, and answered over night: nobody is reminded."""
    steps = """
- event: {type: action_item.opened, at: 2026-09-21 22:00, data: {id: A1, party: client, kind: question, owner: ann, title: Logo}}
- until: 2026-09-24 23:00 America/New_York
  expect: none
  waiting: [{email: {to: ann}}]
- event: {type: action_item.answered, data: {id: A1}}
- wait: 1wd
  expect: none
"""  # noqa: E501
    passes(steps.replace("at: 2026-09-21 22:00", "at: 2026-09-21 22:00 America/New_York"), QUESTION)


# stays_true_for


def test_what_stays_true_fires_each_duration_and_again_after_it_was_false() -> None:
    """A small amount ends the chase, a large one begins it anew, and a receipt ends it for good."""
    passes(
        """
- event: {type: expense.submitted, data: {id: E1, amount: 3000.00, submitter: lin, class: travel}}
- event: {type: expense.approved, data: {id: E1}}
- wait: 3wd
  expect: [{task: {subject: 3 working days}}]
- wait: 2wd
  expect: [{task: {subject: 5 working days}}]
- wait: 30wd
  expect: none
- event: {type: ledger.corrected, data: {id: E1, amount: 100.00}}
- event: {type: ledger.corrected, data: {id: E1, amount: 4000.00}}
- wait: 3wd
  expect: [{task: {subject: 3 working days}}]
- event: {type: ledger.corrected, data: {id: E1, receipt: R-1}}
- wait: 30wd
  expect: none
""",
        RECEIPT,
    )


def test_an_event_that_the_rule_does_not_hear_ends_the_wait_all_the_same() -> None:
    """What was false in between did not stay true, whether or not it was true again when the time was over."""
    rule = RECEIPT.replace("[expense.submitted, ledger.posted, ledger.corrected]", "ledger.posted")
    passes(
        """
- event: {type: ledger.posted, data: {id: E1, amount: 3000.00, class: travel}}
- wait: 1wd
- event: {type: ledger.corrected, data: {id: E1, amount: 100.00}}
- event: {type: ledger.corrected, data: {id: E1, amount: 4000.00}}
- wait: 30wd
  expect: none
""",
        rule,
    )


def test_a_condition_about_the_project_ends_the_waits_of_all_its_objects() -> None:
    """An entry waits on its own; that the project was put on hold in between is seen all the same."""
    rule = RECEIPT.replace("- entry.receipt == none", '- project.status == "active"')
    opened = "- event: {type: ledger.posted, data: {id: E1, amount: 3000.00, class: travel}}\n"
    rest = "- event: {type: project.held}\n- event: {type: project.resumed}\n"
    passes(opened + rest + "- wait: 30wd\n  expect: none\n", rule)
    passes(opened + "- wait: 3wd\n  expect: [{task: {}}]\n", rule)


def test_an_estimate_waits_until_the_last_edit() -> None:
    """Two hours after the last edit that leaves it over 10 % above the value of before the first one."""
    passes(
        KNOWN
        + edit("12h")
        + "- wait: 90m\n  expect: none\n"
        + "- event: {type: issue.changed, data: {key: APO-7, title: Export 2}}\n"
        + edit("750m")
        + "- wait: 119m\n  expect: none\n- wait: 1m\n"
        + '  expect: [{chat: {contains: "150 minutes more: 750 minutes"}}]\n- wait: 30d\n  expect: none\n',
        ESTIMATE,
    )


def test_an_edit_that_is_taken_back_says_nothing() -> None:
    """Up, and down again before the two hours are over: the estimate did not grow."""
    passes(KNOWN + edit("20h") + "- wait: 1h\n" + edit("10h") + "- wait: 30d\n  expect: none\n", ESTIMATE)


def test_small_steps_add_up_while_they_follow_each_other() -> None:
    """Growth in steps of 8 % is growth of the value before the editing; a week apart it is two small edits."""
    passes(
        KNOWN
        + edit("648m")
        + "- wait: 1h\n  expect: none\n"
        + edit("700m")
        + '- wait: 2h\n  expect: [{chat: {contains: "100 minutes more: 700 minutes"}}]\n',
        ESTIMATE,
    )
    passes(KNOWN + edit("648m") + "- wait: 7d\n" + edit("700m") + "- wait: 1d\n  expect: none\n", ESTIMATE)


def test_a_later_edit_is_a_new_one() -> None:
    """What was told is not told again; growth on top of it is told against what was told."""
    passes(
        KNOWN
        + edit("12h")
        + '- wait: 2h\n  expect: [{chat: {contains: "2 hours more: 12 hours"}}]\n- wait: 7d\n'
        + edit("750m")
        + "- wait: 2h\n  expect: none\n- wait: 7d\n"
        + edit("16h")
        + '- wait: 2h\n  expect: [{chat: {contains: "210 minutes more: 16 hours"}}]\n',
        ESTIMATE,
    )


def test_the_key_says_what_stays_true_on_its_own() -> None:
    """A budget that stays tight is told once, however many entries were posted meanwhile."""
    rule = """
- id: tight
  when: ledger.posted
  if: budget.used > 90%
  stays_true_for: {for: 2d, key: project.id}
  do: [{task: {to: project.lead, text: {en: {subject: tight, body: x}}}}]
"""
    passes(
        """
- event: {type: ledger.posted, data: {id: E1, amount: 92000.00, class: staff}}
- wait: 1d
- event: {type: ledger.posted, data: {id: E2, amount: 1000.00, class: staff}}
- wait: 1d
  expect: [{task: {subject: tight}}]
- wait: 9d
  expect: none
- event: {type: ledger.voided, data: {id: E1}}
- event: {type: ledger.posted, data: {id: E3, amount: 95000.00, class: staff}}
- wait: 2d
  expect: [{task: {subject: tight}}]
""",
        rule,
    )


def test_the_past_starts_no_timers() -> None:
    """What a backfill reads begins no wait that would speak of it now."""
    past = ASKED.replace("data:", "history: true, data:")
    passes(past + "- wait: 30wd\n  expect: none\n", QUESTION)
    spent = "- event: {type: ledger.posted, history: true, data: {id: E1, amount: 3000.00, class: travel}}\n"
    passes(spent + "- wait: 30wd\n  expect: none\n", RECEIPT)


# What it says

ENGLISH = {
    "organisation": {"locale": "en"},
    "clients": {"acme": {"contacts": {"bob": {"locale": "en"}}}},
}
BEGAN = "2026-09-21 22:00 Asia/Shanghai"


def ends(world: World, until: str) -> Iterator[str]:
    """The clock goes on, and tells the ends of waits that are due; the verdicts on them."""
    world.clock(until)
    waits = [record for (kind, _), record in world.book.records.items() if kind == "wait"]
    fire, _ = due([slot for record in waits for slot in slots_of(record)], set(), world.state.now)
    for slot in fire:
        for verdict in world.decide(slot_event(slot, world.state.now)).verdicts:
            yield f"{verdict.kind}: {verdict.reason}"


def test_verdicts_say_since_when_and_until_when() -> None:
    """Pending with its time, fired with its reason, cancelled with what ended it; times in the zone of its calendar."""
    world = World(RECEIPT, ENGLISH)
    (pending,) = world.spend("E1", 3000, entry={"receipt": None}).verdicts
    assert (pending.kind, pending.reason) == (
        "pending",
        f"it is true since {BEGAN}; it fires at 2026-09-24 22:00 Asia/Shanghai (3wd) if it stays true",
    )
    assert [t.text for t in pending.trace] == ["entry.amount > 2000 USD", "entry.receipt == none"]
    assert list(ends(world, "2026-09-24 14:00")) == [
        "fired: it stayed true for 3wd since 2026-09-21 22:00 Asia/Shanghai; task to lin"
    ]
    world.clock("2026-09-25 01:00")
    (ended,) = world.spend("E1", 3000, "corrected", entry={"receipt": "R-1"}).verdicts
    assert (ended.kind, ended.reason) == (
        "cancelled",
        "`entry.receipt == none` is false; what waited since 2026-09-21 22:00 Asia/Shanghai is over",
    )
    assert list(ends(world, "2026-12-01 01:00")) == []


def test_a_question_says_what_it_waits_for() -> None:
    """Pending names the events that would end it; answered, it says by what and when."""
    world = World(QUESTION, ENGLISH)
    item = {"id": "A1", "party": "client", "kind": "question", "owner": "ann", "title": "Logo"}
    (pending,) = world.happen("action_item.opened", action_item=item).verdicts
    assert pending.kind == "pending"
    assert pending.reason == (
        "it fires at 2026-09-24 10:00 America/New_York (3wd) unless action_item.answered or action_item.done or "
        "action_item.waived comes first"
    )
    (again,) = explain(world.event("action_item.opened", action_item=item), world.state, world.ruleset)
    assert again.kind == "pending"
    world.clock("2026-09-23 10:00 America/New_York")
    (ended,) = world.happen("action_item.done", action_item={"id": "A1"}).verdicts
    assert (ended.kind, ended.reason) == (
        "cancelled",
        "it was followed by action_item.done at 2026-09-23 10:00 America/New_York",
    )


def test_changed_memory_words_forget_what_waits_and_other_words_do_not() -> None:
    """A wait hangs on the words it was begun with: other texts carry it on, other durations end it, on record."""
    world = World(RECEIPT, ENGLISH)
    world.spend("E1", 3000, entry={"receipt": None})
    world.ruleset = World(
        RECEIPT.replace("working", "w").replace("entry.amount > 2000", "entry.amount > 1000"), ENGLISH
    ).ruleset
    assert [said.partition(":")[0] for said in ends(world, "2026-09-24 14:00")] == ["fired"]
    world.ruleset = World(RECEIPT.replace("5wd", "6wd"), ENGLISH).ruleset
    assert list(ends(world, "2026-09-29 14:00")) == [
        "cancelled: the rule's memory words were changed since: what it waited for is forgotten"
    ]
    (anew,) = world.spend("E1", 3100, "corrected", entry={"receipt": None}).verdicts
    assert anew.kind == "pending"
    assert anew.reason.endswith("its memory was set anew because its memory words were changed")


def test_a_timer_that_is_told_twice_fires_once() -> None:
    """The event of a timer has the same id whoever tells it; decided once more it says so and does nothing."""
    world = World(RECEIPT, ENGLISH)
    world.spend("E1", 3000, entry={"receipt": None})
    record = next(r for (kind, _), r in world.book.records.items() if kind == "wait")
    slot = next(slots_of(record))
    world.now = slot.at + timedelta(minutes=1)
    first = world.decide(slot_event(slot, world.state.now))
    again = world.decide(slot_event(slot, world.state.now))
    assert first.events[0].id == again.events[0].id
    assert (len(first.actions), [v.kind for v in again.verdicts], len(again.actions)) == (1, ["duplicate"], 0)
    assert again.puts == {}


def test_a_wait_of_a_project_that_is_over_says_nothing() -> None:
    """When its time comes the project is closed: nobody hears of it, and the verdict says why."""
    world = World(RECEIPT, ENGLISH)
    world.spend("E1", 3000, entry={"receipt": None})
    for step in ("closing", "closed"):
        world.decide(replace(world.event(f"project.{step}"), objects={"project": {"id": "apollo"}}))
    assert list(ends(world, "2026-09-24 14:00")) == [
        "cancelled: project apollo is closed, and rules speak about projects at work"
    ]
