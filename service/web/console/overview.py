"""The first page: what needs someone today, in sentences; where projects stand; what came last.

In: `/`. Out: the page, calm when nothing needs anybody.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint

from rules.facts.project import Project
from service.store import attention, lists, records
from service.store.database import Connection, from_iso
from service.store.lists import Wanted
from service.store.switches import connection_state
from service.web import money, pages
from service.web.console import approvals, listing, samples
from service.web.console.projects import standings
from service.web.money import Standing
from service.web.pages import Reader

room = Blueprint("overview", __name__)
LATEST = 6
FULLEST = 8


@room.get("/")
def index() -> str:
    """What needs someone today."""
    context, seen = pages.context(), pages.reader()
    with context.database.reading() as connection:
        counts = attention.waiting(connection)
        needs = _needs(connection, seen, counts)
        money_of = standings().of_all(connection)
        latest = lists.events_page(connection, Wanted(limit=LATEST), {})
        last = attention.last_event_at(connection)
        today = seen.fmt.now - listing.DAY
        figures = {
            "events": attention.events_since(connection, today),
            "sent": attention.messages_since(connection, today),
        }
    watched = _watched(money_of)
    return pages.page(
        "overview",
        "overview",
        needs=needs,
        projects=watched,
        latest=[listing.event_row(seen, row) for row in latest.rows],
        last=from_iso(last) if last else None,
        figures=figures,
        samples=samples.commands(context)[:3] if last is None else [],
    )


def _needs(connection: Connection, seen: Reader, counts: dict[str, int]) -> list[dict[str, Any]]:
    """What waits for a person, the most pressing first."""
    found = []
    for name, href, mark, of in (
        ("unknown", "/messages?state=unknown", ("action", "unknown"), {"state": "unknown"}),
        ("dead", "/dead-letters", ("action", "dead"), {"state": "dead"}),
        (
            "review",
            "/messages?state=awaiting_review",
            ("action", "awaiting_review"),
            {"state": "waiting", "waits": "review"},
        ),
    ):
        if counts[name]:
            newest = lists.actions_page(connection, Wanted(limit=1), of).rows[0]
            row = listing.action_row(newest)
            found.append(_need(seen, name, counts[name], href, mark, row["says"], row["at"]))
    for name, href, mark in (
        ("dead_reads", "/dead-letters", ("delivery", "failed")),
        ("parked", "/dead-letters#parked", ("event", "parked")),
        ("unmatched", "/inbox", ("delivery", "unmatched")),
        ("malformed", "/deliveries?state=malformed", ("delivery", "malformed")),
    ):
        if counts[name]:
            found.append(_need(seen, name, counts[name], href, mark))
    return [
        *found,
        *_open_decisions(connection, seen, counts["approvals"]),
        *_broken_connections(connection, seen),
    ]


def _open_decisions(connection: Connection, seen: Reader, count: int) -> list[dict[str, Any]]:
    """The decisions that somebody was asked for, in one row that names the latest."""
    if not count:
        return []
    newest = approvals.row_of(connection, records.page(connection, "approval", status="sent", limit=1)[0])
    said = f"{newest['project']}{seen.t('words.colon')}{newest['says']}"
    return [
        _need(
            seen,
            "approvals",
            count,
            "/approvals?status=sent",
            ("approval", newest["state"]),
            said,
            newest["sent"],
        )
    ]


def _need(
    seen: Reader,
    name: str,
    count: int,
    href: str,
    mark: tuple[str, str],
    newest: str = "",
    at: datetime | None = None,
) -> dict[str, Any]:
    says = seen.t(f"overview.{name}", count=count)
    return {"says": says, "href": href, "mark": mark, "newest": newest, "at": at, "count": count}


def _broken_connections(connection: Connection, seen: Reader) -> list[dict[str, Any]]:
    """Connections whose calls fail, or that have said nothing for longer than they may."""
    found = []
    for name in sorted(pages.context().rulebook.workspace.connections):
        state = connection_state(connection, name)
        word = "failing" if state["failures"] else "silent" if state.get("silent_since") else None
        if word:
            says = seen.t(f"overview.{word}_one", name=name)
            found.append(
                {
                    "says": says,
                    "href": f"/connections/{name}",
                    "mark": ("connection", word),
                    "newest": state.get("error") or "",
                    "at": None,
                    "count": 1,
                }
            )
    return found


def _watched(money_of: dict[str, Standing]) -> list[dict[str, Any]]:
    """Projects of which four fifths of the budget or more are spent, the fullest first."""
    projects = pages.context().rulebook.workspace.projects
    over = [
        (standing.used, projects[id], standing)
        for id, standing in money_of.items()
        if standing.used is not None and standing.used >= money.WATCHED and id in projects
    ]
    over.sort(key=lambda found: (-found[0], found[1].name))
    return [_project(project, standing) for _, project, standing in over[:FULLEST]]


def _project(project: Project, standing: Standing) -> dict[str, Any]:
    return {
        "href": f"/projects/{project.id}",
        "id": project.id,
        "name": project.name,
        "client": listing.client_name(project.client),
        "used": standing.used,
        "spent": standing.spent,
        "total": standing.total,
        "currency": standing.currency,
        "bar": money.bar_of(standing),
        "over": standing.used is not None and standing.used >= 1,
    }
