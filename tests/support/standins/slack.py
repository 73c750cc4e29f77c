"""A stand-in for Slack: an incoming webhook and the two methods of the Web API that we call.

`with SlackStandIn() as there:` serves both; `there.webhook` is the address to post to, `there.api` the base address.
What was posted is in `there.posts`, oldest first. `there.refuse(...)` makes the next post fail the way Slack does:
with status 200. Bodies over Slack's limits are refused as Slack does.
"""

from __future__ import annotations

from typing import Any

from tests.support.standins.server import Reply, Seen, StandIn

SERVICE = "/services/T0EXAMPLE/B0EXAMPLE/example0secret"
TOKEN = "xoxb-example-token-0042"
LIMITS = {"header": 150, "section": 3000}


class SlackStandIn(StandIn):
    """`token` and `channel` are the only ones it knows."""

    def __init__(self, token: str = TOKEN, channel: str = "C0EXAMPLE42", port: int = 0) -> None:
        super().__init__(port)
        self.posts: list[dict[str, Any]] = []
        self._token = token
        self._channel = channel
        self._refusals: list[str] = []

    @property
    def webhook(self) -> str:
        return self.url + SERVICE

    @property
    def api(self) -> str:
        return f"{self.url}/api"

    def refuse(self, *errors: str) -> None:
        """The next posts are answered with these errors, one each."""
        self._refusals += errors

    def answer(self, seen: Seen) -> Reply:
        if "/services/" in seen.path:
            return self._posted_to_webhook(seen)
        if seen.headers.get("authorization") != f"Bearer {self._token}":
            return Reply(json={"ok": False, "error": "invalid_auth"})
        if seen.path.endswith("/auth.test"):
            return Reply(json={"ok": True, "team": "Northwind Studio", "user": "accord"})
        if seen.path.endswith("/chat.postMessage"):
            return self._posted_by_method(seen)
        return Reply(json={"ok": False, "error": "unknown_method"})

    def _posted_to_webhook(self, seen: Seen) -> Reply:
        if not seen.path.endswith(SERVICE):
            return Reply(404, body=b"no_service")
        error = self._error(seen.json)
        if error:
            return Reply(200 if error == "ok" else 400, body=error.encode())
        self.posts.append(seen.json)
        return Reply(body=b"ok")

    def _posted_by_method(self, seen: Seen) -> Reply:
        error = self._error(seen.json)
        if seen.json.get("channel") != self._channel:
            error = "channel_not_found"
        if error:
            return Reply(json={"ok": False, "error": error})
        self.posts.append(seen.json)
        return Reply(json={"ok": True, "channel": self._channel, "ts": f"1795168800.{len(self.posts):06d}"})

    def _error(self, body: dict[str, Any]) -> str | None:
        if self._refusals:
            return self._refusals.pop(0)
        if not body.get("text"):
            return "no_text"
        blocks = body.get("blocks", [])
        fits = len(blocks) <= 50 and all(len(b["text"]["text"]) <= LIMITS[b["type"]] for b in blocks)
        return None if fits else "invalid_blocks"
