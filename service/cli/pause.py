"""`accord pause`: the red switch. Nothing leaves for what is paused; everything is still received and decided."""

from __future__ import annotations

import click

from service.cli import Invocation


@click.command()
@click.argument("what", required=False)
@click.pass_obj
def command(invocation: Invocation, what: str | None) -> None:
    """Stop what leaves: for a connection, a project or a rule, or, without a name, for everything."""
    from service.cli._open import opened
    from service.red_switch import kind_of, waiting
    from service.store.switches import pause

    with opened(invocation) as process:
        kind, name = kind_of(process.context, what)
        with process.context.database.writing() as connection:
            pause(connection, kind, name, "cli", process.context.now())
            count = waiting(connection, kind, name)
    click.echo(f"paused: {kind if kind == 'everything' else f'{kind} {name}'}; {count} messages wait now")
