"""Search: an id leads to its page; words find projects, people, rules, connections, changes, events and messages.

In: `/search?q=`. Out: a redirect, or what was found by kind. What is searched is bounded, so that it stays quick.
"""

from __future__ import annotations

import re
from typing import Any, Final

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response as Answer

from service.store import attention, lists
from service.store.actions import row_of
from service.store.database import Connection
from service.web import pages, words
from service.web.console import listing

room = Blueprint("search", __name__)
EACH: Final = 12
_ID: Final = re.compile(r"^(evt|act|apr|chg|dlv|rd)_[A-Za-z0-9_-]{4,80}$")


@room.get("/search")
def find() -> Answer | str:
    """What there is for these words."""
    asked = request.args.get("q", "").strip()[:200]
    if _ID.match(asked):
        place = _place(asked)
        if place:
            return redirect(place)
    return pages.page("search", "", asked=asked, groups=_groups(asked) if len(asked) > 1 else [])


def _place(id: str) -> str | None:
    """The page of an id."""
    with pages.context().database.reading() as connection:
        if id.startswith("evt_") and lists.event_row(connection, id):
            return f"/events/{id}"
        if id.startswith("act_") and row_of(connection, id):
            return f"/messages/{id}"
        if id.startswith("apr_") and attention.record(connection, "approval", id):
            return f"/approvals/{id}"
        change = attention.record(connection, "change", id) if id.startswith("chg_") else None
    if change:
        return f"/projects/{change['project']}/changes/{id}"
    return f"/deliveries/{id}" if id.startswith("dlv_") else None


def _groups(asked: str) -> list[tuple[str, list[dict[str, Any]]]]:
    context, seen = pages.context(), pages.reader()
    workspace, needle = context.rulebook.workspace, asked.casefold()

    def fits(*texts: str) -> bool:
        return any(needle in text.casefold() for text in texts)

    projects = [
        {"says": p.name, "href": f"/projects/{p.id}", "facts": [listing.client_name(p.client)], "id": p.id}
        for p in workspace.projects.values()
        if fits(p.id, p.name, listing.client_name(p.client))
    ]
    people = [
        {"says": p.name, "href": f"/messages?recipient={p.id}", "facts": [p.email], "id": p.id}
        for p in workspace.people.values()
        if fits(p.id, p.name, p.email)
    ]
    rules = [
        {"says": words.title(seen, r, r.id), "href": f"/rules/{r.id}", "facts": [], "id": r.id}
        for r in context.rulebook.rules.rules.values()
        if fits(r.id, *r.title.values())
    ]
    connections = [
        {"says": c.name, "href": f"/connections/{c.name}", "facts": [c.connector], "id": c.name}
        for c in workspace.connections.values()
        if fits(c.name, c.connector)
    ]
    with context.database.reading() as connection:
        changes, events, messages = _on_record(connection, asked)
    found = [
        ("rooms.projects", projects),
        ("words.people", people),
        ("changes.title", changes),
        ("rooms.events", events),
        ("rooms.messages", messages),
        ("rooms.rules", rules),
        ("rooms.connections", connections),
    ]
    return [(name, rows[:EACH]) for name, rows in found if rows]


def _on_record(
    connection: Connection, asked: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    seen = pages.reader()
    changes = [
        {
            "says": words.named(c),
            "href": f"/projects/{c['project']}/changes/{c['id']}",
            "facts": [listing.project_name(c["project"])],
            "id": c["id"],
        }
        for c in attention.changes_with(connection, asked, EACH)
    ]
    events = [listing.event_row(seen, row) for row in attention.events_with(connection, asked, EACH)]
    messages = [listing.action_row(row) for row in attention.messages_with(connection, asked, EACH)]
    return (
        changes,
        [{**e, "facts": [seen.fmt.when(e["at"]), e["project"]]} for e in events],
        [{**m, "facts": [m["to"], seen.fmt.when(m["at"])]} for m in messages],
    )
