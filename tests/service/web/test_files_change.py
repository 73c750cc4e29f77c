"""The workspace's files are edited while requests are answered."""

from __future__ import annotations

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
