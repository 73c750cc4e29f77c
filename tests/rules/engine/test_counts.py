"""`counts`: so many events within a sliding window, once, and again only after the count fell below."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.engine.verdicts import Verdict
from tests.support.worlds import World

BEGIN = datetime(2026, 9, 21, tzinfo=UTC)
ENGLISH = {"organisation": {"locale": "en"}}
RULE = """
- id: again
  when: issue.reopened
  counts: {of: issue.reopened, by: issue.id, at_least: 3, within: 7d}
  do: [{task: {to: project.lead, text: {en: {subject: "{{ count }} times", body: "{{ issue.key }}"}}}}]
"""


def reopened(world: World, hours: float, key: str = "APO-7", told_at: float | None = None) -> Verdict:
    """The issue was reopened so many hours after the beginning; the verdict."""
    at = BEGIN + timedelta(hours=hours)
    world.now = at if told_at is None else BEGIN + timedelta(hours=told_at)
    event = world.event(
        "issue.reopened", issue={"key": key, "title": "x"}, key=key, at=at, connection="tracker"
    )
    return next(v for v in world.decide(event).verdicts if v.rule == "again")


def kinds(hours: Sequence[float]) -> list[str]:
    """The verdicts of an issue that is reopened at these hours."""
    world = World(RULE, ENGLISH)
    return [reopened(world, hour).kind for hour in hours]


def test_the_number_is_reached_once() -> None:
    """The third within seven days fires; the fourth does not, for the count has not fallen below since."""
    assert kinds([0, 24, 48, 72]) == ["not_crossed", "not_crossed", "fired", "not_crossed"]


def test_it_fires_again_after_the_count_fell_below() -> None:
    """Eight quiet days later three more make a new alarm; while the window stays full there is none."""
    day = 24
    assert kinds([0, 1, 2, 10 * day, 10 * day + 1, 10 * day + 2])[-1] == "fired"
    assert kinds([n * 2 * day for n in range(9)]).count("fired") == 1


def test_events_outside_the_window_do_not_count() -> None:
    """Three in three weeks are no three in a week."""
    assert set(kinds([0, 24 * 8, 24 * 16])) == {"not_crossed"}


def test_each_thing_has_a_count_of_its_own() -> None:
    """Two issues, reopened in turn."""
    world = World(RULE, ENGLISH)
    assert [
        reopened(world, h, key).kind for h, key in enumerate(["APO-1", "APO-2", "APO-1", "APO-2", "APO-1"])
    ] == [
        *["not_crossed"] * 4,
        "fired",
    ]


def test_the_reason_says_how_many_and_what_would_have_fired() -> None:
    """Near misses are told with their number, an alarm with its own."""
    world = World(RULE, ENGLISH)
    first = reopened(world, 0)
    assert (first.reason, first.near_miss) == ("1 of 3 within 7d", "the count is 1; 3 would have fired")
    reopened(world, 1)
    assert reopened(world, 2).reason == "3 of 3 within 7d; task to lin"
    after = reopened(world, 3)
    assert after.reason == "4 of 3 within 7d; it fires again after the count fell below"
    assert after.near_miss is None


def test_what_comes_late_counts_where_it_belongs() -> None:
    """The one in the middle is told last: the window of the newest event has three all the same."""
    world = World(RULE, ENGLISH)
    assert [reopened(world, h, told_at=t).kind for h, t in ((0, 0), (48, 48), (24, 50))] == [
        "not_crossed",
        "not_crossed",
        "fired",
    ]


def test_an_event_that_is_told_again_counts_once() -> None:
    """The same event decided twice changes nothing."""
    world = World(RULE, ENGLISH)
    event = world.event(
        "issue.reopened", issue={"key": "APO-7", "title": "x"}, key="APO-7", connection="tracker"
    )
    world.decide(event)
    kept = dict(world.book.records)
    world.decide(event)
    assert {k: r for k, r in world.book.records.items() if k[0] == "count"} == {
        k: r for k, r in kept.items() if k[0] == "count"
    }


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 24 * 30), min_size=1, max_size=14, unique=True))
def test_it_fires_exactly_where_the_window_fills_up(hours: list[int]) -> None:
    """Whatever the times: an event fires when it is the third of its window, and the two before it were not three."""
    ordered = sorted(hours)
    expected = []
    for i, hour in enumerate(ordered):
        window = [h for h in ordered[: i + 1] if h >= hour - 24 * 7]
        expected.append("fired" if len(window) == 3 else "not_crossed")
    assert kinds(ordered) == expected
