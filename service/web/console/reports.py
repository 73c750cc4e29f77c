"""The report on a project: as it would be sent now, or as it was sent, on a page and as a sheet.

In: `/projects/<id>/report` with period, view, language, or the id of one that was made; `/projects/<id>/report.xlsx`
with the same. Out: the page, the file. Looking at a report sends nothing and puts nothing on record.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from rules.facts.event import Record
from rules.facts.project import Project
from rules.facts.report_period import PERIODS
from rules.language.reports import LOCALES, document
from rules.language.wording import choose
from service.reports.report import blocks_of, sheet_of
from service.store import records
from service.store.database import Connection
from service.web import pages
from service.web.console.projects import known

room = Blueprint("reports", __name__)
VIEWS: Final = ("client", "team")
# A page has room for more lines than a mail.
MOST_ROWS: Final = 500
SENT: Final = 12


@room.get("/projects/<id>/report")
def shown(id: str) -> str:
    """The report, its period, view and language as words above it, and those that were sent below."""
    project, context = known(id), pages.context()
    asked = _asked(project)
    with context.database.reading() as connection:
        made = _made(connection, project, asked)
        sent = [r for r in records.page(connection, "report", project=id, limit=50) if r["status"] == "sent"]
    read = document(made, asked["locale"]) if made else None
    return pages.page(
        "project_report",
        "projects",
        project=id,
        found=project,
        made=made,
        read=read,
        blocks=list(blocks_of(read, MOST_ROWS)) if read else [],
        asked=asked,
        query={k: v for k, v in asked.items() if v},
        periods=PERIODS,
        views=VIEWS,
        locales=LOCALES,
        sent=sent[:SENT],
    )


@room.get("/projects/<id>/report.xlsx")
def file(id: str) -> Response:
    """The same report as a sheet."""
    project, context = known(id), pages.context()
    asked = _asked(project)
    with context.database.reading() as connection:
        made = _made(connection, project, asked)
    if made is None:
        raise NotFound
    sheet = sheet_of(made, asked["locale"])
    headers = {"Content-Disposition": f'attachment; filename="{sheet.name}"', "Cache-Control": "no-store"}
    return Response(sheet.content, mimetype=sheet.media_type, headers=headers)


def _asked(project: Project) -> dict[str, Any]:
    """What the address asks for; by default the week, as the client would read it."""
    workspace = pages.context().rulebook.workspace
    view = request.args.get("view") if request.args.get("view") in VIEWS else "client"
    theirs = workspace.clients[project.client].locale if view == "client" else workspace.locale
    wanted = request.args.get("locale")
    return {
        "period": request.args.get("period") if request.args.get("period") in PERIODS else "week",
        "view": view,
        "locale": wanted
        if wanted in LOCALES
        else choose(dict(zip(LOCALES, LOCALES, strict=True)), theirs) or "en",
        "id": request.args.get("id", "")[:80],
    }


def _made(connection: Connection, project: Project, asked: dict[str, Any]) -> Record | None:
    """The report of now, or the one that is asked for by its id; none before the project has a baseline."""
    context = pages.context()
    if asked["id"]:
        found = context.state(connection).book.get("report", asked["id"])
        if found is None or found["project"] != project.id:
            raise NotFound
        return found
    try:
        return context.report(connection, project.id, asked["period"], asked["view"])
    except ValueError:
        return None
