"""Events: what happened, why rules answered or did not, and the delivery behind it as it came.

In: `/events`, `/events/<id>`. Out: the list with its filters, and one event with verdicts, actions and both its faces.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from flask import Blueprint, redirect
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as Answer

from rules.facts import codec
from rules.facts.event import Event
from service import explaining, replaying
from service.log import redact
from service.store import attention, inbox, journal, lists
from service.store.database import Connection
from service.store.inbox import Stored
from service.store.lists import Wanted
from service.web import auth, pages, words
from service.web.console import listing, why
from service.web.console.asked import asked
from service.web.pages import Reader

room = Blueprint("events", __name__)
# What proves who sent a delivery is nobody's business once it is checked.
SECRET_HEADERS = ("authorization", "cookie", "signature", "token", "secret", "hmac", "key")
LONGEST_BODY = 200_000


@room.get("/events")
def index() -> str:
    """What happened, newest first."""
    context, seen = pages.context(), pages.reader()
    want = asked("state", "type", "project", "client", "connection", "rule", "delivery", "cause")
    with context.database.reading() as connection:
        page = lists.events_page(connection, want.wanted(seen, connection, "events"), want.filters)
        caused = attention.caused(connection, [row["id"] for row in page.rows])
        today = attention.events_since(connection, seen.fmt.now - listing.DAY)
        counts = attention.waiting(connection)
    rows = [listing.event_row(seen, row, caused.get(row["id"], 0)) for row in page.rows]
    return pages.page(
        "events",
        "events",
        project=want.query.get("project"),
        rows=rows,
        query=want.query,
        next=page.next,
        today=today,
        counts=counts,
        chosen=listing.chosen(
            want.query, "type", "project", "client", "connection", "rule", "delivery", "cause"
        ),
    )


@room.get("/events/<id>")
def one(id: str) -> str:
    """One event: why, what followed, as it came."""
    context, seen = pages.context(), pages.reader()
    with context.database.reading() as connection:
        row = lists.event_row(connection, id)
        if row is None:
            raise NotFound
        event = journal.shown(row["data"])
        rules = context.rulebook.of(row["ruleset"] or context.rulebook.rules.version)
        actions = [listing.action_row(a) for a in attention.actions_of(connection, [id])]
        found = explaining.kept(context, connection, id, rules, seen.locale)
        kept = why.shown(seen, rules, found, _by_rule(actions))
        others: list[dict[str, Any]] = []
        if row["state"] != "new":
            others = why.not_kept(context, connection, seen, event, rules, {v["rule"] for v in kept})
        chain = _chain(connection, seen, event)
        following = lists.events_page(connection, Wanted(limit=20), {"cause": id}).rows
    return pages.page(
        "event",
        "events",
        row=row,
        event=event,
        says=words.happened(seen, context.rulebook.workspace, event),
        verdicts=kept,
        others=others,
        project_name=listing.project_name(row["project"]),
        actions=[a for a in actions if a["rule"] not in {v["rule"] for v in kept}],
        chain=chain,
        following=[listing.event_row(seen, r) for r in following],
        normalised=_pretty(codec.to_plain(_plain_of(event))),
        raw=_raw(row["delivery"]),
        before=[
            (k, words.value(seen, v, k), words.value(seen, _now(event, k), k))
            for k, v in event.before.items()
        ],
        ruleset=rules.version,
    )


@room.post("/events/<id>/replay")
@auth.needs("send")
def replay(id: str) -> Answer:
    """Decide an event again: what was done stays done."""
    context = pages.context()
    if not replaying.replay(context, id):
        raise NotFound
    context.bells.ring("decide")
    return redirect(f"/events/{id}", 303)


def _by_rule(actions: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for action in actions:
        found[action["rule"]].append(action)
    return found


def _chain(connection: Connection, seen: Reader, event: Event) -> list[dict[str, Any]]:
    """The events behind this one, the first cause first."""
    found: list[dict[str, Any]] = []
    cause = event.cause
    while cause and len(found) < 12:
        row = lists.event_row(connection, cause)
        if row is None:
            break
        found.insert(0, listing.event_row(seen, row))
        cause = row["cause"]
    return found


def _raw(delivery: str | None) -> dict[str, Any] | None:
    """The delivery behind an event as it came, without what proves its sender."""
    if delivery is None:
        return None
    with pages.context().database.inbox_reading() as connection:
        stored = inbox.one(connection, delivery)
    return as_received(stored) if stored else None


def as_received(stored: Stored) -> dict[str, Any]:
    """A delivery for people: its body laid out where it is JSON, its headers without secrets."""
    call = stored.delivery
    text = call.body[:LONGEST_BODY].decode("utf-8", "replace")
    try:
        text = _pretty(json.loads(text))
    except (ValueError, RecursionError):
        text = text or ""
    headers = {
        k: "…" if any(word in k for word in SECRET_HEADERS) else v for k, v in sorted(call.headers.items())
    }
    return {
        "id": stored.id,
        "connection": call.connection,
        "method": call.method,
        "path": call.path,
        "at": call.received_at,
        "size": len(call.body),
        "text": redact(text),
        "type": call.headers.get("content-type", ""),
        "headers": redact("\n".join(f"{k}: {v}" for k, v in headers.items())),
        "repeat_of": stored.repeat_of,
    }


def _plain_of(event: Event) -> dict[str, Any]:
    """An event as JSON, without the engine's own keys."""
    objects = {n: {k: v for k, v in o.items() if not k.startswith("_")} for n, o in event.objects.items()}
    given = {
        "id": event.id,
        "type": event.type,
        "at": event.at,
        "project": event.project,
        "connection": event.connection,
        "key": event.key,
        "version": event.version,
        "person": event.person,
    }
    return {**{k: v for k, v in given.items() if v is not None}, **objects}


def _now(event: Event, name: str) -> Any:
    """The value of a changed field after the event."""
    return next((o[name] for o in event.objects.values() if name in o), None)


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
