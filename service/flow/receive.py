"""First stage: a webhook call becomes a stored delivery, or is refused.

In: one `Delivery` as it came, the connection it names. Out: `Received` with the status and id to answer; a
success is on disk. Signature before anything is parsed; no outside call; no rule. Raises StorageError.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from connectors.base import Answer, Connector, Delivery, Settings, Unauthentic
from service.store.inbox import Incoming, Writer

MAX_BODY = 2 * 1024 * 1024
KEPT_OUT = frozenset(
    {"authorization", "proxy-authorization", "cookie", "x-gitlab-token", "clockify-signature"}
)
SECRET_WORDS = ("secret", "token", "key", "password", "sig")


@dataclass(frozen=True, slots=True)
class Received:
    """status 202 with a new id, 200 with the first id of a delivery seen before."""

    status: int
    id: str


@dataclass(frozen=True, slots=True)
class Refused(Exception):
    """status 401, 404 or 415 with a title and detail fit for the caller; no secret in it."""

    status: int
    title: str
    detail: str


def handshake(connector: Connector, delivery: Delivery, settings: Settings) -> Answer | None:
    """The answer to a handshake of that system, or none when the call is a delivery."""
    if connector.handshake is None:
        return None
    try:
        return connector.handshake(delivery, settings)
    except Unauthentic as refusal:
        raise Refused(401, "Signature refused", str(refusal)) from None


def receive(connector: Connector, delivery: Delivery, settings: Settings, writer: Writer) -> Received:
    """Check the signature and store the delivery durably."""
    if connector.verify is None or connector.normalise is None:
        raise Refused(404, "Nothing is received here", f"connection {settings.name} only sends")
    try:
        connector.verify(delivery, settings)
    except Unauthentic as refusal:
        raise Refused(401, "Signature refused", str(refusal)) from None
    id = f"dlv_{_sortable(delivery.received_at)}{uuid4().hex[:12]}"
    dedup = _dedup(connector, delivery)
    stored = writer.store(Incoming(id, dedup, _without_secrets(delivery)))
    return Received(202 if stored == id else 200, stored)


def _dedup(connector: Connector, delivery: Delivery) -> str:
    """What a second sending of the same delivery has in common with the first: the source's id of it, else body
    and signed time. A body that merely repeats later (done, reopened, done) has no such id: it is told apart by
    the day and hour of its arrival and by the versions of its objects, never thrown away for good.
    """
    given = connector.delivery_id(delivery) if connector.delivery_id else None
    if given:
        return "id:" + hashlib.sha256(given.encode("utf-8", "surrogatepass")).hexdigest()
    bucket = delivery.received_at.strftime("%Y-%m-%dT%H:%M")
    return f"body:{hashlib.sha256(delivery.body).hexdigest()}:{bucket}"


def _without_secrets(delivery: Delivery) -> Delivery:
    """The call as it is kept: credentials in headers and query are proof, already checked, and not data."""
    return replace(
        delivery,
        headers={k: v for k, v in delivery.headers.items() if k not in KEPT_OUT},
        query=_redacted(delivery.query),
    )


def _redacted(query: Mapping[str, str]) -> dict[str, str]:
    return {k: "[kept out]" if any(w in k.lower() for w in SECRET_WORDS) else v for k, v in query.items()}


def _sortable(at: datetime) -> str:
    return f"{int(at.timestamp() * 1000):012x}"
