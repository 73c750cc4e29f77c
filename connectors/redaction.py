"""Keeping secrets out of error texts: what a connection's settings and a request's headers hold is cut out of them.

In: a text of an outside system, the settings and the headers of the call. Out: the text without any of their values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from connectors.base import Settings

_SHORTEST = 6
# Settings that are no secrets and make an error readable; whatever is not named here is hidden.
_PUBLIC_SETTINGS = frozenset(
    {
        *("connector", "base_url", "deployment", "auth", "receive", "owner", "quiet_after", "since"),
        *("user", "account", "projects"),
    }
)
_PUBLIC_HEADERS = frozenset(
    {"user-agent", "accept", "accept-encoding", "content-type", "content-length", "connection"}
)


def hidden(settings: Settings) -> frozenset[str]:
    """Every text of the settings that could be a secret, also as it looks in an address."""
    texts = {
        text
        for key, value in settings.values.items()
        if key not in _PUBLIC_SETTINGS
        for text in _texts(value)
    }
    texts |= set(settings.webhook_secrets)
    return frozenset(
        form for text in texts for form in (text, quote(text, safe="")) if len(form) >= _SHORTEST
    )


def redact(text: str, secrets: frozenset[str], headers: Mapping[str, str] | None = None) -> str:
    """The text with each secret as ***, and the values of headers that may carry one ("Basic VALUE")."""
    sent = {
        word
        for name, value in (headers or {}).items()
        if name.lower() not in _PUBLIC_HEADERS
        for word in str(value).split()
        if len(word) >= _SHORTEST
    }
    # Longest first, so that no rest of a secret stays behind when another is a part of it.
    for secret in sorted(secrets | sent, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for below in value.values():
            yield from _texts(below)
    elif isinstance(value, list | tuple):
        for below in value:
            yield from _texts(below)
