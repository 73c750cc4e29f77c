"""Why an action was given up, and the mend, in words.

In: an action's row and its last attempt. Out: `why`, `mend`, and the other side's own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from service.web import pages

_BY_STATUS: Final = {
    401: "auth",
    403: "auth",
    404: "gone",
    410: "gone",
    429: "full",
    400: "invalid",
    422: "invalid",
}
# What a mail server answers for a mailbox that it does not have.
_NO_MAILBOX: Final = (550, 551, 553)
_TRIED_OUT: Final = "given up after"


def of(row: Mapping[str, Any], attempt: Mapping[str, Any] | None) -> dict[str, str]:
    """Why in words, and the mend."""
    seen, context = pages.reader(), pages.context()
    where = row["connection"] or context.rulebook.mail_connection
    said = row["reason"] or ""
    status = attempt["status"] if attempt else None
    code = "unreachable" if _TRIED_OUT in said else _BY_STATUS.get(status or 0, "refused")
    if row["kind"] in ("email", "task") and status in _NO_MAILBOX:
        code = "address"
    known = context.rulebook.workspace.connections.get(where)
    connector = context.connectors.get(known.connector) if known else None
    secrets = [s.name for s in connector.settings if s.secret] if connector else []
    values = {
        "where": connector.title if connector else where,
        "detail": said,
        "what": row["address"] or row["target"],
        "address": row["address"] or "",
        "count": row["tries"],
        "name": f"{where}.{secrets[0]}" if secrets else where,
    }
    if row["state"] == "bounced":
        code = "bounced"
    # An action that never came to a call was refused here, and says the mend itself.
    if attempt is None:
        return {"why": said, "mend": ""}
    return {
        "why": seen.t(f"dead.reasons.{code}", **values),
        "mend": seen.t(f"dead.mends.{code}", **values),
        "detail": said,
    }
