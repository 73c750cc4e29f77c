"""What a connector ships beside its code, read for the tests. All of it lies in `connectors/NAME/fixtures/`:

settings.json               {"name", "values", "webhook_secrets", "signature": "token" where a password takes a
                            signature's place}: an example connection
EVENT__VARIANT.json         a delivery's body as the vendor sends it (.form or .txt where it is no JSON)
EVENT__VARIANT.events.json  what it means: {"events": [...], "reads": [...], "ignored": "..."}, defaults left out
reads/KIND__VARIANT.json    {"read", "exchanges", "events"}: a follow-up read
polls/VARIANT.json          {"cursor", "exchanges", "events", "next"}
requests/OPERATION__VARIANT.json  {"operation", "exchanges", "done"}; with "find": true the marker is looked for and
                            "done" may be null; with "refused": {"message", "retryable"} it fails that way;
                            "accepted": {"404": "reason"} names statuses that mean the effect is there already
checks/VARIANT.json         {"exchanges", "says"}
mails/EVENT__VARIANT.eml    a mail as it came into an inbox, what it means beside it in .events.json

An exchange is {"request": {"method", "url", "headers", "params", "json", "data", "auth"}, "answer": {"status",
"headers", "json"}}; every file may have "settings", values laid over those of settings.json. Values that JSON lacks
are written as rules.facts.codec writes them: {"$": "money", "v": "12.30 USD"}.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import connectors
from connectors.base import (
    Connector,
    ConnectorError,
    Delivery,
    Done,
    Inbound,
    Message,
    Operation,
    Read,
    Settings,
)
from connectors.http import Answer
from rules.facts import codec
from rules.facts.event import SourceEvent

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
_CONTENT_TYPES = {
    ".json": "application/json",
    ".form": "application/x-www-form-urlencoded",
    ".txt": "text/plain",
}


def folder(connector: Connector) -> Path:
    """Where the connector's fixtures lie."""
    return Path(connectors.__path__[0]) / connector.name / "fixtures"


def settings(connector: Connector, overlay: Mapping[str, Any] | None = None) -> Settings:
    """The example connection, with values of one fixture laid over it."""
    known = _load(folder(connector) / "settings.json")
    values = {
        **({"base_url": connector.base_url} if connector.base_url else {}),
        **known["values"],
        **(overlay or {}),
    }
    return Settings(known["name"], values, tuple(known.get("webhook_secrets", ())), private_network=True)


def signs_body(connector: Connector) -> bool:
    """False where the sender repeats a password, which proves nothing about the body."""
    return bool(_load(folder(connector) / "settings.json").get("signature") != "token")


def speaks_http(connector: Connector) -> bool:
    """Whether its operations are HTTP calls: mail is not."""
    known = settings(connector).values.values()
    return any(isinstance(value, str) and value.startswith(("http://", "https://")) for value in known)


def deliveries(connector: Connector) -> list[Path]:
    """The recorded bodies, without what they are expected to mean."""
    found = folder(connector).glob("*__*")
    return sorted(
        path for path in found if path.suffix in _CONTENT_TYPES and not path.name.endswith(".events.json")
    )


def mails(connector: Connector) -> list[Path]:
    """The recorded mails of an inbox."""
    return sorted((folder(connector) / "mails").glob("*.eml"))


def exchanges(connector: Connector, kind: str) -> list[Path]:
    """Recorded `requests`, `reads`, `polls` or `checks`."""
    return sorted((folder(connector) / kind).glob("*.json"))


def delivery(
    connector: Connector,
    name: str,
    body: bytes,
    known: Settings,
    *,
    now: datetime = NOW,
    suffix: str = ".json",
) -> Delivery:
    """A body signed as the system would sign it, received at `now`."""
    assert connector.sign is not None, (
        f"{connector.name} has no `sign`, so nobody can send it a recorded payload"
    )
    signed = connector.sign(body, known, now, name)
    headers = {
        "content-type": _CONTENT_TYPES[suffix],
        **{key.lower(): value for key, value in signed.items()},
    }
    return Delivery(known.name, "POST", f"/hooks/{known.name}", {}, headers, body, now)


def recorded_delivery(connector: Connector, path: Path, known: Settings | None = None) -> Delivery:
    """A recorded body as a signed delivery."""
    name = path.name.removesuffix(path.suffix)
    return delivery(connector, name, path.read_bytes(), known or settings(connector), suffix=path.suffix)


def expected(path: Path) -> Inbound:
    """What a recorded delivery means."""
    said = _load(path.with_name(path.name.removesuffix(path.suffix) + ".events.json"))
    reads = tuple(Read(**_decoded(read)) for read in said.get("reads", ()))
    return Inbound(source_events(said.get("events", ())), reads, said.get("ignored"))


def source_events(written: Iterable[Any]) -> tuple[SourceEvent, ...]:
    """Events as written in a fixture."""
    return tuple(SourceEvent(**_decoded(event)) for event in written)


@dataclass(slots=True)
class Script:
    """An `Http` that expects exactly the recorded requests, in order, and gives the recorded answers."""

    exchanges: list[dict[str, Any]]
    asked: int = field(default=0)

    def request(self, method: str, url: str, **given: Any) -> Answer:
        assert self.asked < len(self.exchanges), f"a request too many: {method} {url}"
        exchange = self.exchanges[self.asked]
        self.asked += 1
        sent = {
            "method": method,
            "url": url,
            **{name: value for name, value in given.items() if value is not None},
        }
        assert _plain(sent) == exchange["request"]
        answer = exchange.get("answer", {})
        status = answer.get("status", 200)
        if status >= 400:
            raise ConnectorError(f"answered {status}", retryable=status >= 500, status=status)
        content = json.dumps(answer["json"]).encode() if "json" in answer else answer.get("text", "").encode()
        return Answer(status, answer.get("headers", {}), content)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One file of exchanges."""

    settings: Settings
    http: Script
    said: dict[str, Any]

    @property
    def operation(self) -> Operation:
        written = _decoded(self.said["operation"])
        return Operation(**{**written, "message": Message(**written.get("message", {}))})

    @property
    def read(self) -> Read:
        return Read(**_decoded(self.said["read"]))

    @property
    def done(self) -> Done | None:
        written = self.said["done"]
        return None if written is None else Done(**_decoded(written))

    @property
    def events(self) -> tuple[SourceEvent, ...]:
        return source_events(self.said.get("events", ()))


def recorded(connector: Connector, path: Path) -> Recorded:
    """Read one file of exchanges."""
    said = _load(path)
    return Recorded(settings(connector, said.get("settings")), Script(said.get("exchanges", [])), said)


def _load(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def _decoded(written: Any) -> Any:
    return codec.loads(json.dumps(written))


def _plain(sent: Any) -> Any:
    """What was handed to the client, as JSON would carry it; bytes as text."""
    return json.loads(
        json.dumps(sent, default=lambda value: value.decode() if isinstance(value, bytes) else dict(value))
    )
