"""What Accord does on GitHub: comment, label, close and reopen, set a field, create an issue.

In: an `Operation` whose target is OWNER/REPOSITORY#NUMBER (for `create_issue` the repository). Out: `Done`, or
ConnectorError. Comments and new issues are found again by our marker; the others only bring about a state.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from connectors.base import Done, Http, Operation, Settings
from connectors.foreign import Foreign
from connectors.github.api import call, get, issue_parts, repository
from connectors.github.shape import label_name
from connectors.markers import bears, marker
from connectors.operations import listed, receipt, refused, text_of

_ISSUES = "/repos/{owner}/{repo}/issues"
_ISSUE = "/repos/{owner}/{repo}/issues/{number}"
_STATES: Mapping[str, dict[str, str]] = {
    "open": {"state": "open"},
    "reopened": {"state": "open"},
    "closed": {"state": "closed", "state_reason": "completed"},
    "done": {"state": "closed", "state_reason": "completed"},
    "completed": {"state": "closed", "state_reason": "completed"},
    "not planned": {"state": "closed", "state_reason": "not_planned"},
}


def comment(operation: Operation, settings: Settings, http: Http) -> Done:
    """Add a comment; the marker is in it, unseen."""
    parts, body = issue_parts(operation.target, settings), {"body": _marked(operation)}
    return Done(receipt=receipt(call(settings, http, "POST", f"{_ISSUE}/comments", parts, json=body), "id"))


def find_comment(operation: Operation, settings: Settings, http: Http) -> Done | None:
    """Our comment on the last two pages, by its marker. GitHub lists comments from the oldest on."""
    parts = issue_parts(operation.target, settings)
    last = max(1, -(-get(settings, http, _ISSUE, parts)["comments"].whole() // 100))
    for page in range(last, max(0, last - 2), -1):
        there = get(settings, http, f"{_ISSUE}/comments", parts, {"per_page": "100", "page": str(page)})
        found = _bearing(there, operation.key)
        if found:
            return Done(receipt=found["id"].id(), found=True)
    return None


def transition(operation: Operation, settings: Settings, http: Http) -> Done:
    """Close or reopen; GitHub has no other states."""
    parts, wanted = issue_parts(operation.target, settings), str(operation.keys.get("status", "")).strip()
    change = _STATES.get(wanted.casefold())
    if change is None:
        raise refused(
            settings, f"{operation.target} cannot go to {wanted!r}; allowed: {', '.join(sorted(_STATES))}"
        )
    now = get(settings, http, _ISSUE, parts)
    state, reason = now["state"].text(), now.get("state_reason")
    if state == change["state"] and (state == "open" or (reason and reason.text() == change["state_reason"])):
        return Done(detail=f"{operation.target} is {state} already", found=True)
    call(settings, http, "PATCH", _ISSUE, parts, json=change)
    return Done(detail=f"{state} -> {change['state']}")


def label(operation: Operation, settings: Settings, http: Http) -> Done:
    """Add labels, and remove those that are there; doing it again changes nothing."""
    parts = issue_parts(operation.target, settings)
    add = listed(operation.keys.get("add"))
    remove = {name.casefold() for name in listed(operation.keys.get("remove"))}
    if add:
        call(settings, http, "POST", f"{_ISSUE}/labels", parts, json={"labels": add})
    there = get(settings, http, f"{_ISSUE}/labels", parts, {"per_page": "100"}).each() if remove else []
    unwanted = [name for name in map(label_name, there) if name.casefold() in remove]
    for name in unwanted:
        call(settings, http, "DELETE", f"{_ISSUE}/labels/{{name}}", {**parts, "name": name})
    return Done(detail=f"{len(add)} added, {len(unwanted)} removed")


def set_field(operation: Operation, settings: Settings, http: Http) -> Done:
    """Set title, assignee, labels or milestone of an issue, or as `due` the due date of its milestone."""
    parts = issue_parts(operation.target, settings)
    name, value = str(operation.keys["field"]), operation.keys.get("value")
    if name == "due":
        return _set_due(value, operation, settings, http)
    call(settings, http, "PATCH", _ISSUE, parts, json=_fields({name: value}, parts, settings, http))
    return Done(detail=f"{name} set")


def create_issue(operation: Operation, settings: Settings, http: Http) -> Done:
    """Open an issue in a repository; the marker is in its text, unseen."""
    parts = repository(operation.target or "", settings)
    title = str(operation.keys.get("title") or operation.message.subject)
    given = _fields(dict(operation.keys.get("fields") or {}), parts, settings, http)
    made = call(
        settings, http, "POST", _ISSUES, parts, json={"title": title, "body": _marked(operation), **given}
    )
    number = receipt(made, "number")
    return Done(receipt=f"{operation.target}#{number}" if number else None)


def find_issue(operation: Operation, settings: Settings, http: Http) -> Done | None:
    """The issue that bears our marker, among the newest hundred of the repository."""
    params = {"state": "all", "sort": "created", "direction": "desc", "per_page": "100"}
    there = get(settings, http, _ISSUES, repository(operation.target or "", settings), params)
    found = _bearing(there, operation.key)
    return Done(receipt=f"{operation.target}#{found['number'].whole()}", found=True) if found else None


def _bearing(there: Foreign, key: str) -> Foreign | None:
    """The comment or issue whose text ends with the marker."""
    texts = ((thing, thing.get("body")) for thing in there.each())
    return next((thing for thing, body in texts if body and bears(body.text(), key)), None)


def _set_due(value: Any, operation: Operation, settings: Settings, http: Http) -> Done:
    parts = issue_parts(operation.target, settings)
    milestone = get(settings, http, _ISSUE, parts).get("milestone")
    if milestone is None:
        raise refused(
            settings, f"{operation.target} has no milestone, and on GitHub only a milestone has a due date"
        )
    day = value.date() if isinstance(value, datetime) else value
    # Noon, so that no zone a page is shown in makes another day of it.
    due_on = f"{day.isoformat()}T12:00:00Z" if isinstance(day, date) else None
    where = {**parts, "milestone": milestone["number"].whole()}
    call(
        settings,
        http,
        "PATCH",
        "/repos/{owner}/{repo}/milestones/{milestone}",
        where,
        json={"due_on": due_on},
    )
    return Done(detail=f"due of milestone {milestone['title'].text()} set")


def _fields(
    given: Mapping[str, Any], parts: Mapping[str, str], settings: Settings, http: Http
) -> dict[str, Any]:
    """Fields as GitHub's JSON has them."""
    fields: dict[str, Any] = {}
    for name, value in given.items():
        if name == "title":
            fields["title"] = str(value)
        elif name in {"assignee", "labels"}:
            fields["assignees" if name == "assignee" else "labels"] = listed(value)
        elif name == "milestone":
            fields["milestone"] = None if value is None else _milestone(str(value), parts, settings, http)
        else:
            raise refused(
                settings, f"issues have no field {name!r}; there are: assignee, due, labels, milestone, title"
            )
    return fields


def _milestone(title: str, parts: Mapping[str, str], settings: Settings, http: Http) -> int:
    """The number of a milestone by its title."""
    params = {"state": "all", "per_page": "100"}
    there = get(settings, http, "/repos/{owner}/{repo}/milestones", parts, params).each()
    known = {milestone["title"].text(): milestone["number"].whole() for milestone in there}
    for name, number in known.items():
        if name.casefold() == title.casefold():
            return number
    raise refused(
        settings,
        f"there is no milestone {title!r} in {parts['repo']}; there are: {', '.join(known) or 'none'}",
    )


def _marked(operation: Operation) -> str:
    return f"{text_of(operation)}\n\n<!-- {marker(operation.key)} -->"
