"""The retry answer of an HTTP status: whether trying again can help, and when.

In: status, headers (lower-case names) and the time now. Out: a yes or no, and seconds to wait where the target says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 86_400.0
_RETRYABLE = frozenset({408, 425, 429, 500, 502, 503, 504})


def can_help(status: int, headers: Mapping[str, str]) -> bool:
    """Whether the same request may succeed later. A 403 that says when to come back is a rate limit (GitHub)."""
    return status in _RETRYABLE or (status == 403 and ("retry-after" in headers or _used_up(headers)))


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait, at most a day: `Retry-After` as seconds or date, else the end of a used-up rate limit."""
    given = headers.get("retry-after", "").strip()
    if not given and _used_up(headers):
        given = headers.get("x-ratelimit-reset", "").strip()
        if re.fullmatch(r"[0-9]{9,11}", given):
            return _bounded(int(given) - now.timestamp())
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", given):
        return _bounded(float(given))
    try:
        when = parsedate_to_datetime(given) if "," in given else datetime.fromisoformat(given)
        return _bounded((when.replace(tzinfo=when.tzinfo or UTC) - now).total_seconds())
    except (ValueError, OverflowError):
        return None


def _used_up(headers: Mapping[str, str]) -> bool:
    return headers.get("x-ratelimit-remaining", "").strip() == "0"


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_WAIT)
