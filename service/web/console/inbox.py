"""The project inbox: what no single project claims, and a person who says where it belongs.

In: `/inbox`. Out: the places in which events wait, each with a choice; what was decided, with a way back.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as Answer

from service.flow import conduct
from service.store import assignments
from service.store.assignments import Place
from service.web import auth, pages, words
from service.web.console import listing
from service.web.pages import Reader

room = Blueprint("inbox", __name__)
NONE_OF_OURS: Final = "-"


@room.get("/inbox")
def index() -> str:
    """Where events wait, and what was decided before."""
    context, seen = pages.context(), pages.reader()
    workspace = context.rulebook.workspace
    with context.database.reading() as connection:
        waiting = assignments.waiting(connection)
        decided = assignments.page(connection)
    projects = sorted(workspace.projects.values(), key=lambda p: p.name)
    return pages.page(
        "inbox",
        "events",
        places=[_row(seen, p) for p in waiting],
        decided=[
            {
                "id": a["id"],
                "says": _says(seen, a["connection"], a["says"]),
                "to": listing.project_name(a["to"]) if a["to"] else None,
                "by": words.person(workspace, a["by"]),
                "at": a["at"],
                "count": a["events"],
            }
            for a in decided
        ],
        projects=[(p.id, p.name) for p in projects],
        none=NONE_OF_OURS,
        said=request.args.get("said"),
    )


@room.post("/inbox/<place>")
@auth.needs("change")
def assign(place: str) -> Answer:
    """Give a place to a project, now and from now on."""
    context = pages.context()
    with context.database.reading() as connection:
        found = next((p for p in assignments.waiting(connection) if p.id == place), None)
    if found is None:
        return redirect("/inbox?said=gone", 303)
    wanted = request.form.get("project", "")
    project = context.rulebook.workspace.projects.get(wanted)
    if project is None and wanted != NONE_OF_OURS:
        return redirect("/inbox?said=choose", 303)
    conduct.assign(context, found, project, _email())
    return redirect("/inbox?said=assigned", 303)


@room.post("/inbox/<place>/undo")
@auth.needs("change")
def undo(place: str) -> Answer:
    """Take an assignment back."""
    if conduct.take_back(pages.context(), place, _email()) is None:
        raise NotFound
    return redirect("/inbox?said=undone", 303)


def _row(seen: Reader, place: Place) -> dict[str, Any]:
    workspace = pages.context().rulebook.workspace
    return {
        "id": place.id,
        "says": _says(seen, place.connection, place.says),
        "count": place.count,
        "claimed_by": [listing.project_name(p) for p in place.claimed_by],
        "first": [words.happened(seen, workspace, e) for e in place.events],
        "at": place.events[0].received_at,
        "usual": place.claimed_by[0] if place.claimed_by else "",
    }


def _says(seen: Reader, connection: str, says: dict[str, Any] | Any) -> str:
    """Where it comes from, in the words of its source."""
    parts = [f"{k} {', '.join(map(str, v)) if isinstance(v, list) else v}" for k, v in dict(says).items()]
    return seen.t("inbox.from", connection=connection, place=", ".join(parts) or seen.t("inbox.nothing_said"))


def _email() -> str:
    user = auth.signed_in()
    return user.email if user else ""
