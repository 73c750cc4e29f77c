"""What one side has to do: written down, reminded of, answered; and the contacts with the client about it.

In: `/projects/<id>/items/...`. Out: the form, one item with its ladder, and events.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from flask import Blueprint, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as Answer

from rules.engine.derived import item_today
from rules.facts.action_item import CAUSES, KINDS, OVER
from rules.facts.approval import OFFLINE
from rules.facts.event import Record
from rules.facts.project import Project
from service.flow import steer
from service.store import attention
from service.web import auth, pages, words
from service.web.console.dates import email
from service.web.console.projects import known

room = Blueprint("items", __name__)
LONGEST_TITLE: Final = 200
LONGEST: Final = 2000


@room.get("/projects/<project>/items/new")
@auth.needs("change")
def new(project: str) -> str:
    """The form of something that one side has to do."""
    return _form(known(project), {}, {})


@room.post("/projects/<project>/items/new")
@auth.needs("change")
def add(project: str) -> Answer | tuple[str, int]:
    """Put it on record."""
    found = known(project)
    given = {
        k: request.form.get(k, "").strip()[:LONGEST] for k in ("title", "kind", "owner", "due", "blocks")
    }
    said, errors = _read(found, given)
    if errors:
        return _form(found, given, errors), 422
    id = steer.open_item(pages.context(), found, said, email())
    return redirect(f"/projects/{project}/items/{id}?said=1", 303)


@room.get("/projects/<project>/items/<id>")
def one(project: str, id: str) -> str | tuple[str, int]:
    """One item: since when, by when, who was told how often, what it does to the dates."""
    context, found = pages.context(), known(project)
    with context.database.reading() as connection:
        state = context.state(connection)
        item = state.book.get("action_item", id)
        if item is None and request.args.get("said"):
            return pages.page("change_coming", "projects", project=project, found=found), 202
        if item is None or item["project"] != project:
            raise NotFound
        item = item_today(item, state.book, state)
    workspace = context.rulebook.workspace
    contacts = [workspace.people[c] for c in workspace.clients[found.client].contacts]
    return pages.page(
        "item",
        "projects",
        project=project,
        found=found,
        item=item,
        owner=words.person(workspace, item.get("owner")),
        by=words.person(workspace, item.get("answered_by")),
        is_open=item["status"] not in OVER,
        contacts=[(c.id, c.name) for c in contacts],
        channels=OFFLINE,
        said=request.args.get("said"),
        cause_options=[(c, pages.reader().t(f"dates.causes.{c}")) for c in CAUSES],
    )


@room.post("/projects/<project>/items/<id>/<any(answered, done, waived):verb>")
@auth.needs("change")
def end(project: str, id: str, verb: str) -> Answer:
    """It is answered, done, or no longer needed."""
    item, cause = _item(project, id), request.form.get("cause", "")
    said = {"remark": request.form.get("remark", "").strip()[:LONGEST] or None}
    if cause in CAUSES:
        said["cause"] = cause
    steer.end_item(pages.context(), known(project), item["id"], verb, said, email())
    return redirect(f"/projects/{project}/items/{id}?said=1", 303)


@room.post("/projects/<project>/items/<id>/contact")
@auth.needs("change")
def contact(project: str, id: str) -> Answer:
    """A call, a meeting or a chat about it is on record: a step of its ladder, and its end where it was answered."""
    item, channel = _item(project, id), request.form.get("channel", "")
    if channel not in OFFLINE:
        raise NotFound
    said: dict[str, Any] = {
        "channel": channel,
        "with": request.form.get("with") or item.get("owner"),
        "summary": request.form.get("summary", "").strip()[:LONGEST] or None,
        "action_item": id,
        "answered": request.form.get("answered") == "yes",
    }
    steer.contact(pages.context(), known(project), said, email())
    return redirect(f"/projects/{project}/items/{id}?said=1", 303)


def _form(project: Project, given: dict[str, str], errors: dict[str, str]) -> str:
    context = pages.context()
    with context.database.reading() as connection:
        plan = attention.records_of(connection, "milestone", [project.id])
    workspace = context.rulebook.workspace
    return pages.page(
        "item_new",
        "projects",
        project=project.id,
        found=project,
        given=given,
        errors=errors,
        kind_options=[(k, pages.reader().t(f"items.kinds.{k}")) for k in KINDS],
        owners=[(k, workspace.people[k].name) for k in _owners(project)],
        milestones=[(m["id"], m["title"]) for m in sorted(plan, key=lambda m: m["due"])],
    )


def _owners(project: Project) -> list[str]:
    """Who can have to do something: the client's contacts, then the team."""
    workspace = pages.context().rulebook.workspace
    team = [k for k, p in workspace.people.items() if p.party == "team"]
    return [*workspace.clients[project.client].contacts, *team]


def _read(project: Project, given: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """What the form says, and what is wrong with it."""
    seen, workspace = pages.reader(), pages.context().rulebook.workspace
    errors: dict[str, str] = {}
    if not given["title"] or len(given["title"]) > LONGEST_TITLE:
        errors["title"] = seen.t("items.title_wrong", count=LONGEST_TITLE)
    if given["owner"] not in _owners(project):
        errors["owner"] = seen.t("items.owner_wrong")
    due = _day(given["due"])
    if due is None or abs((due - seen.fmt.now.date()).days) > 3660:
        errors["due"] = seen.t("items.due_wrong")
    if errors:
        return {}, errors
    party = "client" if workspace.people[given["owner"]].client else "team"
    kind = given["kind"] if given["kind"] in KINDS else "question"
    blocks = [given["blocks"]] if given["blocks"] else []
    said = {"title": given["title"], "kind": kind, "party": party, "owner": given["owner"]}
    return said | {"due": due, "blocks": blocks}, {}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _item(project: str, id: str) -> Record:
    known(project)
    with pages.context().database.reading() as connection:
        found = attention.record(connection, "action_item", id)
    if found is None or found["project"] != project:
        raise NotFound
    return found
