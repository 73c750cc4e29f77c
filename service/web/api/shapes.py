"""Rows and records as the API shows them: plain JSON, money as {"amount", "currency"}, times as ISO 8601."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rules.facts import codec
from rules.facts.event import Record
from service.state import Figures
from service.store import journal

EVENT = (
    "id",
    "type",
    "project",
    "client",
    "connection",
    "key",
    "at",
    "received_at",
    "cause",
    "rule",
    "delivery",
)
ACTION = (
    *("id", "event", "rule", "kind", "project", "client", "connection", "target", "recipient", "address"),
    *(
        "client_facing",
        "observed",
        "corrects",
        "into",
        "state",
        "waits",
        "due_at",
        "release_by",
        "tries",
        "reason",
        "receipt",
    ),
    *("subject", "at", "done_at"),
)
DELIVERY = ("id", "connection", "method", "path", "repeat_of", "received_at")


def event(row: Mapping[str, Any], full: bool = False) -> dict[str, Any]:
    """An event; `full` adds its objects and what it replaced."""
    shown = {name: row[name] for name in EVENT} | {name: row[name] for name in ("state", "error", "ruleset")}
    if full:
        found = journal.shown(row["data"])
        shown["objects"] = {noun: public(dict(fields)) for noun, fields in found.objects.items()}
        shown["before"] = public(dict(found.before))
        shown["history"] = found.history
        shown["key"] = found.key
    return shown


def action(row: Mapping[str, Any]) -> dict[str, Any]:
    """An action without its text."""
    return {name: row[name] for name in ACTION}


def message(row: Mapping[str, Any], full: bool = False) -> dict[str, Any]:
    """An action as a message; `full` adds the text as it left."""
    shown = action(row)
    return shown | {"body": row["body"], "html": row["html"]} if full else shown


def verdict(row: Mapping[str, Any]) -> dict[str, Any]:
    """A verdict with its operands."""
    data = codec.to_plain(codec.loads(row["data"]))
    return {
        "event": row["event"],
        "rule": row["rule"],
        "project": row["project"],
        "kind": row["kind"],
        "at": row["at"],
    } | {name: data.get(name) for name in ("reason", "near_miss", "trace")}


def delivery(row: Mapping[str, Any], outcome: Mapping[str, Any] | None) -> dict[str, Any]:
    """A delivery with what became of it; a refusal is a problem in the words of RFC 9457."""
    state = outcome["state"] if outcome else "received"
    shown = {name: row[name] for name in DELIVERY} | {
        "state": "received" if state == "again" else state,
        "reason": outcome["reason"] if outcome else None,
        "events": outcome["events"] if outcome else 0,
    }
    if state in ("malformed", "unsupported", "failed", "unmatched"):
        shown["problem"] = {"type": "about:blank", "title": TITLES[state], "detail": shown["reason"]}
    return shown


TITLES = {
    "malformed": "The delivery cannot be what it claims",
    "unsupported": "The connector does not know this type",
    "failed": "The delivery could not be processed",
    "unmatched": "No single project claims it",
}


def figures_shown(figures: Figures) -> dict[str, Any]:
    """A project's figures: budget, forecast, earned, retainer (none where there is no ground for one), the closed
    periods of its retainer, its KPIs, the hours of two weeks, and how far its books are closed.
    """
    derived = ("budget", "forecast", "earned", "retainer")
    return {
        "status": figures.status,
        "mode": figures.mode,
        **{name: public(found) if (found := getattr(figures, name)) else None for name in derived},
        "retainer_agreed": [public(dict(a)) for a in figures.agreed],
        "retainer_periods": [public(p) for p in figures.periods],
        "kpis": [public(k) for k in figures.kpis],
        "workload": [public(w) for w in figures.workload],
        "closed_until": codec.to_plain(figures.closed_until),
    }


def public(record: Record) -> dict[str, Any]:
    """A record without the engine's own keys."""
    shown: dict[str, Any] = codec.to_plain({k: v for k, v in record.items() if not k.startswith("_")})
    return shown
