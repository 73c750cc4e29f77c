"""`accord redrive ACTION...`: try dead letters again after the mend."""

from __future__ import annotations

import click

from service.cli import FINDINGS, FINE, Invocation


@click.command()
@click.argument("actions", nargs=-1)
@click.option("--dead", "everything", is_flag=True, help="All dead letters: actions and follow-up reads.")
@click.pass_obj
def command(invocation: Invocation, actions: tuple[str, ...], everything: bool) -> int:
    """Try actions (act_...) or reads (rd_...) that were given up again, from the first try."""
    from service.cli._open import opened
    from service.store import actions as kept
    from service.store import deliveries

    if not actions and not everything:
        raise click.UsageError("name the actions, or give --dead for all")
    missed = 0
    with opened(invocation) as process:
        context = process.context
        with context.database.writing() as connection:
            ids = list(actions)
            if everything:
                ids += kept.dead(connection) + [r["id"] for r in deliveries.dead_reads(connection)]
            for id in ids:
                again = deliveries.redrive_read if id.startswith("rd_") else kept.redrive
                done = again(connection, id, context.now())
                missed += not done
                click.echo(f"{id}: {'on its way again' if done else 'is not a dead letter'}")
        context.bells.ring("deliver")
    if not ids:
        click.echo("there are no dead letters")
    return FINDINGS if missed else FINE
