"""Jira's objects in the words of the catalogue: issues, changes, comments, worklogs, versions, from hooks and reads.

In: `Foreign` objects as Jira writes them. Out: records and `SourceEvent`s; Malformed (or the reader's own error) with
the path of what is not as it should be. A field that Jira did not send is absent from a record, an empty one is None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.base import Settings
from connectors.foreign import Foreign, version_of
from connectors.http import url
from connectors.markers import is_ours
from rules.facts.duration import BadDuration, Duration
from rules.facts.event import Record, SourceEvent

_GROUPS = {"new": "todo", "indeterminate": "doing", "done": "done"}
_BLOCKS = frozenset({"paragraph", "heading", "listItem", "blockquote", "codeBlock", "tableRow", "panel"})


NAMED_BY: Final = ("accountId", "name", "key", "emailAddress", "displayName")
"""What may tell one user from others: Cloud's id, Data Center's name; of one made anonymous, what is left."""


def account(user: Foreign | None) -> str | None:
    """Who: the account id of Cloud, the user name of Data Center; none for somebody of whom nothing is told."""
    found = [user.get(name) for name in NAMED_BY] if user else []
    return next((value.id() for value in found if value is not None), None)


def is_own(user: Foreign | None, settings: Settings) -> bool:
    """Whether that is the account we act with: `account`, or `user` by mail address or name."""
    ours = {str(name).casefold() for name in (settings.get("account"), settings.get("user")) if name}
    named = [user.get(name) for name in ("accountId", "name", "emailAddress")] if user else []
    return any(value is not None and value.text().casefold() in ours for value in named)


def minutes(seconds: Foreign | None) -> Duration | None:
    """Jira's seconds as whole minutes, which is all it lets people enter."""
    if seconds is None:
        return None
    try:
        return Duration(seconds.whole() // 60, "m")
    except BadDuration as problem:
        raise seconds.refuse(f"{seconds.path}: {problem}") from None


def _name(value: Foreign | None) -> str | None:
    return value["name"].text() if value else None


def _first_name(versions: Foreign | None) -> str | None:
    return next((version["name"].text() for version in (versions.each() if versions else ())), None)


# Jira's field -> our field, and how its value is read. None stands for null.
_FIELDS: Mapping[str, tuple[str, Callable[[Foreign | None], Any]]] = {
    "issuetype": ("type", _name),
    "status": ("status", _name),
    "assignee": ("assignee", account),
    "reporter": ("reporter", account),
    "duedate": ("due", lambda value: value.day() if value else None),
    "timeoriginalestimate": ("estimate", minutes),
    "timespent": ("logged", lambda value: minutes(value) or Duration(0, "m")),
    "labels": ("labels", lambda value: [label.text() for label in value.each()] if value else []),
    "fixVersions": ("milestone", _first_name),
    "created": ("created_at", lambda value: value.time() if value else None),
    "resolutiondate": ("closed_at", lambda value: value.time() if value else None),
}

# Fields whose change nobody follows: the order of a board.
_NOISE = frozenset({"rank"})

# Field of a changelog item -> our field, and how the former value is read from its id (`from`) and text.
_FORMER: Mapping[str, tuple[str, Callable[[Foreign | None, Foreign | None], Any]]] = {
    "summary": ("title", lambda _, text: text.text() if text else None),
    "status": ("status", lambda _, text: text.text() if text else None),
    "issuetype": ("type", lambda _, text: text.text() if text else None),
    "assignee": ("assignee", lambda ident, _: ident.id() if ident else None),
    "duedate": ("due", lambda ident, _: ident.day() if ident else None),
    "labels": ("labels", lambda _, text: text.text().split() if text else []),
    "timeoriginalestimate": ("estimate", lambda ident, _: _counted(ident)),
    "timespent": ("logged", lambda ident, _: _counted(ident) or Duration(0, "m")),
    "fix version": ("milestone", lambda _, text: text.text() if text else None),
    "key": ("key", lambda _, text: text.text() if text else None),
}


def _counted(seconds: Foreign | None) -> Duration | None:
    """Seconds that a changelog writes as text."""
    if seconds is None or not seconds.id().isdecimal() or len(seconds.id()) > 12:
        return None
    return minutes(Foreign(int(seconds.id()), seconds.path, seconds.refuse))


def issue_record(issue: Foreign, settings: Settings) -> Record:
    """An issue of any delivery or read, with the fields that came along."""
    fields = issue["fields"]
    key = issue["key"].id()
    record: Record = {
        "id": issue["id"].id(),
        "key": key,
        "title": fields["summary"].text(),
        "url": url(settings, "/browse/{key}", key=key),
    }
    for name, (ours, read) in _FIELDS.items():
        if name in fields:
            record[ours] = read(fields.get(name))
    status = fields.get("status")
    category = status.get("statusCategory") if status else None
    if category:
        record["status_group"] = _GROUPS.get(category["key"].text(), "todo")
    return record


def scope(issue: Foreign) -> Mapping[str, str]:
    """What a project is matched by."""
    return {"project": issue["fields"]["project"]["key"].text()}


def issue_event(
    kind: str,
    issue: Foreign,
    settings: Settings,
    *,
    at: datetime,
    user: Foreign | None,
    change: Foreign | None = None,
    record: Record | None = None,
) -> SourceEvent:
    """One event about an issue. `change`: the changelog entry behind it; `record`: the fields, where they are known."""
    return SourceEvent(
        type=kind,
        at=at,
        key=f"issue/{issue['id'].id()}",
        version=_issue_version(kind, issue, at, change),
        scope=scope(issue),
        object=issue_record(issue, settings) if record is None else record,
        before=former(change["items"].each()) if change else {},
        person=account(user),
        own=is_own(user, settings),
    )


def _issue_version(kind: str, issue: Foreign, at: datetime, change: Foreign | None) -> str:
    """The second of the change and the number of its changelog entry: a hook and a poll name the same change alike.

    Finer than a second they differ: the issue is stamped some milliseconds after its changelog.
    """
    updated = issue["fields"].get("updated")
    exact = at if change is None or "created" in change or updated is None else updated.time()
    if kind == "issue.created":
        exact = issue["fields"]["created"].time() if "created" in issue["fields"] else at
    number = change.get("id") if change else None
    return f"{version_of(exact.replace(microsecond=0))} {number.id() if number else '':0>12}"


def former(items: Iterable[Foreign]) -> Record:
    """The former values that changelog items tell, the first one of a field winning."""
    before: Record = {}
    for item in items:
        ours, read = _FORMER.get(item["field"].text().lower(), ("", None))
        if read and ours not in before:
            before[ours] = read(item.get("from"), item.get("fromString"))
    return before


def taken_back(record: Record, before: Record) -> Record:
    """The fields as they were before a change. What the changelog does not tell of a former status is unknown then."""
    lost = {"status_group", "closed_at"} if "status" in before else set()
    return {**{name: value for name, value in record.items() if name not in lost}, **before}


def change_kinds(issue: Foreign, items: list[Foreign], hint: str = "", *, latest: bool = True) -> list[str]:
    """The event types a change amounts to, none when nobody follows it. `latest`: the fields are those after it.

    Closed and reopened only where Jira itself says so: by a resolution that came or went, by a status of the category
    done, or by its own name for the event (`hint`).
    """
    changed = {item["field"].text().lower(): item for item in items}
    if changed and changed.keys() <= _NOISE:
        return []
    kinds = ["issue.moved"] if "key" in changed else []
    if "status" in changed or "resolution" in changed:
        turned = _turned(issue["fields"], changed.get("resolution"), hint, latest=latest)
        kinds += [turned] if turned else []
    rest = changed.keys() - ({"status", "resolution", "key", "project"} if kinds else set())
    return [*kinds, "issue.changed"] if rest or not kinds else kinds


def _turned(fields: Foreign, resolution: Foreign | None, hint: str, *, latest: bool) -> str | None:
    status = fields.get("status") if latest else None
    category = status.get("statusCategory") if status else None
    done = category is not None and category["key"].text() == "done"
    if resolution is not None:
        came, was = resolution.get("to") is not None, resolution.get("from") is not None
        return "issue.closed" if came and not was else "issue.reopened" if was and not came else None
    if not done:
        return "issue.reopened" if hint == "issue_reopened" else None
    if fields.get("resolution"):
        return None  # from one done status to another: it was closed before
    moved, updated = fields.get("statuscategorychangedate"), fields.get("updated")
    already = moved and updated and updated.time() - moved.time() > timedelta(minutes=1)
    return None if already else "issue.closed"


def _happened(kind: str, thing: Foreign, at: datetime | None) -> datetime:
    """When a comment or worklog was made, changed, or (`at`) deleted: its version, the same from a hook and a poll."""
    made, changed = thing.get("created"), thing.get("updated")
    first, second = (made, changed) if kind in {"comment.created", "time.logged"} else (changed, made)
    return at or (first or second or thing["updated"]).time()


def comment_event(
    kind: str, comment: Foreign, issue: Foreign, settings: Settings, at: datetime | None = None
) -> SourceEvent:
    """One event about a comment. `at`: when it was deleted."""
    author = comment.get("author")
    text = plain_text(comment["body"]) if "body" in comment else ""
    happened = _happened(kind, comment, at)
    ident = comment["id"].id()
    return SourceEvent(
        type=kind,
        at=happened,
        key=f"comment/{ident}",
        version=version_of(happened),
        scope=scope(issue),
        object={
            "id": ident,
            "author": account(author),
            "text": text,
            "visibility": _visibility(comment, issue),
            "at": _happened("comment.created", comment, None),
            "on": issue["key"].id(),
        },
        person=account(comment.get("updateAuthor") or author),
        own=is_ours(text) or is_own(author, settings),
    )


def _visibility(comment: Foreign, issue: Foreign) -> str:
    """Client only where a service desk shows it to its customers: elsewhere Jira calls every comment public."""
    desk = issue["fields"]["project"].get("projectTypeKey")
    public = comment.get("jsdPublic")
    shown = desk is not None and desk.text() == "service_desk" and public is not None and public.flag()
    return "client" if shown and not comment.get("visibility") else "internal"


def time_event(
    kind: str, worklog: Foreign, issue: Foreign | None, settings: Settings, at: datetime | None = None
) -> SourceEvent:
    """One event about logged time. `issue` is none when it is gone with its worklogs; `at`: when it was deleted."""
    ident = worklog["id"].id()
    happened = _happened(kind, worklog, at)
    author = worklog.get("author")
    entry: Record = {"id": ident, "kind": "time", "measure": "incurred", "class": "staff"}
    if "started" in worklog:
        # The day in the offset it was written in: the day on which the person worked.
        entry |= {
            "work_date": worklog["started"].stamp().date(),
            "posted_at": _happened("time.logged", worklog, None),
            "person": account(author),
            "duration": minutes(worklog["timeSpentSeconds"]),
            "seconds": worklog["timeSpentSeconds"].whole(),
        }
    if issue is not None:
        entry |= {"issue": issue["key"].id(), "title": issue["fields"]["summary"].text()}
    return SourceEvent(
        type=kind,
        at=happened,
        key=f"worklog/{ident}",
        version=version_of(happened),
        scope=scope(issue) if issue else {},
        object=entry,
        person=account(worklog.get("updateAuthor") or author),
        own=is_own(author, settings),
    )


def version_event(kind: str, version: Foreign, project: str, at: datetime) -> SourceEvent:
    """One event about a version, which is a milestone here: its name and its release date."""
    day = version.get("releaseDate")
    return SourceEvent(
        type=kind,
        at=at,
        key=f"version/{version['id'].id()}",
        version=version_of(at),
        scope={"project": project},
        object={
            "title": version["name"].text(),
            "due": day.day() if day else None,
            "status": "handed_over" if version["released"].flag() else "planned",
        },
    )


def plain_text(body: Foreign) -> str:
    """Text of a comment: Data Center and hooks send text, REST version 3 an Atlassian document."""
    return body.text() if isinstance(body.value, str) else _document_text(body).strip()


def _document_text(node: Foreign) -> str:
    kind = node["type"].text()
    if kind == "text":
        return node["text"].text()
    attrs = node.get("attrs")
    shown = attrs and (attrs.get("text") or attrs.get("shortName") or attrs.get("url"))
    if shown:
        return shown.text()
    content = node.get("content")
    inner = "".join(_document_text(child) for child in (content.each() if content else ()))
    return "\n" if kind == "hardBreak" else f"{inner}\n" if kind in _BLOCKS else inner
