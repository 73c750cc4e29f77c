"""`accord migrate`: bring the database to the schema of this version."""

from __future__ import annotations

import click

from service.cli import FINDINGS, FINE, Invocation


@click.command()
@click.option("--check", is_flag=True, help="Only say whether something is missing (exit code 1 if so).")
@click.pass_obj
def command(invocation: Invocation, check: bool) -> int:
    """Bring the database to the schema of this version; a copy of an SQLite file is kept before."""
    from service.store import schema
    from service.store.database import Database
    from service.store.migrate import upgrade

    settings = invocation.settings()
    database = Database(settings.database_url, settings.var)
    if check:
        found = schema.revision(database)
        click.echo(f"the database is at {found or 'no schema yet'}; this version needs {schema.HEAD}")
        return FINE if found == schema.HEAD else FINDINGS
    moved = upgrade(database)
    click.echo(f"migrated: {' -> '.join(moved)}" if moved else f"nothing to do: at {schema.HEAD}")
    return FINE
