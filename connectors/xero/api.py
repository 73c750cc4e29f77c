"""Calls to Xero's accounting API with an access token that all workers of a process share.

In: a path and its values. Out: the answer as `Foreign`. The token comes from the client credentials of a Xero
"custom connection", is kept until a minute before it ends, and is fetched by one thread at a time.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.base import ConnectorError, Http, Settings
from connectors.foreign import Foreign, answer
from connectors.http import url
from connectors.operations import refused

BASE_URL: Final = "https://api.xero.com/api.xro/2.0"
TOKEN_URL: Final = "https://identity.xero.com/connect/token"  # noqa: S105 - an address
SCOPES: Final = "accounting.transactions accounting.settings.read"
_MARGIN: Final = 60


@dataclass(slots=True)
class _Token:
    """An access token and when it is too old to be used (monotonic seconds)."""

    text: str = field(default="", repr=False)
    until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


_tokens: defaultdict[tuple[str, ...], _Token] = defaultdict(_Token)


def get(
    settings: Settings,
    http: Http,
    template: str,
    *,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    **parts: str,
) -> Foreign:
    """Read an address below base_url; each `{part}` of the template is quoted. Raises ConnectorError."""
    return _call(settings, http, "GET", url(settings, template, BASE_URL, **parts), headers, params=params)


def put(
    settings: Settings, http: Http, template: str, json: Any, *, headers: Mapping[str, str], **parts: str
) -> Foreign:
    """Write to an address below base_url. Raises ConnectorError."""
    return _call(settings, http, "PUT", url(settings, template, BASE_URL, **parts), headers, json=json)


def _call(
    settings: Settings,
    http: Http,
    method: str,
    address: str,
    headers: Mapping[str, str] | None,
    **given: Any,
) -> Foreign:
    token = _token(settings, http)
    try:
        found = http.request(method, address, headers=_headers(settings, token, headers), **given)
    except ConnectorError as problem:
        if problem.status != 401:
            raise
        # Ended before its time, or withdrawn: one fresh token, then Xero's word counts.
        token = _token(settings, http, instead_of=token)
        found = http.request(method, address, headers=_headers(settings, token, headers), **given)
    return answer(found, "Xero")


def _headers(settings: Settings, token: str, more: Mapping[str, str] | None) -> dict[str, str]:
    tenant = settings.get("tenant")
    return {
        "Authorization": f"Bearer {token}",
        **({"xero-tenant-id": tenant} if tenant else {}),
        **(more or {}),
    }


def _token(settings: Settings, http: Http, instead_of: str = "") -> str:
    """A valid access token; never `instead_of`, which Xero refused."""
    client = tuple(str(settings.get(key) or "") for key in ("client_id", "client_secret"))
    if not all(client):
        raise refused(settings, "set `client_id` and `client_secret` of a Xero custom connection")
    where = settings.get("token_url") or TOKEN_URL
    scopes = settings.get("scopes") or SCOPES
    kept = _tokens[(*client, where, scopes)]
    with kept.lock:
        if kept.text in ("", instead_of) or time.monotonic() >= kept.until:
            given = answer(
                http.request(
                    "POST",
                    where,
                    data={"grant_type": "client_credentials", "scope": scopes},
                    auth=(client[0], client[1]),
                ),
                "Xero's token endpoint",
            )
            kept.text = given["access_token"].text()
            kept.until = time.monotonic() + given["expires_in"].whole() - _MARGIN
        return kept.text
