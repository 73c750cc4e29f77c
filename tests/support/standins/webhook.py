"""A stand-in for a system that receives our signed webhooks and drops what it has seen, as Standard Webhooks ask.

`with WebhookReceiver(secret) as there:` listens at `there.url`. What it took is in `there.taken` by id, oldest first;
`there.repeats` counts what came again. The signature is worked out here from the specification, not by our code.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Any

from tests.support.standins.server import Reply, Seen, StandIn

TOLERANCE = 300


class WebhookReceiver(StandIn):
    """`secret` is base64, with or without `whsec_` before it."""

    def __init__(self, secret: str, port: int = 0) -> None:
        super().__init__(port)
        self.taken: dict[str, Any] = {}
        self.repeats = 0
        self._key = base64.b64decode(secret.removeprefix("whsec_"))

    def answer(self, seen: Seen) -> Reply:
        refusal = self._refusal(seen)
        if refusal:
            return Reply(401, {"error": refusal})
        ident = seen.headers["webhook-id"]
        if ident in self.taken:
            self.repeats += 1
        else:
            self.taken[ident] = seen.json
        return Reply(202, {})

    def _refusal(self, seen: Seen) -> str | None:
        ident, seconds = seen.headers.get("webhook-id", ""), seen.headers.get("webhook-timestamp", "")
        if not ident or not seconds.isdecimal() or abs(time.time() - int(seconds)) > TOLERANCE:
            return "webhook-id or a fresh webhook-timestamp is missing"
        message = f"{ident}.{seconds}.".encode() + seen.body
        digest = base64.b64encode(hmac.new(self._key, message, hashlib.sha256).digest()).decode()
        given = seen.headers.get("webhook-signature", "").split()
        return None if f"v1,{digest}" in given else "webhook-signature does not match"
