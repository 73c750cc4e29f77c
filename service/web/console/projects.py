"""Projects: where money and dates of each stand, its ledger, its story, and what its client sees.

In: `/projects`, `/projects/<id>`, its story, its client's page. Out: pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote

from flask import Blueprint, current_app, render_template, request
from werkzeug.exceptions import NotFound

from rules.engine import condition
from rules.engine.derived import item_today
from rules.engine.findings import findings
from rules.engine.parties import project_calendars
from rules.engine.state import Book
from rules.facts.action_item import OVER
from rules.facts.calendar import WorkCalendar, local_day
from rules.facts.catalogue import COST_CLASSES
from rules.facts.event import Record
from rules.facts.ledger import counts
from rules.facts.milestone import SETTLED, standing
from rules.facts.project import Project
from service.state import Context, Figures
from service.store import attention, lists, records
from service.store import links as kept_links
from service.store.database import Connection
from service.store.lists import Wanted
from service.web import auth, money, pages, words
from service.web.client_project import project_values
from service.web.console import approvals, listing, story
from service.web.money import Standing, Standings
from service.web.pages import Reader

room = Blueprint("projects", __name__)
PAGE = 50
MOST_FINDINGS = 6
LEDGER_PAGE = 25
STATUSES = ("active", "draft", "on_hold", "closing", "closed")


def known(id: str) -> Project:
    """The project of that id, or 404."""
    found = pages.context().rulebook.workspace.projects.get(id)
    if found is None:
        raise NotFound
    return found


def standings() -> Standings:
    """The standings that this process keeps between requests."""
    kept = current_app.extensions.setdefault("accord_standings", Standings())
    assert isinstance(kept, Standings)  # noqa: S101
    return kept


@room.get("/projects")
def index() -> str:
    """Every project with its budget line, by name."""
    context = pages.context()
    query = {k: v[:200] for k, v in request.args.items() if k in ("status", "client", "after") and v}
    projects = context.rulebook.workspace.projects
    with context.database.reading() as connection:
        kept = {r["id"]: r for r in attention.records_of(connection, "project", projects)}
        wanted = sorted(_chosen(projects, kept, query), key=lambda p: (p.name, p.id))
        start = next((i for i, p in enumerate(wanted) if p.id == query.get("after")), -1) + 1
        some = wanted[start : start + PAGE]
        money_of = standings().of_all(connection)
        plan = _next_milestones(connection, [p.id for p in some])
    rows = [_row(p, kept.get(p.id), money_of.get(p.id), plan.get(p.id)) for p in some]
    return pages.page(
        "projects",
        "projects",
        rows=rows,
        query=query,
        next=some[-1].id if len(wanted) > start + PAGE else None,
        active=sum(_status(p, kept.get(p.id)) == "active" for p in projects.values()),
        chosen=listing.chosen(query, "client"),
        statuses=STATUSES,
    )


@room.get("/projects/<id>")
def one(id: str) -> str:
    """One project: what its figure means, money, dates, changes, what waits, what was booked and said."""
    context, seen = pages.context(), pages.reader()
    project, workspace = known(id), context.rulebook.workspace
    with context.database.reading() as connection:
        figures = context.figures(connection, id)
        baseline = attention.record(connection, "baseline", id)
        plan = sorted(attention.records_of(connection, "milestone", [id]), key=lambda m: m["due"])
        changes = records.page(connection, "change", project=id, limit=20)
        items = _items(context, connection, id)
        tasks = [_owned(t) for t in records.page(connection, "task", project=id, status="open", limit=20)]
        linked = kept_links.to_subject(connection, "project", id)
        open_ones = [approvals.row_of(connection, a) for a in _open(connection, id)]
        entries = _ledger(connection, id, request.args.get("ledger"))
        messages = lists.messages_page(connection, Wanted(limit=8), {"project": id}).rows
        today, cals = local_day(seen.fmt.now, project.time_zone), project_calendars(project, workspace)
        book, money_of = context.state(connection).book, (figures.budget, figures.forecast)
        health, _ = condition.health_of(project, book, workspace, today, money_of)
        look_at = _look_at(seen, connection, project, book)
        added = _added(book, id)
    return pages.page(
        "project",
        "projects",
        project=id,
        figures=figures,
        health=health,
        unplanned=added,
        bar=_bar(project, figures),
        sentence=money.sentence(seen, figures),
        lines=_lines(figures.budget),
        baseline=baseline,
        look_at=look_at,
        milestones=[_milestone(m, today, cals) for m in plan],
        changes=sorted(changes, key=_number, reverse=True),
        waits=open_ones,
        messages=[listing.action_row(m) for m in messages],
        **(entries | _both_sides(project)),
        items=items,
        tasks=tasks,
        linked=linked,
    )


@room.get("/projects/<id>/story")
def told(id: str) -> str:
    """The project's story: client left, team right, money and dates in the middle."""
    context, seen = pages.context(), pages.reader()
    project = known(id)
    cursor = request.args.get("cursor", "")
    with context.database.reading() as connection:
        wanted = Wanted(cursor if cursor.isascii() and cursor.isdigit() else None, 120)
        page = lists.events_page(connection, wanted, {"project": id})
        messages = attention.actions_of(connection, [row["id"] for row in page.rows])
    days = story.days(seen, context.rulebook.workspace, page.rows, messages)
    return pages.page(
        "project_story", "projects", project=id, found=project, days=days, next=page.next, cursor=cursor
    )


@room.get("/projects/<id>/client")
def as_client(id: str) -> str:
    """The project as its client sees it, in the client's language; links to decisions are the client's alone."""
    context = pages.context()
    project = known(id)
    person = next(iter(context.rulebook.workspace.clients[project.client].contacts), None)
    seen = pages.reader_for(context.rulebook.workspace.people[person]) if person else pages.reader()
    with context.database.reading() as connection:
        values = project_values(context, connection, project, None, seen)
    return render_template("client/project.html", **values, test=True)


@room.get("/projects/<id>/mode")
@auth.needs("send")
def mode(id: str) -> str:
    """What it means to let a project send to its client, or to observe again, and the line of its file that says so."""
    context = pages.context()
    project = known(id)
    with context.database.reading() as connection:
        observed = attention.observed_of(connection, id)
        waiting = attention.contacts_waiting(connection, "project", id)
    return pages.page(
        "project_mode",
        "projects",
        project=id,
        found=project,
        to="observe" if request.args.get("to") == "observe" else "live",
        observed=observed,
        contacts=len(context.rulebook.workspace.clients[project.client].contacts),
        waiting=waiting,
    )


def _ledger(connection: Connection, project: str, here: str | None) -> dict[str, Any]:
    """A page of what was booked, from the cursor `here` on, and the cursor of the next."""
    found = records.page(connection, "entry", project=project, after=here, limit=LEDGER_PAGE + 1)
    return {
        "entries": [_entry(e) for e in found[:LEDGER_PAGE]],
        "ledger_next": found[LEDGER_PAGE - 1]["_cursor"] if len(found) > LEDGER_PAGE else None,
        "ledger_here": here,
    }


def _items(context: Context, connection: Connection, project: str) -> list[dict[str, Any]]:
    """What one side has to do, as it stands now: open ones by date, then the last that ended."""
    state = context.state(connection)
    found = [item_today(i, state.book, state) for i in state.book.find("action_item", project)]
    ordered = sorted(found, key=lambda i: (i["status"] in OVER, str(i.get("due"))))
    return [_owned(item) for item in ordered[:30]]


def _both_sides(project: Project) -> dict[str, Any]:
    """The project with its client, the contacts, and who leads it."""
    workspace = pages.context().rulebook.workspace
    client = workspace.clients[project.client]
    contacts = [workspace.people[c] for c in client.contacts]
    return {
        "found": project,
        "client": client,
        "lead": workspace.people.get(project.lead),
        "contacts": contacts,
    }


def _owned(record: Record) -> Record:
    """With the name of who has to act."""
    return {**record, "who": words.person(pages.context().rulebook.workspace, record.get("owner"))}


def _chosen(
    projects: Mapping[str, Project], kept: Mapping[str, Record], query: Mapping[str, str]
) -> list[Project]:
    wanted, client = query.get("status"), query.get("client")
    return [
        p
        for p in projects.values()
        if (client is None or p.client == client)
        and (_status(p, kept.get(p.id)) == wanted if wanted else _status(p, kept.get(p.id)) != "archived")
    ]


def _status(project: Project, kept: Record | None) -> str:
    return str((kept or {}).get("status", project.status))


def _open(connection: Connection, project: str) -> list[Record]:
    return records.page(connection, "approval", project=project, status="sent", limit=20)


def _next_milestones(connection: Connection, ids: list[str]) -> dict[str, Record]:
    """The earliest milestone of each project that is not settled."""
    found: dict[str, Record] = {}
    for m in attention.records_of(connection, "milestone", ids):
        if m["status"] not in SETTLED and (
            m["project"] not in found or m["due"] < found[m["project"]]["due"]
        ):
            found[m["project"]] = m
    return found


def _row(
    project: Project, kept: Record | None, standing: Standing | None, milestone: Record | None
) -> dict[str, Any]:
    return {
        "href": f"/projects/{project.id}",
        "id": project.id,
        "says": project.name,
        "client": listing.client_name(project.client),
        "used": standing.used if standing else None,
        "bar": money.bar_of(standing) if standing else None,
        "milestone": milestone,
        "status": _status(project, kept),
        "mode": str((kept or {}).get("mode", project.mode)),
    }


def _bar(project: Project, figures: Figures) -> Any:
    if figures.budget is None:
        return None
    context = pages.context()
    forecast = (figures.forecast or {}).get("at_completion")
    levels = money.levels_for(context.rulebook.workspace.vars_for(project), context.rulebook.rules)
    return money.bar_of(money.standing_of(figures.budget), forecast.amount if forecast else None, levels)


def _lines(budget: Record | None) -> list[dict[str, Any]]:
    """The lines of the budget that were planned or spent on."""
    if budget is None:
        return []
    return [
        {
            "name": name,
            "total": budget[f"lines.{name}.total"],
            "spent": budget[f"lines.{name}.spent"],
            "used": budget[f"lines.{name}.used"],
        }
        for name in COST_CLASSES
        if budget.get(f"lines.{name}.total") or budget.get(f"lines.{name}.spent")
    ]


def _added(book: Book, project: str) -> list[str]:
    """Keys of the items that were added to milestones without an approved change."""
    known = book.get("project", project) or {}
    return [issue.rpartition("/")[2] for issue in known.get("_unplanned") or ()]


def _look_at(seen: Reader, connection: Connection, project: Project, book: Book) -> list[dict[str, Any]]:
    """What somebody has to look at: each in a sentence, by whom, until when, and how it is mended."""
    workspace = pages.context().rulebook.workspace
    kept = records.page(connection, "finding", project=project.id, status="open", limit=MOST_FINDINGS)
    found = [*findings(project, book), *kept][:MOST_FINDINGS]
    return [
        {
            "says": words.finding(seen, f),
            "owner": words.person(workspace, f["owner"]),
            "due": f.get("due"),
            "mend": seen.t(f"findings.mend.{f['kind']}")
            if seen.wording.has(f"findings.mend.{f['kind']}")
            else "",
        }
        for f in found
    ]


def _number(change: Record) -> int:
    """The figure of CR-7."""
    digits = str(change.get("number", "")).rpartition("-")[2]
    return int(digits) if digits.isdecimal() else 0


def _milestone(record: Record, today: date, cals: Sequence[WorkCalendar]) -> Record:
    now = standing(record, today, cals)
    state = next((flag for flag in ("overdue", "due_soon") if now[flag]), record["status"])
    moved = record.get("baseline_due") not in (None, record["due"])
    return {**record, "state": state, "moved": moved}


def _entry(entry: Record) -> dict[str, Any]:
    """An entry of the ledger as a row."""
    seen, workspace = pages.reader(), pages.context().rulebook.workspace
    versions = entry.get("versions") or ()
    amount, base = entry.get("amount"), entry.get("base_amount")
    converted = amount is not None and base is not None and amount.currency != base.currency
    issue = str(entry.get("issue") or "").rpartition("/")[2]
    kind = f"ledger.kinds.{entry.get('kind')}"
    kept = str(entry.get("receipt") or "").startswith("sha256:")
    return {
        "says": words.named(entry) or issue or (seen.t(kind) if seen.wording.has(kind) else entry["id"]),
        "day": entry.get("work_date"),
        "class": entry.get("class"),
        "measure": entry.get("measure"),
        "who": words.person(workspace, entry.get("person") or entry.get("party")),
        "amount": base if base is not None else amount,
        "original": amount if converted else None,
        "rate": entry.get("rate"),
        "counts": counts(entry),
        "state": entry.get("status") or "posted",
        "versions": len(versions),
        "corrected": len(versions) > 1,
        "receipt": f"/projects/{entry['project']}/receipts/{quote(entry['id'])}" if kept else None,
        "reason": entry.get("reason"),
        "why": _why(entry),
    }


def _why(entry: Record) -> str | None:
    """Where somebody says why it was spent; none where that is said, or the work is named."""
    spoken = any(entry.get(name) for name in ("reason", "issue", "milestone"))
    if entry.get("kind") not in ("expense", "bill") or spoken:
        return None
    return f"/projects/{entry['project']}/conduct/reason?of={quote(entry['id'], safe='')}"
