"""What trackers tell of issues and comments: merged over what is known, in the source's own order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from rules.facts.duration import Duration
from rules.facts.event import Event
from tests.rules.effects.world import APOLLO, World, types


@pytest.fixture
def world() -> World:
    return World()


def tell(world: World, version: str = "1", verb: str = "changed", before: Any = None, **issue: Any) -> Event:
    told = world.tell(
        f"issue.{verb}",
        "APO-7",
        connection="tracker",
        version=version,
        before=before or {},
        issue={"key": "APO-7", **issue},
    )
    assert all(e.type.startswith("action_item.") for e in told[1:])
    return told[0]


def test_an_issue_is_kept_under_its_connection_and_key(world: World) -> None:
    """The event comes back with the whole issue, and so does the record."""
    event = tell(world, verb="created", title="Export", status="To Do", status_group="todo", labels=[])
    issue = event.objects["issue"]
    record = world.get("issue", "tracker/APO-7")
    assert issue == {k: v for k, v in record.items() if k != "_version"}
    assert (issue["id"], issue["status_group"], issue["change_requested"]) == ("tracker/APO-7", "todo", False)
    assert issue["baselined"] is False


def test_what_a_source_does_not_say_is_still_known(world: World) -> None:
    """A thin hook tells of the status alone: title and due date stay, an explicit none empties."""
    tell(world, verb="created", title="Export", due=date(2026, 10, 1), status="To Do")
    event = tell(world, "2", status="Doing", due=None)
    assert event.objects["issue"]["title"] == "Export"
    assert event.objects["issue"]["due"] is None
    assert event.before["due"] == date(2026, 10, 1)


@pytest.mark.parametrize(
    ("status", "group"),
    [("Done", "done"), ("已完成", "done"), ("waiting for CLIENT", "waits_for_client"), ("Doing", "doing")],
)
def test_the_workspace_says_what_a_status_means(world: World, status: str, group: str) -> None:
    """`done` and `waits_for_client` of the project win over how the tracker groups its statuses."""
    assert tell(world, status=status, status_group="doing").objects["issue"]["status_group"] == group


def test_an_issue_that_leaves_done_is_not_done_any_more(world: World) -> None:
    """Also when its source does not group statuses at all."""
    tell(world, status="Done")
    event = tell(world, "2", "reopened", status="Review")
    assert event.objects["issue"]["status_group"] == "doing"
    assert event.before["status_group"] == "done"


def test_a_label_asks_for_a_change_and_the_event_says_since_when(world: World) -> None:
    """`changed(issue.change_requested)` is true when the label comes, by the source's own change log."""
    event = tell(world, before={"labels": ["ui"]}, labels=["ui", "change-request"], title="Export")
    assert event.objects["issue"]["change_requested"] is True
    assert event.before["change_requested"] is False
    again = tell(world, "2", title="Export 2")
    assert again.before["change_requested"] is True


def test_whether_a_change_is_asked_for_is_unknown_without_labels(world: World) -> None:
    """A hook that does not carry labels says nothing about it."""
    assert "change_requested" not in tell(world, title="Export").objects["issue"]


def test_a_type_of_issue_can_ask_for_a_change() -> None:
    """The workspace may name types instead of labels."""
    tracking = replace(APOLLO.tracked_by[0], change_labels=(), change_types=("Change",))
    world = World(replace(APOLLO, tracked_by=(tracking,)))
    assert tell(world, type="Change").objects["issue"]["change_requested"] is True


def test_an_older_version_never_overwrites_a_newer_one(world: World) -> None:
    """A late delivery is decided with what is known, and nothing looks changed by it."""
    tell(world, "2026-09-21T10:00:00Z", estimate=Duration(8, "h"))
    late = tell(
        world, "2026-09-21T09:00:00Z", estimate=Duration(4, "h"), before={"estimate": Duration(2, "h")}
    )
    assert late.objects["issue"]["estimate"] == Duration(8, "h")
    assert late.before == {}
    assert world.get("issue", "tracker/APO-7")["estimate"] == Duration(8, "h")


def test_an_issue_of_an_applied_change_belongs_to_the_baseline(world: World) -> None:
    """The baseline lists the issues of changes that were applied."""
    baseline = {**world.get("baseline"), "issues": ["tracker/APO-7"]}
    world.book.store({("baseline", "apollo"): baseline})
    assert tell(world, title="Export").objects["issue"]["baselined"] is True


def test_a_comment_comes_with_its_issue(world: World) -> None:
    """The issue it stands on is named by id, whatever the source calls it."""
    tell(world, title="Export")
    (event,) = world.tell(
        "comment.created", "c1", connection="tracker", comment={"text": "Hello", "on": "APO-7"}
    )
    assert event.objects["comment"]["on"] == "tracker/APO-7"
    assert event.objects["issue"]["title"] == "Export"


@pytest.mark.parametrize("on", ["APO-7", "tracker/APO-7"])
def test_an_issue_may_be_named_by_key_or_by_id(world: World, on: str) -> None:
    """Slashes belong to some trackers' keys; only a connection's name makes an id of it."""
    tell(world, title="Export")
    (event,) = world.tell("comment.created", "c1", connection="tracker", comment={"text": "Hello", "on": on})
    assert event.objects["issue"]["title"] == "Export"
    (event,) = world.tell(
        "comment.created", "c2", connection="tracker", comment={"text": "Hi", "on": "team/repo#7"}
    )
    assert event.objects["comment"]["on"] == "tracker/team/repo#7"


def test_our_own_comment_coming_back_causes_nothing(world: World) -> None:
    """No event follows from it, and no record."""
    before = dict(world.book.records)
    told = world.tell(
        "comment.created", "c1", connection="tracker", own=True, comment={"text": "Hi", "on": "APO-7"}
    )
    assert types(told) == ["comment.created"]
    assert world.book.records == before


def test_an_event_of_no_project_writes_nothing(world: World) -> None:
    """What nobody claims waits for a person; it touches no record."""
    before = dict(world.book.records)
    world.tell("issue.created", "X-1", connection="tracker", project=None, issue={"key": "X-1", "title": "?"})
    world.tell(
        "time.logged", "worklog/1", connection="tracker", project=None, entry={"person": "lin", "seconds": 60}
    )
    assert world.book.records == before


@pytest.mark.parametrize(
    ("reporter", "raised"), [("ann", True), ("lin", False), ("nobody", False), (None, False)]
)
def test_what_a_contact_of_the_client_reports_is_raised_by_the_client(
    world: World, reporter: str | None, raised: bool
) -> None:
    """It stays so whoever edits it later."""
    tell(world, verb="created", reporter=reporter)
    assert bool(tell(world, "2", status="Doing").objects["issue"].get("client_raised")) is raised


def test_the_first_comment_of_the_team_that_the_client_can_see_is_the_answer(world: World) -> None:
    """The client's own comment, a remark among the team and later comments change nothing."""
    tell(world, verb="created", reporter="ann")

    def comment(author: str, visibility: str, key: str) -> Any:
        said = {"id": key, "author": author, "visibility": visibility, "on": "APO-7"}
        return world.tell("comment.created", key, connection="tracker", comment=said)[0].objects["issue"]

    assert comment("ann", "client", "c1").get("first_answer_at") is None
    assert comment("lin", "internal", "c2").get("first_answer_at") is None
    answered = comment("lin", "client", "c3")["first_answer_at"]
    assert answered == world.now
    world.now += timedelta(days=1)
    assert comment("lin", "client", "c4")["first_answer_at"] == answered
