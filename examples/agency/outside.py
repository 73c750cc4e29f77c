# ruff: noqa: INP001 - a script beside its workspace, not a package
"""Plays the outside systems of this workspace on this machine: Jira, GitHub, Xero and Slack, each below its prefix.

What Accord sends them is printed in plain words; what it reads back comes from payloads/answers/. Started and ended
with Accord by `run`. `outside.py voided` and `outside.py open` tell the running one what to say of BILL-91 from now on.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from service import lifeline
from service.payloads import refreshed

HERE = Path(__file__).parent
MARKER = re.compile(r"\s*(?:<!--)?\s*accord-[0-9a-f]{6,}\s*(?:-->)?\s*$")
STATES = ("open", "voided")
Answer = tuple[int, Any]


class Outside:
    """What the systems know: recorded answers, and the comments that were made."""

    def __init__(self) -> None:
        self.state = "open"
        self.comments: dict[str, list[dict[str, Any]]] = {}

    def answer(self, method: str, path: str, body: Any) -> Answer:
        """What the system behind the path's prefix answers."""
        system, _, rest = path.lstrip("/").partition("/")
        routes: dict[str, Callable[[str, str, Any], Answer]] = {
            "jira": self.jira,
            "github": self.github,
            "slack": self.slack,
            "xero": self.xero,
            "outside": self.told,
        }
        return (
            routes[system](method, f"/{rest}", body)
            if system in routes
            else (404, {"error": "no such system"})
        )

    def told(self, method: str, path: str, _: Any) -> Answer:
        """What the demo asks for: BILL-91 as it was, or voided."""
        state = path.strip("/")
        if method != "POST" or state not in STATES:
            return 404, {"error": f"POST one of {', '.join(STATES)}"}
        self.state = state
        say("books", f"BILL-91 is {'voided' if state == 'voided' else 'valid'} from now on")
        return 200, {"state": state}

    def jira(self, method: str, path: str, body: Any) -> Answer:
        """Issues to read; comments, transitions and fields to take."""
        issue = re.search(r"/issue/([^/]+)(?:/(\w+))?$", path)
        if issue is None or (method == "GET" and issue[2] is None):
            return self.recorded(method, path)
        key, what = issue[1], issue[2]
        if what == "comment":
            return self.commented("tracker", method, key, text_of(body.get("body")) if body else "")
        if what == "transitions" and method == "GET":
            ways = [
                {"id": str(i), "name": n, "to": {"name": n}}
                for i, n in enumerate(("To Do", "Done", "已批准"), 11)
            ]
            return 200, {"transitions": ways}
        say("tracker", f"{key} is changed: {json.dumps(body, ensure_ascii=False)}")
        return 204, None

    def github(self, method: str, path: str, body: Any) -> Answer:
        """Comments and changes of issues to take."""
        issue = re.search(r"/repos/([^/]+/[^/]+)/issues/(\d+)(?:/(\w+))?$", path)
        if issue is None:
            return self.recorded(method, path)
        key = f"{issue[1]}#{issue[2]}"
        if issue[3] == "comments":
            return self.commented("code", method, key, (body or {}).get("body", ""))
        if method == "GET":
            return 200, {
                "number": int(issue[2]),
                "state": "open",
                "comments": len(self.comments.get(key, ())),
            }
        say("code", f"{key} is changed: {json.dumps(body, ensure_ascii=False)}")
        return 200, {"number": int(issue[2]), "state": "open"}

    def xero(self, method: str, path: str, body: Any) -> Answer:
        """Documents to read, notes on them to take."""
        if path.endswith("/History"):
            say("books", f"note: {json.dumps(body, ensure_ascii=False)}")
            return 200, {"HistoryRecords": []}
        return self.recorded(method, path)

    def slack(self, _: str, __: str, body: Any) -> Answer:
        """A message in the team's room."""
        say("room", text_of(body.get("blocks") or body) if isinstance(body, dict) else str(body))
        return 200, "ok"

    def commented(self, system: str, method: str, key: str, text: str) -> Answer:
        """A comment on an issue, or all of them."""
        own = self.comments.setdefault(key, [])
        if method == "GET":
            return 200, {"comments": own, "total": len(own), "startAt": 0} if system == "tracker" else own
        own.append({"id": str(90000 + len(own)), "body": text})
        say(system, f"comment on {key}: {MARKER.sub('', text).strip()}")
        return 201, own[-1]

    def recorded(self, method: str, path: str) -> Answer:
        """The recorded answer whose path ends this one."""
        file = HERE / "payloads" / "answers" / f"{self.state}.json"
        for name, content in json.loads(refreshed(file.read_bytes(), datetime.now(UTC))).items():
            verb, _, end = name.partition(" ")
            if verb == method and path.endswith(end):
                return 200, content
        return 404, {"error": f"{file.name} has no answer to {method} {path}"}


def text_of(node: Any) -> str:
    """All text in a document of Jira or in the blocks of a chat message."""
    if isinstance(node, str):
        return node
    if isinstance(node, list):
        return "".join(text_of(one) for one in node)
    if not isinstance(node, dict):
        return ""
    end = "\n" if node.get("type") in ("paragraph", "hardBreak", "header", "section") else ""
    return text_of(node.get("text", "")) + text_of(node.get("content") or node.get("blocks") or []) + end


def say(system: str, text: str) -> None:
    """One thing that arrived outside, in words."""
    print(f"\n  [{system}] " + "\n            ".join(text.strip().splitlines()), flush=True)  # noqa: T201


class Server(ThreadingHTTPServer):
    """One thread a connection; a caller that went away is nothing to report."""

    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Accord's kept-alive connections end when it does."""


class Handler(BaseHTTPRequestHandler):
    """Every call of every system."""

    outside = Outside()
    protocol_version = "HTTP/1.1"

    def serve(self) -> None:
        """Read the call, answer it."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            given = json.loads(body) if body else None
        except ValueError:
            given = None  # A form, such as the request for a token.
        status, content = self.outside.answer(self.command, unquote(urlsplit(self.path).path), given)
        sent = (
            content.encode() if isinstance(content, str) else json.dumps(content, ensure_ascii=False).encode()
        )
        sent = b"" if status == 204 else sent
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve  # noqa: N815 - names of the base class

    def log_message(self, *_: Any) -> None:
        """What matters is said in words."""


def place() -> tuple[str, int]:
    """Where the workspace expects the outside: OUTSIDE_URL, by default that of .env."""
    lines = (HERE / ".env").read_text(encoding="utf-8").splitlines() if (HERE / ".env").exists() else []
    written = next((line.partition("=")[2] for line in lines if line.startswith("OUTSIDE_URL=")), "")
    url = urlsplit(os.environ.get("OUTSIDE_URL") or written or "http://127.0.0.1:8190")
    return url.hostname or "127.0.0.1", url.port or 80


def main() -> int:
    """Serve until the process that started this one ends; or tell the running one a state."""
    host, port = place()
    if sys.argv[1:2] and sys.argv[1] in STATES:
        call = http.client.HTTPConnection(host, port, timeout=5)
        call.request("POST", f"/outside/{sys.argv[1]}")
        return 0 if call.getresponse().status == 200 else 1
    lifeline.tie(os.getppid())
    try:
        with Server((host, port), Handler) as server:
            say("outside", f"Jira, GitHub, Xero and Slack are played on {host}:{port}")
            server.serve_forever()
    except OSError as problem:
        say(
            "outside", f"cannot listen on {host}:{port} ({problem.strerror}): set another OUTSIDE_URL in .env"
        )
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
