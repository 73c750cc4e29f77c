"""Timers of waits in the database: known to the clock when the wait begins, fired once, dropped when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from rules.engine.effects.projects import activation
from rules.facts.event import Event
from service.flow import decide, tick
from service.store import journal
from service.store.tables import actions, events, slots, verdicts
from tests.support.seeding import NOW, ON_BOTH, Seed, close, opened_for

RULES = """version: 1
rules:
  - id: stale
    title: {en: "Nobody answered", zh-CN: 无人答复}
    scope: {projects: [apollo]}
    when: issue.created
    if: issue.status == "Open"
    if_not_followed_by: {event: comment.created, same: issue.id, within: [2h, 4h]}
    do:
      - task:
          to: project.lead
          text:
            en: {subject: "{{ elapsed | duration }}", body: "{{ issue.title }}"}
            zh-CN: {subject: "{{ elapsed | duration }}", body: "{{ issue.title }}"}
"""


@pytest.fixture
def seed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Seed]:
    made = opened_for(request, tmp_path)
    (tmp_path / "agency" / "rules" / "team.yaml").write_text(RULES, encoding="utf-8")
    made.context.rulebook.refresh()
    project = made.context.rulebook.workspace.projects["apollo"]
    decided(made, activation(project, NOW - timedelta(days=1)))
    yield made
    close(made)


def decided(seed: Seed, *events: Event) -> None:
    """Store events and decide all that waits."""
    with seed.context.database.writing() as connection:
        journal.add(connection, events)
    decide.decide_waiting(seed.context)


def issue(number: int, kind: str = "issue.created", at: datetime = NOW, **objects: Any) -> Event:
    told = objects or {"issue": {"key": f"APO-{number}", "title": f"Work {number}", "status": "Open"}}
    id = f"evt_{kind}_{number}"
    return Event(
        id, kind, at, at, told, "apollo", "acme", connection="tracker", key=f"APO-{number}", version=id
    )


def states(seed: Seed) -> list[tuple[str, str]]:
    """The rows of the clock that belong to waits: length and state."""
    with seed.context.database.reading() as connection:
        rows = connection.execute(
            select(slots).where(slots.c.kind == "wait").order_by(slots.c.due_at)
        ).mappings()
        return [(row["offset"], row["state"]) for row in rows]


def tasks(seed: Seed) -> int:
    with seed.context.database.reading() as connection:
        return len(list(connection.execute(select(actions.c.id).where(actions.c.kind == "task"))))


def turn(seed: Seed, at: datetime, clocks: int = 1) -> int:
    """The clock's turn at a time, by one clock or by several; how many timers fired."""
    seed.at(at)
    before = fired(seed)
    with ThreadPoolExecutor(clocks) as running:
        list(running.map(tick.tick, [seed.context] * clocks))
    decide.decide_waiting(seed.context)
    return fired(seed) - before


def fired(seed: Seed) -> int:
    """How many timers were told so far, by their events."""
    with seed.context.database.reading() as connection:
        rows = connection.execute(select(events.c.data).where(events.c.type == "slot.due")).scalars()
        return sum('"wait"' in row for row in rows)


@ON_BOTH
def test_a_wait_is_known_to_the_clock_and_each_timer_fires_once(seed: Seed) -> None:
    """Planned with the decision, fired when due by the first of three clocks that look at once, and never again."""
    decided(seed, issue(7))
    assert states(seed) == [("2h", "planned"), ("4h", "planned")]
    assert turn(seed, NOW + timedelta(minutes=119)) == 0
    assert turn(seed, NOW + timedelta(minutes=120), clocks=3) == 1
    assert states(seed) == [("2h", "fired"), ("4h", "planned")]
    assert turn(seed, NOW + timedelta(minutes=240), clocks=3) == 1
    assert tasks(seed) == 2
    assert turn(seed, NOW + timedelta(days=9)) == 0


@ON_BOTH
def test_what_ends_a_wait_takes_its_timers_with_it(seed: Seed) -> None:
    """The comment is decided, and the clock has nothing left to do for the wait."""
    decided(seed, issue(7))
    said = {"comment": {"id": "c1", "on": "APO-7", "text": "Yes", "visibility": "internal"}}
    decided(seed, issue(7, "comment.created", NOW + timedelta(minutes=30), **said))
    assert states(seed) == [("2h", "dropped"), ("4h", "dropped")]
    assert turn(seed, NOW + timedelta(days=9)) == 0
    assert tasks(seed) == 0


def test_a_clock_that_was_away_fires_the_latest_alone(seed: Seed) -> None:
    """Two hours and four hours have passed unseen: the team hears of four, and the record says what was skipped."""
    decided(seed, issue(7))
    assert turn(seed, NOW + timedelta(hours=5)) == 1
    assert states(seed) == [("2h", "skipped"), ("4h", "fired")]
    assert tasks(seed) == 1


def test_timers_survive_a_reload_of_other_rules(seed: Seed, tmp_path: Path) -> None:
    """Another rule and another text come in: what waits goes on waiting."""
    decided(seed, issue(7))
    other = (
        "  - {id: other, title: {en: Other}, when: issue.closed, do: [{record: {text: {en: x, zh-CN: x}}}]}\n"
    )
    path = tmp_path / "agency" / "rules" / "team.yaml"
    path.write_text(RULES.replace("Nobody answered", "No answer") + other, encoding="utf-8")
    assert seed.context.rulebook.refresh()
    assert turn(seed, NOW + timedelta(hours=2)) == 1
    assert tasks(seed) == 1


def test_an_event_that_is_replayed_begins_nothing_again(seed: Seed) -> None:
    """Decided once more after its wait is over: no timer, no task."""
    decided(seed, issue(7))
    turn(seed, NOW + timedelta(hours=2))
    turn(seed, NOW + timedelta(hours=4))
    with seed.context.database.writing() as connection:
        journal.replay(connection, issue(7).id)
    decide.decide_waiting(seed.context)
    assert turn(seed, NOW + timedelta(days=2)) == 0
    assert tasks(seed) == 2


def test_a_timer_waits_for_its_turn_in_the_order_of_its_client(seed: Seed) -> None:
    """The comment arrives before the timer's event is decided: the timer finds the wait over, and says so."""
    decided(seed, issue(7))
    later = NOW + timedelta(minutes=121)
    said = {"comment": {"id": "c1", "on": "APO-7", "text": "Yes", "visibility": "internal"}}
    with seed.context.database.writing() as connection:
        journal.add(connection, [issue(7, "comment.created", later, **said)])
    turn(seed, later)
    assert tasks(seed) == 0
    with seed.context.database.reading() as connection:
        found = connection.execute(select(verdicts.c.kind).where(verdicts.c.rule == "stale")).scalars().all()
    assert sorted(found) == ["cancelled", "cancelled", "pending"]
