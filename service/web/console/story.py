"""A project's story: events and messages in, days of moments for the timeline out.

What the client said, got or decided stands on one side, what the team did on the other, money and dates between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from rules.facts.event import Event
from rules.facts.project import Workspace
from service.store import journal
from service.store.actions import decode
from service.store.database import from_iso
from service.web import words
from service.web.console import listing
from service.web.pages import Reader

_MIDDLE: Final = ("baseline", "milestone", "level", "project", "delay", "action_item")
_BY_CLIENT: Final = ("approval.answered", "approval.opened")
_BY_TEAM: Final = (
    "change.drafted",
    "change.applied",
    "approval.sent",
    "approval.withdrawn",
    "invoice.issued",
)


def days(
    seen: Reader,
    workspace: Workspace,
    events: Iterable[Mapping[str, Any]],
    actions: Iterable[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Moments by day, newest first."""
    found: dict[date, list[dict[str, Any]]] = defaultdict(list)
    moments = [_of_event(seen, workspace, journal.shown(row["data"])) for row in events]
    moments += [_of_action(seen, workspace, row) for row in actions]
    for moment in moments:
        if moment is not None:
            found[moment["at"].astimezone(seen.fmt.zone).date()].append(moment)
    return [
        {"day": day, "moments": sorted(found[day], key=lambda m: m["at"], reverse=True)}
        for day in sorted(found, reverse=True)
    ]


def _of_event(seen: Reader, workspace: Workspace, event: Event) -> dict[str, Any] | None:
    """An event that belongs in the story, or none."""
    side = _side(workspace, event)
    if side is None:
        return None
    return {
        "side": side,
        "says": words.happened(seen, workspace, event),
        "at": event.at,
        "who": words.person(workspace, event.person) if event.person else None,
        "href": f"/events/{event.id}",
        "mark": None,
    }


def _side(workspace: Workspace, event: Event) -> str | None:
    if event.type in _BY_CLIENT:
        return "client"
    if event.type in _BY_TEAM:
        return "team"
    if event.type.partition(".")[0] in _MIDDLE:
        return "middle"
    person = workspace.people.get(event.person or "")
    return "client" if person is not None and person.party == "client" else None


def _of_action(seen: Reader, workspace: Workspace, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """A message that left or may have."""
    if row["state"] not in ("sent", "unknown") or not row["client_facing"]:
        return None
    rule = None
    to = words.person(workspace, row["recipient"]) or row["address"] or ""
    return {
        "side": "team",
        "says": words.said(seen, workspace, row, rule, decode(row["data"]).keys),
        "at": from_iso(row["done_at"] or row["at"]),
        "who": f"{listing.channel(seen, row['kind'])} · {to}" if to else listing.channel(seen, row["kind"]),
        "href": f"/messages/{row['id']}",
        "mark": ("action", listing.state_of(row)),
    }
