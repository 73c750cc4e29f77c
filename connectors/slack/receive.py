"""Slack's Events API: the challenge is answered, what people write is left aside.

In: a delivery signed with the app's signing secret. Out: the answer to `url_verification`, or why an event is not used.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from connectors.base import Answer, Delivery, Inbound, Malformed, Settings, Unsupported
from connectors.foreign import read
from connectors.signatures import sign_slack, verify_slack

IGNORED: Final = frozenset(
    {
        "app_home_opened", "app_mention", "app_uninstalled", "channel_archive", "channel_rename", "file_shared",
        "link_shared", "member_joined_channel", "member_left_channel", "message", "reaction_added",
        "reaction_removed", "tokens_revoked",
    }
)  # fmt: skip


def verify(delivery: Delivery, settings: Settings) -> None:
    """Raises Unauthentic unless Slack signed these bytes within the last five minutes."""
    verify_slack(delivery, settings.webhook_secrets)


def sign(body: bytes, settings: Settings, now: datetime, _name: str) -> dict[str, str]:
    """The headers Slack would send."""
    return sign_slack(body, settings.webhook_secrets[0], now)


def handshake(delivery: Delivery, settings: Settings) -> Answer | None:
    """The challenge with which Slack tests an address; like everything else it has to be signed."""
    try:
        body = read(delivery.body)
        if body["type"].text() != "url_verification":
            return None
        challenge = body["challenge"].text()
    except Malformed:
        return None
    verify(delivery, settings)
    return Answer(200, challenge.encode(), {"Content-Type": "text/plain; charset=utf-8"})


def delivery_id(delivery: Delivery) -> str | None:
    """Slack's id of the event, the same on its three retries."""
    try:
        return read(delivery.body)["event_id"].text()
    except Malformed:
        return None


def normalise(delivery: Delivery, _settings: Settings) -> Inbound:
    """Why the event is not used. Raises Malformed or Unsupported."""
    body = read(delivery.body)
    kind = body["type"].text()
    if kind == "url_verification":
        return Inbound(ignored="a challenge, which was answered")
    if kind != "event_callback":
        raise Unsupported(f"type is {kind[:40]!r}, known are event_callback and url_verification")
    name = body["event"]["type"].text()
    if name not in IGNORED:
        raise Unsupported(f"event.type is {name[:40]!r}, which this connector does not know")
    return Inbound(ignored=f"{name} events are not used: what is said in Slack stays there")
