"""Connections: how each outside system is, when it was heard of last, and how it is set up.

In: `/connections`, `/connections/<name>`. Out: pages; no secret is ever on one.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from werkzeug.exceptions import NotFound

from connectors.base import Connector
from rules.facts import project as shapes
from service.links import reaches_outside
from service.store import attention, lists
from service.store.database import Connection, from_iso
from service.store.figures import paused_queue
from service.store.gates import breaker
from service.store.lists import Wanted
from service.store.switches import Paused, connection_states_of, paused
from service.web import pages, words
from service.web.console import samples

room = Blueprint("connections", __name__)
RECENT = 8


@room.get("/connections")
def index() -> str:
    """Every connection."""
    context = pages.context()
    known = sorted(context.rulebook.workspace.connections.items())
    last = _last_deliveries([name for name, _ in known])
    with context.database.reading() as connection:
        still = paused(connection)
        rows = [_row(connection, c, last[name], still) for name, c in known]
    trouble = sum(row["state"] in ("failing", "silent", "unset") for row in rows)
    return pages.page("connections", "connections", rows=rows, trouble=trouble)


@room.get("/connections/<name>")
def one(name: str) -> str:
    """One connection: how it is, and how to set it up."""
    context = pages.context()
    known = context.rulebook.workspace.connections.get(name)
    if known is None:
        raise NotFound
    connector = context.connectors[known.connector]
    settings = context.rulebook.connections[name]
    with context.database.inbox_reading() as connection:
        page = lists.deliveries_page(connection, Wanted(limit=RECENT), {"connection": name})
    with context.database.reading() as connection:
        row = _row(connection, known, _newest(page.rows), paused(connection))
        became = lists.outcomes_of(connection, [d["id"] for d in page.rows])
        waiting = attention.contacts_waiting(connection, "connection", name)
        held = paused_queue(connection, "connection", name)
    return pages.page(
        "connection",
        "connections",
        row=row,
        known=known,
        connector=connector,
        hooks=connector.verify is not None,
        address=f"{context.settings.public_url or context.settings.local_url}/hooks/{name}",
        outside=reaches_outside(context.settings),
        secret_set=bool(settings.webhook_secrets),
        secrets=[s.name for s in connector.settings if s.secret],
        example=_example(known, connector),
        command=samples.command(context, name),
        steps=samples.steps(known.connector),
        deliveries=[_delivery(d, became.get(d["id"])) for d in page.rows],
        waiting=waiting,
        limits=settings.limits,
        held=held.count,
        oldest=from_iso(held.oldest) if held.oldest else None,
        owner=words.person(context.rulebook.workspace, known.owner),
    )


def _newest(rows: list[dict[str, Any]]) -> str | None:
    """When the newest of these deliveries came."""
    return rows[0]["received_at"] if rows else None


def _last_deliveries(names: list[str]) -> dict[str, str | None]:
    with pages.context().database.inbox_reading() as connection:
        return {name: attention.last_delivery(connection, name) for name in names}


def _worst(connection: Connection, name: str) -> dict[str, Any]:
    """The state of a connection; that of its inbox, where only that one fails."""
    parts = [name, *(part for part, of in pages.context().polled().items() if of == name and part != name)]
    states = connection_states_of(connection, parts)
    return next((state for state in states.values() if state["failures"]), states[name])


def _row(connection: Connection, known: shapes.Connection, last: str | None, still: Paused) -> dict[str, Any]:
    context, workspace = pages.context(), pages.context().rulebook.workspace
    state = _worst(connection, known.name)
    last = last or state.get("last_delivery_at")
    connector = context.connectors.get(known.connector)
    return {
        "href": f"/connections/{known.name}",
        "says": known.name,
        "connector": connector.title if connector else known.connector,
        "receives": _receives(known, connector),
        "last": from_iso(last) if last else None,
        "last_call": from_iso(state["last_call_at"]) if state.get("last_call_at") else None,
        "silent_since": from_iso(state["silent_since"]) if state.get("silent_since") else None,
        "retry": from_iso(state["open_until"]) if state.get("open_until") else None,
        "failures": state["failures"],
        "breaker": breaker(state, context.now()),
        "error": state["error"],
        "owner": words.person(workspace, known.owner),
        "paused": known.name in still.connections,
        "state": _state(known, connector, state, last, still),
    }


def _receives(known: shapes.Connection, connector: Connector | None) -> str:
    """How it tells us things: "hooks", "poll", or nothing for one that only takes."""
    if connector is None or not connector.events:
        return ""
    if connector.polled_by and known.receive == "hooks":
        return "poll" if known.name in pages.context().polled().values() else ""
    return known.receive


def _state(
    known: shapes.Connection,
    connector: Connector | None,
    state: dict[str, Any],
    last: str | None,
    still: Paused,
) -> str:
    settings = pages.context().rulebook.connections.get(known.name)
    if known.name in still.connections or still.everything:
        return "paused"
    if state["failures"]:
        return "failing"
    listens = (
        _receives(known, connector) == "hooks" and connector is not None and connector.verify is not None
    )
    if listens and (settings is None or not settings.webhook_secrets):
        return "unset"
    if state.get("silent_since"):
        return "silent"
    return "never" if _receives(known, connector) and last is None else "working"


def _example(known: shapes.Connection, connector: Connector) -> str:
    """The entry of accord.yaml, with names in place of secrets."""
    lines = ["connections:", f"  {known.name}:", f"    connector: {known.connector}"]
    prefix = known.name.upper().replace("-", "_")
    for setting in connector.settings:
        if setting.required:
            value = f"${{{prefix}_{setting.name.upper()}}}" if setting.secret else "..."
            lines.append(f"    {setting.name}: {value}")
    if connector.verify is not None:
        lines.append(f"    webhook_secret: ${{{prefix}_WEBHOOK_SECRET}}")
    return "\n".join(lines)


def _delivery(row: dict[str, Any], became: dict[str, Any] | None) -> dict[str, Any]:
    state = became["state"] if became else "received"
    return {
        "href": f"/deliveries/{row['id']}",
        "says": pages.reader().t("deliveries.from", connection=row["connection"]),
        "id": row["id"],
        "at": from_iso(row["received_at"]),
        "reason": became["reason"] if became else None,
        "state": "received" if state == "again" else state,
    }
