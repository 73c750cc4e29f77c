"""Rules that feed each other are pointed out, unless something ends the circle."""

from __future__ import annotations

import pytest

from tests.rules.language.small_workspace import load

ENDLESS = """
version: 1
rules:
  - id: told
    title: {en: A message left}
    when: message.sent
    WORDS
    do:
      - ACTION
"""
TASK = "task: {to: project.lead, text: note}"


def warnings(words: str = "", action: str = TASK, more: str = "") -> list[str]:
    """What is told about a rule that hears its own messages."""
    _, problems = load(ENDLESS.replace("WORDS", words).replace("ACTION", action) + more)
    return [str(p) for p in problems]


def test_a_rule_that_hears_its_own_message_is_pointed_out() -> None:
    """A task is a message, and a message that left wakes the rule that wrote it."""
    (told,) = warnings()
    assert "rule `told` wakes itself without end, by message.sent" in told


@pytest.mark.parametrize(
    "words",
    [
        "once_per: [message.id]",
        "at_most: {times: 3, per: 1d}",
        'if: message.channel == "email"',
        "counts: {of: message.sent, by: project.id, at_least: 3, within: 7d}",
    ],
)
def test_what_ends_a_circle_silences_the_warning(words: str) -> None:
    """A memory, a cap, or a condition that looks at the message itself."""
    assert warnings(words) == []


def test_what_is_opened_once_about_one_thing_feeds_nobody_for_ever() -> None:
    """A second item about the same project is not opened while the first one lives."""
    item = "open_action_item: {party: team, kind: other, about: project, owner: project.lead, title: Look}"
    hears = "\n  - id: again\n    when: action_item.opened\n    do:\n      - " + item
    assert warnings("once_per: [message.id]", more=hears) == []


def test_a_long_circle_is_told_once_with_all_its_rules() -> None:
    """The warning stands at the first rule and names the way."""
    more = """
  - id: second
    when: approval.sent
    do:
      - report: {period: week, view: team, to: project.lead}
"""
    action = "request_decision: {to: client.approver, about: scope, text: note, expires: 5wd}"
    found = warnings("", action, more)
    assert len(found) == 1
    assert "rule `told` wakes itself" in found[0] or "rules `told` and `second`" in found[0]
