"""`accord survey`: asks the client or the team how it goes."""

from __future__ import annotations

import click

from service.cli import FINE, Invocation


@click.group()
def command() -> None:
    """Ask how it goes."""


@command.command()
@click.argument("project")
@click.option(
    "--kind", type=click.Choice(["pulse", "closing"]), default="pulse", help="One score, or CSAT and NPS."
)
@click.option("--team", is_flag=True, help="Ask the team instead of the client.")
@click.pass_obj
def send(invocation: Invocation, project: str, kind: str, team: bool) -> int:
    """Ask everybody of PROJECT who is to be asked, each at most once a day; a rule on survey.sent mails the link."""
    from service.cli._open import no_such_project, opened
    from service.flow import conduct

    with opened(invocation) as process:
        context = process.context
        known = context.rulebook.workspace.projects.get(project)
        if known is None:
            return no_such_project(project, context.rulebook.workspace.projects)
        kind = "pulse" if team else kind
        count = conduct.send_surveys(context, known, kind, "team" if team else "client", "")
    click.echo(f"{project}: {count} {'person' if count == 1 else 'people'} asked")
    return FINE
