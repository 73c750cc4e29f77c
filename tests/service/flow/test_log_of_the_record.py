"""SQLite's log beside the record: what is written goes on into the file itself while there is work, not only after."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rules.facts.event import Event
from service.flow import decide
from service.store import journal
from tests.support.seeding import NOW, close, opened

PAGES = 1000
"""After how many pages SQLite copies its log into the file, and may begin it anew."""
PAGE = 4096


def test_the_log_does_not_grow_for_as_long_as_there_is_work(tmp_path: Path) -> None:
    """Four hundred events in a row write more than twice what the log holds; it is begun anew in between."""
    seed = opened(tmp_path)
    issue = {"key": "APO-1", "title": "Work", "status": "Open"}
    first = Event(
        "evt_0",
        "issue.created",
        NOW,
        NOW,
        {"issue": issue},
        "apollo",
        "acme",
        connection="tracker",
        key="APO-1",
    )
    with seed.context.database.writing() as connection:
        journal.add(connection, [replace(first, id=f"evt_{n}", version=f"{n:04}") for n in range(400)])
    assert decide.decide_waiting(seed.context) == 400
    log = seed.context.settings.var / "accord.db-wal"
    assert log.stat().st_size < 2 * PAGES * PAGE
    close(seed)
