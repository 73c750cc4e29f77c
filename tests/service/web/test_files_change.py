"""The workspace's files are edited while requests are answered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from service.process import Process
from service.rulebook import BrokenFiles
from service.web import pages
from tests.support.seeding import Seed

ROOM = "connections:\n  hall: {connector: slack, url: 'https://hooks.slack.com/services/T0/B0/example'}\n"


def test_a_request_sees_one_state_of_the_files_and_the_next_one_the_edit(seed: Seed) -> None:
    """A connection comes between two looks of one request: it is not there for this one, whatever it reads first."""
    with seed.app.test_request_context("/connections"):
        names = set(pages.context().rulebook.workspace.connections)
        file = seed.context.settings.home / "accord.yaml"
        file.write_text(file.read_text().replace("connections:\n", ROOM, 1))
        assert seed.context.rulebook.refresh()
        assert set(pages.context().rulebook.workspace.connections) == names
        assert pages.context().connection("hall") is None
    with seed.app.test_request_context("/connections"):
        assert set(pages.context().rulebook.workspace.connections) == {*names, "hall"}


def test_a_project_that_has_begun_cannot_leave_the_files(seed: Seed) -> None:
    """The edit is refused with the two ways that there are, and so is a start; under another key it goes on."""
    put_project(seed)
    file = next(
        f for f in (seed.context.settings.home / "projects").glob("*.yaml") if "apollo:" in f.read_text()
    )
    text, book = file.read_text(), seed.context.rulebook
    file.write_text(text.replace("  apollo:\n", "  artemis:\n", 1))
    assert not book.refresh()
    assert [p.message for p in book.refused] == ["the project `apollo` is gone, and has a history"]
    assert "was: apollo" in book.refused[0].hint
    with pytest.raises(BrokenFiles, match="apollo"):
        Process(seed.context.settings)
    file.write_text(text.replace("  apollo:\n", "  artemis:\n    was: apollo\n", 1))
    assert book.refresh()
    assert "apollo" in book.workspace.projects
    assert book.refused == []


def test_a_person_who_was_written_to_stays_with_a_last_day(seed: Seed) -> None:
    """One who never was may go."""
    file, book = seed.context.settings.home / "accord.yaml", seed.context.rulebook
    text = file.read_text()
    file.write_text(text.replace("\npeople:\n", f"\npeople:\n{person('zoe')}{person('max')}", 1))
    assert book.refresh()
    event = seed.event("ledger.posted", {"entry": {"id": "E1"}})
    seed.action(event, "email", recipient="zoe")
    file.write_text(text)
    assert not book.refresh()
    assert [p.message for p in book.refused] == ["the person `zoe` is gone, and has a history"]
    assert "until" in book.refused[0].hint


def person(key: str) -> str:
    return f"  {key}: {{name: {key.title()}, email: {key}@northwind.example, roles: [member]}}\n"


def put_project(seed: Seed) -> None:
    record = {
        "id": "apollo",
        "project": "apollo",
        "client": "acme",
        "status": "active",
        "activated_at": seed.now,
    }
    seed.put("project", record, ago=timedelta(days=3))
