"""GitHub's objects in the words of the catalogue: issues, milestones and comments, from hooks and from reads alike.

In: `Foreign` objects as GitHub writes them. Out: records and `SourceEvent`s. GitHub's times are whole seconds, so a
version has the action behind its time: two changes within one second are two versions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.base import Settings
from connectors.foreign import Foreign, version_of
from connectors.markers import is_ours
from rules.facts.event import Record, SourceEvent

LAST = "~"
"""Sorts behind every action: the state that a read found stands over those that hooks told of the same second."""


def login(user: Foreign | None) -> str | None:
    """Who; none for an account that was deleted."""
    return user["login"].text() if user else None


def is_own(user: Foreign | None, settings: Settings) -> bool:
    """Whether that is the account we act with."""
    name, ours = login(user), settings.get("user")
    return bool(name and ours and name.casefold() == str(ours).casefold())


def issue_record(issue: Foreign, repo: str) -> Record:
    """An issue. Its due date is the milestone's: issues have none of their own."""
    record: Record = {
        "id": issue["id"].id(),
        "key": f"{repo}#{issue['number'].whole()}",
        "title": issue["title"].text(),
        "url": issue["html_url"].text(),
        "assignee": login(issue.get("assignee")),
        "reporter": login(issue.get("user")),
        "labels": [label_name(label) for label in issue["labels"].each()] if "labels" in issue else [],
        "created_at": issue["created_at"].time(),
        "closed_at": _time(issue.get("closed_at")),
        **milestone_fields(issue.get("milestone")),
    }
    if issue.get("type"):
        record["type"] = issue["type"]["name"].text()
    if "state" in issue:
        state = issue["state"].text()
        record |= {"status": state, "status_group": "done" if state == "closed" else "todo"}
    return record


def label_name(label: Foreign) -> str:
    """Reads write some labels as bare names."""
    return label.text() if isinstance(label.value, str) else label["name"].text()


def milestone_fields(milestone: Foreign | None) -> dict[str, Any]:
    """What an issue has of its milestone. A due date is a day, written as a time of that day in UTC."""
    due = _time(milestone.get("due_on")) if milestone else None
    return {"milestone": milestone["title"].text() if milestone else None, "due": due.date() if due else None}


@dataclass(frozen=True, slots=True)
class Source:
    """Where an event comes from: the repository, whether anybody can read it, and when we heard of a deletion."""

    repo: str
    settings: Settings
    public: bool = False
    heard_at: datetime | None = None


def issue_event(
    kind: str,
    issue: Foreign,
    source: Source,
    *,
    at: datetime,
    action: str,
    user: Foreign | None,
    before: Record,
) -> SourceEvent:
    """One event about an issue. `at`: GitHub's time of it; `action` tells versions of one second apart."""
    gone = kind == "issue.deleted" and source.heard_at
    return SourceEvent(
        type=kind,
        at=gone or at,
        key=f"issue/{issue['id'].id()}",
        version=f"{version_of(at)} {LAST if gone else ''}{action}",
        scope={"project": source.repo},
        object=issue_record(issue, source.repo),
        before=before,
        person=login(user),
        own=is_own(user, source.settings),
    )


def milestone_event(
    kind: str,
    milestone: Foreign,
    source: Source,
    *,
    action: str,
    user: Foreign | None,
    before: Record | None = None,
    at: datetime | None = None,
) -> SourceEvent:
    """One event about a milestone: its name, day and state. `at`: GitHub's time of it, where not of its last change."""
    gone = kind == "milestone.cancelled" and source.heard_at
    happened = at or milestone["updated_at"].time()
    due = _time(milestone.get("due_on"))
    return SourceEvent(
        type=kind,
        at=gone or happened,
        key=f"milestone/{milestone['id'].id()}",
        version=f"{version_of(happened)} {LAST if gone else ''}{action}",
        scope={"project": source.repo},
        object={
            "title": milestone["title"].text(),
            "due": due.date() if due else None,
            "status": "handed_over" if milestone["state"].text() == "closed" else "planned",
        },
        before=before or {},
        person=login(user),
        own=is_own(user, source.settings),
    )


def comment_event(
    kind: str, comment: Foreign, number: int, source: Source, user: Foreign | None = None
) -> SourceEvent:
    """One event about a comment on an issue. `user`: who did it, where that is told; else the author."""
    made, changed = comment["created_at"].time(), comment["updated_at"].time()
    gone = kind == "comment.deleted" and source.heard_at
    at = made if kind == "comment.created" else changed
    body, author = comment.get("body"), comment.get("user")
    text = body.text() if body else ""
    return SourceEvent(
        type=kind,
        at=gone or at,
        key=f"comment/{comment['id'].id()}",
        version=f"{version_of(at)} {LAST}" if gone else version_of(at),
        scope={"project": source.repo},
        object={
            "id": comment["id"].id(),
            "author": login(author),
            "text": text,
            "visibility": "client" if source.public else "internal",
            "at": made,
            "on": f"{source.repo}#{number}",
        },
        person=login(user or author),
        own=is_own(user or author, source.settings) or is_ours(text),
    )


def _time(value: Foreign | None) -> datetime | None:
    return value.time() if value else None
