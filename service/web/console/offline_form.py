"""The form of a decision that was taken elsewhere: the request in, what it says and what is wrong with it out.

A file behind it (a note, a letter, a picture of a chat) is not kept here: its SHA-256 is, so that the paper in your own
files can be shown to be the one that was meant.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time
from typing import Any, Final

from flask import request

from rules.facts.approval import OFFLINE, OUTCOMES
from rules.facts.event import Record
from service.flow.answer import Offline
from service.web import auth, pages, words

LONGEST: Final = 4000
_OUTCOMES: Final = ("approved", "rejected", "changes_requested")


def choices(approval: Record) -> dict[str, Any]:
    """What the form offers: the people asked, the decisions, the ways it can have reached you."""
    seen, workspace = pages.reader(), pages.context().rulebook.workspace
    decided = {d.get("person") for d in approval.get("decisions", ())}
    return {
        "people": [(p, words.person(workspace, p)) for p in approval["asked"] if p not in decided],
        "decisions": [(o, seen.t(f"states.approval.{o}.word"), "") for o in _OUTCOMES],
        "channels": [(c, seen.t(f"approvals.channels.{c}")) for c in OFFLINE],
    }


def read(approval: Record) -> tuple[dict[str, str], Offline | None, dict[str, str]]:
    """The form as typed, the decision it means, and what is wrong with it."""
    seen = pages.reader()
    names = ("person", "decision", "channel", "day", "remark", "witness")
    given = {k: request.form.get(k, "").strip()[:LONGEST] for k in names}
    errors: dict[str, str] = {}
    if given["person"] not in approval["asked"]:
        errors["person"] = seen.t("approvals.offline_wrong.person")
    if given["decision"] not in OUTCOMES:
        errors["decision"] = seen.t("client.decide.need_decision")
    elif given["decision"] != "approved" and not given["remark"]:
        errors["remark"] = seen.t("client.decide.need_reason")
    if given["channel"] not in OFFLINE:
        errors["channel"] = seen.t("approvals.offline_wrong.channel")
    at = _moment(given["day"])
    if at is None or not _plausible(approval, at):
        errors["day"] = seen.t("approvals.offline_wrong.day")
    if errors or at is None:
        return given, None, errors
    user = auth.signed_in()
    return (
        given,
        Offline(given["channel"], at, user.email if user else "", given["witness"] or None, _hash()),
        {},
    )


def _plausible(approval: Record, at: datetime) -> bool:
    """Not before it was asked, and not tomorrow."""
    sent: datetime | None = approval.get("sent_at")
    return at.date() <= pages.context().now().date() and (sent is None or at.date() >= sent.date())


def _moment(day: str) -> datetime | None:
    """Noon of the day: which hour it was is not known."""
    try:
        return datetime.combine(date.fromisoformat(day), time(12), UTC)
    except ValueError:
        return None


def _hash() -> str | None:
    file = request.files.get("file")
    if file is None or not file.filename:
        return None
    hashed = hashlib.sha256()
    while block := file.stream.read(65536):
        hashed.update(block)
    return hashed.hexdigest()
