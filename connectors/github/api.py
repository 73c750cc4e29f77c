"""How GitHub is called: REST with a token, and issues named OWNER/REPOSITORY#NUMBER.

In: settings and a path with `{owner}`, `{repo}` and more parts. Out: the complete answer. Enterprise Server sets
base_url to https://HOST/api/v3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.base import Http, Response, Settings
from connectors.foreign import Foreign, answer
from connectors.http import url
from connectors.operations import refused

BASE = "https://api.github.com"


def call(
    settings: Settings,
    http: Http,
    method: str,
    path: str,
    parts: Mapping[str, object],
    *,
    json: Any = None,
    params: Mapping[str, str] | None = None,
) -> Response:
    """One call; `parts` fill the path, quoted."""
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {settings.get('token', '')}",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    return http.request(method, url(settings, path, BASE, **parts), headers=headers, json=json, params=params)


def get(
    settings: Settings,
    http: Http,
    path: str,
    parts: Mapping[str, object],
    params: Mapping[str, str] | None = None,
) -> Foreign:
    """Read one resource."""
    return answer(call(settings, http, "GET", path, parts, params=params), "GitHub")


def repository(name: str, settings: Settings) -> dict[str, str]:
    """The parts of OWNER/REPOSITORY."""
    found = re.fullmatch(r"([\w.-]+)/([\w.-]+)", name)
    if not found:
        raise refused(settings, f"{name!r} is no repository, northwind/apollo expected")
    return {"owner": found[1], "repo": found[2]}


def issue_parts(key: str | None, settings: Settings) -> dict[str, str]:
    """The parts of OWNER/REPOSITORY#NUMBER."""
    name, _, number = (key or "").rpartition("#")
    if not re.fullmatch(r"[1-9][0-9]{0,9}", number):
        raise refused(settings, f"{key!r} is no issue, northwind/apollo#12 expected")
    return {**repository(name, settings), "number": number}
