"""What the client's project page shows: money or progress, dates, changes, and what waits on the reader.

In: a project and, where the client looks, a person. Out: the values of the page. The team looks at the same page
without a person, and without the addresses that are the client's alone.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rules.engine.derived import item_today
from rules.engine.snapshot import hides_cost
from rules.facts.action_item import OVER
from rules.facts.approval import inside
from rules.facts.event import Record
from rules.facts.milestone import ACCEPTED
from rules.facts.project import Person, Project
from service.links import token_for
from service.state import Context
from service.store import attention
from service.store import links as kept_links
from service.store.database import Connection
from service.web import money, words
from service.web.pages import Reader


def project_values(
    context: Context, connection: Connection, project: Project, person: Person | None, seen: Reader
) -> dict[str, Any]:
    """What the client's project page shows; without a person, as the team looks at it."""
    figures = context.figures(connection, project.id)
    plan = sorted(attention.records_of(connection, "milestone", [project.id]), key=lambda m: m["due"])
    changes = attention.records_of(connection, "change", [project.id])
    spend = figures.budget if not hides_cost(project) else None
    waits = _waiting(context, connection, project, person, seen)
    return {
        **frame(context, seen, project),
        "found": project,
        "waits": waits,
        "items": _items(context, connection, project),
        "bar": money.bar_of(money.standing_of(spend)) if spend else None,
        "sentence": money.sentence_for_client(seen, figures) if spend else "",
        "money_hidden": project.billing_kind == "fixed_price" and project.client_sees != "nothing",
        "progress": _progress(plan) if project.client_sees != "nothing" else None,
        "milestones": [m for m in plan if m["status"] != "cancelled"],
        "changes": [
            c for c in changes if c["status"] not in ("draft", "assessed", "internally_approved", "withdrawn")
        ],
        "preview": person is None,
    }


def frame(context: Context, seen: Reader, project: Project) -> dict[str, Any]:
    """What the frame of a client's page needs."""
    workspace = context.rulebook.workspace
    lead = workspace.people.get(project.lead)
    return {
        "t": seen.t,
        "fmt": seen.fmt,
        "locale": seen.locale,
        "sender": workspace.name,
        "project": {"name": project.name},
        "lead": lead,
    }


def _waiting(
    context: Context, connection: Connection, project: Project, person: Person | None, seen: Reader
) -> list[dict[str, Any]]:
    """The decisions that wait for this person, each with their own address."""
    found = []
    for a in attention.records_of(connection, "approval", [project.id]):
        if a["status"] != "sent" or (a.get("expires_at") and a["expires_at"] <= seen.fmt.now):
            continue
        if inside(a) or (person is not None and not _is_open_for(a, person)):
            continue
        subject = attention.record(connection, str(a.get("about")), str(a.get("subject")))
        found.append(
            {
                "says": words.question(seen, a, subject),
                "due": a.get("expires_on"),
                "href": _own_address(context, connection, a, person) if person else None,
            }
        )
    return found


def _items(context: Context, connection: Connection, project: Project) -> list[dict[str, Any]]:
    """What the client has to do, by date: what it is, since when late, and what that does to the dates."""
    state = context.state(connection)
    found = [item_today(i, state.book, state) for i in state.book.find("action_item", project.id)]
    waiting = [i for i in found if i["party"] == "client" and i["status"] not in OVER]
    names = ("id", "title", "due", "late_days", "milestone_title", "new_due", "status", "owner_name")
    return [{n: i.get(n) for n in names} for i in sorted(waiting, key=lambda i: str(i.get("due")))]


def _is_open_for(approval: Record, person: Person) -> bool:
    return person.id in approval["asked"] and all(
        d["person"] != person.id for d in approval.get("decisions", ())
    )


def _own_address(context: Context, connection: Connection, approval: Record, person: Person) -> str | None:
    """The path of this person's own decision page, where they were sent a link that still opens it."""
    link = kept_links.newest(connection, "approval", approval["id"], person.id)
    if link is None or link.version != int(approval.get("version", 1)) or link.over(context.now()):
        return None
    return f"/a/{token_for(context.settings.secret_key, link)}"


def _progress(plan: list[Record]) -> Decimal | None:
    """The accepted share of the milestones' weight; none where there is no weight."""
    counted = [m for m in plan if m["status"] != "cancelled"]
    whole = sum((Decimal(m.get("weight") or 0) for m in counted), Decimal(0))
    done = sum(
        (Decimal(m.get("weight") or 0) for m in counted if m["status"] in ACCEPTED),
        Decimal(0),
    )
    return done / whole if whole else None
