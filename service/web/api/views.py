"""The API's views: lists with `limit`, `cursor` and filters, and one thing by its id."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import BadRequest, NotFound

from connectors.base import Malformed, Unsupported
from connectors.foreign import read
from connectors.webhook.event import build, spoken
from connectors.webhook.words import OF_THE_TEAM
from rules.engine.derived import with_derived
from rules.engine.findings import findings
from rules.engine.state import Book, State
from rules.facts.catalogue import EVENTS
from rules.facts.event import Record
from rules.facts.project import Project
from rules.facts.survey import unnamed
from service.flow import steer
from service.state import Context
from service.store import attention, inbox, lists, records
from service.store import deliveries as kept
from service.store.actions import row_of
from service.store.database import Connection
from service.store.figures import by_state, due_now, paused_queue, waiting_deliveries
from service.store.gates import breaker
from service.store.lists import Page, Wanted
from service.store.switches import connection_states_of, paused
from service.web import pages
from service.web.api import shapes
from service.web.api.description import description
from service.web.errors import problem

api = Blueprint("api", __name__, url_prefix="/api/v1")
RECORDS = {
    "approvals": "approval",
    "changes": "change",
    "entries": "entry",
    "baselines": "baseline",
    "reserves": "reserve",
    "periods": "period",
    "milestones": "milestone",
    "action_items": "action_item",
    "delays": "delay",
    "suppliers": "supplier",
    "findings": "finding",
    "kpis": "kpi",
    "tasks": "task",
    "risks": "risk",
    "complaints": "complaint",
    "surveys": "survey",
    "meetings": "meeting",
    "contacts": "contact",
    "audits": "audit",
    "closings": "closing",
}
# Kinds of records that have a list and a page of their own; the list of findings has more than what is on record.
KINDS = f"any({', '.join(RECORDS)})"
LISTED = f"any({', '.join(name for name in RECORDS if name != 'findings')})"


@api.before_request
def _authorise() -> Response | None:
    """Every path but the description wants the bearer token; without a configured one the API is closed."""
    if request.endpoint == "api.openapi":
        return None
    wanted = pages.context().settings.api_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if wanted and hmac.compare_digest(given.encode(), wanted.encode()):
        return None
    why = (
        "send Authorization: Bearer ..."
        if wanted
        else "set ACCORD_API_TOKEN (16 characters or more) and restart"
    )
    answer = problem(401, "Not authorised", why)
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


@api.get("/openapi.json")
def openapi() -> Response:
    """This API, described."""
    return jsonify(description())


@api.get("/deliveries")
def deliveries() -> Response:
    """Webhook calls as they came, with what became of them."""
    with pages.context().database.inbox_reading() as connection:
        page = lists.deliveries_page(connection, _wanted(), filters_of("connection"))
    with pages.context().database.reading() as connection:
        became = lists.outcomes_of(connection, [row["id"] for row in page.rows])
    return _listed(page, lambda row: shapes.delivery(row, became.get(row["id"])))


@api.get("/deliveries/<id>")
def delivery(id: str) -> Response:
    """One webhook call."""
    with pages.context().database.inbox_reading() as connection:
        stored = inbox.one(connection, id)
    if stored is None:
        raise NotFound(f"there is no delivery {id[:80]}")
    with pages.context().database.reading() as connection:
        became = kept.outcome(connection, id)
        found = lists.events_page(connection, Wanted(limit=lists.MOST), {"delivery": id})
    call = stored.delivery
    row = {
        "id": stored.id,
        "connection": call.connection,
        "method": call.method,
        "path": call.path,
        "repeat_of": stored.repeat_of,
        "received_at": call.received_at.isoformat().replace("+00:00", "Z"),
    }
    shown = shapes.delivery(row, became)
    shown["event_ids"] = [e["id"] for e in found.rows]
    shown["body"] = call.body.decode("utf-8", "replace")
    return jsonify(shown)


@api.get("/events")
def events() -> Response:
    """What happened, newest first."""
    filters = filters_of("type", "project", "client", "connection", "state", "delivery", "cause")
    with pages.context().database.reading() as connection:
        return _listed(lists.events_page(connection, _wanted(), filters), shapes.event)


@api.get("/events/<id>")
def event(id: str) -> Response:
    """One event with its objects."""
    with pages.context().database.reading() as connection:
        row = lists.event_row(connection, id)
    if row is None:
        raise NotFound(f"there is no event {id[:80]}")
    return jsonify(shapes.event(row, full=True))


@api.get("/verdicts")
def verdicts() -> Response:
    """What rules said to events."""
    with pages.context().database.reading() as connection:
        page = lists.verdicts_page(connection, _wanted(), filters_of("event", "rule", "project", "kind"))
    return _listed(page, shapes.verdict)


@api.get("/actions")
def actions() -> Response:
    """Intentions and what became of them."""
    filters = filters_of("event", "rule", "project", "client", "connection", "state", "kind", "recipient")
    with pages.context().database.reading() as connection:
        return _listed(lists.actions_page(connection, _wanted(), filters), shapes.action)


@api.get("/actions/<id>")
def action(id: str) -> Response:
    """One action with its attempts."""
    with pages.context().database.reading() as connection:
        row = row_of(connection, id)
        tried = lists.attempts_of(connection, id)
    if row is None:
        raise NotFound(f"there is no action {id[:80]}")
    kept_out = ("seq", "action")
    attempts = [{k: v for k, v in one.items() if k not in kept_out} for one in tried]
    return jsonify(shapes.message(row, full=True) | {"attempts": attempts})


@api.get("/messages")
def messages() -> Response:
    """Everything said: mails, comments, chat messages, tasks."""
    filters = filters_of("project", "client", "state", "kind", "recipient", "rule")
    with pages.context().database.reading() as connection:
        return _listed(lists.messages_page(connection, _wanted(), filters), shapes.message)


@api.get("/messages/<id>")
def message(id: str) -> Response:
    """One message as it left."""
    return action(id)


@api.get(f"/<{LISTED}:what>")
def record_list(what: str) -> Response:
    """Approvals, changes, entries with all their versions, milestones, action items or delays, the latest first."""
    filters = filters_of("project", "client", "status")
    wanted = _wanted()
    with pages.context().database.reading() as connection:
        rows = records.page(connection, RECORDS[what], **filters, after=wanted.cursor, limit=wanted.limit)
        state = pages.context().state(connection)
        shown = [_seen(RECORDS[what], r, state) for r in rows]
    after = rows[-1]["_cursor"] if len(rows) == wanted.limit else None
    return jsonify(items=shown, next=after)


@api.get(f"/<{KINDS}:what>/<path:id>")
def record(what: str, id: str) -> Response:
    """One of these, as it stands now. Ids of entries have slashes in them."""
    kind = RECORDS[what]
    with pages.context().database.reading() as connection:
        state = pages.context().state(connection)
        found = state.book.get(kind, id)
        if found is None:
            raise NotFound(f"there is no {kind} {id[:80]}")
        return jsonify(_seen(kind, found, state))


def _seen(kind: str, found: Record, state: State) -> Record:
    """A record as it stands today, without what nobody is to know."""
    derived = with_derived(kind, found, state.book, state)
    return shapes.public(unnamed(derived) if kind == "survey" else derived)


@api.post("/projects/<id>/events")
def told(id: str) -> tuple[Response, int]:
    """Something happened in a project: what a webhook or somebody of the team may tell, in our words."""
    context = pages.context()
    known = context.rulebook.workspace.projects.get(id)
    if known is None:
        raise NotFound(f"there is no project {id[:80]}")
    try:
        source = build(spoken(read(request.get_data())), context.now(), OF_THE_TEAM)
    except (Malformed, Unsupported) as problem:
        raise BadRequest(str(problem)) from None
    objects = {EVENTS[source.type].object: source.object}
    return jsonify(id=steer.say(context, known, source.type, source.key, objects, source.person)), 202


@api.get("/projects")
def projects() -> Response:
    """Every project with its budget."""
    context = pages.context()
    with context.database.reading() as connection:
        found = [_project(context, connection, id) for id in sorted(context.rulebook.workspace.projects)]
    return jsonify(items=found, next=None)


@api.get("/projects/<id>")
def project(id: str) -> Response:
    """One project with its figures, milestones, the sums of its ledger, KPIs and the periods of its retainer."""
    context = pages.context()
    if id not in context.rulebook.workspace.projects:
        raise NotFound(f"there is no project {id[:80]}")
    with context.database.reading() as connection:
        shown = _project(context, connection, id)
        book = context.state(connection).book
        sums = book.get("sums", id)
        more = {
            "milestones": [shapes.public(m) for m in book.find("milestone", id)],
            "sums": shapes.public(sums) if sums else None,
        }
    return jsonify(shown | more)


@api.get("/connections")
def connections() -> Response:
    """Outside systems and how they are."""
    context = pages.context()
    with context.database.reading() as connection:
        still = paused(connection)
        names = list(context.rulebook.workspace.connections)
        states = connection_states_of(connection, names)
        held = {n: paused_queue(connection, "connection", n) for n in names}
    now = context.now()
    shown = [
        {
            "id": name,
            "connector": known.connector,
            "owner": known.owner,
            "last_delivery_at": states[name].get("last_delivery_at"),
            "silent_since": states[name]["silent_since"],
            "breaker": breaker(states[name], now),
            "open_until": states[name]["open_until"],
            "failures": states[name]["failures"],
            "failing_since": states[name]["failing_since"],
            "error": states[name]["error"],
            "limits": asdict(context.limits(name)),
            "paused": name in still.connections or still.everything,
            "waiting": asdict(held[name]),
        }
        for name, known in sorted(context.rulebook.workspace.connections.items())
    ]
    return jsonify(items=shown, next=None)


@api.get("/rules")
def rules() -> Response:
    """The rules in force."""
    book = pages.context().rulebook
    shown = [
        {"id": r.id, "title": dict(r.title), "pack": r.pack, "at": str(r.at), "source": r.source}
        for r in book.rules.rules.values()
    ]
    return jsonify(items=shown, next=None, version=book.rules.version, refused=[str(p) for p in book.refused])


@api.get("/findings")
def found() -> Response:
    """What somebody has to look at: where files and record differ, and what is wrong with papers of the ledger."""
    context, filters, wanted = pages.context(), filters_of("project", "client", "status"), _wanted()
    with context.database.reading() as connection:
        rows = records.page(connection, "finding", **filters, after=wanted.cursor, limit=wanted.limit)
        # Where files and record differ is worked out, not kept: it stands before what is on record.
        apart = [] if wanted.cursor else _apart(context.state(connection).book, filters)
    after = rows[-1]["_cursor"] if len(rows) == wanted.limit else None
    return jsonify(items=[shapes.public(f) for f in (*apart, *rows)], next=after)


def _apart(book: Book, filters: Mapping[str, str | None]) -> list[Record]:
    """Where a project's file says otherwise than its record."""
    found = [f for p in asked_of(filters) for f in findings(p, book)]
    return [f for f in found if filters["status"] in (None, f["status"])]


def asked_of(filters: Mapping[str, str | None]) -> list[Project]:
    """The projects that filters leave."""
    projects = pages.context().rulebook.workspace.projects.values()
    return [
        p for p in projects if filters["project"] in (None, p.id) and filters["client"] in (None, p.client)
    ]


@api.get("/pauses")
def pauses() -> Response:
    """What stands still, since when, and what waits for it."""
    with pages.context().database.reading() as connection:
        found = [
            {**p, "waiting": asdict(paused_queue(connection, p["kind"], p["id"]))}
            for p in attention.pauses_now(connection)
        ]
    return jsonify(items=found, next=None)


@api.get("/waiting")
def waiting() -> Response:
    """How much is on its way now: deliveries to normalise, events to decide, reads and actions that are due."""
    context = pages.context()
    with context.database.inbox_reading() as came, context.database.reading() as connection:
        shown = due_now(connection, context.now())
        shown["deliveries"] = waiting_deliveries(came, connection).count
        shown["events"] = by_state(connection)["events"].get("new", 0)
    return jsonify(shown)


def _project(context: Context, connection: Connection, id: str) -> dict[str, Any]:
    from_file = context.rulebook.workspace.projects[id]
    figures = context.figures(connection, id)
    return {
        "id": id,
        "name": from_file.name,
        "client": from_file.client,
        "currency": from_file.currency,
    } | shapes.figures_shown(figures)


def _listed(page: Page, shape: Callable[[dict[str, Any]], dict[str, Any]]) -> Response:
    return jsonify(items=[shape(row) for row in page.rows], next=page.next)


def _wanted() -> Wanted:
    limit = request.args.get("limit", "50")
    wanted = Wanted(request.args.get("cursor"), int(limit) if limit.isascii() and limit.isdigit() else 0)
    if not 1 <= wanted.limit <= lists.MOST:
        raise BadRequest(f"limit is a whole number from 1 to {lists.MOST}")
    try:
        if request.endpoint not in ("api.record_list", "api.found"):
            _ = wanted.before
        elif wanted.cursor:
            records.read_cursor(wanted.cursor)
    except ValueError:
        raise BadRequest("this cursor is none of ours; take `next` of the page before") from None
    return wanted


def filters_of(*names: str) -> dict[str, str | None]:
    """The filters of the request, none for those it leaves out. BadRequest for another one."""
    unknown = set(request.args) - {*names, "limit", "cursor"}
    if unknown:
        raise BadRequest(f"unknown filter {min(unknown)[:60]}; there are {', '.join(names)}, limit, cursor")
    return {name: request.args.get(name) for name in names}
