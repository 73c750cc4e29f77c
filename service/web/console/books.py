"""The books of a project: what is closed, what the file says otherwise, the reserve, and entries that wait for a word.

In: `/projects/<id>/books` and the forms on it. Out: the page; what somebody says goes to `service.flow.books`, in the
name of the person of the workspace who has the mail address of whoever is signed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from flask import Blueprint, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as Answer

from rules.engine.effects.rebasing import differences
from rules.engine.effects.reserves import left
from rules.facts.approval import OPEN, inside
from rules.facts.event import Record
from rules.facts.project import Project
from service.flow import books, conduct
from service.flow.books import BooksError, Speaker
from service.state import Context
from service.store import records
from service.web import auth, pages, words
from service.web.console import approvals
from service.web.console.changes import amount_of
from service.web.console.projects import known
from service.web.pages import Reader

room = Blueprint("books", __name__)
LONGEST: Final = 500
SHOWN: Final = 50
_Do = Callable[[Context, Project, Speaker, Mapping[str, str]], object]


@room.get("/projects/<id>/books")
def one(id: str) -> str:
    """Where the books stand, what waits for a second person, and the forms."""
    return _page(known(id), {}, {})


@room.post("/projects/<id>/books/<any(close, reopen, rebase, draw, accept):step>")
@auth.needs("change")
def say(id: str, step: str) -> Answer | tuple[str, int]:
    """One of the forms: done at once, or asked of a second person."""
    project, context = known(id), pages.context()
    given = {k: v.strip()[:LONGEST] for k, v in request.form.items() if k != "csrf_token"}
    try:
        _STEPS[step](context, project, _speaker(context), given)
    except BooksError as error:
        return _page(project, given, {step: _worded(pages.reader(), error)}), 422
    return redirect(f"/projects/{id}/books?said={step}", 303)


def _close(context: Context, project: Project, by: Speaker, given: Mapping[str, str]) -> None:
    books.close_period(context, project, _day(given, "close_until"), by)


def _reopen(context: Context, project: Project, by: Speaker, given: Mapping[str, str]) -> None:
    until = _day(given, "reopen_from") - timedelta(days=1)
    books.reopen_period(context, project, until, by, _reason(given, "reopen_reason"))


def _rebase(context: Context, project: Project, by: Speaker, given: Mapping[str, str]) -> None:
    books.rebase(context, project, by, _reason(given, "rebase_reason"))


def _draw(context: Context, project: Project, by: Speaker, given: Mapping[str, str]) -> None:
    amount = amount_of(given.get("draw_amount", ""), project.currency)
    if amount is None:
        raise BooksError("amount", currency=project.currency)
    risk = given.get("draw_risk") or None
    if risk is not None and risk not in {r["id"] for r in _risks(context, project)}:
        raise NotFound
    books.draw(context, project, amount, by, _reason(given, "draw_reason"), risk)


def _accept(context: Context, project: Project, by: Speaker, given: Mapping[str, str]) -> None:
    books.accept(context, project, given.get("entry", ""), by)


_STEPS: Final[Mapping[str, _Do]] = {
    "close": _close,
    "reopen": _reopen,
    "rebase": _rebase,
    "draw": _draw,
    "accept": _accept,
}


def _page(project: Project, given: Mapping[str, str], errors: Mapping[str, str]) -> str:
    context = pages.context()
    with context.database.reading() as connection:
        book = context.state(connection).book
        figures = context.figures(connection, project.id)
        baseline = book.get("baseline", project.id)
        asked = [a for a in book.find("approval", project.id) if a["status"] in OPEN and inside(a)]
        waits = [approvals.row_of(connection, a) for a in asked]
        draws = records.page(connection, "reserve", project=project.id, limit=SHOWN)
        questioned = records.page(connection, "entry", project=project.id, status="questioned", limit=SHOWN)
        period, differing = book.get("period", project.id), differences(project, book)
    return pages.page(
        "books",
        "projects",
        project=project.id,
        found=project,
        active=baseline is not None,
        closed_until=figures.closed_until,
        steps=list(reversed((period or {}).get("steps") or ()))[:SHOWN],
        differing=[_differs(project, name, *values) for name, values in sorted(differing.items())],
        version=baseline["version"] if baseline else None,
        reserve=(baseline or {}).get("reserve"),
        drawn=(baseline or {}).get("drawn"),
        left=left(baseline) if baseline else None,
        draws=draws,
        risks=[
            ("", pages.reader().t("words.none")),
            *((r["id"], r["title"]) for r in _risks(context, project)),
        ],
        questioned=questioned,
        waits=[w for w in waits if w["state"] != "expired"],
        name=lambda key: words.person(context.rulebook.workspace, key),
        named=words.named,
        given=given,
        errors=errors,
        said=request.args.get("said") if request.args.get("said") in _STEPS else None,
    )


def _speaker(context: Context) -> Speaker:
    """Who is signed in, as a person of the team. Raises BooksError where the workspace knows nobody of that address."""
    user = auth.signed_in()
    email = user.email if user else ""
    person = conduct.person_of(context, email)
    if person is None:
        raise BooksError("no_person", email=email)
    return Speaker(person)


def _risks(context: Context, project: Project) -> list[Record]:
    with context.database.reading() as connection:
        found = records.page(connection, "risk", project=project.id, limit=SHOWN)
    return [r for r in found if r["status"] != "closed"]


def _differs(project: Project, name: str, was: Any, now: Any) -> tuple[str, str, str]:
    """A value of the plan in words: its name, the one on record, the one of the file."""
    seen = pages.reader()
    noun, _, path = name.partition(".")
    if noun == "milestones":
        key = path.removesuffix(".due")
        title = next((m.title for m in project.milestones if m.id == key), key)
    elif path.startswith("lines."):
        title = seen.t(f"projects.classes.{path.removeprefix('lines.')}")
    else:
        title = seen.t(f"books.plan.{path}") if seen.wording.has(f"books.plan.{path}") else path
    return title, words.value(seen, was), words.value(seen, now)


def _day(given: Mapping[str, str], name: str) -> date:
    try:
        found = date.fromisoformat(given.get(name, ""))
    except ValueError:
        raise BooksError("day") from None
    if not 2000 <= found.year <= 2100:
        raise BooksError("day")
    return found


def _reason(given: Mapping[str, str], name: str) -> str:
    if not given.get(name):
        raise BooksError("reason")
    return given[name]


def _worded(seen: Reader, error: BooksError) -> str:
    shown = {k: v if isinstance(v, str) else words.value(seen, v) for k, v in error.values.items()}
    return seen.t(f"books.wrong.{error.code}", **shown)
