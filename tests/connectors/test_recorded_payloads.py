"""Payloads that the systems really sent, published by others: each is understood or refused, never a crash.

They lie beside the repository (tests/support/shared.py), not in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from connectors import registry
from connectors.base import Inbound, Malformed, Unsupported
from connectors.foreign import read
from rules.facts import codec
from rules.facts.duration import Duration
from tests.connectors import recorded
from tests.support.shared import ROOT, shared_path

# Folders that hold deliveries alone: every one must be understood.
DELIVERIES = {"jira-cloud": "jira", "jira-server": "jira", "github": "github"}


def payloads() -> Iterator[object]:
    """Every payload of a system that we have a connector for."""
    try:
        folder = shared_path("payloads")
    except pytest.skip.Exception:
        return
    for path in sorted(folder.glob("*/*.json")):
        name = DELIVERIES.get(path.parent.name, path.parent.name)
        if name in registry.names() and registry.load(name).normalise:
            yield pytest.param(name, path, id=f"{path.parent.name}-{path.stem}")


def understood(name: str, path: Path) -> Inbound:
    """The payload through check and normalising."""
    connector = registry.load(name)
    settings = recorded.settings(connector)
    delivery = recorded.delivery(connector, path.stem, path.read_bytes(), settings)
    assert connector.verify is not None
    assert connector.normalise is not None
    connector.verify(delivery, settings)
    return connector.normalise(delivery, settings)


@pytest.mark.parametrize(("name", "path"), list(payloads()))
def test_published_payload_is_understood(name: str, path: Path) -> None:
    """A payload gives storable events, follow-up reads, or is ignored or unsupported by name."""
    try:
        inbound = understood(name, path)
    except Unsupported:
        return
    except Malformed:
        assert path.parent.name not in DELIVERIES, "a recorded delivery was taken for a broken one"
        return
    assert inbound.events or inbound.reads or inbound.ignored
    for event in inbound.events:
        assert codec.dumps([event.object, event.before])


def jira(name: str) -> Inbound:
    """One published payload of Jira."""
    return understood("jira", shared_path(f"payloads/{name}"))


def test_jira_resolved_is_closed_with_its_former_status() -> None:
    """Status and resolution set together close the issue, once."""
    (event,) = jira("jira-cloud/issue-updated-resolved.json").events
    assert event.type == "issue.closed"
    assert event.before == {"status": "In Progress"}
    assert (event.object["status"], event.object["status_group"]) == ("Done", "done")
    assert event.object["closed_at"] == datetime(2019, 2, 16, 3, 15, 40, 470_000, UTC)
    assert event.scope == {"project": "TES"}


def test_jira_resolved_to_closed_is_no_second_closing() -> None:
    """An issue that was resolved before is not closed again when its status moves on to Closed."""
    (event,) = jira("jira-server/server-issue-updated-closed.json").events
    assert (event.type, event.before) == ("issue.changed", {"status": "Resolved"})


def test_jira_worklog_asks_for_its_issue() -> None:
    """A worklog delivery has no issue: it is read by number, and "1w" is what Jira counted, 144,000 seconds."""
    (wanted,) = jira("jira-cloud/worklog_created.json").reads
    assert (wanted.kind, wanted.id, wanted.params["event"]) == ("issue", "10014", "time.logged")
    assert wanted.params["worklog"]["timeSpentSeconds"] == 144_000


def test_jira_data_center_tells_a_comment_twice_and_it_counts_once() -> None:
    """Inside the issue's update and alone, without an issue: same comment, same time, so the same event."""
    (event,) = jira("jira-server/server-issue-updated-commented-1.json").events
    (wanted,) = jira("jira-server/server-comment-created.json").reads
    assert (event.type, wanted.params["event"]) == ("comment.created", "comment.created")
    assert event.object["on"] == "PRJX-14"
    assert wanted.id == "10013"


def test_jira_fields_that_did_not_come_are_unknown() -> None:
    """A comment's delivery says nothing of the due date; a full one without a due date says that there is none."""
    (created,) = jira("jira-cloud/issue-created.json").events
    assert created.object["due"] is None
    assert created.object["logged"] == Duration(0, "m")
    (assigned,) = jira("jira-cloud/issue-assigned-empty-changelog.json").events
    assert "due" not in assigned.object


def test_github_labelled_issue_has_due_date_of_its_milestone() -> None:
    """GitHub's issues have no due date of their own."""
    (event,) = understood("github", shared_path("payloads/github/issues.labeled.json")).events
    assert event.type == "issue.changed"
    assert event.object["due"] == date(2019, 5, 23)
    assert set(event.object["labels"]) - set(event.before["labels"]) == {"bug"}


def test_payloads_are_real_json() -> None:
    """The strict reader takes every published payload as it is: strictness costs no real delivery."""
    for path in sorted(shared_path("payloads").glob("*/*.json")):
        read(path.read_bytes())


def test_nothing_of_the_shelf_is_copied_into_the_project() -> None:
    """Fixtures are written by us: none is one of the published files."""
    published = {path.read_bytes() for path in shared_path("payloads").glob("*/*")}
    ours = [path for path in (ROOT / "connectors").glob("*/fixtures/*") if path.is_file()]
    assert not [path for path in ours if path.read_bytes() in published]
