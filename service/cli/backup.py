"""`accord backup FILE`: the record, the inbox and the key in one file, while everything runs."""

from __future__ import annotations

from pathlib import Path

import click

from service.cli import Invocation


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def command(invocation: Invocation, file: Path) -> None:
    """Write a backup of an SQLite record to FILE (.tar.gz), readable by you alone. Stops nothing.

    It holds no workspace files and no .env: those belong into your own backup.
    """
    from service import clock
    from service.store.backup import BackupError, make

    settings = invocation.settings()
    if not settings.database_url.startswith("sqlite"):
        raise click.UsageError(
            "the record is in PostgreSQL: back it up with pg_dump --format=custom, "
            "and SECRET_KEY and var/evidence-key with it"
        )
    if file.exists():
        raise click.UsageError(f"{file} exists; a backup never replaces another one")
    try:
        manifest = make(settings.var, file, clock.now())
    except (BackupError, OSError) as problem:
        raise click.ClickException(str(problem)) from None
    size = file.stat().st_size / 1_000_000
    click.echo(f"{file}: {size:.1f} MB, schema {manifest['schema']}, {', '.join(manifest['files'])}")
    if "secret-key" not in manifest["files"]:
        click.echo("SECRET_KEY comes from the environment and is not in it: keep it beside the backup")
