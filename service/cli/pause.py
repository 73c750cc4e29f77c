"""`accord pause`: the red switch. Nothing leaves for what is paused; everything is still received and decided."""

from __future__ import annotations

import json

import click

from service.cli import Invocation


@click.command()
@click.argument("what", required=False)
@click.option(
    "--list", "listing", is_flag=True, help="Change nothing: show what is paused and what waits for it."
)
@click.option("--json", "as_json", is_flag=True, help="With --list: as JSON.")
@click.pass_obj
def command(invocation: Invocation, what: str | None, listing: bool, as_json: bool) -> None:
    """Stop what leaves: for a connection, a project or a rule, or, without a name, for everything."""
    from service.cli._held import named, waits
    from service.cli._open import opened
    from service.red_switch import waiting
    from service.store.attention import pauses_now
    from service.store.switches import pause

    with opened(invocation) as process:
        now = process.context.now()
        if not listing:
            kind, name = named(process.context, what)
            with process.context.database.writing() as connection:
                pause(connection, kind, name, "cli", now)
                held = waiting(connection, kind, name)
            click.echo(f"paused: {kind if kind == 'everything' else f'{kind} {name}'}; {waits(held, now)}")
            return
        with process.context.database.reading() as connection:
            found = [(p, waiting(connection, p["kind"], p["id"])) for p in pauses_now(connection)]
    if as_json:
        shown = [{**p, "waiting": held.count, "oldest_at": held.oldest} for p, held in found]
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    for p, held in found:
        name = "everything" if p["kind"] == "everything" else f"{p['kind']} {p['id']}"
        click.echo(f"{name}: paused by {p['by'] or 'nobody known'} at {p['at']}; {waits(held, now)}")
    if not found:
        click.echo("nothing is paused")
