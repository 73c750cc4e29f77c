"""`accord ledger`: the entries of a project, and every version of one of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from service.cli import FINDINGS, FINE, Invocation

if TYPE_CHECKING:
    from rules.facts.event import Record
    from rules.facts.project import Project
    from service.process import Process


@click.command()
@click.argument("project")
@click.option("--entry", help="One entry, by its id, its number or the end of its id: all its versions.")
@click.option("--limit", default=50, show_default=True, help="How many entries, the latest touched first.")
@click.option(
    "--recount", is_flag=True, help="Work out the sums anew from all entries, and say what changed."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(
    invocation: Invocation, project: str, entry: str | None, limit: int, recount: bool, as_json: bool
) -> int:
    """Show what PROJECT spent, entry by entry; void and moved ones stay listed and count nothing."""
    from service.cli._books import found, settled
    from service.cli._open import opened
    from service.flow import books

    with opened(invocation) as process:
        one = found(process, project)
        if recount:
            with settled(process):
                books.recount(process.context, one)
        shown = _sums(process, one)
        entries = _entries(process, one, entry, limit)
        if entry and not entries:
            click.echo(f"there is no entry {entry} in the ledger of {one.id}", err=True)
            return FINDINGS
    if as_json:
        click.echo(json.dumps(_plain(shown, entries), ensure_ascii=False, indent=2))
        return FINE
    click.echo("\n".join(_one(entries[0]) if entry and len(entries) == 1 else _list(one, shown, entries)))
    return FINE


def _sums(process: Process, project: Project) -> Record:
    with process.context.database.reading() as connection:
        book = process.context.state(connection).book
        kept = book.get("sums", project.id) or {"currency": project.currency, "days": {}}
        return {**kept, "closed_until": (book.get("period", project.id) or {}).get("closed_until")}


def _entries(process: Process, project: Project, wanted: str | None, limit: int) -> list[Record]:
    from service.store import records

    with process.context.database.reading() as connection:
        if wanted is None:
            return records.page(connection, "entry", project=project.id, limit=limit)
        exact = process.context.state(connection).book.get("entry", wanted)
        if exact is not None and exact["project"] == project.id:
            return [exact]
        everything = process.context.state(connection).book.find("entry", project.id)
    return [e for e in everything if wanted == e.get("number") or e["id"].rstrip("/").endswith(wanted)]


def _list(project: Project, sums: Record, entries: list[Record]) -> list[str]:
    from rules.facts.ledger import MEASURES, by_class, total
    from rules.facts.money import format_money

    head = [f"{project.name} ({project.id})"]
    for measure in MEASURES:
        classes = by_class(sums, measure)
        if classes:
            parts = ", ".join(f"{name} {format_money(amount)}" for name, amount in classes.items())
            head.append(f"  {measure:<10} {format_money(total(sums, measure)):>18}   {parts}")
    if sums["closed_until"]:
        head.append(f"  books closed up to {sums['closed_until']}")
    rows = [_row(e) for e in entries]
    return [*head, "", *rows] if rows else [*head, "", "  no entries yet"]


def _row(entry: Mapping[str, Any]) -> str:
    from rules.facts.ledger import counts
    from rules.facts.money import format_money

    amount = entry.get("base_amount") or entry.get("amount")
    notes = [f"version {len(entry['versions'])}"] if len(entry.get("versions") or ()) > 1 else []
    notes += [f"booked on {entry['booked_on']}"] if entry.get("booked_on") else []
    notes += [f"adjusts {entry['adjusts']}"] if entry.get("adjusts") else []
    notes += ["before the opening figure"] if entry.get("counted") is False else []
    what = entry.get("number") or entry.get("title") or entry.get("issue") or entry["id"]
    day, kind = entry.get("work_date") or "-", f"{entry.get('measure') or '-'}/{entry.get('class') or '-'}"
    printed = format_money(amount) if amount is not None else "-"
    if not counts(entry):
        printed = f"[{printed}]"  # Shown, and in none of the sums above. Round brackets would say minus.
    status = entry.get("status") or "-"
    return f"  {day}  {kind:<20} {printed:>18}  {status:<11} {what}" + (
        f"  ({', '.join(notes)})" if notes else ""
    )


def _one(entry: Mapping[str, Any]) -> list[str]:
    from rules.facts.money import format_money

    lines = [f"{entry['id']}", _row(entry), "", "  versions, the oldest first; the last one stands:"]
    for version in entry.get("versions") or ():
        fields = version["fields"]
        amount, rate = fields.get("amount"), fields.get("rate")
        parts = [format_money(amount)] if amount is not None else ["-"]
        parts += [f"at {rate.normalize():f} ({fields.get('rate_source')})"] if rate and rate != 1 else []
        when = version["source_time"].strftime("%Y-%m-%d %H:%M:%S UTC")
        lines.append(f"  {version['version'] or '-':<30} {when}  {version['status']:<8} {' '.join(parts)}")
    adjusting = entry.get("adjusted_by") or ()
    return lines + ([f"  adjusted by {', '.join(adjusting)}"] if adjusting else [])


def _plain(sums: Record, entries: list[Record]) -> dict[str, Any]:
    from service.web.api.shapes import public

    return {"sums": public(sums), "entries": [public(e) for e in entries]}
