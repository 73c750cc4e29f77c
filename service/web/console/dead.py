"""Dead letters: what was given up, why in words, how to mend it, and trying it again.

In: `/dead-letters` and its forms. Out: actions, follow-up reads and events that wait for a person, and a way back.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response as Answer

from service.flow import settle
from service.store import actions as kept
from service.store import attention, deliveries, lists
from service.store.database import Connection, from_iso
from service.store.lists import Wanted
from service.web import auth, pages
from service.web.console import listing, reasons
from service.web.console.asked import asked

room = Blueprint("dead", __name__)
SAYING: Final = ("email", "comment", "chat", "task")
MOST: Final = 500
_BY_STATUS: Final = {
    401: "auth",
    403: "auth",
    404: "gone",
    410: "gone",
    429: "full",
    400: "invalid",
    422: "invalid",
}
_TRIED_OUT: Final = "given up after"


@room.get("/dead-letters")
def index() -> str:
    """What was given up, newest first."""
    seen = pages.reader()
    want = asked("connection", "project", "rule")
    with pages.context().database.reading() as connection:
        page = lists.actions_page(
            connection, want.wanted(seen, connection, "actions"), {**want.filters, "state": "dead"}
        )
        last = attention.last_attempts(connection, [row["id"] for row in page.rows])
        unknown = lists.actions_page(connection, Wanted(limit=20), {"state": "unknown"})
        reads = deliveries.dead_reads(connection)
        parked = attention.parked(connection)
        counts = attention.waiting(connection)
    return pages.page(
        "dead_letters",
        "dead_letters",
        rows=[{**listing.action_row(row), **reasons.of(row, last.get(row["id"]))} for row in page.rows],
        unknown=[listing.action_row(row) for row in unknown.rows],
        reads=[{**r, "at": from_iso(r["at"])} for r in reads],
        parked=[{**listing.event_row(seen, row), "error": row["error"]} for row in parked],
        counts=counts,
        query=want.query,
        next=page.next,
        chosen=listing.chosen(want.query, "connection", "project", "rule"),
        redriven=request.args.get("redriven", ""),
    )


@room.route("/dead-letters/redrive", methods=["GET", "POST"])
@auth.needs("send")
def redrive() -> Answer | str:
    """Try one (`id`) or all again: first to whom and how many, then the click."""
    with pages.context().database.reading() as connection:
        ids = _wanted(connection, request.values.get("id"))
        reach = attention.reach_of(connection, ids)
    if request.method == "POST":
        # What came to the list after the page was read is not sent along unseen.
        seen_ids = set(request.form.get("ids", "").split())
        user = auth.signed_in()
        by = user.name if user else ""
        count = settle.redrive(pages.context(), [id for id in ids if id in seen_ids], by)
        return redirect(f"/dead-letters?redriven={count}", 303)
    return pages.page("redrive", "dead_letters", ids=ids, one=request.args.get("id"), **_numbers(ids, reach))


def _wanted(connection: Connection, id: str | None) -> list[str]:
    """The dead letters that are meant: one, or all."""
    dead = [*kept.dead(connection, MOST), *(r["id"] for r in deliveries.dead_reads(connection))]
    if id is None:
        return dead
    if id not in dead:
        row = kept.row_of(connection, id)
        found = [id] if row is not None and row["state"] == "dead" else []
        return found or abort(404)
    return [id]


def _numbers(ids: list[str], reach: list[dict[str, Any]]) -> dict[str, Any]:
    """How many messages, how many changes elsewhere, how many client contacts, and who they are."""
    messages = sum(r["kind"] in SAYING for r in reach)
    addresses = {r["address"] for r in reach if r["client_facing"] and not r["observed"] and r["address"]}
    return {"messages": messages, "calls": len(ids) - messages, "addresses": sorted(addresses)}
