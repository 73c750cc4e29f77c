"""`accord resume`: end a pause."""

from __future__ import annotations

import click

from service.cli import FINDINGS, FINE, Invocation


@click.command()
@click.argument("what", required=False)
@click.pass_obj
def command(invocation: Invocation, what: str | None) -> int:
    """Let what was paused leave again; what waited goes out at once."""
    from service.cli._held import named, waits
    from service.cli._open import opened
    from service.red_switch import waiting
    from service.store.switches import resume

    with opened(invocation) as process:
        kind, name = named(process.context, what)
        with process.context.database.writing() as connection:
            was = resume(connection, kind, name)
            held = waiting(connection, kind, name)
        process.context.bells.ring("deliver")
        said = waits(held, process.context.now())
    shown = kind if kind == "everything" else f"{kind} {name}"
    click.echo(f"resumed: {shown}; {said} and may leave now" if was else f"{shown} was not paused")
    return FINE if was else FINDINGS
