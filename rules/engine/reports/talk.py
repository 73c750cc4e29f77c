"""The parts of a report about the two sides: what waits on the client, what was agreed, which risks are open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rules.engine.reports.material import Material
from rules.facts.action_item import OPEN as ITEMS_OPEN
from rules.facts.approval import OPEN, inside
from rules.facts.calendar import working_days_late
from rules.facts.event import Record

# What the client has not been asked yet is the team's own affair.
_INTERNAL: Final = frozenset({"draft", "assessed", "internally_approved"})
_OWED: Final = ITEMS_OPEN | {"due_soon", "overdue"}
_PENDING: Final = frozenset({*_INTERNAL, "sent"})


def waiting(material: Material) -> list[Record]:
    """What the client owes: open action items and decisions, with the client's working days they are late."""
    items = [
        {
            "kind": "item",
            "title": item.get("title"),
            "who": material.name(item.get("owner")),
            "since": material.day(item.get("asked_at")),
            "due": item.get("due"),
            "late": item.get("late_days") or 0,
            "moves": item.get("effect_on_dates"),
        }
        for item in material.standing("action_item")
        if item.get("party") == "client" and item.get("status") in _OWED
    ]
    asked = [
        {
            "kind": str(approval.get("about")),
            "title": _subject(material, approval),
            "who": ", ".join(name for p in approval.get("asked") or () if (name := material.name(p))),
            "since": material.day(approval.get("sent_at")),
            "due": approval.get("expires_on") or material.day(approval.get("expires_at")),
            "late": _late(material, approval.get("expires_on")),
            "moves": None,
        }
        for approval in material.find("approval")
        if approval.get("status") in OPEN and not (material.for_client and inside(approval))
    ]
    return sorted([*items, *asked], key=lambda r: (str(r["due"] or "9999"), str(r["title"])))


def changes(material: Material) -> list[Record]:
    """Changes that are open or were decided in the period, and other consents of the period."""
    found = []
    for change in material.find("change"):
        status, decided = str(change.get("status")), material.day(change.get("decided_at"))
        hidden = material.for_client and status in _INTERNAL
        if not hidden and (status in _PENDING or material.within(decided)):
            found.append(
                {
                    "kind": "change",
                    "number": change.get("number"),
                    "title": change.get("title"),
                    "status": status,
                    "amount": change.get("amount"),
                    "days": change.get("days"),
                    "on": decided if status not in _PENDING else None,
                    **_decision(material, str(change["id"])),
                }
            )
    return sorted([*found, *_consents(material)], key=lambda r: (str(r["on"] or "9999"), str(r["number"])))


def risks(material: Material) -> list[Record]:
    """Risks that are open. How likely and how bad we think they are is the team's to know."""
    return [
        {
            "title": risk.get("title"),
            "kind": risk.get("kind"),
            "response": risk.get("response"),
            "owner": material.name(risk.get("owner")),
            "status": risk.get("status"),
            "review_on": risk.get("review_on"),
            "score": None if material.for_client else risk.get("score"),
        }
        for risk in material.find("risk")
        if risk.get("status") != "closed"
    ]


def _consents(material: Material) -> list[Record]:
    """What was decided in the period about anything but a change."""
    found = []
    for approval in material.find("approval"):
        decision = (approval.get("decisions") or [{}])[-1]
        on = material.day(decision.get("at"))
        if approval.get("about") == "change" or approval.get("status") in OPEN or not material.within(on):
            continue
        if material.for_client and inside(approval):
            continue
        found.append(
            {
                "kind": str(approval.get("about")),
                "number": None,
                "title": _subject(material, approval),
                "status": str(approval.get("status")),
                "amount": None,
                "days": None,
                "on": on,
                **_by(material, decision),
            }
        )
    return found


def _decision(material: Material, subject: str) -> Record:
    """Who decided about it last, and by which way."""
    asked = [a for a in material.find("approval") if a.get("subject") == subject and a.get("decisions")]
    latest = max(asked, key=lambda a: int(a.get("version") or 0), default=None)
    return _by(material, latest["decisions"][-1] if latest else {})


def _by(material: Material, decision: Mapping[str, Any]) -> Record:
    by = decision.get("name") or material.name(decision.get("by") or decision.get("person"))
    return {"by": by, "channel": decision.get("channel")}


def _subject(material: Material, approval: Mapping[str, Any]) -> str | None:
    """What an approval is about, as both sides call it."""
    about, subject = str(approval.get("about")), str(approval.get("subject"))
    record = material.book.get(about, subject) if about in ("change", "milestone") else None
    if record is None:
        return None
    return " ".join(str(record[k]) for k in ("number", "title") if record.get(k))


def _late(material: Material, due: Any) -> int:
    return max(0, working_days_late(material.client_calendars, due, material.last)) if due else 0
