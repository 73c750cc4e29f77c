"""Recorded payloads made to look as if they happened today, so that an example is never in the past.

In: the bytes of a JSON payload with `{{...}}` marks such as `{{today}}`, `{{now}}`, `{{now_ms}}`, `{{id}}`. Out: the
bytes with the marks replaced. A payload without marks comes out as it went in.
"""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4


def refreshed(body: bytes, now: datetime) -> bytes:
    """The payload with its marks replaced by the time given."""
    marks = {
        b"{{today}}": now.strftime("%Y-%m-%d"),
        b"{{now}}": now.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        b"{{now_iso}}": now.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        b"{{now_utc}}": now.strftime("%Y-%m-%dT%H:%M:%S.000"),
        b"{{now_ms}}": str(int(now.timestamp() * 1000)),
        b"{{now_s}}": str(int(now.timestamp())),
        b"{{id}}": uuid4().hex[:8],
    }
    for mark, value in marks.items():
        body = body.replace(mark, value.encode())
    return body
