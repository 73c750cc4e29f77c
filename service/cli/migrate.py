"""`accord migrate`: bring the database to the schema of this version."""

from __future__ import annotations

import click

from service.cli import FINDINGS, FINE, Invocation


@click.command()
@click.option(
    "--check", is_flag=True, help="Change nothing: say what is missing (exit code 1 if something is)."
)
@click.option(
    "--backed-up", is_flag=True, help="You have a copy of the database: make none before the change."
)
@click.pass_obj
def command(invocation: Invocation, check: bool, backed_up: bool) -> int:
    """Bring the database to the schema of this version. A copy is made before anything is changed: of SQLite beside its
    file, of PostgreSQL by pg_dump into var/; where pg_dump is not to be had it refuses without --backed-up.
    """
    from service.cli._starting import starting
    from service.store import schema
    from service.store.database import Database
    from service.store.migrate import pending, upgrade

    settings = invocation.settings(role="cli")
    database = Database(settings.database_url, settings.var)
    with starting():
        if not check:
            moved = upgrade(database, backed_up=backed_up)
            click.echo(
                f"migrated: {' -> '.join(moved)}"
                if moved
                else f"nothing to do: at {schema.revision(database)}"
            )
            return FINE
        steps, found = pending(database), schema.revision(database)
    if not steps:
        click.echo(f"up to date: at {found}")
        return FINE
    click.echo(
        f"the database is {f'at {found}' if found else 'empty'}; this version needs {schema.HEAD}. Missing:"
    )
    for step in steps:
        click.echo(f"  {step.revision}  {step.says}")
    return FINDINGS
