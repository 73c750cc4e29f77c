"""Recorded webhooks for scenarios: the file of a step -> source events, by way of the real connector.

In: the settings of a workspace's connections. Out: a `Normalise` for `rules.scenarios`. Nothing is called: what a thin
webhook reads back comes from a file of recorded answers, `{"GET /Invoices/ID": {...}}`, found by the end of the path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from json import dumps, loads
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connectors import registry
from connectors.base import (
    Connector,
    ConnectorError,
    Delivery,
    Malformed,
    Settings,
    Unsupported,
)
from rules.facts.event import SourceEvent
from rules.facts.project import Workspace
from rules.scenarios import Normalise, Payload, PayloadError
from service.payloads import refreshed

_SECRET = "a secret that signs nothing outside"  # noqa: S105 (only ever meets our own verification)


@dataclass(frozen=True, slots=True)
class _Answer:
    """One recorded answer."""

    content: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """The answer read as JSON."""
        return loads(self.content)


@dataclass(frozen=True, slots=True)
class _Answers:
    """Stands where the HTTP client would: answers come from the file."""

    path: Path
    recorded: Mapping[str, Any]

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,  # noqa: ARG002 (what the real client takes)
        json: Any = None,  # noqa: ARG002
        data: bytes | str | Mapping[str, str] | None = None,  # noqa: ARG002
        params: Mapping[str, str] | None = None,  # noqa: ARG002
        auth: tuple[str, str] | None = None,  # noqa: ARG002
    ) -> _Answer:
        """The recorded answer to a call. Raises PayloadError when there is none."""
        path = urlsplit(url).path
        for name, content in self.recorded.items():
            verb, _, end = name.partition(" ")
            if verb == method and path.endswith(end):
                return _Answer(dumps(content).encode())
        raise PayloadError(f"{self.path.name} has no answer to `{method} {path}`: add it")


def normaliser(workspace: Workspace, settings: Mapping[str, Settings]) -> Normalise:
    """Takes payloads through the connectors of a workspace."""

    def normalise(payload: Payload) -> list[SourceEvent]:
        connector = registry.load(workspace.connections[payload.connection].connector)
        own = settings.get(payload.connection) or Settings(payload.connection, {}, (_SECRET,))
        return _events(connector, own, payload)

    return normalise


def _events(connector: Connector, settings: Settings, payload: Payload) -> list[SourceEvent]:
    if connector.normalise is None:
        raise PayloadError(f"{connector.title} sends no webhooks")
    place = Path(payload.scenario).parent
    body = _read(place / payload.file, payload)
    signed = settings if settings.webhook_secrets else replace(settings, webhook_secrets=(_SECRET,))
    headers = (
        connector.sign(body, signed, payload.received_at, Path(payload.file).stem) if connector.sign else {}
    )
    delivery = Delivery(
        connection=payload.connection,
        method="POST",
        path=f"/hooks/{payload.connection}",
        query={},
        headers={"content-type": "application/json", **{k.lower(): v for k, v in headers.items()}},
        body=body,
        received_at=payload.received_at,
    )
    try:
        found = connector.normalise(delivery, settings)
        events = list(found.events)
        for wanted in found.reads:
            if connector.read is not None:
                events += connector.read(wanted, settings, _answers(place, payload))
    except (Malformed, Unsupported, ConnectorError) as problem:
        raise PayloadError(f"{payload.file}: {problem}") from None
    return events


def _answers(place: Path, payload: Payload) -> _Answers:
    if payload.answers is None:
        raise PayloadError(f"{payload.file} is read back: name a file of recorded answers, `answers: ...`")
    path = place / payload.answers
    try:
        recorded = loads(_read(path, payload))
    except ValueError as problem:
        raise PayloadError(f"{payload.answers} is no JSON: {problem}") from None
    return _Answers(path, recorded)


def _read(path: Path, payload: Payload) -> bytes:
    """The bytes of a file, with its marks such as {{now}} standing for the scenario's moment."""
    try:
        return refreshed(path.read_bytes(), payload.received_at)
    except OSError as problem:
        raise PayloadError(f"{path.name} cannot be read: {problem.strerror}") from None
