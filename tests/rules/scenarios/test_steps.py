"""The steps of a scenario: what happens, time that goes by, answers, and what left when each is over."""

from __future__ import annotations

import pytest

from tests.rules.scenarios.stories import file_of, messages, play, source

EVERY_BILL = """
- id: told
  when: bill.received
  do: [{comment: {target: project.home, text: {en: {body: "{{ bill.number }}"}}}}]
"""


def test_expect_is_the_whole_of_what_left() -> None:
    """What is listed has to leave, what is not listed must not, and none means silence."""
    posted = "- event: {type: ledger.posted, data: {amount: 2000.00}}\n  "
    assert play(posted + 'expect: [{email: {to: bob@acme.example, subject: "USD 2,000.00 booked"}}]').passed
    assert messages(play(posted + "expect: none")) == [
        "email to bob@acme.example 'USD 2,000.00 booked' was released by rule large, and is not expected"
    ]
    assert messages(
        play("- event: {type: ledger.posted, data: {amount: 5.00}}\n  expect: [{email: {to: bob}}]")
    ) == ["email to bob was expected, and none was released"]
    assert play(posted).passed, "a step that expects nothing is not compared"


def test_fields_are_read_by_the_catalogue() -> None:
    """Amounts take the currency given, else the project's; dates, durations and times are what they are elsewhere."""
    rule = """
    - id: read
      when: [ledger.posted, issue.created]
      do:
        - comment:
            target: project.home
            text:
              en:
                body: "{% if entry is defined %}{{ entry.amount | money }} {{ entry.work_date | day }}{% endif %}{% if issue is defined %}{{ issue.estimate | duration }}, due {{ issue.due | day }}, {{ issue.created_at | when }}{% endif %}"
    """  # noqa: E501
    assert play(
        """
        - event: {type: ledger.posted, data: {amount: 12.5, work_date: 2026-09-20}}
          expect: [{comment: {target: APO-1, contains: "USD 12.50 20 September 2026"}}]
        - event: {type: ledger.posted, data: {amount: 100.00, currency: EUR, rate: 1.1}}
          expect: [{comment: {contains: "EUR 100.00 21 September 2026"}}]
        - event: {type: issue.created, data: {key: APO-3, estimate: 3wd, due: 2026-10-01, created_at: 2026-09-21 09:30}}
          expect: [{comment: {contains: "3 working days, due 1 October 2026, 21 September 2026, 13:30"}}]
        """,
        rules=rule,
    ).passed


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("amount: twelve", "`amount` must be an amount"),
        ("work_date: 2026-02-30", "`work_date` must be a date"),
        ("duration: long", "`duration` must be a duration"),
        ("posted_at: yesterday", "`posted_at` must be a time"),
    ],
)
def test_a_value_that_is_none_is_told_at_its_place(data: str, told: str) -> None:
    """A date that the calendar does not have stops the scenario, with the line to mend."""
    step = f"- event: {{type: ledger.posted, data: {{{data}}}}}"
    played = play(f"{step}\n- wait: 1d\n  expect: [{{email: {{to: bob}}}}]")
    assert len(played.differences) == 1, "what follows a broken step is not played"
    assert told in played.differences[0].message
    assert played.differences[0].at.line == file_of(step).splitlines().index(f"      {step}") + 1


def test_what_is_not_given_is_none_at_first_and_stays_as_it_was_later() -> None:
    """A new thing without an estimate has none; a later step about the same thing says only what changed."""
    rule = """
    - id: no-estimate
      when: [issue.created, issue.changed]
      if: issue.estimate == none
      do: [{comment: {target: issue, text: {en: {body: "{{ issue.title }} has no estimate"}}}}]
    """
    assert play(
        """
        - event: {type: issue.created, data: {key: APO-3, title: Export}}
          expect: [{comment: {target: APO-3, contains: Export has no estimate}}]
        - event: {type: issue.changed, data: {key: APO-3, estimate: 4h}}
          expect: none
        - event: {type: issue.changed, data: {key: APO-3, title: Exports}}
          expect: none
        - event: {type: issue.changed, data: {key: APO-3, estimate: none}}
          expect: [{comment: {target: APO-3, contains: Exports has no estimate}}]
        """,
        rules=rule,
    ).passed


def test_time_goes_by_in_the_working_days_of_the_project() -> None:
    """`wait: 1wd` on a Friday ends on Monday; `until` is a moment, and never one that has passed."""
    rule = """
    - id: monday
      every: {cron: "0 10 * * MON", zone: client}
      do: [{comment: {target: project.home, text: {en: {body: Monday}}}}]
    """
    assert play(
        "- wait: 1wd\n  expect: [{comment: {}}]", rules=rule, clock="2026-09-18 10:00 America/New_York"
    ).passed
    assert play("- wait: 1d\n  expect: none", rules=rule, clock="2026-09-18 10:00 America/New_York").passed
    assert play(
        "- until: 2026-10-05 10:00 America/New_York\n  expect: [{comment: {}}, {comment: {}}, {comment: {}}]",
        rules=rule,
        clock="2026-09-18 10:00 America/New_York",
    ).passed
    back = play("- until: 2026-09-01 10:00", rules=rule)
    assert "has passed: the clock stands at 2026-09-21T14:00:00Z" in messages(back)[0]


def test_what_waits_is_listed_and_leaves_at_its_moment() -> None:
    """At night the client's mail waits for the hours; the step that reaches them releases it."""
    assert play(
        """
        - event: {type: ledger.posted, data: {amount: 2000.00}}
          expect: none
          waiting: [{email: {to: bob@acme.example, waits: hours}}]
        - until: 2026-09-22 08:59 America/New_York
          expect: none
        - wait: 1m
          expect: [{email: {to: bob}}]
          waiting: none
        """,
        clock="2026-09-21 19:00 America/New_York",
    ).passed


def test_a_level_that_nobody_was_told_of_is_no_reason_for_a_correction() -> None:
    """What was cancelled before it left counts as never said, as in production."""
    assert play(
        """
        - event: {type: ledger.posted, data: {id: B1, amount: 60000.00}}
          expect: [{comment: {target: APO-1}}]
          waiting: [{email: {to: bob}}]
        - event: {type: ledger.voided, data: {id: B1}}
          expect: [{comment: {target: APO-1, corrects: true}}]
        - until: 2026-09-22 12:00 America/New_York
          expect: none
        - event: {type: ledger.posted, data: {id: B2, amount: 60000.00}}
          expect: [{email: {to: bob}}, {comment: {target: APO-1}}]
        """,
        packs="budget",
        rules="[]",
        clock="2026-09-21 19:00 America/New_York",
    ).passed


def test_an_answer_decides_and_is_held_to_the_rules_of_decisions() -> None:
    """Who is asked may answer, by mail address or key; what comes of the answer can be asked for."""
    asked = "- event: {type: change.drafted, data: {title: Export, amount: 500.00, days: 1}}\n"
    assert play(
        asked
        + "- answer: {by: bob, decision: approved, outcome: not_asked}\n"
        + "- answer: {by: ann@acme.example, decision: approved}\n"
        + "  expect: [{email: {to: ann, contains: CR-1}}, {email: {to: lin}}]\n"
        + "- answer: {approval: CR-1, by: ann, decision: approved, outcome: same}\n  expect: none",
        packs="changes",
    ).passed
    wrong = play(asked + "- answer: {by: bob, decision: approved}", packs="changes")
    assert messages(wrong) == ["the answer was expected to be recorded, and it is not_asked"]
    nobody = play(asked + "- answer: {by: anne, decision: approved}", packs="changes")
    assert "there is nobody `anne`" in messages(nobody)[0]
    assert "did you mean `ann`?" in messages(nobody)[0]
    assert messages(play("- answer: {by: ann, decision: approved}")) == ["no decision was asked for"]


def test_a_recorded_webhook_takes_the_way_of_its_connector() -> None:
    """The events a connector makes of a file are placed and decided like any others; the same again is nothing new."""
    steps = """
    - payload: {connection: tracker, file: bill.json}
      expect: [{comment: {target: APO-1, contains: bill.json}}]
    """
    assert play(steps, rules=EVERY_BILL, normalise=source(("bill.json", "20.00"))).passed
    missing = play(steps, rules=EVERY_BILL, normalise=source())
    assert messages(missing) == ["bill.json cannot be read: no such file"]
    elsewhere = play(
        steps.replace("tracker", "trakcer"), rules=EVERY_BILL, normalise=source(("bill.json", "1"))
    )
    assert "there is no connection `trakcer`" in messages(elsewhere)[0]


def test_what_happened_before_the_start_builds_the_record_alone() -> None:
    """`history: true` is how a scenario tells of the past: counted, and never told."""
    assert play(
        """
        - event: {type: ledger.posted, history: true, data: {id: B1, amount: 79000.00}}
          expect: none
        - event: {type: ledger.posted, data: {id: B2, amount: 1000.00}}
          expect: [{email: {to: bob, contains: "80.0 %"}}, {comment: {target: APO-1}}]
        """,
        packs="budget",
        rules="[]",
    ).passed


def test_a_project_is_live_unless_the_scenario_says_otherwise() -> None:
    """The files may say observe, which is what a new project starts in: a scenario tests the rules, not the start."""
    posted = "- event: {type: ledger.posted, data: {amount: 2000.00}}\n  expect: [{email: {to: %s}}]"
    assert play(posted % "bob").passed


def test_a_story_before_the_start_of_its_project_is_told_as_if_it_had_begun() -> None:
    """Opening figures and the day of going live never lie in the future of a scenario."""
    played = play(
        """
        - event: {type: ledger.posted, data: {amount: 39000.00}}
          expect: [{email: {to: bob, contains: "81.0 %"}}, {comment: {target: APO-1}}]
        """,
        packs="budget",
        rules="[]",
        clock="2026-09-21 10:00 America/New_York",
        opening="{spent: 42000.00, as_of: 2026-10-31}",
        live_since="2026-11-01",
    )
    assert played.passed, played.differences


def test_verdicts_are_counted_for_coverage() -> None:
    """Every rule's verdicts are told, those that nobody stores only when asked for."""
    steps = "- event: {type: ledger.posted, data: {amount: 5.00}}"
    assert play(steps, coverage=True).verdicts == {("large", "condition_false"): 1}
    assert play(steps).verdicts == {}


def test_the_same_scenario_gives_the_same_run() -> None:
    """No clock, no randomness: twice is the same, differences included."""
    steps = "- event: {type: ledger.posted, data: {amount: 2000.00}}\n  expect: none"
    assert play(steps).differences == play(steps).differences
