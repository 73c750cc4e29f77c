"""What commands about a project's money share: the project by its key, who says it, and deciding it at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from service.cli import FINDINGS

if TYPE_CHECKING:
    from rules.facts.project import Project
    from service.process import Process

BY = click.option("--by", required=True, help="The person of the team who says so: a key of `people`.")
REASON = click.option("--reason", required=True, help="Why: it is kept with the record.")


class RefusedError(click.ClickException):
    """The record does not allow what was asked for."""

    exit_code = FINDINGS


def found(process: Process, id: str) -> Project:
    """The project of that key; wrong use names the nearest ones."""
    from rules.language.nearest import allowed_here

    projects = process.context.rulebook.workspace.projects
    if id not in projects:
        raise click.UsageError(f"There is no project {id!r}; {allowed_here(id, projects)}")
    return projects[id]


@contextmanager
def settled(process: Process) -> Iterator[None]:
    """What is said inside is decided when it is over, also where no worker runs; a refusal ends the command."""
    from service.flow import decide
    from service.flow.books import BooksError

    try:
        yield
    except BooksError as error:
        raise RefusedError(str(error)) from None
    decide.decide_waiting(process.context)
