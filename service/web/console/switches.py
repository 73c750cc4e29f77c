"""The red switch: pause and resume everything, a connection, a project or a rule; first what it means, then the click.

In: `/pauses`, `/pause`, `/resume` with `kind` and `id`. Out: pages with numbers; the switch on record with who set it.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response as Answer

from service.log import get
from service.red_switch import waiting
from service.store import attention
from service.store.database import from_iso
from service.store.switches import pause, resume
from service.web import auth, pages

room = Blueprint("switches", __name__)
log = get("switch")


@room.get("/pauses")
def index() -> str:
    """Everything that stands still."""
    with pages.context().database.reading() as connection:
        rows = [
            {
                **p,
                "at": from_iso(p["at"]),
                "name": _name(p["kind"], p["id"]),
                "held": (held := waiting(connection, p["kind"], p["id"])).count,
                "oldest": from_iso(held.oldest) if held.oldest else None,
            }
            for p in attention.pauses_now(connection)
        ]
    return pages.page("pauses", "overview", rows=rows)


@room.route("/pause", methods=["GET", "POST"])
@auth.needs("send")
def stop() -> Answer | str:
    """Nothing leaves for this any more."""
    kind, id = _what()
    context = pages.context()
    if request.method == "POST":
        user = auth.signed_in()
        with context.database.writing() as connection:
            pause(connection, kind, id, user.email if user else "", context.now())
        log.info("paused", kind=kind, id=id)
        return redirect(_back(kind, id), 303)
    return _asking("pause", kind, id)


@room.route("/resume", methods=["GET", "POST"])
@auth.needs("send")
def go_on() -> Answer | str:
    """What waits may leave again."""
    kind, id = _what()
    context = pages.context()
    if request.method == "POST":
        with context.database.writing() as connection:
            resume(connection, kind, id)
        context.bells.ring("deliver")
        log.info("resumed", kind=kind, id=id)
        return redirect(_back(kind, id), 303)
    return _asking("resume", kind, id)


def _asking(template: str, kind: str, id: str) -> str:
    context = pages.context()
    projects = context.rulebook.workspace.projects.values()
    with context.database.reading() as connection:
        held = waiting(connection, kind, id)
        contacts = attention.contacts_waiting(connection, kind, id)
    values: dict[str, Any] = {
        "kind": kind,
        "id": id,
        "name": _name(kind, id),
        "held": held.count,
        "oldest": from_iso(held.oldest) if held.oldest else None,
        "contacts": contacts,
        "projects": sum(p.status == "active" for p in projects),
        "clients": len({p.client for p in projects if p.status == "active"}),
        "back": _back(kind, id),
    }
    return pages.page(template, "overview", **values)


def _what() -> tuple[str, str]:
    """What the address or form names: a kind and something of that kind that there is."""
    kind, id = request.values.get("kind", "everything"), request.values.get("id", "*")
    book = pages.context().rulebook
    known = {
        "connection": {*book.workspace.connections, book.mail_connection},
        "project": set(book.workspace.projects),
        "rule": set(book.rules.rules),
        "everything": {"*"},
    }
    if id not in known.get(kind, set()):
        abort(404)
    return kind, id


def _name(kind: str, id: str) -> str:
    project = pages.context().rulebook.workspace.projects.get(id)
    return project.name if kind == "project" and project else "" if kind == "everything" else id


def _back(kind: str, id: str) -> str:
    return "/" if kind == "everything" else f"/{kind}s/{id}"
