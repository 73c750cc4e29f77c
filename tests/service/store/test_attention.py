"""What waits for a person is counted quickly and rightly, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rules.engine.verdicts import Planned
from rules.facts.event import Event
from service.store import actions, attention, deliveries, evidence, journal, lists, records
from service.store.actions import Outcome
from service.store.database import Database
from service.store.deliveries import Became
from service.store.lists import Wanted

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def stored(database: Database, count: int, start: int = 0) -> None:
    """Events that came a minute apart, the newest at NOW."""
    with database.writing() as connection:
        for number in range(start, count):
            at = NOW - timedelta(minutes=count - 1 - number)
            journal.add(connection, [Event(f"evt_{number}", "rules.reloaded", at, at, {}, "apollo", "acme")])


def planned(database: Database, id: str, state: str, **more: object) -> None:
    given = {
        "event": "evt_1",
        "rule": "r",
        "kind": "email",
        "ordinal": 0,
        "due": NOW,
        "project": "apollo",
        **more,
    }
    with database.writing() as connection:
        actions.add(connection, [Planned(id=id, **given)], "evt_1", "rs", NOW)  # type: ignore[arg-type]
        if state == "waiting":
            return
        held = actions.claim(connection, id, NOW, NOW + timedelta(minutes=1))
        assert held is not None
        actions.finish(connection, id, held.token, Outcome(state), NOW)


def test_what_waits_is_counted_by_its_kind(database: Database) -> None:
    """Review apart from hours; dead, unknown, parked, unmatched and open decisions each by itself."""
    planned(database, "act_1", "waiting", waits="review")
    planned(database, "act_2", "waiting", waits="hours")
    planned(database, "act_3", "dead", address="ann@acme.example", client_facing=True)
    planned(database, "act_4", "unknown")
    stored(database, 1)
    with database.writing() as connection:
        for _ in range(journal.TRIES_BEFORE_PARKING):
            journal.failed(connection, "evt_0", "broken")
        deliveries.settle(connection, ("dlv_1", 1, "books"), Became("unmatched"), NOW)
        records.save(connection, {("approval", "apr_1"): {"id": "apr_1", "status": "sent"}}, NOW)
    with database.reading() as connection:
        found = attention.waiting(connection)
    assert {k: v for k, v in found.items() if v} == {
        "review": 1,
        "dead": 1,
        "unknown": 1,
        "parked": 1,
        "unmatched": 1,
        "approvals": 1,
    }


def test_the_place_of_a_moment_is_found_by_halving(database: Database) -> None:
    """From there on everything came at that moment or later; after the last is the end."""
    stored(database, 40)
    with database.reading() as connection:
        for minutes in (0, 1, 7, 38, 39):
            first = attention.since(connection, "events", NOW - timedelta(minutes=minutes))
            page = lists.events_page(connection, Wanted(limit=100, since=first), {})
            assert len(page.rows) == minutes + 1
        assert attention.events_since(connection, NOW - timedelta(days=1)) == 40
        assert attention.events_since(connection, NOW + timedelta(seconds=1)) == 0


def test_contacts_that_would_hear_are_counted_once(database: Database) -> None:
    """Two messages to one address are one contact; the team and observed messages are none."""
    reach = {"client_facing": True, "address": "ann@acme.example", "waits": "hours"}
    planned(database, "act_1", "waiting", **reach)
    planned(database, "act_2", "waiting", **reach)
    planned(database, "act_3", "waiting", **{**reach, "address": "bob@acme.example", "project": "kanban"})
    planned(database, "act_4", "waiting", **{**reach, "address": "lin@northwind.example", "observed": True})
    with database.reading() as connection:
        assert attention.contacts_waiting(connection, "everything", "*") == 2
        assert attention.contacts_waiting(connection, "project", "apollo") == 1


def test_a_page_by_a_usual_state_is_the_newest_of_that_state(database: Database) -> None:
    """What nearly every row is filters like any other state."""
    planned(database, "act_1", "sent")
    planned(database, "act_2", "dead")
    planned(database, "act_3", "sent")
    with database.reading() as connection:
        rows = lists.actions_page(connection, Wanted(), {"state": "sent"}).rows
    assert [row["id"] for row in rows] == ["act_3", "act_1"]


def test_evidence_of_one_approval(database: Database) -> None:
    """Only the links of that approval, in order; one that merely mentions it in a text is left out."""
    three = ({"approval": "apr_1"}, {"approval": "apr_2", "text": "apr_1"}, {"approval": "apr_1"})
    with database.writing() as connection:
        for number, record in enumerate(three):
            evidence.append(connection, "apollo", {**record, "n": number}, NOW)
    with database.reading() as connection:
        found = attention.evidence_of(connection, "apollo", "apr_1")
    assert [(e["sequence"], e["record"]["n"]) for e in found] == [(1, 0), (3, 2)]
