"""`accord restore FILE`: a backup becomes the record, paused, and nothing of before is sent twice."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from service.cli import Invocation

if TYPE_CHECKING:
    from service.settings import Settings

BESIDE = ("-wal", "-shm")


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.pass_obj
def command(invocation: Invocation, file: Path | None) -> None:
    """Put a backup in the place of the record; what was there is kept beside it. Stop the service first.

    Without FILE the record is left as it is and only marked as restored: after pg_restore, or files put back by hand.
    What may have been sent since the backup is not sent again by itself: targets that can tell are asked, and for the
    rest a person decides. Everything stays paused until `accord resume`.
    """
    from service import clock
    from service.store.backup import BackupError, mark_restored
    from service.store.database import Database
    from service.store.migrate import upgrade

    settings = invocation.settings()
    if file is not None and not settings.database_url.startswith("sqlite"):
        raise click.UsageError(
            "the record is in PostgreSQL: pg_restore it, then run `accord restore` without a file"
        )
    now = clock.now()
    with _stopped(settings):
        try:
            kept = _replace(settings, file, now) if file is not None else None
        except BackupError as problem:
            raise click.ClickException(str(problem)) from None
        database = Database(settings.database_url, settings.var)
        upgrade(database)
        with database.writing() as connection:
            mark_restored(connection, now)
        database.close()
    if kept is not None:
        click.echo(f"what was there before is in {kept}")
    click.echo("restored, and everything is paused: nothing leaves before `accord resume`")
    click.echo(
        "next: start the service, `accord backfill CONNECTION --since ...`, look at what waits, then resume"
    )


@contextmanager
def _stopped(settings: Settings) -> Iterator[None]:
    """Refuses while `accord up` runs here, and keeps it from starting meanwhile."""
    settings.var.mkdir(parents=True, exist_ok=True)
    with (settings.var / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise click.UsageError("the service runs over this workspace; stop it first") from None
        yield


def _replace(settings: Settings, file: Path, now: datetime) -> Path | None:
    """Check the whole backup, then put its files in place; the folder with what stood there."""
    from service.store.backup import FILES, unpack

    with TemporaryDirectory(dir=settings.var) as place:
        folder = Path(place)
        unpack(file, folder)
        aside = settings.var / f"before-restore-{now:%Y%m%dT%H%M%SZ}"
        for name in FILES:
            for found in (settings.var / name, *(settings.var / f"{name}{end}" for end in BESIDE)):
                if found.exists() and (folder / name).exists():
                    aside.mkdir(mode=0o700, exist_ok=True)
                    found.replace(aside / found.name)
            if (folder / name).exists():
                (folder / name).replace(settings.var / name)
    return aside if aside.exists() else None
