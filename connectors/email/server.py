"""Which mail server a connection names, and how the way there is protected.

In: settings `url` or `inbox`, `tls` or `inbox_tls`, `ca_file`, `timeout`. Out: a `Server`, or a permanent
ConnectorError that says how to mend them. A password never travels unencrypted unless `none` is written out.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, cast, get_args
from urllib.parse import SplitResult, unquote, urlsplit

from connectors.base import Settings
from connectors.http import deadline_of
from connectors.operations import refused

Tls = Literal["starttls", "implicit", "none"]
Way = Literal["url", "inbox"]
DEADLINE: Final = 30


@dataclass(frozen=True, slots=True)
class _Kind:
    """One of the two ways: its ports by scheme, the setting that protects it, and what an address looks like."""

    ports: Mapping[str, int]
    tls: str
    like: str
    folders: bool = False


_KINDS: Final[Mapping[Way, _Kind]] = {
    "url": _Kind({"smtp": 587, "smtps": 465}, "tls", "smtp://user:password@mail.example.com:587"),
    "inbox": _Kind(
        {"imap": 143, "imaps": 993}, "inbox_tls", "imaps://user:password@mail.example.com", folders=True
    ),
}


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail goes or comes from, who we are there, and how many seconds one visit may take."""

    settings: Settings
    host: str
    port: int
    tls: Tls
    user: str | None = field(repr=False)
    password: str = field(repr=False)
    deadline: float
    folder: str = "INBOX"

    @classmethod
    def of(cls, settings: Settings, way: Way = "url") -> Server:
        """The server that `url` (smtp://, smtps://) or `inbox` (imap://, imaps://, a folder behind it) names."""
        kind = _KINDS[way]
        url = _split(settings, way, kind)
        port = url.port or kind.ports[url.scheme]
        return cls(
            settings=settings,
            host=str(url.hostname),
            port=port,
            tls=_tls(settings, url, port, kind),
            user=unquote(url.username) if url.username else None,
            password=unquote(url.password or ""),
            deadline=deadline_of(settings, DEADLINE),
            folder=unquote(url.path.strip("/")) or "INBOX",
        )

    def __str__(self) -> str:
        return f"{self.settings.name}: {self.host}:{self.port}"

    def context(self) -> ssl.SSLContext:
        """TLS that checks certificate and name, always; `ca_file` adds the authority of an internal server."""
        return ssl.create_default_context(cafile=self.settings.get("ca_file"))


def _split(settings: Settings, way: Way, kind: _Kind) -> SplitResult:
    try:
        url = urlsplit(str(settings.get(way)))
        placed = url.scheme in kind.ports and url.hostname and url.port != 0
        if placed and (kind.folders or not url.path.strip("/")):
            return url
    except ValueError:
        pass
    raise refused(settings, f"`{way}` must look like {kind.like}")


def _tls(settings: Settings, url: SplitResult, port: int, kind: _Kind) -> Tls:
    plain, implicit = kind.ports
    usual = "implicit" if url.scheme == implicit else "starttls" if port == kind.ports[plain] else "none"
    wanted = settings.get(kind.tls) or usual
    if wanted not in get_args(Tls) or (wanted == "implicit") != (url.scheme == implicit):
        raise refused(
            settings, f"`{kind.tls}` must be starttls or none with {plain}://, implicit with {implicit}://"
        )
    if url.username and wanted == "none" and not settings.get(kind.tls):
        raise refused(
            settings,
            f"the password would travel unencrypted: use port {kind.ports[plain]} or {implicit}://, or write "
            f"`{kind.tls}: none`",
        )
    return cast("Tls", wanted)
