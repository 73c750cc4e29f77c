"""Messages: everything said or about to be said, and what a person does about those that wait for one.

In: `/messages`, `/messages/<id>` and its forms. Out: the list, one message as its reader sees it, its tries.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as Answer

from rules.engine.noise import HOLDS
from rules.facts.event import digest
from service.flow import settle
from service.state import Context
from service.store import attention, heaps, journal, lists
from service.store.actions import GIVEN_UP, decode, row_of
from service.store.database import Connection, from_iso
from service.web import auth, pages, words
from service.web.console import listing, preview, reasons
from service.web.console.asked import asked

room = Blueprint("messages", __name__)
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'self'"
REASON_LENGTH = 500
LANGUAGES = {"en": "English", "zh-CN": "中文"}


@room.get("/messages")
def index() -> str:
    """Everything said, newest first."""
    context, seen = pages.context(), pages.reader()
    want = asked("state", "kind", "project", "client", "recipient", "rule", "event")
    filters = dict(want.filters)
    if filters["state"] == "awaiting_review":
        filters |= {"state": "waiting", "waits": "review"}
    with context.database.reading() as connection:
        page = lists.messages_page(connection, want.wanted(seen, connection, "actions"), filters)
        counts = attention.waiting(connection)
        today = attention.messages_since(connection, seen.fmt.now - listing.DAY)
    return pages.page(
        "messages",
        "messages",
        project=want.query.get("project"),
        rows=[listing.action_row(row) for row in page.rows],
        query=want.query,
        next=page.next,
        counts=counts,
        today=today,
        chosen=listing.chosen(want.query, "project", "client", "recipient", "rule", "event"),
    )


@room.get("/messages/<id>")
def one(id: str) -> str:
    """One message: its text, why it was said, how it stands, its tries."""
    context, seen = pages.context(), pages.reader()
    with context.database.reading() as connection:
        row = _row(connection, id)
        last = attention.last_attempts(connection, [id])
        tries = [_try(attempt) for attempt in reversed(lists.attempts_of(connection, id))]
        event = journal.one(connection, row["event"])
        # The id of a correction note is made from the id of what it corrects.
        corrected = row_of(connection, f"act_{digest('corrects', id)}")
        with_it = heaps.said_in(connection, id)
    planned = decode(row["data"])
    known = context.rulebook.rules.rules
    rule = known.get(row["rule"])
    return pages.page(
        "message",
        "messages",
        row=row,
        action=listing.action_row(row),
        dead=reasons.of(row, last.get(id)) if row["state"] in GIVEN_UP else None,
        text=preview.text_of(context, row),
        waits=_waits(row),
        tries=tries,
        because=words.happened(seen, context.rulebook.workspace, event) if event else row["event"],
        rule_title=words.title(seen, rule, row["rule"]),
        rule_known=rule is not None,
        language=LANGUAGES.get(planned.locale, planned.locale),
        keys=[(k, words.value(seen, v)) for k, v in planned.keys.items() if k not in ("link", "instead_of")],
        corrected=corrected["id"] if corrected else None,
        says_too=[(one.id, words.title(seen, known.get(one.rule), one.rule)) for one in with_it],
        release_by=from_iso(row["release_by"]) if row["release_by"] else None,
    )


@room.get("/messages/<id>/mail")
def mail(id: str) -> Response:
    """The mail as its reader sees it, for the frame on its page: no script, no way out, nothing from elsewhere."""
    context = pages.context()
    with context.database.reading() as connection:
        row = _row(connection, id)
    answer = Response(preview.text_of(context, row).html or "", content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = MAIL_POLICY
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


@room.post("/messages/<id>/release")
@auth.needs("send")
def release(id: str) -> Answer:
    """Let it leave, in the recipient's hours."""
    return _done(id, settle.release(_known(id), id, _by()))


@room.post("/messages/<id>/arrived")
@auth.needs("send")
def arrived(id: str) -> Answer:
    """It did arrive, says a person who looked there."""
    return _done(id, settle.arrived(_known(id), id, _by()))


@room.route("/messages/<id>/resend", methods=["GET", "POST"])
@auth.needs("send")
def resend(id: str) -> Answer | str:
    """Send again what may have arrived: first what that means, then the click."""
    if request.method == "POST":
        return _done(id, settle.resend(_known(id), id, _by()))
    return _asking(id, "resend", "unknown")


@room.route("/messages/<id>/cancel", methods=["GET", "POST"])
@auth.needs("send")
def cancel(id: str) -> Answer | str:
    """Close it without sending, with a reason."""
    if request.method != "POST":
        return _asking(id, "cancel", "waiting", *GIVEN_UP)
    reason = request.form.get("reason", "").strip()[:REASON_LENGTH]
    return _done(id, settle.cancel(_known(id), id, reason or pages.reader().t("words.none"), _by()))


def _asking(id: str, template: str, *states: str) -> Answer | str:
    """The page before the click, while there is still something to decide."""
    with pages.context().database.reading() as connection:
        row = _row(connection, id)
    if row["state"] not in states:
        return redirect(f"/messages/{id}?faster=1", 303)
    return pages.page(f"message_{template}", "messages", row=row, action=listing.action_row(row))


def _done(id: str, happened: bool) -> Answer:
    """Back to the message; when somebody was faster, the page says so."""
    return redirect(f"/messages/{id}{'' if happened else '?faster=1'}", 303)


def _known(id: str) -> Context:
    """The context, when there is such an action."""
    context = pages.context()
    with context.database.reading() as connection:
        _row(connection, id)
    return context


def _row(connection: Connection, id: str) -> dict[str, Any]:
    row = row_of(connection, id)
    if row is None:
        raise NotFound
    return row


def _by() -> str:
    user = auth.signed_in()
    return f"{user.name} <{user.email}>" if user else ""


def _try(attempt: dict[str, Any]) -> dict[str, Any]:
    began = from_iso(attempt["started_at"])
    ended = from_iso(attempt["ended_at"]) if attempt["ended_at"] else None
    outcome = {"ready": "failed", "late": "unknown", None: "sending"}.get(
        attempt["outcome"], attempt["outcome"]
    )
    took: timedelta | None = ended - began if ended else None
    return {
        "at": began,
        "took": took,
        "state": outcome,
        "status": attempt["status"],
        "detail": attempt["detail"],
    }


def _waits(row: dict[str, Any]) -> str:
    """What a message waits for, in words, or nothing when it does not wait."""
    seen = pages.reader()
    when = seen.fmt.exact(from_iso(row["due_at"]))
    if row["state"] == "waiting" and row["waits"] in HOLDS:
        return seen.t(f"messages.waits_for.{row['waits']}", when=when)
    if row["state"] == "ready" and row["tries"]:
        return seen.t("messages.waits_for.retry", when=when)
    return ""
