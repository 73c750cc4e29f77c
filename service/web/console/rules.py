"""Rules: what is in force, as it is written, and what each made of what came last. Read-only.

In: `/rules`, `/rules/<id>`. Out: the list with the problems of a refused edit, and one rule with its latest verdicts.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from werkzeug.exceptions import NotFound

from rules.facts import codec
from rules.language.model import Around, Every, Rule
from service.store import attention, journal, lists
from service.store.database import Connection, from_iso
from service.store.lists import Wanted
from service.store.switches import paused
from service.web import pages, words

room = Blueprint("rules", __name__)
PAGE = 100
RECENT = 25


@room.get("/rules")
def index() -> str:
    """The rules in force, in the order of their files."""
    context = pages.context()
    book = context.rulebook
    wanted = request.args.get("pack")
    chosen = [r for r in book.rules.rules.values() if wanted in (None, "", r.pack or "own")]
    start = _number(request.args.get("from"))
    with context.database.reading() as connection:
        still = paused(connection)
        rows = [_row(connection, rule, rule.id in still.rules) for rule in chosen[start : start + PAGE]]
        since = attention.version_at(connection, "rules", book.rules.version)
    packs = list(dict.fromkeys(r.pack or "own" for r in book.rules.rules.values()))
    return pages.page(
        "rules",
        "rules",
        rows=rows,
        count=len(book.rules.rules),
        query={"pack": wanted or ""},
        packs=packs,
        next=start + PAGE if len(chosen) > start + PAGE else None,
        version=book.rules.version,
        since=from_iso(since) if since else None,
        problems=book.refused,
    )


@room.get("/rules/<path:id>")
def one(id: str) -> str:
    """One rule: as it is written, and its latest verdicts."""
    context, seen = pages.context(), pages.reader()
    rule = context.rulebook.rules.rules.get(id)
    if rule is None:
        raise NotFound
    workspace = context.rulebook.workspace
    with context.database.reading() as connection:
        found = lists.verdicts_page(connection, Wanted(limit=RECENT), {"rule": id})
        events = {row["event"]: journal.one(connection, row["event"]) for row in found.rows}
        stopped = id in paused(connection).rules
    recent = [
        {
            "href": f"/events/{row['event']}",
            "says": words.happened(seen, workspace, event)
            if (event := events[row["event"]])
            else row["event"],
            "at": from_iso(row["at"]),
            "code": row["kind"],
            "reason": codec.loads(row["data"]).get("reason") or "",
        }
        for row in found.rows
    ]
    return pages.page(
        "rule",
        "rules",
        rule=rule,
        title=words.title(seen, rule, id),
        trigger=_trigger(rule),
        conditions=[e.text for e in rule.conditions],
        recent=recent,
        stopped=stopped,
    )


def _row(connection: Connection, rule: Rule, stopped: bool) -> dict[str, Any]:
    last = lists.verdicts_page(connection, Wanted(limit=1), {"rule": rule.id}).rows
    return {
        "href": f"/rules/{rule.id}",
        "id": rule.id,
        "says": words.title(pages.reader(), rule, rule.id),
        "pack": rule.pack,
        "code": "disabled" if rule.disabled else last[0]["kind"] if last else None,
        "at": from_iso(last[0]["at"]) if last else None,
        "stopped": stopped,
    }


def _trigger(rule: Rule) -> str:
    """What a rule listens to, as the language writes it."""
    if isinstance(rule.trigger, Every):
        return rule.trigger.written or f"{rule.trigger.cron} ({rule.trigger.zone})"
    if isinstance(rule.trigger, Around):
        return f"{rule.trigger.date}: {', '.join(map(str, rule.trigger.offsets))}"
    return ", ".join(sorted(rule.trigger.types))


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else 0
