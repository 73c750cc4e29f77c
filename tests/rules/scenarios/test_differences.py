"""Differences: what was expected, what came nearest, and which key is another."""

from __future__ import annotations

from tests.rules.scenarios.stories import messages, play

TWO = """
- id: two
  when: ledger.posted
  do:
    - email: {to: client.billing, text: {en: {subject: "{{ entry.number }} booked", body: "Amount {{ entry.amount | money }}."}}}
    - email: {to: client.sponsor, text: {en: {subject: "{{ entry.number }} for you", body: "Look."}}}
    - task: {to: project.lead, text: {en: {subject: Check, body: "Check {{ entry.number }}"}}, due: 1wd}
    - transition: {target: tracker/APO-9, status: Done}
"""  # noqa: E501
POSTED = "- event: {type: ledger.posted, data: {number: B-1, amount: 10.00}}\n  expect:\n"
REST = "    - task: {to: lin}\n    - transition: {target: APO-9, status: Done}\n"


def test_each_key_that_differs_is_shown_with_both_values() -> None:
    """The nearest action that left is named, and key by key what was expected and found."""
    played = play(
        POSTED
        + '    - email: {to: bob, subject: "B-1 posted", contains: [Amount USD 11.00]}\n'
        + "    - email: {to: ann}\n"
        + REST,
        rules=TWO,
    )
    assert len(played.differences) == 1
    difference = played.differences[0]
    assert difference.message == (
        "email to bob was expected; the nearest that was released is email to bob@acme.example 'B-1 booked'"
    )
    assert [key for key, _, _ in difference.fields] == ["subject", "contains"]
    assert difference.fields[0][1:] == ('"B-1 posted"', '"B-1 booked"')
    assert "Amount USD 10.00" in difference.fields[1][2]
    text = str(difference)
    assert text.startswith("step 1: email to bob was expected")
    assert 'subject   expected "B-1 posted"' in text


def test_every_key_can_be_compared() -> None:
    """Recipients by key or address, targets with or without connection, days, statuses, rules, texts, links."""
    assert play(
        POSTED
        + '    - email: {to: bob@acme.example, subject: "... booked", lacks: [EUR], locale: en}\n'
        + "    - email: {to: ann, observed: false, corrects: false, rule: two, link: false}\n"
        + "    - task: {to: lin@northwind.example, due: 2026-09-22, subject: Check}\n"
        + "    - transition: {target: tracker/APO-9, status: Done, connection: tracker}\n",
        rules=TWO,
    ).passed


def test_several_recipients_are_one_action_each() -> None:
    """`to: [bob, ann]` expects a mail to each of the two."""
    assert play(POSTED + "    - email: {to: [bob, ann], contains: B-1}\n" + REST, rules=TWO).passed
    missing = play(POSTED + "    - email: {to: [bob, lin]}\n" + REST, rules=TWO)
    assert messages(missing) == [
        "email to lin was expected; the nearest that was released is email to ann@acme.example 'B-1 for you'"
    ]


def test_an_expectation_that_fits_two_gives_way_to_one_that_fits_one() -> None:
    """The order of the list does not matter: loose expectations take what the strict ones leave."""
    assert play(POSTED + "    - email: {contains: B-1}\n    - email: {to: bob}\n" + REST, rules=TWO).passed
    assert play(POSTED + "    - email: {to: bob}\n    - email: {contains: B-1}\n" + REST, rules=TWO).passed


def test_a_text_that_cannot_be_filled_in_is_a_difference() -> None:
    """In production nobody would get it: a scenario says which text, and why."""
    rule = """
    - id: broken
      when: [ledger.posted, baseline.approved]
      do: [{email: {to: client.billing, text: {en: {subject: "{{ entry.number }}", body: x}}}}]
    """
    played = play("- event: {type: baseline.approved, data: {total: 5.00}}\n  expect: none", rules=rule)
    assert len(played.differences) == 1
    assert "cannot be filled in" in messages(played)[0]
    assert "rule broken" in messages(played)[0]
