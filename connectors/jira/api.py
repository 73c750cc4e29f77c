"""How Jira is called: Cloud speaks REST version 3 with Basic, Data Center version 2 with a personal access token.

In: the connection's settings and a path below /rest/api/N. Out: the complete answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from connectors.base import Http, Response, Settings
from connectors.foreign import Foreign, answer
from connectors.http import url


def is_cloud(settings: Settings) -> bool:
    """What `deployment` says; without it, whether the host is Atlassian's."""
    host = urlsplit(str(settings.get("base_url", ""))).hostname or ""
    return bool(
        settings.get("deployment", "cloud" if host.endswith(".atlassian.net") else "datacenter") == "cloud"
    )


def call(
    settings: Settings,
    http: Http,
    method: str,
    path: str,
    *,
    json: Any = None,
    params: Mapping[str, str] | None = None,
    **parts: object,
) -> Response:
    """One call; `{part}` of the path is filled from `parts`, quoted."""
    token = str(settings.get("token", ""))
    cloud = is_cloud(settings)
    return http.request(
        method,
        url(settings, f"/rest/api/{3 if cloud else 2}{path}", **parts),
        headers=None if cloud else {"Authorization": f"Bearer {token}"},
        json=json,
        params=params,
        auth=(str(settings.get("user", "")), token) if cloud else None,
    )


def get(
    settings: Settings, http: Http, path: str, *, params: Mapping[str, str] | None = None, **parts: object
) -> Foreign:
    """Read one resource."""
    return answer(call(settings, http, "GET", path, params=params, **parts), "Jira")
