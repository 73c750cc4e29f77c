"""What every page for people is rendered with: the reader's language, theme and zone, and the console's frame.

In: the request and who is signed in. Out: `page` (console), `door` (before anyone is signed in) and `failure`
(errors). A page's own values come from its view.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask import Flask, Response, current_app, g, render_template, request
from flask_wtf.csrf import CSRFError

from rules.facts.project import Person, Workspace
from service.state import Context
from service.store.accounts import plain
from service.store.attention import pauses_now, waiting
from service.store.database import StorageError
from service.web import auth
from service.web.formats import Formats
from service.web.wording import LOCALES, Wording, best_locale, wording_for

THEMES: Final = ("auto", "light", "dark")
A_YEAR: Final = 365 * 24 * 3600
SWITCH_LENGTH: Final = 12
# Rooms whose lists the project switch narrows; elsewhere it opens the project.
NARROWED: Final = ("events", "messages", "approvals")


def install(app: Flask) -> None:
    """Errors of people's pages are pages too."""
    app.extensions["accord"].error_page = failure
    app.register_error_handler(CSRFError, stale_form)


@dataclass(frozen=True)
class Reader:
    """Who reads: their language, theme, zone, and how values are worded for them."""

    locale: str
    theme: str
    wording: Wording
    fmt: Formats

    def t(self, key: str, /, **values: object) -> str:
        """A text of the interface in the reader's language."""
        return self.wording.t(key, **values)


def context() -> Context:
    """The parts of this process, with the files as they were when the request first asked for them: they may be
    replaced while it is answered, and it reads workspace, rules and settings of one state to its end.
    """
    if "context" not in g:
        found: Context = current_app.extensions["accord"].context
        g.context = replace(found, rulebook=found.rulebook.held())
    held: Context = g.context
    return held


def reader() -> Reader:
    """Who reads this page: their own choice first, then what the browser asks for, then the workspace's language."""
    if "reader" not in g:
        workspace = context().rulebook.workspace
        chosen = request.cookies.get("locale", "")
        asked = [chosen] if chosen in LOCALES else [*request.accept_languages.values(), workspace.locale]
        g.reader = _reader(best_locale(_known(asked)), _zone(workspace))
    found: Reader = g.reader
    return found


def reader_for(person: Person) -> Reader:
    """A contact of a client, in the language and zone that the workspace has for them."""
    return _reader(best_locale([person.locale]), ZoneInfo(person.time_zone))


def page(template: str, room: str, /, project: str | None = None, **values: Any) -> str:
    """A page of the console. `project` narrows it, for the switch at the top."""
    seen = reader()
    values |= {"frame": _frame(seen, room, project), "may": auth.may, "project": project}
    return render_template(f"console/{template}.html", **_common(seen), **values)


def door(template: str, /, **values: Any) -> str:
    """A page before anyone is signed in."""
    organisation = context().rulebook.workspace.name
    return render_template(
        f"console/{template}.html", **_common(reader()), organisation=organisation, here=_here(), **values
    )


def failure(status: int, title: str, detail: str) -> Response:
    """An error as a calm page: in the frame for who is signed in, else before the door."""
    seen = reader()
    known = f"errors.{status}.title" in seen.wording.texts
    said = {
        "title": seen.t(f"errors.{status}.title") if known else title,
        "why": _why(seen, status) if known else detail,
        "kept": seen.t("errors.kept.nothing") if request.method == "POST" else "",
        "todo": seen.t(f"errors.{status}.todo") if known and status != 429 else "",
        "status": str(status),
        "id": g.get("request_id", ""),
    }
    try:
        inside = auth.signed_in() is not None
        text = page("failure", "", said=said) if inside else door("failure_outside", said=said)
    except StorageError:
        g.session_of_user = None
        text = door("failure_outside", said=said)
    answer = Response(text, status, content_type="text/html; charset=utf-8")
    if status in (429, 503):
        answer.headers["Retry-After"] = "5"
    return answer


def stale_form(_: CSRFError) -> Response:
    """A form without its token: nothing was done, and how to go on."""
    seen = reader()
    said = {"title": seen.t("errors.400.title"), "why": seen.t("forms.stale"), "status": "400"}
    said |= {
        "kept": seen.t("errors.kept.nothing"),
        "todo": seen.t("errors.400.todo"),
        "id": g.get("request_id", ""),
    }
    return Response(door("failure_outside", said=said), 400, content_type="text/html; charset=utf-8")


def local(path: str | None) -> str:
    """A path of ours that a form or address names, or the first page for anything that leads elsewhere."""
    given = path or "/"
    return (
        given
        if given.startswith("/") and not given.startswith(("//", "/\\")) and given.isprintable()
        else "/"
    )


def _common(seen: Reader) -> dict[str, Any]:
    return {"t": seen.t, "fmt": seen.fmt, "locale": seen.locale, "theme": seen.theme}


def _reader(locale: str, zone: ZoneInfo) -> Reader:
    theme = request.cookies.get("theme", "")
    now = context().now()
    return Reader(
        locale, theme if theme in THEMES else "auto", wording_for(locale), Formats(locale, zone, now)
    )


def _zone(workspace: Workspace) -> ZoneInfo:
    """The zone of the person of the workspace who has the same mail address, else the workspace's."""
    user = auth.signed_in()
    named = next((p for p in workspace.people.values() if user and plain(p.email) == user.email), None)
    return ZoneInfo(named.time_zone if named else workspace.time_zone)


def _known(tags: list[str]) -> list[str]:
    languages = {locale.split("-")[0] for locale in LOCALES}
    return [tag for tag in tags if tag.split("-")[0].lower() in languages]


def _here() -> str:
    return request.full_path.rstrip("?") if request.method in ("GET", "HEAD") else request.path


def _why(seen: Reader, status: int) -> str:
    return seen.t(f"errors.{status}.why")


def _frame(seen: Reader, room: str, project: str | None) -> dict[str, Any]:
    found = context()
    workspace = found.rulebook.workspace
    with found.database.reading() as connection:
        counts = waiting(connection)
        pauses = pauses_now(connection)
    user = auth.signed_in()
    narrowed = (
        request.path if room in NARROWED and request.method == "GET" and request.path == f"/{room}" else None
    )
    active = [p for p in workspace.projects.values() if p.status not in ("closed", "archived")]
    return {
        "organisation": workspace.name,
        "room": room,
        "person": {"name": user.name, "role": user.role} if user else None,
        "counts": {
            "messages": counts["review"] + counts["unknown"],
            "approvals": counts["approvals"],
            "dead_letters": counts["dead"] + counts["dead_reads"],
        },
        "projects": [
            {"name": p.name, "href": f"{narrowed}?project={p.id}" if narrowed else f"/projects/{p.id}"}
            for p in sorted(active, key=lambda p: p.name)[:SWITCH_LENGTH]
        ],
        "project": {"name": workspace.projects[project].name}
        if project and project in workspace.projects
        else None,
        "all_projects": narrowed or "/projects",
        "search": {"action": "/search", "value": request.args.get("q", "")},
        "here": _here(),
        "notices": _notices(seen, pauses, bool(found.rulebook.refused)),
    }


def _notices(seen: Reader, pauses: list[dict[str, Any]], refused: bool) -> list[dict[str, str]]:
    """The lines above every page: what stands still, and an edit of the rules that was refused."""
    found = []
    if any(p["kind"] == "everything" for p in pauses):
        found.append(("warn", seen.t("frame.notice.paused_all"), "/pauses"))
    elif pauses:
        found.append(("warn", seen.t("frame.notice.paused_some", count=len(pauses)), "/pauses"))
    if refused:
        found.append(("bad", seen.t("frame.notice.rules_refused"), "/rules"))
    look = seen.t("frame.notice.look")
    return [{"tone": tone, "text": text, "href": href, "label": look} for tone, text, href in found]
