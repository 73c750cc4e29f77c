"""What explain tells of a rule's memory and of its messages: levels, waits, counts, keys, and what holds a message."""

from __future__ import annotations

import json

from rules.engine import remembered
from rules.engine.explain import Explanation, explain, of_verdict
from rules.engine.sentences import Words, from_stored, to_stored, worded
from tests.support.worlds import World

RULES = """
- id: levels
  when: [ledger.posted, ledger.corrected, ledger.voided]
  crosses: {value: budget.used, levels: [50%, 80%, 100%]}
  do:
    - email: {to: client.billing, text: alert}
- id: room-left
  when: ledger.posted
  crosses: {value: budget.remaining / budget.total, levels: [20%], direction: down, rearm: 5%}
  do:
    - task: {to: project.lead, text: note}
- id: stuck
  when: issue.changed
  if: issue.status == "Waiting"
  stays_true_for: [3d, 5d]
  do:
    - task: {to: project.lead, text: note}
- id: unanswered
  when: action_item.opened
  if_not_followed_by: {event: [action_item.answered, action_item.done], same: action_item.id, within: 2d}
  do:
    - task: {to: project.lead, text: note}
- id: often
  when: issue.reopened
  counts: {of: issue.reopened, by: issue.id, at_least: 3, within: 7d}
  do:
    - task: {to: project.lead, text: note}
- id: once
  when: issue.reopened
  once_per: issue.id
  do:
    - task: {to: project.lead, text: note}
"""


def told(world: World, rule: str, locale: str = "en") -> tuple[str, ...]:
    """What is said of the memory behind the rule's latest verdict."""
    return of_verdict(world.verdict(rule), world.ruleset, locale).remembered


def test_a_ladder_tells_each_level_and_what_arms_it_again() -> None:
    """Which level fired and when, which it superseded, which is next, and how far the value has to fall back."""
    world = World(RULES)
    world.spend("B1", 81_000)
    world.clock("2026-09-22 10:00 America/New_York").spend("B2", 1_000)
    assert told(world, "levels") == (
        "50 %: superseded by 80 %; fires again after a fall below 48 %",
        "80 %: fired at 2026-09-21 10:00 America/New_York; fires again after a fall below 78 %",
        "100 %: not reached, the next level",
    )
    world.spend("B1", 78_000, "corrected")
    assert told(world, "levels")[1] == "80 %: no longer holds; fires again after a fall below 78 %"
    assert told(world, "levels", "zh-CN")[1] == "80%：已回落；回落到 78% 以下后可再次触发"


def test_a_ladder_downwards_is_armed_by_a_rise() -> None:
    """Where nothing is ahead any more, the near miss is what has to come first."""
    world = World(RULES)
    world.spend("B1", 81_000)
    world.spend("B2", 500)
    assert told(world, "room-left") == (
        "20 %: fired at 2026-09-21 22:00 Asia/Shanghai; fires again after a rise above 25 %",
    )
    assert world.verdict("room-left").near_miss == (
        "budget.remaining / budget.total is 18.5 %; 20 % has fired and fires again after a rise above 25 %"
    )


def test_a_wait_tells_since_when_until_when_and_what_would_stop_it() -> None:
    """Each length with its moment, and the events or the condition that would end it."""
    world = World(RULES)
    world.happen("issue.changed", key="I1", issue={"status": "Waiting"})
    assert told(world, "stuck") == (
        "since 2026-09-21 22:00 Asia/Shanghai",
        "fires at 2026-09-24 22:00 Asia/Shanghai (3d)",
        "fires at 2026-09-26 22:00 Asia/Shanghai (5d)",
        "stops when a condition no longer holds",
    )
    world.happen(
        "action_item.opened", action_item={"id": "Q1", "party": "client", "owner": "ann", "title": "?"}
    )
    assert told(world, "unanswered")[-1] == (
        "stops when action_item.answered or action_item.done comes about the same action_item.id"
    )


def test_a_wait_that_is_over_says_why() -> None:
    """In the reader's language, also from what is kept of it."""
    world = World(RULES)
    world.happen("issue.changed", key="I1", issue={"status": "Waiting"})
    world.happen("issue.changed", key="I1", issue={"status": "Done"})
    assert told(world, "stuck")[-1] == 'over: it stopped being true: `issue.status == "Waiting"` is false'
    assert told(world, "stuck", "zh-CN")[-1] == '已结束：不再成立：条件 `issue.status == "Waiting"` 不成立'


def test_a_count_tells_how_many_are_missing() -> None:
    """And until when the oldest of them counts."""
    world = World(RULES)
    world.happen("issue.reopened", key="I1", issue={})
    assert told(world, "often") == (
        "1 of 3 within 7d",
        "2 more would fire",
        "the oldest leaves the window at 2026-09-28 22:00 Asia/Shanghai",
    )


def test_a_key_that_was_spoken_about_names_its_event() -> None:
    """`once_per` says what it has spoken about, and on which event."""
    world = World(RULES)
    first = world.happen("issue.reopened", key="I1", issue={}).events[0]
    world.happen("issue.reopened", key="I1", issue={})
    assert told(world, "once") == (
        f"said about tracker/I1 (issue.id) on {first.id}, and never again for the same",
    )


def test_an_entry_that_was_not_meant_for_it_says_what_would_have_done_it() -> None:
    """A rule fired, and one of its entries kept still: its own condition, with the near miss."""
    world = World(
        "- id: levels\n  when: ledger.posted\n  crosses: {value: budget.used, levels: [50%, 100%]}\n  do:\n"
        "    - email: {to: client.billing, text: alert}\n"
        "    - task: {if: level >= 100%, to: project.lead, text: note}\n"
    )
    world.spend("B1", 60_000)
    assert of_verdict(world.verdict("levels"), world.ruleset).left_out == (
        "task:note: `level >= 100%` is false; level is 50.0 %; 100% would have fired",
    )


LINES = {
    "subject": "{{ items | length }}",
    "body": "{% for item in items %}{{ item.project.name }}{% endfor %}",
}


def holds(extra: str, at: str, text: str = "note") -> list[str]:
    """Where the messages of a rule stand that mails both contacts at this moment."""
    rules = (
        "- id: large\n  when: ledger.posted\n"
        f"{extra}  do:\n    - email: {{to: [client.billing, project.lead], text: {text}}}\n"
    )
    world = World(rules, texts={locale: {"many": LINES} for locale in ("en", "zh-CN")}).clock(at)
    (found,) = explain(world.entry("B1", 900), world.state, world.ruleset, "large")
    return [str(one.says) for one in found.messages]


def test_a_message_says_what_it_waits_for_and_until_when() -> None:
    """Hours, a digest, a release: in the zone of whoever it concerns; the team's own leaves at once."""
    night = "2026-09-21 22:00 America/New_York"
    until = "2026-09-22 09:00 America/New_York"
    assert holds("", night) == [f"email to bob: waits for hours until {until}", "email to lin: leaves now"]
    assert holds("  digest: {after: 2h}\n", "2026-09-21 10:00 America/New_York", "many") == [
        "email to bob: waits in the digest of the rule until 2026-09-21 12:00 America/New_York",
        "email to lin: waits in the digest of the rule until 2026-09-22 00:00 Asia/Shanghai",
    ]
    (held, _) = holds("  review: always\n", "2026-09-21 10:00 Asia/Shanghai")
    assert held == (
        "email to bob: waits until somebody releases it; from 2026-09-21 14:00 Asia/Shanghai the deputy is told"
    )


def test_every_sentence_is_kept_and_said_again() -> None:
    """What is stored of a verdict gives the same sentences, in both languages."""
    world = World(RULES)
    world.spend("B1", 45_000)
    verdict = world.verdict("levels")
    assert isinstance(verdict.reason, Words)
    for text in (verdict.reason, verdict.near_miss, *remembered.lines(verdict.memory)):
        again = from_stored(to_stored(text))
        assert again == text
        assert worded(again, "zh-CN") == worded(text or "", "zh-CN")
    assert worded(verdict.reason, "zh-CN") == "budget.used 为 45.0%；下一档位为 50%"


def test_text_and_json_say_the_same() -> None:
    """Every sentence of one face stands in the other: reason, near miss, memory, what is left out, messages."""
    world = World(RULES).clock("2026-09-21 22:00 America/New_York")
    for locale in ("en", "zh-CN"):
        for found in explain(world.entry("B1", 81_000), world.state, world.ruleset, locale=locale):
            text, said = found.text(), json.loads(json.dumps(found.plain()))
            for sentence in sentences(said):
                assert sentence in text, sentence
            assert len(text.splitlines()) == 2 + len(list(sentences(said))) + steps(found)


def sentences(said: dict[str, object]) -> list[str]:
    """Every sentence of an explanation as JSON."""
    memory, near = said["memory"], said["near_miss"]
    found = [str(said["reason"]), *([str(near)] if near else [])]
    found += memory["says"] if isinstance(memory, dict) else []
    left_out, told = said["left_out"], said["messages"]
    assert isinstance(left_out, list)
    assert isinstance(told, list)
    return [*found, *left_out, *(one["says"] for one in told)]


def steps(found: Explanation) -> int:
    """How many steps its tree has."""
    pending = list(found.trace)
    count = 0
    while pending:
        count += 1
        pending += pending.pop().parts
    return count
