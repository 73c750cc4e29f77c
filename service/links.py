"""Addresses that open one thing for one person without an account.

In: what a link shall open. Out: its token and address. A token is 256 bits derived from the service's secret key,
so that a message that is rendered again carries the same address; the database holds only its hash. A new serial
makes a new token, which is how a link is sent anew and the old one ends. Every link has an end: so long after it was
last sent as the workspace says, and after the last day of what it asks.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import re
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlsplit

from rules.facts.duration import Duration
from rules.facts.event import Record
from rules.facts.project import Workspace
from service.settings import Settings
from service.store import links
from service.store.database import Connection
from service.store.links import Link

PATHS = {"approval": "a", "project": "c", "survey": "s", "meeting": "m"}
MASK = "…"
_ADDRESS = re.compile(r"(/(?:a|c|s|m)/)[A-Za-z0-9_-]{20,}")


class UnknownLink(Exception):
    """There is no such link, or it was revoked."""


def masked(text: str) -> str:
    """The text with the tokens of clients' pages taken out: what a client decides is for the client alone to open."""
    return _ADDRESS.sub(rf"\1{MASK}", text)


def token_for(secret_key: str, link: Link) -> str:
    """The token of a link: 43 URL-safe characters."""
    said = "\x1f".join(("link", link.kind, link.subject, str(link.version), link.person, str(link.serial)))
    made = hmac.new(secret_key.encode(), said.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def make(connection: Connection, settings: Settings, link: Link, now: datetime) -> str:
    """Keep the link's hash and return its address."""
    token = token_for(settings.secret_key, link)
    links.add(connection, hash_of(token), link, now)
    return f"{settings.public_url or settings.local_url}/{PATHS[link.kind]}/{token}"


def find(connection: Connection, settings: Settings, token: str) -> Link | None:
    """What the token opens, or opened; none for one that never was, or was made with another secret key."""
    link = links.find(connection, hash_of(token))
    return link if link and hmac.compare_digest(token_for(settings.secret_key, link), token) else None


def until(workspace: Workspace, asked: Record | None, now: datetime) -> datetime:
    """When a link that is sent now ends. asked: the question, survey or meeting that it opens, none for a project."""
    last = now
    for name in ("expires_at", "expires_on", "objections_until"):
        day = (asked or {}).get(name)
        if isinstance(day, datetime):
            last = max(last, day)
        elif isinstance(day, date):
            # The end of that day wherever its reader is.
            last = max(last, datetime.combine(day, time(), UTC) + timedelta(days=2))
    return last + Duration.parse(workspace.links_last).timedelta


def reaches_outside(settings: Settings) -> bool:
    """Whether someone outside can follow our links: PUBLIC_URL is set and is no loopback or private address."""
    host = urlsplit(settings.public_url or "").hostname
    if not host or host == "localhost" or host.endswith(".localhost"):
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return True
