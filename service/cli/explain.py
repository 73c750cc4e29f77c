"""`accord explain`: why rules did what they did on an event, and why others did not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from service.cli import FINDINGS, FINE, Invocation

if TYPE_CHECKING:
    from rules.engine.explain import Explanation
    from rules.facts.event import Event
    from service.state import Context
    from service.store.database import Connection


@click.command()
@click.argument("event")
@click.argument("rule", required=False)
@click.option("--locale", default="en", help="The language of titles and sentences.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(invocation: Invocation, event: str, rule: str | None, locale: str, as_json: bool) -> int:
    """Say what every candidate rule, or RULE, made of EVENT: an event, a delivery (dlv_...) or an action (act_...)."""
    from service.cli._open import opened

    with opened(invocation) as process, process.context.database.reading() as connection:
        events = _events(connection, event)
        found = [_explained(process.context, connection, one, (rule, locale)) for one in events]
    if as_json:
        plain = [{k: v for k, v in one.items() if k != "_texts"} for one in found]
        click.echo(json.dumps(plain, ensure_ascii=False, indent=2))
    elif not found:
        click.echo(f"there is no event, delivery or action {event} on record", err=True)
    else:
        click.echo("\n\n".join(_text(one) for one in found))
    return FINE if found else FINDINGS


def _events(connection: Connection, id: str) -> list[Event]:
    """The event of that id; those of a delivery; the one behind an action."""
    from service.store import actions, journal, lists

    if id.startswith("dlv_"):
        page = lists.events_page(connection, lists.Wanted(limit=lists.MOST), {"delivery": id})
        return [journal.decode(row["data"]) for row in reversed(page.rows)]
    action = actions.row_of(connection, id) if id.startswith("act_") else None
    found = journal.one(connection, action["event"] if action else id)
    return [found] if found else []


def _explained(
    context: Context, connection: Connection, event: Event, asked: tuple[str | None, str]
) -> dict[str, Any]:
    """What the stored verdicts say, and what the other candidates make of the event with the facts of now."""
    from rules.engine.explain import explain
    from service.explaining import kept as stored
    from service.store import lists

    rule, locale = asked
    row = lists.event_row(connection, event.id) or {}
    rules = context.rulebook.of(row.get("ruleset") or context.rulebook.rules.version)
    kept = [one for one in stored(context, connection, event.id, rules, locale) if rule in (None, one.rule)]
    others: tuple[Explanation, ...] = ()
    if rule is None or not kept:
        again = explain(event, context.state(connection), rules, rule, locale)
        others = tuple(one for one in again if one.rule not in {k.rule for k in kept})
    return {
        "event": event.id,
        "type": event.type,
        "at": event.at.isoformat(),
        "project": event.project,
        "state": row.get("state"),
        "verdicts": [one.plain() for one in kept],
        "recomputed": [one.plain() for one in others],
        "_texts": [[one.text() for one in kept], [one.text() for one in others]],
    }


def _text(found: dict[str, Any]) -> str:
    kept, others = found["_texts"]
    head = f"{found['event']}  {found['type']}  {found['at']}" + (
        f"  project {found['project']}" if found["project"] else ""
    )
    parts = [head, *kept]
    if any(one["verdict"] != "not_triggered" for one in found["recomputed"]):
        parts.append("not kept on record, so decided again with the facts of now:")
    parts += others
    if not kept and not others:
        parts.append("no rule is triggered by it")
    return "\n\n".join(parts)
