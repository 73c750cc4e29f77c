"""Which SMTP server a connection names, and how the way there is protected.

In: settings `url`, `tls`, `ca_file`, `timeout`. Out: a `Server`, or a permanent ConnectorError that says how to mend
them. A password never travels unencrypted unless `tls: none` is written out.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Final, Literal, cast, get_args
from urllib.parse import SplitResult, unquote, urlsplit

from connectors.base import Settings
from connectors.http import deadline_of
from connectors.operations import refused

Tls = Literal["starttls", "implicit", "none"]
DEADLINE: Final = 30
_PORTS: Final = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail goes, who we are there, and how many seconds one mail may take."""

    settings: Settings
    host: str
    port: int
    tls: Tls
    user: str | None = field(repr=False)
    password: str = field(repr=False)
    deadline: float

    @classmethod
    def of(cls, settings: Settings) -> Server:
        """The server that `url` names: smtp://user:password@host:587 or smtps://host."""
        url = _split(settings)
        port = url.port or _PORTS[url.scheme]
        return cls(
            settings=settings,
            host=str(url.hostname),
            port=port,
            tls=_tls(settings, url, port),
            user=unquote(url.username) if url.username else None,
            password=unquote(url.password or ""),
            deadline=deadline_of(settings, DEADLINE),
        )

    def __str__(self) -> str:
        return f"{self.settings.name}: {self.host}:{self.port}"

    def context(self) -> ssl.SSLContext:
        """TLS that checks certificate and name, always; `ca_file` adds the authority of an internal server."""
        return ssl.create_default_context(cafile=self.settings.get("ca_file"))


def _split(settings: Settings) -> SplitResult:
    try:
        url = urlsplit(str(settings.get("url")))
        if url.scheme in _PORTS and url.hostname and not url.path.strip("/") and url.port != 0:
            return url
    except ValueError:
        pass
    raise refused(settings, "`url` must look like smtp://user:password@mail.example.com:587")


def _tls(settings: Settings, url: SplitResult, port: int) -> Tls:
    usual = "implicit" if url.scheme == "smtps" else "starttls" if port == _PORTS["smtp"] else "none"
    wanted = settings.get("tls") or usual
    if wanted not in get_args(Tls) or (wanted == "implicit") != (url.scheme == "smtps"):
        raise refused(settings, "`tls` must be starttls or none with smtp://, implicit with smtps://")
    if url.username and wanted == "none" and not settings.get("tls"):
        raise refused(
            settings,
            "the password would travel unencrypted: use port 587 or smtps://, or write `tls: none`",
        )
    return cast("Tls", wanted)
