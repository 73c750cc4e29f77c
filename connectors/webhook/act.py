"""The operations `webhook` and `append_row`: a signed POST to an address of yours.

In: an operation with `body`, or with `row`. Out: `Done`. Signed as Standard Webhooks ask; `webhook-id` is the action's
key and the same on every try, so that the receiver can drop what it has seen: idempotent.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from connectors.base import Done, Http, Operation, Settings
from connectors.operations import refused
from connectors.signatures import sign_standard_webhooks
from connectors.webhook.problems import problems
from rules.facts import codec


def post(operation: Operation, settings: Settings, http: Http) -> Done:
    """Send `body` (any values; money and times as the API writes them), else subject and text of the message.

    keys read: `body`, `date` (the time to sign with; now, unless it is given).
    """
    said = {"subject": operation.message.subject, "text": operation.message.body}
    return _post(operation.keys.get("body", said), operation, settings, http)


def append_row(operation: Operation, settings: Settings, http: Http) -> Done:
    """Send `row` (column -> value) as {"row": {...}}, for a script that adds it to a sheet. keys read: row, date."""
    return _post({"row": operation.keys.get("row") or {}}, operation, settings, http)


def _post(said: Any, operation: Operation, settings: Settings, http: Http) -> Done:
    body = codec.write_json(codec.to_plain(said)).encode()
    now = operation.keys.get("date") or datetime.now(UTC)
    headers = {"Content-Type": "application/json", **_signed(body, operation.key, settings, now)}
    found = http.request("POST", _address(settings), headers=headers, data=body)
    return Done(receipt=operation.key, detail=str(found.status))


def check(settings: Settings, _http: Http) -> str:
    """What the connection can do; an address can only be tried by posting to it."""
    wrong = problems(settings.get("events") or [])
    if wrong:
        raise refused(settings, "; ".join(wrong))
    takes = f"takes signed events, {len(settings.get('events') or [])} of them mapped"
    return (
        f"{takes}; posts to `url`, which cannot be tried without a message" if settings.get("url") else takes
    )


def _signed(body: bytes, key: str, settings: Settings, now: datetime) -> dict[str, str]:
    secret = settings.get("signing_secret")
    if not secret:
        raise refused(settings, "set `signing_secret`, nothing is posted unsigned")
    try:
        return sign_standard_webhooks(body, str(secret), key, now)
    except ValueError as problem:
        raise refused(settings, f"`signing_secret`: {problem}") from None


def _address(settings: Settings) -> str:
    address = settings.get("url")
    if not address:
        raise refused(settings, "set `url`, the address to post to")
    return str(address)
