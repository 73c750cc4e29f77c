"""`accord redrive ACTION...`: try dead letters again after the mend."""

from __future__ import annotations

import click

from service.cli import FINDINGS, FINE, Invocation

MOST = 100_000


@click.command()
@click.argument("actions", nargs=-1)
@click.option("--dead", "everything", is_flag=True, help="All dead letters: actions and follow-up reads.")
@click.option("--connection", help="Those of this connection.")
@click.option("--project", help="Those of this project.")
@click.option("--rule", help="Those that this rule planned.")
@click.option("--reason", help="Those with this in their reason, such as 503.")
@click.option("--dry-run", is_flag=True, help="Only list which would be tried again.")
@click.pass_obj
def command(
    invocation: Invocation,
    /,
    actions: tuple[str, ...],
    everything: bool,
    dry_run: bool,
    **which: str | None,
) -> int:
    """Try actions (act_...) or reads (rd_...) that were given up again, from the first try. Options narrow together."""
    from service.cli._open import opened
    from service.flow import settle
    from service.store.letters import Dead

    narrowed = any(which.values())
    if not actions and not everything and not narrowed:
        raise click.UsageError(
            "name the actions, or say which: --connection, --project, --rule, --reason, --dead"
        )
    with opened(invocation) as process:
        ids = list(actions)
        if everything or narrowed:
            with process.context.database.reading() as connection:
                ids += settle.dead_letters(connection, Dead(**which), MOST)
        done = set() if dry_run else set(settle.redrive(process.context, ids, "cli"))
    for id in ids:
        said = (
            "would be tried again"
            if dry_run
            else "on its way again"
            if id in done
            else "is not a dead letter"
        )
        click.echo(f"{id}: {said}")
    if not ids:
        click.echo("there are no dead letters" if everything else "no dead letter fits")
    return FINDINGS if len(done) < len(ids) and not dry_run else FINE
