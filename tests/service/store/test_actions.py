"""Actions: claimed once, in order on each target, fenced when a holder was too slow, never lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import MISSING, Field, fields, make_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rules.engine.verdicts import Planned
from rules.facts import codec
from service.store import actions
from service.store.actions import Outcome
from service.store.database import Database

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
LEASE = timedelta(minutes=2)


def planned(id: str, **fields: Any) -> Planned:
    usual = {
        "event": "evt_1",
        "rule": "r",
        "kind": "comment",
        "ordinal": 0,
        "due": NOW,
        "connection": "tracker",
    }
    return Planned(id=id, **{**usual, **fields})


def store(database: Database, *wanted: Planned, root: str = "evt_1") -> None:
    with database.writing() as connection:
        actions.add(connection, wanted, root, "rs", NOW)


def due(database: Database, now: datetime = NOW) -> list[str]:
    with database.reading() as connection:
        return [id for id, _ in actions.due(connection, now, lambda _: 100)]


def claim(database: Database, id: str, now: datetime = NOW) -> actions.Claimed | None:
    with database.writing() as connection:
        return actions.claim(connection, id, now, now + LEASE)


def begin(database: Database, id: str, token: int, now: datetime = NOW) -> bool:
    with database.writing() as connection:
        return actions.begin(connection, id, token, ("s", "b", None), now)


def finish(database: Database, id: str, token: int, outcome: Outcome, now: datetime = NOW) -> bool:
    with database.writing() as connection:
        return actions.finish(connection, id, token, outcome, now)


def test_the_same_intention_is_stored_once(database: Database) -> None:
    """A replay plans the same id again: the first row stays, whatever became of it."""
    store(database, planned("act_1"))
    held = claim(database, "act_1")
    assert held is not None
    assert begin(database, "act_1", held.token)
    assert finish(database, "act_1", held.token, Outcome("sent", left=True))
    store(database, planned("act_1"))
    assert due(database) == []


def test_of_many_workers_one_gets_the_action(database: Database) -> None:
    """Sixteen at once: one claim, and nothing is due while its lease runs."""
    store(database, planned("act_1"))
    with ThreadPoolExecutor(16) as threads:
        won = [c for c in threads.map(lambda _: claim(database, "act_1"), range(16)) if c]
    assert len(won) == 1
    assert due(database) == []


def test_a_holder_that_died_is_followed_by_another_and_fenced_out(database: Database) -> None:
    """After the lease another worker takes over; the first one's outcome counts as a possible duplicate only."""
    store(database, planned("act_1"))
    first = claim(database, "act_1")
    assert first is not None
    assert begin(database, "act_1", first.token)
    later = NOW + LEASE + timedelta(seconds=1)
    assert due(database, later) == ["act_1"]
    second = claim(database, "act_1", later)
    assert second is not None
    assert second.open_attempt, "the new holder knows that a call may have been made"
    assert not begin(database, "act_1", first.token, later), "the former holder may not call any more"
    assert not finish(database, "act_1", first.token, Outcome("sent", left=True), later)
    assert finish(database, "act_1", second.token, Outcome("sent", left=True), later)


def test_one_target_is_served_in_order_and_a_failed_one_holds_up_the_next(database: Database) -> None:
    """Comment, then transition on one issue; another issue does not wait for them."""
    store(
        database,
        planned("act_1", target="APO-1"),
        planned("act_2", target="APO-1"),
        planned("act_3", target="APO-2"),
    )
    assert due(database) == ["act_1", "act_3"]
    held = claim(database, "act_1")
    assert held is not None
    finish(database, "act_1", held.token, Outcome("dead", "refused"))
    assert due(database) == ["act_3"], "what comes after a dead one waits for its mend"
    with database.writing() as connection:
        assert actions.redrive(connection, "act_1", NOW)
    again = claim(database, "act_1")
    assert again is not None
    finish(database, "act_1", again.token, Outcome("sent", left=True))
    assert due(database) == ["act_2", "act_3"]


def test_targets_of_different_events_do_not_wait_for_each_other(database: Database) -> None:
    """A mail that waits for the morning does not hold up tomorrow's news to the same person."""
    store(database, planned("act_1", target="bob", waits="hours", due=NOW + timedelta(hours=9)))
    store(database, planned("act_2", target="bob", event="evt_2"), root="evt_2")
    assert due(database) == ["act_2"]


def test_a_correction_waits_for_the_alert_it_corrects(database: Database) -> None:
    """The note leaves only when it is known what became of the alert."""
    store(database, planned("act_alert", target="a"))
    store(database, planned("act_note", target="b", corrects="act_alert"), root="evt_2")
    assert due(database) == ["act_alert"]
    held = claim(database, "act_alert")
    assert held is not None
    finish(database, "act_alert", held.token, Outcome("sent", left=True))
    assert due(database) == ["act_note"]


@pytest.mark.parametrize(("waits", "found"), [("hours", True), ("delay", True), ("review", False)])
def test_what_waits_for_time_leaves_by_itself_what_waits_for_a_person_does_not(
    database: Database, waits: str, found: bool
) -> None:
    """Hours and delays end; a review is ended by the lead alone."""
    store(database, planned("act_1", waits=waits, due=NOW + timedelta(hours=1)))
    assert due(database) == []
    assert due(database, NOW + timedelta(hours=2)) == (["act_1"] if found else [])


def test_a_retry_waits_until_its_time(database: Database) -> None:
    """Ready again, but not before `due`; the attempt stays on record."""
    store(database, planned("act_1"))
    held = claim(database, "act_1")
    assert held is not None
    begin(database, "act_1", held.token)
    finish(database, "act_1", held.token, Outcome("ready", "HTTP 503", 503, due=NOW + timedelta(seconds=40)))
    assert due(database) == []
    assert due(database, NOW + timedelta(seconds=41)) == ["act_1"]
    again = claim(database, "act_1", NOW + timedelta(seconds=41))
    assert again is not None
    assert (again.tries, again.open_attempt) == (1, False)


def test_a_connection_with_much_to_do_hides_nothing_of_the_others(database: Database) -> None:
    """Five hundred comments that go nowhere, and one mail after them: the mail is among what may leave now."""
    store(database, *(planned(f"act_{n}", target=f"APO-{n}") for n in range(500)))
    store(database, planned("act_mail", kind="email", connection="mail"), root="evt_2")
    assert len(due(database)) == 101
    assert "act_mail" in due(database)


def test_connections_that_rest_are_left_out(database: Database) -> None:
    """What is paused or rests after failures is not even looked at."""
    store(database, planned("act_1", target="a"), planned("act_2", target="b", connection="room"))
    with database.reading() as connection:
        assert [
            id for id, _ in actions.due(connection, NOW, lambda lane: 0 if lane == "tracker" else 100)
        ] == ["act_2"]


def test_a_mail_counts_against_the_connection_it_leaves_by(database: Database) -> None:
    """A mail names no connection; it is due for the one that carries mails, so that pause and rest reach it."""
    with database.writing() as connection:
        actions.add(
            connection, [planned("act_1", kind="email", connection=None)], "evt_1", "rs", NOW, mail="post"
        )
    with database.reading() as connection:
        assert actions.due(connection, NOW, lambda _: 100) == [("act_1", "post")]


def test_a_call_of_which_nobody_knows_whether_it_worked_stays_in_doubt(database: Database) -> None:
    """It failed without an answer and is tried again: whoever does so knows that the effect may be there."""
    store(database, planned("act_1"))
    held = claim(database, "act_1")
    assert held is not None
    assert held.doubtful is False
    begin(database, "act_1", held.token)
    finish(database, "act_1", held.token, Outcome("ready", "broke off", due=NOW, doubtful=True))
    again = claim(database, "act_1")
    assert again is not None
    assert (again.doubtful, again.open_attempt) == (True, False)


def test_a_call_that_may_take_long_is_held_as_long(database: Database) -> None:
    """The lease goes on from the beginning of the call."""
    store(database, planned("act_1"))
    held = claim(database, "act_1")
    assert held is not None
    with database.writing() as connection:
        until = NOW + timedelta(minutes=10)
        assert actions.begin(connection, "act_1", held.token, ("s", "b", None), NOW, until)
    assert claim(database, "act_1", NOW + timedelta(minutes=9)) is None
    assert claim(database, "act_1", NOW + timedelta(minutes=11)) is not None


def _needed(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


@pytest.mark.parametrize("added", [f.name for f in fields(Planned) if not _needed(f) and f.name != "alert"])
def test_a_version_without_a_field_reads_what_says_nothing_in_it(added: str) -> None:
    """During an upgrade the version before, which refuses names that it does not know, works on rows of this one."""
    known = [(f.name, Any) if _needed(f) else (f.name, Any, None) for f in fields(Planned) if f.name != added]
    before = make_dataclass("PlannedBefore", known)
    stored = codec.loads(actions.encode(planned("act_1", connection=None)))
    assert before(**stored).id == "act_1"
    assert "alert" in stored, "the first version looks for it by name"


def test_rows_of_another_version_are_read() -> None:
    """Names that only a later version knows are passed over; what an earlier one did not write has its default."""
    full = planned(
        "act_1", alert=("mem", "0.8", 2), parts=({"subject": "s", "body": "b"},), client_facing=True
    )
    assert actions.decode(actions.encode(full)) == full
    later = {**codec.loads(actions.encode(full)), "colour": "red"}
    assert actions.decode(codec.dumps(later)) == full
    earlier = {name: value for name, value in later.items() if name not in ("parts", "alert", "colour")}
    assert actions.decode(codec.dumps(earlier)) == replace(full, parts=(), alert=None)
