"""Dead letters: what was given up, why in words, how to mend it, and trying it again.

In: `/dead-letters` and its forms. Out: actions, follow-up reads and events that wait for a person, and a way back.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response as Answer

from service.flow import settle
from service.store import actions as kept
from service.store import attention, deliveries, lists, troubles
from service.store.database import Connection, from_iso
from service.store.letters import Dead
from service.store.lists import Wanted
from service.store.troubles import Pile
from service.web import auth, pages
from service.web.console import listing, reasons
from service.web.console.asked import asked
from service.web.pages import Reader

room = Blueprint("dead", __name__)
SAYING: Final = ("email", "comment", "chat", "task")
MOST: Final = 500
WHICH: Final = ("connection", "project", "rule", "reason")
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
    want = asked(*WHICH)
    which = Dead(**want.filters)
    with pages.context().database.reading() as connection:
        page = lists.dead_page(connection, want.wanted(seen, connection, "actions"), which)
        last = attention.last_attempts(connection, [row["id"] for row in page.rows])
        unknown = lists.actions_page(connection, Wanted(limit=20), {"state": "unknown"})
        reads = deliveries.dead_reads(connection, which.connection, which.reason)
        parked = attention.parked(connection)
        counts = attention.waiting(connection)
        piles = troubles.piles(connection, "dead", without="")
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
        chosen=listing.chosen(want.query, "project", "rule", "reason"),
        ways=_ways(seen, piles),
        meant={name: value for name, value in want.filters.items() if value},
        redriven=request.args.get("redriven", ""),
    )


@room.route("/dead-letters/redrive", methods=["GET", "POST"])
@auth.needs("send")
def redrive() -> Answer | str:
    """Try one (`id`), some (by connection, project, rule, reason) or all again: first to whom and how many, then the
    click.
    """
    which = Dead(**asked(*WHICH).filters)
    with pages.context().database.reading() as connection:
        ids = _wanted(connection, request.values.get("id"), which)
        reach = attention.reach_of(connection, ids)
    if request.method == "POST":
        # What came to the list after the page was read is not sent along unseen.
        seen_ids = set(request.form.get("ids", "").split())
        user = auth.signed_in()
        by = user.name if user else ""
        done = settle.redrive(pages.context(), [id for id in ids if id in seen_ids], by)
        return redirect(f"/dead-letters?redriven={len(done)}", 303)
    some = which != Dead()
    return pages.page(
        "redrive", "dead_letters", ids=ids, one=request.args.get("id"), some=some, **_numbers(ids, reach)
    )


def _ways(seen: Reader, piles: list[Pile]) -> list[dict[str, Any]]:
    """The connections that something could not be sent through, with how many, where there is a choice."""
    if len(piles) < 2:
        return []
    options = [("", seen.t("filters.all")), *((p.connection, p.connection, p.count) for p in piles)]
    return [{"name": "connection", "label": seen.t("dead.by_connection"), "options": options}]


def _wanted(connection: Connection, id: str | None, which: Dead) -> list[str]:
    """The dead letters that are meant: one, some, or all."""
    dead = settle.dead_letters(connection, which, MOST)
    if id is None:
        return dead
    if id not in dead:
        row = kept.row_of(connection, id)
        found = [id] if row is not None and row["state"] in kept.GIVEN_UP else []
        return found or abort(404)
    return [id]


def _numbers(ids: list[str], reach: list[dict[str, Any]]) -> dict[str, Any]:
    """How many messages, how many changes elsewhere, how many client contacts, and who they are."""
    messages = sum(r["kind"] in SAYING for r in reach)
    addresses = {r["address"] for r in reach if r["client_facing"] and not r["observed"] and r["address"]}
    return {"messages": messages, "calls": len(ids) - messages, "addresses": sorted(addresses)}
