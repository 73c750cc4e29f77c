"""What commands about a project's money share: the project by its key, who says it, and deciding it at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from service.cli import FINDINGS

if TYPE_CHECKING:
    from rules.facts.project import Project
    from service.flow.books import BooksError, Speaker
    from service.process import Process

BY = click.option(
    "--by",
    required=True,
    help="In whose name: a key of `people`. It is recorded as declared by the system account that runs this.",
)
REASON = click.option("--reason", required=True, help="Why: it is kept with the record.")


class RefusedError(click.ClickException):
    """The record does not allow what was asked for."""

    exit_code = FINDINGS


def refused(error: BooksError) -> RefusedError:
    """The refusal in words."""
    from service.web.wording import wording_for

    return RefusedError(wording_for("en").t(f"books.wrong.{error.code}", **error.values))


def found(process: Process, id: str) -> Project:
    """The project of that key; wrong use names the nearest ones."""
    from rules.language.nearest import allowed_here

    projects = process.context.rulebook.workspace.projects
    if id not in projects:
        raise click.UsageError(f"There is no project {id!r}; {allowed_here(id, projects)}")
    return projects[id]


def speaker(by: str) -> Speaker:
    """Who speaks: the person declared, and the account of this machine that declares it, since nobody checks more."""
    import getpass
    import os

    from service.flow.books import Speaker

    try:
        account = getpass.getuser()
    except (KeyError, OSError):
        account = f"uid {os.getuid()}"
    return Speaker(by, account)


def who_decides(process: Process, project: Project, about: str) -> Iterator[str]:
    """Where the second person decides on what was just asked for."""
    from service.flow import books

    asked = books.open_question(process.context, project, about)
    if asked is None:
        return
    settings = process.context.settings
    yield f"  who may agree: {', '.join(asked['asked'])}, signed in, never {asked['requested_by']}"
    yield f"  {settings.public_url or settings.local_url}/approvals/{asked['id']}"


@contextmanager
def settled(process: Process) -> Iterator[None]:
    """What is said inside is decided when it is over, also where no worker runs; a refusal ends the command."""
    from service.flow import decide
    from service.flow.books import BooksError

    try:
        yield
    except BooksError as error:
        raise refused(error) from None
    decide.decide_waiting(process.context)
