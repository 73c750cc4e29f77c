"""What Accord does in Jira: comment, transition, set a field, label, create an issue. One function an operation.

In: an `Operation` whose target is an issue key (for `create_issue` a project key). Out: `Done`, or ConnectorError.
Each can be tried again without a second effect: a comment and a new issue are found by our marker, the others only
bring about a state.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from connectors.base import Done, Http, Operation, Settings
from connectors.foreign import Foreign
from connectors.jira.api import call, get, is_cloud
from connectors.jira.shape import plain_text
from connectors.markers import bears, marker
from connectors.operations import listed, receipt, refused, text_of

_FIELDS = {"due": "duedate", "title": "summary", "type": "issuetype", "milestone": "fixVersions"}
_LINK = re.compile(r"(https?://[^\s<>\"]+[^\s<>\".,;:!?)])")
# Text that Data Center's wiki notation would take for a link, a mention, an image or a macro.
_WIKI = re.compile(r"([\[\]{}!|])")


def comment(operation: Operation, settings: Settings, http: Http) -> Done:
    """Add a comment that ends with our marker."""
    body = _body(f"{text_of(operation)}\n\n{marker(operation.key)}", settings)
    made = call(settings, http, "POST", "/issue/{key}/comment", json={"body": body}, key=_target(operation))
    return Done(receipt=receipt(made, "id"))


def find_comment(operation: Operation, settings: Settings, http: Http) -> Done | None:
    """Our comment among the newest hundred, by its marker."""
    params = {"orderBy": "-created", "maxResults": "100"}
    page = get(settings, http, "/issue/{key}/comment", params=params, key=_target(operation))
    for found in page["comments"].each():
        if bears(plain_text(found["body"]), operation.key):
            return Done(receipt=found["id"].id(), found=True)
    return None


def transition(operation: Operation, settings: Settings, http: Http) -> Done:
    """Bring an issue into a status by its name: Jira has to be asked for the transition that leads there."""
    key, wanted = _target(operation), str(operation.keys.get("status", "")).strip()
    now = get(settings, http, "/issue/{key}", params={"fields": "status"}, key=key)["fields"]["status"][
        "name"
    ].text()
    if now.casefold() == wanted.casefold():
        return Done(detail=f"{key} is in {now} already", found=True)
    ways = get(settings, http, "/issue/{key}/transitions", key=key)["transitions"].each()
    way = _way(ways, wanted)
    if way is None:
        allowed = ", ".join(sorted({w["to"]["name"].text() for w in ways})) or "nothing"
        raise refused(
            settings,
            f"{key} cannot go from {now} to {wanted or 'a status without a name'}; allowed: {allowed}",
        )
    call(
        settings,
        http,
        "POST",
        "/issue/{key}/transitions",
        json={"transition": {"id": way["id"].id()}},
        key=key,
    )
    return Done(receipt=way["id"].id(), detail=f"{now} -> {way['to']['name'].text()}")


def _way(ways: list[Foreign], wanted: str) -> Foreign | None:
    """The transition that ends in the wanted status, else the one of that name."""
    by_end = [way for way in ways if way["to"]["name"].text().casefold() == wanted.casefold()]
    by_name = [way for way in ways if way["name"].text().casefold() == wanted.casefold()]
    return next(iter(by_end or by_name), None)


def set_field(operation: Operation, settings: Settings, http: Http) -> Done:
    """Set one field: by our word for it (due, title, assignee, labels, type, milestone) or by Jira's id of it."""
    key, name = _target(operation), str(operation.keys["field"])
    fields = _fields({name: operation.keys.get("value")}, settings)
    call(settings, http, "PUT", "/issue/{key}", json={"fields": fields}, key=key)
    return Done(detail=f"{name} set")


def label(operation: Operation, settings: Settings, http: Http) -> Done:
    """Add and remove labels; doing it again changes nothing."""
    changes = [{verb: name} for verb in ("add", "remove") for name in _labels(operation, settings, verb)]
    call(settings, http, "PUT", "/issue/{key}", json={"update": {"labels": changes}}, key=_target(operation))
    return Done(detail=f"{len(changes)} label changes")


def create_issue(operation: Operation, settings: Settings, http: Http) -> Done:
    """Create an issue in a project; our marker is one of its labels, by which it is found again."""
    given = dict(operation.keys.get("fields") or {})
    labels = [*given.pop("labels", []), marker(operation.key)]
    fields = {
        "project": {"key": _target(operation)},
        "issuetype": {"name": str(given.pop("type", "Task"))},
        "summary": str(operation.keys.get("title") or operation.message.subject),
        "description": _body(text_of(operation), settings),
        "labels": labels,
        **_fields(given, settings),
    }
    made = call(settings, http, "POST", "/issue", json={"fields": fields})
    return Done(receipt=receipt(made, "key"))


def find_issue(operation: Operation, settings: Settings, http: Http) -> Done | None:
    """The issue that bears our marker as a label."""
    params = {"jql": f'labels = "{marker(operation.key)}"', "fields": "summary", "maxResults": "1"}
    found = get(settings, http, "/search/jql" if is_cloud(settings) else "/search", params=params)[
        "issues"
    ].each()
    return Done(receipt=found[0]["key"].id(), found=True) if found else None


def _fields(given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    return {_FIELDS.get(name, name): _value(name, value, settings) for name, value in given.items()}


def _value(name: str, value: Any, settings: Settings) -> Any:
    """A value as Jira's JSON has it."""
    if name == "assignee":
        return None if value is None else {"accountId" if is_cloud(settings) else "name": str(value)}
    if name == "type":
        return {"name": str(value)}
    if name == "milestone":
        return [] if value is None else [{"name": str(value)}]
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        # Jira's number fields are JSON numbers: as many digits as those hold, or not at all.
        number = int(value) if value == value.to_integral_value() else float(value)
        if Decimal(str(number)) != value:
            raise refused(settings, f"{name}: {value} has more digits than a number field of Jira holds")
        return number
    return value if value is None or isinstance(value, bool | int | str | list) else str(value)


def _target(operation: Operation) -> str:
    return operation.target or ""


def _labels(operation: Operation, settings: Settings, verb: str) -> list[str]:
    """Labels to add or remove. Jira has none with spaces in them."""
    names = listed(operation.keys.get(verb))
    bad = next((name for name in names if not name or re.search(r"\s", name)), None)
    if bad is not None:
        raise refused(settings, f"the label {bad!r} is empty or has a space in it, which Jira does not allow")
    return names


def _body(text: str, settings: Settings) -> Any:
    """Plain text as Cloud's document, or as Data Center's wiki text in which nothing is notation."""
    if not is_cloud(settings):
        return "".join(
            part if index % 2 else _WIKI.sub(r"\\\1", part) for index, part in enumerate(_LINK.split(text))
        )
    paragraphs = [part for part in re.split(r"\n{2,}", text.strip()) if part.strip()]
    content = [{"type": "paragraph", "content": _inline(part)} for part in paragraphs]
    return {"type": "doc", "version": 1, "content": content}


def _inline(paragraph: str) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = []
    for number, line in enumerate(paragraph.split("\n")):
        nodes += [{"type": "hardBreak"}] if number else []
        for index, part in enumerate(_LINK.split(line)):
            mark = {"marks": [{"type": "link", "attrs": {"href": part}}]} if index % 2 else {}
            nodes += [{"type": "text", "text": part, **mark}] if part else []
    return nodes
