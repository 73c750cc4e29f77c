"""Every call has an id, and every answer carries it: in the log of each part, in errors, in the header `X-Request-Id`.

In: what the caller sent in that header. Out: its id, and an answer with the headers that no answer goes without.
"""

from __future__ import annotations

import re
from typing import Final, TypeVar
from uuid import uuid4

from werkzeug.wrappers import Response

_ID: Final = re.compile(r"^[A-Za-z0-9_.-]{1,64}$")
R = TypeVar("R", bound=Response)


def name_of(given: str) -> str:
    """The caller's own id where it is one that a log can hold, else a new one."""
    return given if _ID.match(given) else f"req_{uuid4().hex[:16]}"


def finish(answer: R, request_id: str) -> R:
    """The answer, ready to leave."""
    answer.headers["X-Request-Id"] = request_id
    answer.headers.setdefault("X-Content-Type-Options", "nosniff")
    answer.headers.setdefault("Referrer-Policy", "no-referrer")
    return answer
