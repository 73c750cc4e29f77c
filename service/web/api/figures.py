"""Lists that are worked out rather than kept: hours of the week, retainers as they run.

In: the filters of a list. Out: all that is left by them, without pages.
"""

from __future__ import annotations

from flask import Response, jsonify

from rules.engine.figures import WEEKS, Ground, figures, workloads
from rules.engine.state import Book
from rules.facts.calendar import local_day
from rules.facts.project import Project
from service.state import Context
from service.web import pages
from service.web.api import shapes
from service.web.api.views import api, asked_of, filters_of


@api.get("/workload")
def workload() -> Response:
    """Hours of the last weeks by person and project, beside what was planned, the latest week first."""
    context, filters = pages.context(), filters_of("project", "client", "person", "week")
    with context.database.reading() as connection:
        book = context.state(connection).book
        found = [
            w | {"project": p.id, "client": p.client}
            for p in asked_of(filters)
            for w in workloads(_ground(context, p, book), WEEKS)
            if filters["person"] in (None, w["person"]) and filters["week"] in (None, w["week"])
        ]
    return jsonify(items=[shapes.public(w) for w in found], next=None)


@api.get("/retainers")
def retainers() -> Response:
    """Retainers as they run, with their terms and the periods that were closed."""
    context, filters = pages.context(), filters_of("project", "client")
    with context.database.reading() as connection:
        book = context.state(connection).book
        kept = [(p, book.get("retainer", p.id)) for p in asked_of(filters)]
        found = [
            {
                **(figures("retainer", _ground(context, p, book)) or {}),
                **{k: known[k] for k in ("id", "project", "client", "terms")},
                "periods": known["closed"],
                "agreed": list(known.get("agreed") or ()),
            }
            for p, known in kept
            if known is not None
        ]
    return jsonify(items=[shapes.public(r) for r in found], next=None)


def _ground(context: Context, project: Project, book: Book) -> Ground:
    return Ground(project, context.rulebook.workspace, book, local_day(context.now(), project.time_zone))
