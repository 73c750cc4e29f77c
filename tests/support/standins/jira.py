"""A stand-in for Jira, Cloud or Data Center, with issues, comments, worklogs and a workflow to assert on.

`with JiraStandIn() as jira:` serves at `jira.url`. Every request is held against Jira's API document; one that breaks
it is answered 400 and noted in `jira.violations`. `jira.add_issue(...)` and the like make state; `jira.delivery(...)`
gives the body of the webhook that Jira would send about it.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.standins.openapi import Api, published
from tests.support.standins.server import Reply, Seen, StandIn

TOKEN = "example-api-token-0001"
CATEGORIES = {
    "To Do": "new",
    "In Progress": "indeterminate",
    "Waiting for client": "indeterminate",
    "Done": "done",
}
_QUERY = {"in": "query", "schema": {"type": "string"}}
_NUMBER = {"in": "query", "schema": {"type": "integer"}}
_SEARCH = [{**_QUERY, "name": name} for name in ("fields", "expand", "nextPageToken", "properties")]
_SEARCH += [{**_QUERY, "name": "jql", "required": True}, {**_NUMBER, "name": "maxResults"}]
_PAGED = [{**_NUMBER, "name": name} for name in ("startAt", "maxResults")]
_UPDATE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "fields": {"type": "object"},
        "update": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "object"}}},
        "transition": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
    },
}


def _body(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


# What the published documents leave out, and all of it where they are absent.
_OWN: dict[str, Any] = {
    "components": {"schemas": {"IssueUpdateDetails": _UPDATE}},
    "paths": {
        "/rest/api/3/myself": {"get": {}},
        "/rest/api/3/user/search": {
            "get": {"parameters": [{**_QUERY, "name": "query"}, _NUMBER | {"name": "maxResults"}]}
        },
        "/rest/api/3/search/jql": {"get": {"parameters": _SEARCH}},
        "/rest/api/3/search": {"get": {"parameters": [*_SEARCH, {**_NUMBER, "name": "startAt"}]}},
        "/rest/api/3/project/{key}": {"get": {}},
        "/rest/api/3/project/{key}/versions": {"get": {}},
        "/rest/api/3/worklog/deleted": {"get": {"parameters": [{**_NUMBER, "name": "since"}]}},
        "/rest/api/3/issue": {"post": _body({**_UPDATE, "required": ["fields"]})},
        "/rest/api/3/issue/{key}": {
            "get": {"parameters": [{**_QUERY, "name": name} for name in ("fields", "expand")]},
            "put": _body(_UPDATE),
        },
        "/rest/api/3/issue/{key}/transitions": {
            "get": {},
            "post": _body({**_UPDATE, "required": ["transition"]}),
        },
        "/rest/api/3/issue/{key}/comment": {
            "get": {"parameters": [*_PAGED, {**_QUERY, "name": "orderBy"}]},
            "post": _body({"type": "object", "required": ["body"]}),
        },
        "/rest/api/3/issue/{key}/worklog": {"get": {"parameters": _PAGED}},
        "/rest/api/3/issue/{key}/changelog": {"get": {"parameters": _PAGED}},
    },
}
_PARTS = ("issue", "comment", "worklog")


class JiraStandIn(StandIn):
    """State and routes. Times go on by a second with every change, from `now`."""

    def __init__(
        self,
        *,
        cloud: bool = True,
        user: str = "bot@northwind.example",
        token: str = TOKEN,
    ) -> None:
        super().__init__()
        self.cloud = cloud
        self.issues: dict[str, dict[str, Any]] = {}
        self.deleted_worklogs: list[dict[str, Any]] = []
        self.versions: dict[str, dict[str, Any]] = {}
        self.violations: list[str] = []
        self.people: list[dict[str, Any]] = []
        self.now = datetime.now(UTC).replace(microsecond=0)
        basic = base64.b64encode(f"{user}:{token}".encode()).decode()
        self._proof = f"Basic {basic}" if cloud else f"Bearer {token}"
        self._api = Api([*(published(f"jira-cloud-rest-3-{part}.yml") for part in _PARTS), _OWN])
        self._next_id = 10_040
        self.me = self.person("5b10b0", "Accord")

    # State

    def person(self, account: str, name: str) -> dict[str, Any]:
        """A user as Jira writes one."""
        ident = {"accountId": account} if self.cloud else {"name": account, "key": f"JIRAUSER{account}"}
        return {**ident, "displayName": name, "active": True}

    def add_person(self, account: str, name: str, mail: str) -> None:
        """A user who can be found by mail address."""
        self.people.append({**self.person(account, name), "emailAddress": mail})

    def _people(self, seen: Seen) -> Reply:
        word = seen.query.get("query", "").lower()
        return Reply(json=[one for one in self.people if word in one["emailAddress"].lower()])

    def add_issue(
        self, key: str, summary: str = "Work to do", status: str = "To Do", **fields: Any
    ) -> dict[str, Any]:
        """An issue; its project is the key's first part."""
        at = self.tick()
        project = {"id": "10010", "key": key.partition("-")[0], "name": key.partition("-")[0]}
        known = {
            "summary": summary,
            "project": project,
            "status": _status(status),
            "labels": [],
            "duedate": None,
        }
        known |= {
            "issuetype": {"name": "Task"},
            "resolution": None,
            "resolutiondate": None,
            "fixVersions": [],
        }
        known |= {"assignee": None, "reporter": self.me, "created": at, "updated": at, "timespent": None}
        issue = {"id": self._id(), "key": key, "fields": {**known, **fields}, "history": []}
        self.issues[key] = {**issue, "comments": [], "worklogs": []}
        return self.issues[key]

    def set_version(self, name: str, day: str | None = None, *, released: bool = False) -> dict[str, Any]:
        """A version of the project APO as it is from now on; without a day it has no release date."""
        self.tick()
        known = self.versions.setdefault(name, {"id": self._id(), "name": name, "projectId": 10010})
        known |= {"archived": False, "released": released, "releaseDate": day}
        return {k: v for k, v in known.items() if v is not None}

    def version_delivery(self, event: str, name: str) -> bytes:
        """The body of a webhook about a version, which does not say who did it."""
        told = {k: v for k, v in self.versions[name].items() if v is not None}
        at = {"timestamp": int(self.now.timestamp() * 1000), "webhookEvent": event}
        return json.dumps({**at, "version": told}).encode()

    def add_comment(self, key: str, body: Any, author: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A comment by somebody, or by us."""
        at, who = self.tick(), dict(author or self.me)
        comment = {
            "id": self._id(),
            "body": body,
            "author": who,
            "updateAuthor": who,
            "created": at,
            "updated": at,
        }
        comment["self"] = f"{self.url}/rest/api/2/issue/{self.issues[key]['id']}/comment/{comment['id']}"
        self._touch(key)["comments"].append(comment)
        return comment

    def log_time(self, key: str, seconds: int, started: str, author: Mapping[str, Any]) -> dict[str, Any]:
        """A worklog; `started` as Jira writes it: 2026-11-20T09:00:00.000+0800."""
        issue, at = self._touch(key), self.tick()
        log = {"id": self._id(), "issueId": issue["id"], "author": dict(author), "updateAuthor": dict(author)}
        log |= {"created": at, "updated": at, "started": started, "timeSpentSeconds": seconds}
        issue["worklogs"].append(log)
        issue["fields"]["timespent"] = (issue["fields"]["timespent"] or 0) + seconds
        return log

    def change(self, key: str, author: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
        """Change fields of an issue; returns the changelog entry. A status is given by its name."""
        issue, items = self._touch(key), []
        if "status" in fields:
            fields["status"] = _status(fields["status"])
        for name, value in fields.items():
            former = issue["fields"].get(name)
            items.append({"field": name, **_told("from", former), **_told("to", value)})
            issue["fields"][name] = value
        entry = {
            "id": self._id(),
            "created": issue["fields"]["updated"],
            "author": author or self.me,
            "items": items,
        }
        issue["history"].append(entry)
        return entry

    def comments_on(self, key: str) -> list[str]:
        """The texts of an issue's comments, oldest first."""
        return [_text(comment["body"]) for comment in self.issues[key]["comments"]]

    def status_of(self, key: str) -> str:
        """The name of an issue's status."""
        return str(self.issues[key]["fields"]["status"]["name"])

    def delivery(self, event: str, key: str, **more: Any) -> bytes:
        """The body of a webhook about an issue: `delivery("jira:issue_updated", "APO-1", changelog=entry)`."""
        at = {"timestamp": int(self.now.timestamp() * 1000), "webhookEvent": event}
        issue = {} if event.startswith("worklog_") else {"issue": self._shown(self.issues[key])}
        return json.dumps({**at, "user": self.me, **issue, **more}, ensure_ascii=False).encode()

    # Routes

    def answer(self, seen: Seen) -> Reply:
        if seen.headers.get("authorization") != self._proof:
            return Reply(401, {"errorMessages": ["You are not authenticated."]})
        version = "3" if self.cloud else "2"
        if not seen.path.startswith(f"/rest/api/{version}/"):
            return self._wrong(seen, f"{seen.path} is not below /rest/api/{version}/")
        path = "/rest/api/3" + seen.path.removeprefix(f"/rest/api/{version}")
        if problem := self._api.problem(seen, path):
            return self._wrong(seen, problem)
        for pattern, route in self._routes():
            if found := re.fullmatch(pattern, f"{seen.method} {path.removeprefix('/rest/api/3')}"):
                return route(seen, *found.groups())
        return self._wrong(seen, "the stand-in has no such route")

    def _routes(self) -> list[tuple[str, Callable[..., Reply]]]:
        return [
            ("GET /myself", lambda _: Reply(json=self.me)),
            ("GET /user/search", self._people),
            ("GET /search(?:/jql)?", self._search),
            ("GET /worklog/deleted", self._deleted),
            ("GET /project/(?:APO|10010)", lambda _: Reply(json={"id": "10010", "key": "APO"})),
            ("GET /project/APO/versions", lambda _: Reply(json=list(self.versions.values()))),
            ("POST /issue", self._create),
            (
                "GET /issue/([^/]+)",
                lambda seen, key: self._on(key, lambda i: Reply(json=self._shown(i, seen))),
            ),
            (
                "PUT /issue/([^/]+)",
                lambda seen, key: self._on(key, lambda issue: self._edit(issue, seen.json)),
            ),
            (
                "GET /issue/([^/]+)/comment",
                lambda seen, key: self._on(key, lambda i: _newest(i["comments"], seen)),
            ),
            ("POST /issue/([^/]+)/comment", self._comment),
            (
                "GET /issue/([^/]+)/worklog",
                lambda _, key: self._on(key, lambda i: _list("worklogs", i["worklogs"])),
            ),
            (
                "GET /issue/([^/]+)/transitions",
                lambda _, key: self._on(key, lambda _: Reply(json=_workflow())),
            ),
            ("POST /issue/([^/]+)/transitions", self._transition),
        ]

    def _on(self, key: str, do: Callable[[dict[str, Any]], Reply]) -> Reply:
        issue = next((i for i in self.issues.values() if key in (i["key"], i["id"])), None)
        return do(issue) if issue else Reply(404, {"errorMessages": ["Issue does not exist."]})

    def _comment(self, seen: Seen, key: str) -> Reply:
        body = seen.json["body"]
        if isinstance(body, str) is self.cloud:
            return self._wrong(seen, "a comment is a document on Cloud and text on Data Center")
        return self._on(key, lambda issue: Reply(201, self.add_comment(issue["key"], body)))

    def _transition(self, seen: Seen, key: str) -> Reply:
        ways = {way["id"]: way["to"]["name"] for way in _workflow()["transitions"]}
        wanted = ways.get(seen.json.get("transition", {}).get("id"))
        if wanted is None:
            return Reply(
                400, {"errorMessages": ["It seems that you have tried to perform an illegal transition."]}
            )

        def go(issue: dict[str, Any]) -> Reply:
            self.change(issue["key"], status=wanted)
            return Reply(204)

        return self._on(key, go)

    def _edit(self, issue: dict[str, Any], body: Mapping[str, Any]) -> Reply:
        changes = dict(body.get("fields", {}))
        labels = list(issue["fields"]["labels"])
        for change in body.get("update", {}).get("labels", ()):
            labels = [name for name in labels if name not in change.values()] + [
                n for v, n in change.items() if v == "add"
            ]
        if labels != issue["fields"]["labels"]:
            changes["labels"] = labels
        if changes:
            self.change(issue["key"], **changes)
        return Reply(204)

    def _create(self, seen: Seen) -> Reply:
        fields = dict(seen.json["fields"])
        project = fields.pop("project")["key"]
        key = f"{project}-{1 + len(self.issues)}"
        issue = self.add_issue(key, fields.pop("summary"), **fields)
        return Reply(
            201, {"id": issue["id"], "key": key, "self": f"{self.url}/rest/api/3/issue/{issue['id']}"}
        )

    def _search(self, seen: Seen) -> Reply:
        label = re.search(r'labels = "([^"]+)"', seen.query["jql"])
        found = [i for i in self.issues.values() if not label or label[1] in i["fields"]["labels"]]
        page = {"issues": [self._shown(issue, seen, whole=True) for issue in found]}
        return Reply(
            json={**page, "isLast": True} if self.cloud else {**page, "total": len(found), "startAt": 0}
        )

    def _deleted(self, seen: Seen) -> Reply:
        values = [
            gone for gone in self.deleted_worklogs if gone["updatedTime"] >= int(seen.query.get("since", 0))
        ]
        return Reply(json={"values": values, "lastPage": True, "until": int(self.now.timestamp() * 1000)})

    # Inside

    def _shown(
        self, issue: Mapping[str, Any], asked: Seen | None = None, *, whole: bool = False
    ) -> dict[str, Any]:
        shown = {"id": issue["id"], "key": issue["key"], "fields": dict(issue["fields"])}
        if whole:
            for noun in ("comment", "worklog"):
                shown["fields"][noun] = {"total": len(issue[f"{noun}s"]), f"{noun}s": issue[f"{noun}s"]}
        if asked and "changelog" in asked.query.get("expand", ""):
            shown["changelog"] = {"total": len(issue["history"]), "histories": issue["history"][::-1]}
        return shown

    def _wrong(self, seen: Seen, problem: str) -> Reply:
        self.violations.append(f"{seen.method} {seen.path}: {problem}")
        return Reply(400, {"errorMessages": [problem]})

    def _touch(self, key: str) -> dict[str, Any]:
        self.issues[key]["fields"]["updated"] = self.tick()
        return self.issues[key]

    def tick(self) -> str:
        """Time goes on by a second; the time as Jira writes it."""
        self.now += timedelta(seconds=1)
        return self.now.strftime("%Y-%m-%dT%H:%M:%S.000+0000")

    def _id(self) -> str:
        self._next_id += 1
        return str(self._next_id)


def _status(name: str) -> dict[str, Any]:
    return {"name": name, "id": name, "statusCategory": {"key": CATEGORIES.get(name, "indeterminate")}}


def _workflow() -> dict[str, Any]:
    """From everywhere to everywhere, but never to a status that is not there."""
    ways = [
        {"id": str(n), "name": f"To {name}", "to": _status(name)} for n, name in enumerate(CATEGORIES, 11)
    ]
    return {"transitions": ways}


def _told(side: str, value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {side: value.get("accountId") or value.get("id"), f"{side}String": value.get("name")}
    text = " ".join(value) if isinstance(value, list) else value
    return {side: None if isinstance(value, list) else text, f"{side}String": text}


def _newest(comments: list[dict[str, Any]], seen: Seen) -> Reply:
    ordered = comments[::-1] if seen.query.get("orderBy") == "-created" else comments
    return _list("comments", ordered[: int(seen.query.get("maxResults", 5000))], len(comments))


def _list(name: str, things: list[dict[str, Any]], total: int | None = None) -> Reply:
    return Reply(json={name: things, "total": len(things) if total is None else total, "startAt": 0})


def _text(body: Any) -> str:
    """The text of a comment, a document's paragraphs as lines."""
    if isinstance(body, str):
        return body
    inner = "".join(_text(node) for node in body.get("content", ()))
    return body.get("text", "") + inner + ("\n" if body["type"] in {"paragraph", "hardBreak"} else "")
