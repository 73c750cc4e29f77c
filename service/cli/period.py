"""`accord period`: closing the books of a time, and asking to open them again, which takes a second person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from service.cli import Invocation
from service.cli._books import BY, REASON, found, settled, speaker, who_decides

if TYPE_CHECKING:
    from rules.facts.project import Project
    from service.process import Process


@click.group()
def command() -> None:
    """Close the books of a time, so that what changes in it is adjusted in the open one, or open them again."""


@command.command("close")
@click.argument("project")
@click.argument("period")
@BY
@click.pass_obj
def close(invocation: Invocation, project: str, period: str, by: str) -> None:
    """Close the books of PROJECT, or of `all`, up to the end of PERIOD: 2026-09, 2026-Q3 or a date."""
    from service.cli._open import opened
    from service.flow import books

    with opened(invocation) as process, settled(process):
        until = books.day_until(period)
        for one in _projects(process, project):
            books.close_period(process.context, one, until, speaker(by))
            click.echo(f"{one.id}: closed up to {until}")


@command.command("reopen")
@click.argument("project")
@click.argument("period")
@BY
@REASON
@click.pass_obj
def reopen(invocation: Invocation, project: str, period: str, by: str, reason: str) -> None:
    """Ask to open the books of PROJECT from the beginning of PERIOD on; a second person agrees in the console."""
    from service.cli._open import opened
    from service.flow import books

    with opened(invocation) as process:
        one = found(process, project)
        with settled(process):
            until = books.day_until(period, reopened=True)
            books.reopen_period(process.context, one, until, speaker(by), reason)
        click.echo(f"{one.id}: asked for, in the name of {by}; the books open when a second person agrees")
        for line in who_decides(process, one, "reopening"):
            click.echo(line)


def _projects(process: Process, name: str) -> list[Project]:
    """One project, or all that have books."""
    if name != "all":
        return [found(process, name)]
    with process.context.database.reading() as connection:
        book = process.context.state(connection).book
        known = process.context.rulebook.workspace.projects.values()
        return [p for p in known if book.get("project", p.id) is not None]
