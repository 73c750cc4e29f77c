"""Deliveries: webhooks as they came, and what became of each.

In: `/deliveries`, `/deliveries/<id>`. Out: the list, those that belong to no project among them, and one call.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as Answer

from service import replaying
from service.store import attention, inbox, lists
from service.store import deliveries as kept
from service.store.database import from_iso
from service.store.lists import Page, Wanted
from service.web import auth, pages
from service.web.console import events, listing
from service.web.console.asked import Asked, asked

room = Blueprint("deliveries", __name__)
STATES = ("unmatched", "malformed", "failed", "unsupported", "ignored")


@room.get("/deliveries")
def index() -> str:
    """What came, newest first; by what became of it, where one is chosen."""
    want = asked("state", "connection")
    state = want.query.get("state")
    found, following = _by_outcome(want, state) if state in STATES else _as_they_came(want)
    with pages.context().database.reading() as connection:
        counts = attention.waiting(connection)
    return pages.page(
        "deliveries",
        "events",
        rows=found,
        query=want.query,
        next=following,
        counts=counts,
        chosen=listing.chosen(want.query, "connection"),
    )


@room.get("/deliveries/<id>")
def one(id: str) -> str:
    """One call as it came, with the events it was."""
    context = pages.context()
    with context.database.inbox_reading() as connection:
        stored = inbox.one(connection, id)
    if stored is None:
        raise NotFound
    with context.database.reading() as connection:
        became = kept.outcome(connection, id)
        found = lists.events_page(connection, Wanted(limit=50), {"delivery": id})
    return pages.page(
        "delivery",
        "events",
        raw=events.as_received(stored),
        state=_state(became, stored.repeat_of),
        reason=became["reason"] if became else None,
        rows=[listing.event_row(pages.reader(), row) for row in found.rows],
    )


@room.post("/deliveries/<id>/replay")
@auth.needs("send")
def replay(id: str) -> Answer:
    """Read a delivery again with the workspace as it is now."""
    context = pages.context()
    if not replaying.replay(context, id):
        raise NotFound
    context.bells.ring("decide")
    return redirect(f"/deliveries/{id}", 303)


def _as_they_came(want: Asked) -> tuple[list[dict[str, Any]], str | None]:
    context = pages.context()
    with context.database.inbox_reading() as connection:
        wanted = want.wanted(pages.reader(), connection, "deliveries")
        page = lists.deliveries_page(connection, wanted, {"connection": want.filters["connection"]})
    with context.database.reading() as connection:
        became = lists.outcomes_of(connection, [row["id"] for row in page.rows])
    return [_row(row, became.get(row["id"])) for row in page.rows], page.next


def _by_outcome(want: Asked, state: str | None) -> tuple[list[dict[str, Any]], str | None]:
    with pages.context().database.reading() as connection:
        page: Page = lists.settled_page(connection, Wanted(want.cursor, 50), state or "")
    rows = [
        _row(
            {"id": o["delivery"], "connection": o["connection"], "repeat_of": None, "received_at": o["at"]},
            o,
        )
        for o in page.rows
    ]
    return rows, page.next


def _row(row: dict[str, Any], became: dict[str, Any] | None) -> dict[str, Any]:
    seen = pages.reader()
    return {
        "id": row["id"],
        "href": f"/deliveries/{row['id']}",
        "says": seen.t("deliveries.from", connection=row["connection"]),
        "at": from_iso(row["received_at"]),
        "reason": became["reason"] if became else None,
        "events": became["events"] if became else 0,
        "state": _state(became, row["repeat_of"]),
    }


def _state(became: dict[str, Any] | None, repeat_of: str | None) -> str:
    if repeat_of and became is None:
        return "repeated"
    state = became["state"] if became else "received"
    return "received" if state == "again" else str(state)
