"""What the rows of lists share: where something came from, what an action says, the filters that have no words above.

In: rows as stored. Out: mappings for templates, each with `says` and `href`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from service.store import journal
from service.store.actions import decode
from service.store.database import from_iso
from service.web import pages, words
from service.web.pages import Reader

DAY: Final = timedelta(days=1)
_CHANNELS: Final = {
    "email": "mail",
    "report": "mail",
    "comment": "comment",
    "chat": "chat",
    "task": "task",
    "webhook": "webhook",
}


def origin(seen: Reader, row: Mapping[str, Any]) -> str:
    """Where an event came from, in words."""
    if row["rule"]:
        return seen.t("events.from_rule", rule=row["rule"])
    if row["connection"]:
        return seen.t("events.from", connection=row["connection"])
    if row["type"] == "slot.due":
        return seen.t("events.from_clock")
    return seen.t("events.from_page") if row["type"] == "approval.answered" else ""


def project_name(id: str | None) -> str:
    """A project's name, or its id when the files know it no longer."""
    known = pages.context().rulebook.workspace.projects.get(id or "")
    return known.name if known else id or ""


def client_name(id: str | None) -> str:
    """A client's name, or its id."""
    known = pages.context().rulebook.workspace.clients.get(id or "")
    return known.name if known else id or ""


def chosen(query: Mapping[str, str], *names: str) -> list[tuple[str, str]]:
    """The filters that are on and have no words above the list, each with its own word."""
    workspace = pages.context().rulebook.workspace
    worded: dict[str, Callable[[str], str]] = {
        "project": project_name,
        "client": client_name,
        "recipient": lambda id: words.person(workspace, id),
    }
    return [(n, worded[n](query[n]) if n in worded else query[n]) for n in names if query.get(n)]


def event_row(seen: Reader, row: Mapping[str, Any], caused: int = 0) -> dict[str, Any]:
    """An event as a row: its sentence, when and from where, how many actions it caused."""
    event = journal.shown(row["data"])
    return {
        "id": row["id"],
        "href": f"/events/{row['id']}",
        "says": words.happened(seen, pages.context().rulebook.workspace, event),
        "at": from_iso(row["received_at"]),
        "type": row["type"],
        "origin": origin(seen, row),
        "project": project_name(row["project"]),
        "caused": caused,
        "state": row["state"],
        "history": event.history,
    }


def action_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """An action as a row: what it says, to whom, how, when, and how it stands."""
    context, seen = pages.context(), pages.reader()
    workspace = context.rulebook.workspace
    planned = decode(row["data"])
    rule = context.rulebook.rules.rules.get(row["rule"])
    return {
        "id": row["id"],
        "rule": row["rule"],
        "href": f"/messages/{row['id']}",
        "says": words.said(seen, workspace, row, rule, planned.keys),
        "to": words.person(workspace, row["recipient"]) or row["address"] or "",
        "by": channel(seen, row["kind"]),
        "at": from_iso(row["at"]),
        "due": from_iso(row["due_at"]),
        "done": from_iso(row["done_at"]) if row["done_at"] else None,
        "project": project_name(row["project"]),
        "client_facing": row["client_facing"],
        "state": state_of(row),
        "observed": row["observed"],
        "reason": row["reason"] or "",
        "tries": row["tries"],
        "connection": row["connection"] or row["kind"],
    }


def channel(seen: Reader, kind: str) -> str:
    """How something is said: mail, comment, a change in another system."""
    return seen.t(f"messages.by_{_CHANNELS.get(kind, 'change')}")


def state_of(row: Mapping[str, Any]) -> str:
    """The state of an action as marks know it: one that waits for a person says so, one that is tried again too."""
    if row["state"] == "waiting" and row["waits"] == "review":
        return "awaiting_review"
    if row["state"] == "ready" and row["tries"]:
        return "failed"
    return str(row["state"])
