"""Reading GitHub back: the issues of a milestone that changed, and what is new since a poll's cursor.

In: a `Read`, or a cursor. Out: events with the keys and versions that hooks give. What a poll cannot see: deletions,
former values, and that an open issue or milestone was closed in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import partial
from typing import Any

from connectors import polling
from connectors.base import Http, Read, Settings
from connectors.foreign import Foreign
from connectors.github.api import get, repository
from connectors.github.shape import LAST, Source, comment_event, issue_event, milestone_event
from connectors.operations import listed, refused
from connectors.polling import Place
from rules.facts.event import SourceEvent

_ISSUES = "/repos/{owner}/{repo}/issues"
_LISTS: Mapping[str, str] = {
    "milestones": "/repos/{owner}/{repo}/milestones",
    "issues": _ISSUES,
    "comments": f"{_ISSUES}/comments",
}
_SIZE = 100
_ISSUE = "issue_since"


def read(wanted: Read, settings: Settings, http: Http) -> Iterable[SourceEvent]:
    """The issues of an edited milestone: their due date or milestone name changed with it; or one issue since."""
    if wanted.kind == _ISSUE:
        return _issue_since(wanted, settings, http)
    source = Source(str(wanted.params["repo"]), settings)
    edited, before = datetime.fromisoformat(wanted.params["at"]), dict(wanted.params["before"])
    if before.get("due"):
        before["due"] = date.fromisoformat(before["due"])
    found: list[SourceEvent] = []
    for page in range(1, 1 + polling.PAGES):
        params = {"milestone": wanted.id, "state": "all", "per_page": str(_SIZE), "page": str(page)}
        issues = get(settings, http, _ISSUES, repository(source.repo, settings), params).each()
        for issue in (issue for issue in issues if not issue.get("pull_request")):
            at = max(edited, issue["updated_at"].time())
            action = f"{LAST}milestone:{wanted.id}"
            found.append(
                issue_event("issue.changed", issue, source, at=at, action=action, user=None, before=before)
            )
        if len(issues) < _SIZE:
            break
    return found


def again(noun: str, _key: str, known: Mapping[str, Any], since: datetime) -> Read | None:
    """The read that tells what became of an issue since."""
    repo, mark, number = str(known.get("key") or "").partition("#")
    if noun != "issue" or not mark:
        return None
    return Read(_ISSUE, number, {"repo": repo, "since": since.isoformat()})


def _issue_since(wanted: Read, settings: Settings, http: Http) -> list[SourceEvent]:
    repo = str(wanted.params["repo"])
    parts = {**repository(repo, settings), "number": wanted.id}
    issue = get(settings, http, f"{_ISSUES}/{{number}}", parts)
    return list(_told_by_issue(issue, Source(repo, settings), datetime.fromisoformat(wanted.params["since"])))


def poll(settings: Settings, http: Http, cursor: str, now: datetime) -> tuple[Iterable[SourceEvent], str]:
    """What changed since the cursor, and the next cursor: repository by repository, milestones, issues, comments."""
    repos = listed(settings.get("projects"))
    if not repos:
        raise refused(settings, "`projects` must list the repositories to poll, such as [northwind/apollo]")
    steps = [(repo, what) for repo in repos for what in _LISTS]

    def page(place: Place) -> tuple[list[SourceEvent], Place | None]:
        # A list that became shorter since the cursor was written ends the round.
        index, number = int(place.step or 0), int(place.page or 1)
        if index >= len(steps):
            return [], None
        found, full = _page(settings, http, *steps[index], number, place.after)
        if full:
            return found, place.at(str(index), str(number + 1))
        return found, place.at(str(index + 1), "1") if index + 1 < len(steps) else None

    return polling.poll(settings, cursor, now, page)


def check(settings: Settings, http: Http) -> str:
    """Whom GitHub takes us for."""
    return f"GitHub knows us as {get(settings, http, '/user', {})['login'].text()}"


def _page(
    settings: Settings, http: Http, repo: str, what: str, number: int, after: datetime
) -> tuple[list[SourceEvent], bool]:
    """One page, and whether it was full. Oldest made first: what changes meanwhile pushes nothing over an edge."""
    things = get(settings, http, _LISTS[what], repository(repo, settings), _asked(what, number, after)).each()
    source = Source(repo, settings, public=bool(settings.get("public", False)))
    return [event for thing in things for event in _TELL[what](thing, source, after)], len(things) == _SIZE


def _asked(what: str, number: int, after: datetime) -> dict[str, str]:
    """What a list is asked for. That of milestones cannot be asked for what is new, but has few entries."""
    page = {"per_page": str(_SIZE), "page": str(number)}
    if what == "milestones":
        return {"state": "all", "sort": "due_on", "direction": "asc", **page}
    since = {"since": after.strftime("%Y-%m-%dT%H:%M:%SZ"), "sort": "created", "direction": "asc", **page}
    return {"state": "all", **since} if what == "issues" else since


def _told_by_milestone(milestone: Foreign, source: Source, after: datetime) -> Iterator[SourceEvent]:
    """What a milestone's times tell: made, closed, changed otherwise."""
    made, changed, ended = (
        milestone["created_at"].time(),
        milestone["updated_at"].time(),
        milestone.get("closed_at"),
    )
    tell = partial(milestone_event, milestone=milestone, source=source, user=None)
    if made >= after:
        yield tell("milestone.planned", action="created", at=made)
    if ended and ended.time() >= after:
        yield tell("milestone.handed_over", action="closed")
    elif changed >= after and changed != made:
        yield tell("milestone.moved", action=LAST)


def _told_by_issue(issue: Foreign, source: Source, after: datetime) -> Iterator[SourceEvent]:
    """What an issue's times tell: made, closed, changed otherwise."""
    if issue.get("pull_request"):
        return
    made, changed, ended = issue["created_at"].time(), issue["updated_at"].time(), issue.get("closed_at")
    closed = ended.time() if ended else None
    if made >= after:
        by = issue.get("user")
        yield issue_event("issue.created", issue, source, at=made, action="opened", user=by, before={})
    if closed and closed >= after:
        by = issue.get("closed_by")
        yield issue_event(
            "issue.closed", issue, source, at=closed, action="closed", user=by, before={"status": "open"}
        )
    if changed >= after and changed not in {made, closed}:
        yield issue_event("issue.changed", issue, source, at=changed, action=LAST, user=None, before={})


def _told_by_comment(comment: Foreign, source: Source, after: datetime) -> Iterator[SourceEvent]:
    number = comment["issue_url"].text().rpartition("/")[2]
    if "/pull/" in comment["html_url"].text() or not number.isdecimal():
        return
    made, changed = comment["created_at"].time(), comment["updated_at"].time()
    if made >= after:
        yield comment_event("comment.created", comment, int(number), source)
    if changed >= after and changed != made:
        yield comment_event("comment.changed", comment, int(number), source)


_TELL: Mapping[str, Callable[[Foreign, Source, datetime], Iterator[SourceEvent]]] = {
    "milestones": _told_by_milestone,
    "issues": _told_by_issue,
    "comments": _told_by_comment,
}
