"""`accord replay EVENT...`: decide again. What fired before says `duplicate`; no effect is repeated."""

from __future__ import annotations

import click

from service.cli import FINDINGS, FINE, Invocation


@click.command()
@click.argument("things", metavar="EVENT_OR_DELIVERY...", nargs=-1, required=True)
@click.pass_obj
def command(invocation: Invocation, things: tuple[str, ...]) -> int:
    """Process events (evt_...) or deliveries (dlv_...) again; an effect already made is never repeated."""
    from service.cli._open import opened
    from service.replaying import replay

    missing = 0
    with opened(invocation) as process:
        for id in things:
            found = replay(process.context, id)
            missing += not found
            click.echo(f"{id}: {'in line again' if found else 'there is no such event or delivery'}")
        process.context.bells.ring("decide")
    return FINDINGS if missing else FINE
