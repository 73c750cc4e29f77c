"""Reading Jira back: the issue or project that a thin hook left out, and what changed since a poll's cursor.

In: a `Read`, or a cursor. Out: the same events that hooks give, with the same keys and versions, so that what comes
both ways counts once. What a poll cannot see: deleted issues, comments and versions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from connectors import polling
from connectors.base import ConnectorError, Http, Read, Settings
from connectors.foreign import Foreign
from connectors.jira.api import get, is_cloud
from connectors.jira.shape import (
    change_kinds,
    comment_event,
    former,
    issue_event,
    issue_record,
    taken_back,
    time_event,
    version_event,
)
from connectors.operations import listed
from connectors.polling import Place
from rules.facts.event import SourceEvent, digest

_PAGE = "50"
_ISSUE = "issue_since"
_VERSIONS = "versions"
_FIELDS = (
    "summary,issuetype,status,resolution,resolutiondate,statuscategorychangedate,assignee,reporter,duedate,"
    "timeoriginalestimate,timespent,labels,fixVersions,created,updated,project"
)


def read(wanted: Read, settings: Settings, http: Http) -> Iterable[SourceEvent]:
    """The event of a delivery that named its issue or project by number only; or what became of an issue since."""
    params = wanted.params
    if wanted.kind == "version":
        project = get(settings, http, "/project/{key}", key=wanted.id)["key"].text()
        at = datetime.fromisoformat(params["at"])
        return [version_event(str(params["event"]), Foreign(params["version"], "version"), project, at)]
    if wanted.kind == _ISSUE:
        fields = {"fields": _FIELDS, "expand": "changelog"}
        issue = get(settings, http, "/issue/{key}", params=fields, key=wanted.id)
        return _changes(issue, settings, http, datetime.fromisoformat(params["since"]))
    return [_completed(wanted, settings, http)]


def _completed(wanted: Read, settings: Settings, http: Http) -> SourceEvent:
    params = wanted.params
    at = datetime.fromisoformat(params["at"]) if params.get("at") else None
    kind = str(params["event"])
    try:
        issue = get(settings, http, "/issue/{key}", params={"fields": "summary,project"}, key=wanted.id)
    except ConnectorError as problem:
        if problem.status != 404 or kind != "time.deleted":
            raise
        # The issue went with its worklogs: the ledger knows the project by the worklog's number.
        return time_event(kind, Foreign(params["worklog"], "worklog"), None, settings, at)
    if "worklog" in params:
        return time_event(kind, Foreign(params["worklog"], "worklog"), issue, settings, at)
    return comment_event(kind, Foreign(params["comment"], "comment"), issue, settings, at)


def again(noun: str, _key: str, known: Mapping[str, Any], since: datetime) -> Read | None:
    """The read that tells what became of an issue since."""
    if noun != "issue" or not known.get("key"):
        return None
    return Read(_ISSUE, str(known["key"]), {"since": since.isoformat()})


def poll(settings: Settings, http: Http, cursor: str, now: datetime) -> tuple[Iterable[SourceEvent], str]:
    """What changed since the cursor, and the next cursor: versions, issues with all that is on them, removed time."""

    def page(place: Place) -> tuple[list[SourceEvent], Place | None]:
        if place.step in ("", _VERSIONS) and (projects := listed(settings.get("projects"))):
            return _changed_versions(settings, http, projects, place, now)
        step = _removed_time if place.step == "removed" else _changed_issues
        return step(settings, http, place, now)

    return polling.poll(settings, cursor, now, page)


def check(settings: Settings, http: Http) -> str:
    """Whom Jira takes us for."""
    me = get(settings, http, "/myself")
    return f"Jira knows us as {me['displayName'].text()} ({(me.get('accountId') or me['name']).id()})"


def _changed_versions(
    settings: Settings, http: Http, projects: list[str], place: Place, now: datetime
) -> tuple[list[SourceEvent], Place | None]:
    """The versions of one project of which name, day or state are others than in the last round: Jira has no list of
    those that changed, and no time of it.
    """
    index = int(place.page or 0)
    if index >= len(projects):
        return [], place.at("issues")
    found, known = [], dict(place.known)
    for version in get(settings, http, "/project/{key}/versions", key=projects[index]).each():
        ident, seen = version["id"].id(), _seen_of(version)
        if known.get(ident) != seen:
            # One that is met for the first time was released at some time, which is no news.
            news = version["released"].flag() and ident in known
            kind = "milestone.handed_over" if news else "milestone.moved"
            found.append(version_event(kind, version, projects[index], now))
        known[ident] = seen
    following = (_VERSIONS, str(index + 1)) if index + 1 < len(projects) else ("issues", "")
    return found, replace(place.at(*following), known=known)


def _seen_of(version: Foreign) -> str:
    """What of a version counts, short enough to be kept in a cursor."""
    day = version.get("releaseDate")
    said = (version["name"].text(), day.text() if day else "", str(version["released"].flag()))
    return digest(*said)[:8]


def _changed_issues(
    settings: Settings, http: Http, place: Place, now: datetime
) -> tuple[list[SourceEvent], Place | None]:
    """One page of changed issues with their comments and worklogs."""
    # By key, so that an issue which changes meanwhile cannot push another over the edge of a page.
    # JQL knows minutes only and reads a written time in the profile's zone: a span back from now has neither fault.
    minutes = int((now - place.after).total_seconds() // 60) + 1
    projects = ", ".join(json.dumps(key) for key in listed(settings.get("projects")))
    jql = f"{f'project in ({projects}) AND ' if projects else ''}updated >= -{minutes}m ORDER BY key ASC"
    cloud = is_cloud(settings)
    params = {"jql": jql, "fields": f"{_FIELDS},comment,worklog", "expand": "changelog", "maxResults": _PAGE}
    if place.page:
        params["nextPageToken" if cloud else "startAt"] = place.page
    answer = get(settings, http, "/search/jql" if cloud else "/search", params=params)
    issues = answer["issues"].each()
    found = [event for issue in issues for event in _events_of(issue, settings, http, place.after)]
    page = _next_page(answer, place.page, len(issues))
    return found, place.at("issues", page) if page else place.at("removed")


def _next_page(answer: Foreign, page: str, count: int) -> str:
    """Cloud hands out a token for the next page, Data Center counts."""
    if "total" not in answer:
        token = answer.get("nextPageToken")
        return token.text() if token else ""
    start = int(page or 0) + count
    return str(start) if count and start < answer["total"].whole() else ""


def _events_of(issue: Foreign, settings: Settings, http: Http, after: datetime) -> list[SourceEvent]:
    """What happened to an issue since: each change, comment and worklog as its hook would have told it."""
    found = _changes(issue, settings, http, after)
    for comment in _all(issue, "comment", "comments", settings, http):
        kinds = _since(comment, after, "comment.created", "comment.changed")
        found += [comment_event(kind, comment, issue, settings) for kind in kinds]
    for worklog in _all(issue, "worklog", "worklogs", settings, http):
        kinds = _since(worklog, after, "time.logged", "time.changed")
        found += [time_event(kind, worklog, issue, settings) for kind in kinds]
    return found


def _changes(issue: Foreign, settings: Settings, http: Http, after: datetime) -> list[SourceEvent]:
    """The changes of an issue, oldest first, each with the fields as they were then: taken back from the newest on."""
    record = issue_record(issue, settings)
    found: list[SourceEvent] = []
    latest = True
    for change in _histories(issue, settings, http, after):
        items = change["items"].each()
        kinds = change_kinds(issue, items, latest=latest)
        at, user = change["created"].time(), change.get("author")
        found += [
            issue_event(kind, issue, settings, at=at, user=user, change=change, record=record)
            for kind in kinds
        ]
        before = former(items)
        latest = latest and "status" not in before
        record = taken_back(record, before)
    created = issue["fields"]["created"].time()
    if created >= after:
        reporter = issue["fields"].get("reporter")
        found.append(issue_event("issue.created", issue, settings, at=created, user=reporter, record=record))
    return found[::-1]


def _histories(issue: Foreign, settings: Settings, http: Http, after: datetime) -> list[Foreign]:
    """Changelog entries since, newest first. A search brings the newest along; more are read page by page."""
    log = issue["changelog"]
    found, total = log["histories"].each(), log["total"].whole()
    start = total - len(found)
    while start > 0 and all(change["created"].time() >= after for change in found):
        start, size = max(0, start - 100), min(100, start)
        params = {"startAt": str(start), "maxResults": str(size)}
        found += get(settings, http, "/issue/{key}/changelog", params=params, key=issue["id"].id())[
            "values"
        ].each()
    recent = [change for change in found if change["created"].time() >= after]
    return sorted(recent, key=lambda change: change["created"].time(), reverse=True)


def _since(thing: Foreign, after: datetime, made: str, changed: str) -> list[str]:
    created, updated = thing["created"].time(), thing["updated"].time()
    return [
        *([made] if created >= after else []),
        *([changed] if updated >= after and updated != created else []),
    ]


def _all(issue: Foreign, noun: str, plural: str, settings: Settings, http: Http) -> list[Foreign]:
    """All comments or worklogs of an issue: a search brings the first few along, a longer list is read by itself."""
    brought = issue["fields"].get(noun)
    if brought is None:
        return []
    if brought["total"].whole() <= len(brought[plural].each()):
        return brought[plural].each()
    path, params = f"/issue/{{key}}/{noun}", {"startAt": "0", "maxResults": "5000"}
    return get(settings, http, path, params=params, key=issue["id"].id())[plural].each()


def _removed_time(
    settings: Settings, http: Http, place: Place, _: datetime
) -> tuple[list[SourceEvent], Place | None]:
    """One page of deleted worklogs, of which Jira keeps the number only: the ledger knows the project by it."""
    since = place.page or str(int(place.after.timestamp() * 1000))
    answer = get(settings, http, "/worklog/deleted", params={"since": since})
    found = [
        time_event(
            "time.deleted",
            Foreign(_bare(gone), gone.path, gone.refuse),
            None,
            settings,
            gone["updatedTime"].epoch(1000),
        )
        for gone in answer["values"].each()
    ]
    if not answer["lastPage"].flag():
        return found, place.at("removed", str(answer["until"].whole()))
    return found, None


def _bare(gone: Foreign) -> Mapping[str, Any]:
    return {"id": gone["worklogId"].id()}
