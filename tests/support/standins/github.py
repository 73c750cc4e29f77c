"""A stand-in for GitHub with repositories, issues, comments and milestones to assert on.

`with GitHubStandIn() as github:` serves the REST API at `github.url`. Every request is held against a table of the
calls that GitHub documents; one that breaks it is answered 422 and noted in `github.violations`. `add_issue(...)` and
the like make state; `delivery(...)` gives the body of the webhook that GitHub would send about an issue.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.standins.openapi import Api
from tests.support.standins.server import Reply, Seen, StandIn

TOKEN = "example-access-token-0001"
_TEXT, _NAMES = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
_FIELDS = {
    "title": _TEXT,
    "body": _TEXT,
    "labels": _NAMES,
    "assignees": _NAMES,
    "milestone": {"type": ["integer", "null"]},
    "state": {"enum": ["open", "closed"]},
    "state_reason": {"enum": ["completed", "not_planned", "reopened", None]},
}


def _body(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": list(required),
    }
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _query(*numbers: str, **choices: list[str] | None) -> dict[str, Any]:
    found = [
        {"name": name, "in": "query", "schema": {"type": "integer"}}
        for name in (*numbers, "per_page", "page")
    ]
    for name, allowed in choices.items():
        schema = {"type": "string", **({"enum": allowed} if allowed else {})}
        found.append({"name": name, "in": "query", "schema": schema})
    return {"parameters": found}


_ORDER: dict[str, list[str] | None] = {
    "sort": ["created", "updated", "comments"],
    "direction": ["asc", "desc"],
}
_STATE = ["open", "closed", "all"]
_REPO = "/repos/{owner}/{repo}"
_API = {
    "paths": {
        "/user": {"get": {}},
        f"{_REPO}/issues": {
            "get": _query("milestone", state=_STATE, since=None, **_ORDER),
            "post": _body(_FIELDS, "title"),
        },
        f"{_REPO}/issues/comments": {"get": _query(since=None, **_ORDER)},
        f"{_REPO}/issues/{{number}}": {"get": {}, "patch": _body(_FIELDS)},
        f"{_REPO}/issues/{{number}}/comments": {
            "get": _query(since=None),
            "post": _body({"body": _TEXT}, "body"),
        },
        f"{_REPO}/issues/{{number}}/labels": {"get": _query(), "post": _body({"labels": _NAMES}, "labels")},
        f"{_REPO}/issues/{{number}}/labels/{{name}}": {"delete": {}},
        f"{_REPO}/milestones": {
            "get": _query(state=_STATE, sort=["due_on", "completeness"], direction=["asc", "desc"])
        },
        f"{_REPO}/milestones/{{number}}": {
            "patch": _body({"due_on": {"type": ["string", "null"]}, "title": _TEXT})
        },
    }
}


class GitHubStandIn(StandIn):
    """State and routes of one repository. Times go on by a second with every change, from `now`."""

    def __init__(
        self, repo: str = "northwind/apollo", *, token: str = TOKEN, login: str = "northwind-accord"
    ) -> None:
        super().__init__()
        self.repo = repo
        self.issues: dict[int, dict[str, Any]] = {}
        self.comments: list[dict[str, Any]] = []
        self.milestones: dict[int, dict[str, Any]] = {}
        self.violations: list[str] = []
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.me = {"login": login, "id": 1009}
        self._token = token
        self._api = Api([_API])

    # State

    def add_issue(
        self, title: str = "Work to do", *, body: str = "", labels: list[str] | None = None
    ) -> dict[str, Any]:
        """An open issue, numbered from one."""
        number, at = 1 + len(self.issues), self._tick()
        issue = {"id": 9000 + number, "number": number, "title": title, "body": body, "state": "open"}
        issue |= {
            "html_url": f"https://github.com/{self.repo}/issues/{number}",
            "user": self.me,
            "comments": 0,
        }
        issue |= {
            "labels": [{"name": name, "id": n} for n, name in enumerate(labels or [])],
            "state_reason": None,
        }
        issue |= {
            "assignee": None,
            "assignees": [],
            "milestone": None,
            "created_at": at,
            "updated_at": at,
            "closed_at": None,
        }
        self.issues[number] = issue
        return issue

    def add_milestone(self, title: str, due_on: str | None = None) -> dict[str, Any]:
        """A milestone, numbered from one."""
        number = 1 + len(self.milestones)
        at = self._tick()
        self.milestones[number] = {
            "id": 7000 + number,
            "number": number,
            "title": title,
            "due_on": due_on,
            "state": "open",
            "created_at": at,
            "updated_at": at,
            "closed_at": None,
        }
        return self.milestones[number]

    def add_comment(self, number: int, body: str, user: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A comment by somebody, or by us."""
        ident, at = 3001 + len(self.comments), self._tick()
        comment = {
            "id": ident,
            "body": body,
            "user": dict(user or self.me),
            "created_at": at,
            "updated_at": at,
        }
        comment["issue_url"] = f"{self.url}/repos/{self.repo}/issues/{number}"
        comment["html_url"] = f"https://github.com/{self.repo}/issues/{number}#issuecomment-{ident}"
        self.comments.append(comment)
        self.issues[number] |= {"comments": self.issues[number]["comments"] + 1, "updated_at": at}
        return comment

    def comments_on(self, number: int) -> list[str]:
        """The texts of an issue's comments, oldest first."""
        return [comment["body"] for comment in self._comments_of(number)]

    def delivery(self, action: str, number: int, **more: Any) -> bytes:
        """The body of a webhook about an issue: `delivery("labeled", 1, label={"id": 1, "name": "x"})`."""
        repository = {"full_name": self.repo, "private": True}
        body = {
            "action": action,
            "issue": self.issues[number],
            "repository": repository,
            "sender": self.me,
            **more,
        }
        return json.dumps(body, ensure_ascii=False).encode()

    # Routes

    def answer(self, seen: Seen) -> Reply:
        if seen.headers.get("authorization") != f"Bearer {self._token}":
            return Reply(401, {"message": "Bad credentials"})
        problem = self._api.problem(seen)
        if problem is None and seen.headers.get("accept") != "application/vnd.github+json":
            problem = f"accept is {seen.headers.get('accept')}"
        if problem:
            self.violations.append(f"{seen.method} {seen.path}: {problem}")
            return Reply(422, {"message": problem})
        if seen.path == "/user":
            return Reply(json=self.me)
        path = seen.path.removeprefix(f"/repos/{self.repo}")
        for pattern, route in self._routes():
            if found := re.fullmatch(pattern, f"{seen.method} {path}"):
                return self._guarded(route, seen, *found.groups())
        return Reply(404, {"message": "Not Found"})

    def _guarded(self, route: Callable[..., Reply], seen: Seen, *parts: str) -> Reply:
        if parts and "milestones" not in seen.path and int(parts[0]) not in self.issues:
            return Reply(404, {"message": "Not Found"})
        return route(seen, *parts)

    def _routes(self) -> list[tuple[str, Callable[..., Reply]]]:
        return [
            ("GET /issues", self._list_issues),
            ("POST /issues", self._create),
            ("GET /issues/comments", lambda seen: _page(self.comments, seen)),
            (r"GET /issues/(\d+)", lambda _, number: Reply(json=self.issues[int(number)])),
            (r"PATCH /issues/(\d+)", lambda seen, number: Reply(json=self._edit(int(number), seen.json))),
            (r"GET /issues/(\d+)/comments", lambda seen, number: _page(self._comments_of(int(number)), seen)),
            (r"POST /issues/(\d+)/comments", self._comment),
            (
                r"GET /issues/(\d+)/labels",
                lambda seen, number: _page(self.issues[int(number)]["labels"], seen),
            ),
            (
                r"POST /issues/(\d+)/labels",
                lambda seen, number: self._label(int(number), seen.json["labels"]),
            ),
            (r"DELETE /issues/(\d+)/labels/(.+)", lambda _, number, name: self._unlabel(int(number), name)),
            ("GET /milestones", lambda seen: _page(list(self.milestones.values()), seen)),
            (r"PATCH /milestones/(\d+)", self._edit_milestone),
        ]

    def _list_issues(self, seen: Seen) -> Reply:
        found = sorted(
            self.issues.values(), key=lambda i: i["number"], reverse=seen.query.get("direction") == "desc"
        )
        wanted = seen.query.get("milestone")
        return _page(
            [i for i in found if not wanted or str((i["milestone"] or {}).get("number")) == wanted], seen
        )

    def _create(self, seen: Seen) -> Reply:
        given = seen.json
        issue = self.add_issue(given.pop("title"), body=given.pop("body", ""))
        return Reply(201, self._edit(issue["number"], given))

    def _comment(self, seen: Seen, number: str) -> Reply:
        return Reply(201, self.add_comment(int(number), seen.json["body"]))

    def _edit(self, number: int, given: dict[str, Any]) -> dict[str, Any]:
        issue, at = self.issues[number], self._tick()
        if "labels" in given:
            given["labels"] = [{"name": name, "id": n} for n, name in enumerate(given["labels"])]
        if "assignees" in given:
            given["assignees"] = [{"login": login} for login in given["assignees"]]
            given["assignee"] = next(iter(given["assignees"]), None)
        if given.get("milestone"):
            given["milestone"] = self.milestones[given["milestone"]]
        if "state" in given:
            given["closed_at"] = at if given["state"] == "closed" else None
        issue |= {**given, "updated_at": at}
        return issue

    def _edit_milestone(self, seen: Seen, number: str) -> Reply:
        self.milestones[int(number)] |= {**seen.json, "updated_at": self._tick()}
        return Reply(json=self.milestones[int(number)])

    def _label(self, number: int, names: list[str]) -> Reply:
        there = [label["name"] for label in self.issues[number]["labels"]]
        return Reply(
            json=self._edit(number, {"labels": [*there, *(n for n in names if n not in there)]})["labels"]
        )

    def _unlabel(self, number: int, name: str) -> Reply:
        there = [label["name"] for label in self.issues[number]["labels"]]
        if name not in there:
            return Reply(404, {"message": "Label does not exist"})
        return Reply(
            json=self._edit(number, {"labels": [label for label in there if label != name]})["labels"]
        )

    # Inside

    def _comments_of(self, number: int) -> list[dict[str, Any]]:
        return [c for c in self.comments if c["issue_url"].endswith(f"/issues/{number}")]

    def _tick(self) -> str:
        self.now += timedelta(seconds=1)
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")


def _page(things: list[dict[str, Any]], seen: Seen) -> Reply:
    size, number = int(seen.query.get("per_page", 30)), int(seen.query.get("page", 1))
    return Reply(json=things[size * (number - 1) : size * number])
