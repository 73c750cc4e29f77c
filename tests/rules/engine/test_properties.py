"""What holds whatever happens: the same story gives the same end, however often it is told and in what portions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.engine.effects.projects import activation
from rules.facts.duration import Duration
from rules.facts.event import Event, event_id
from rules.facts.money import Money
from rules.language.model import RuleSet
from rules.scenarios.stage import Stage
from tests.support.worlds import moment, rules_of, workspace_of

CAP = {"messages": {"at_most": {"times": 3, "per": "2d"}, "digest": "17:00"}}
WORKSPACE = workspace_of({"organisation": {"locale": "en"}, "clients": {"acme": CAP}})
BEGIN = moment("2026-09-21 14:00")
RULES = [
    """
- id: chase
  when: [ledger.posted, ledger.corrected]
  if: entry.amount > 2000 USD
  stays_true_for: [1d, 3d]
  do: [{task: {to: project.lead, text: {en: {subject: "{{ elapsed | duration }} {{ entry.id }}", body: x}}}}]
""",
    """
- id: grew
  when: issue.changed
  if: issue.estimate > before(issue.estimate) * 110%
  stays_true_for: 6h
  do: [{chat: {to: room, text: {en: "{{ issue.key }} {{ issue.estimate | duration }}"}}}]
""",
    """
- id: silent
  when: issue.reopened
  if_not_followed_by: {event: issue.closed, same: issue.id, within: [12h, 48h]}
  do: [{task: {to: project.lead, text: {en: {subject: "{{ elapsed | duration }} {{ issue.key }}", body: x}}}}]
""",
    """
- id: again
  when: issue.reopened
  counts: {of: issue.reopened, by: issue.id, at_least: 2, within: 2d}
  do: [{chat: {to: room, text: {en: "{{ issue.key }} {{ count }}"}}}]
""",
    """
- id: levels
  when: [ledger.posted, ledger.corrected, ledger.voided]
  crosses: {value: budget.used, levels: [5%, 10%]}
  do: [{task: {to: project.lead, text: {en: {subject: "{{ level | percent }}", body: x}}}}]
""",
    """
- id: gathered
  when: issue.changed
  digest: {key: project.id, after: 4h}
  do: [{chat: {to: room, text: {en: "{% for item in items %}{{ item.issue.key }} {% endfor %}"}}}]
""",
    """
- id: capped
  when: [ledger.posted, ledger.corrected]
  at_most: {times: 2, per: 1d}
  do: [{email: {to: client.sponsor, text: {en: {subject: "{{ entry.id }} {{ entry.amount | money }}", body: x}}}}]
""",
    """
- id: read
  when: issue.reopened
  if: issue.estimate > 4h
  read_first: issue
  do: [{email: {to: project.lead, text: {en: {subject: "{{ issue.estimate | duration }}", body: x}}}}]
""",
]


@dataclass(frozen=True)
class Happening:
    """Something that happened `after` so many hours since what came before it."""

    kind: str
    key: int
    value: int
    after: int


happenings = st.lists(
    st.builds(
        Happening,
        st.sampled_from(
            [
                "ledger.posted",
                "ledger.corrected",
                "issue.changed",
                "issue.reopened",
                "issue.closed",
                "issue.changed",
            ]
        ),
        st.integers(1, 2),
        st.integers(1, 6),
        st.sampled_from([0, 0, 1, 5, 13, 30]),
    ),
    max_size=12,
)


@cache
def rule_set(order: tuple[int, ...]) -> RuleSet:
    return rules_of("".join(RULES[i] for i in order), WORKSPACE)


IN_ORDER = rule_set(tuple(range(len(RULES))))


def event_of(number: int, one: Happening, stage: Stage) -> Event:
    noun, at = one.kind.partition(".")[0], stage.now
    if noun == "ledger":
        fields: dict[str, Any] = {
            "id": f"E{one.key}",
            "amount": Money(Decimal(one.value * 1000), "USD"),
            "currency": "USD",
            "class": "staff",
            "kind": "expense",
            "measure": "incurred",
            "work_date": at.date(),
        }
        objects = {"entry": fields}
    else:
        objects = {"issue": {"key": f"APO-{one.key}", "title": "x", "estimate": Duration(one.value * 2, "h")}}
    id = event_id("story", str(number))
    connection = None if noun == "ledger" else "tracker"
    return Event(id, one.kind, at, at, objects, "apollo", "acme", connection, version=f"{number:04d}")


def told(
    story: Sequence[Happening], rules: RuleSet = IN_ORDER, *, twice: bool = False, together: bool = False
) -> tuple[list[str], dict[Any, Any]]:
    """What left, sorted, and the records at the end. twice: each event is decided twice.  together: what happens in
    one moment is told at once.
    """
    stage = Stage(WORKSPACE, rules, BEGIN - timedelta(days=1))
    stage.tell(activation(WORKSPACE.projects["apollo"], stage.now))
    stage.advance(BEGIN)
    for portion in portions(story, together):
        stage.advance(stage.now + timedelta(hours=portion[0][1].after))
        events = [event_of(number, one, stage) for number, one in portion]
        told_now = [e for event in events for e in (event, event)] if twice else events
        if together:
            stage.tell(*told_now)
        for event in () if together else told_now:
            stage.tell(event)
    stage.advance(stage.now + timedelta(days=5))
    left = sorted(f"{said.planned.id} {said.everything}" for said in stage.released)
    return left, {
        key: record
        for key, record in stage.book.records.items()
        if key[0] in ("wait", "count", "memory", "once", "review")
    }


def portions(story: Sequence[Happening], together: bool) -> Iterable[list[tuple[int, Happening]]]:
    found: list[list[tuple[int, Happening]]] = []
    for number, one in enumerate(story):
        if together and found and one.after == 0:
            found[-1].append((number, one))
        else:
            found.append([(number, one)])
    return found


@settings(max_examples=25, deadline=None)
@given(happenings)
def test_the_same_story_has_the_same_end(story: list[Happening]) -> None:
    """Ids, texts and records: nothing in deciding is left to chance."""
    assert told(story) == told(story)


@settings(max_examples=25, deadline=None)
@given(happenings, st.permutations(range(len(RULES))))
def test_the_order_of_independent_rules_does_not_matter(story: list[Happening], order: list[int]) -> None:
    """Rules that feed nothing to each other come to the same in any order of the file."""
    assert told(story, rule_set(tuple(order))) == told(story)


@settings(max_examples=25, deadline=None)
@given(happenings)
def test_events_that_are_decided_twice_change_nothing(story: list[Happening]) -> None:
    """Waits, counts and ladders end as they do when each event comes once, and nothing leaves a second time."""
    assert told(story, twice=True) == told(story)


@settings(max_examples=25, deadline=None)
@given(happenings)
def test_the_size_of_a_batch_does_not_matter(story: list[Happening]) -> None:
    """What happens in one moment comes to the same, told at once or one by one.

    Without the rule that asks the source right before a message leaves: told one by one, it may leave before the next.
    """
    rules = rule_set(tuple(n for n, text in enumerate(RULES) if "read_first" not in text))
    assert told(story, rules, together=True) == told(story, rules)
