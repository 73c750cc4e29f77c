"""`accord period`: closing the books of a time, and opening them again, which takes two people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from service.cli import Invocation
from service.cli._books import BY, REASON, found, settled

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
            books.close_period(process.context, one, until, by)
            click.echo(f"{one.id}: closed up to {until}")


@command.command("reopen")
@click.argument("project")
@click.argument("period")
@BY
@REASON
@click.pass_obj
def reopen(invocation: Invocation, project: str, period: str, by: str, reason: str) -> None:
    """Open the books of PROJECT from the beginning of PERIOD on. The first person asks, a second one does it."""
    from service.cli._open import opened
    from service.flow import books

    with opened(invocation) as process:
        one = found(process, project)
        until = books.day_until(period, reopened=True)
        with settled(process):
            books.reopen_period(process.context, one, until, by, reason)
        with process.context.database.reading() as connection:
            kept = process.context.state(connection).book.get("period", one.id) or {}
    if kept.get("closed_until") == until:
        click.echo(f"{one.id}: open again, closed up to {until}")
    else:
        again = f"accord period reopen {one.id} {period} --by SOMEBODY --reason ..."
        click.echo(f"{one.id}: asked for; a second person of the team agrees with: {again}")


def _projects(process: Process, name: str) -> list[Project]:
    """One project, or all that have books."""
    if name != "all":
        return [found(process, name)]
    with process.context.database.reading() as connection:
        book = process.context.state(connection).book
        known = process.context.rulebook.workspace.projects.values()
        return [p for p in known if book.get("project", p.id) is not None]
