"""`accord report`: the report on a project as a client or the team would get it now, or one that was sent before."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.cli import FINDINGS, FINE, Invocation

if TYPE_CHECKING:
    from rules.facts.event import Record
    from rules.facts.project import Project
    from service.state import Context


@click.command()
@click.argument("project")
@click.option(
    "--period",
    type=click.Choice(["week", "month", "quarter", "closing"]),
    default="week",
    help="The days it is about; closing: since the beginning.",
)
@click.option(
    "--view",
    type=click.Choice(["client", "team"]),
    default="client",
    help="client: without cost on a fixed price, rates and internal notes.",
)
@click.option("--format", "form", type=click.Choice(["text", "html", "xlsx"]), default="text")
@click.option("--locale", help="en or zh-CN; by default the client's, for the team's view the team's.")
@click.option("--id", "sent", help="A report that was made before (rep_...), with the figures of then.")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="A file to write it to."
)
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
@click.pass_obj
def command(invocation: Invocation, /, project: str, output: Path | None, **asked: Any) -> int:
    """Print the report on PROJECT as text, HTML or XLSX. Nothing is sent."""
    from service.cli._open import opened

    with opened(invocation) as process:
        known = _project(process.context, project)
        made = _report(process.context, known, asked)
        if isinstance(made, str):
            click.echo(made, err=True)
            return FINDINGS
        spoken = asked["locale"] or _locale(process.context, known, made["view"])
    content = _json(made) if asked["as_json"] else _content(made, spoken, asked["form"])
    _write(content, output or _own_file(made, asked["form"], as_json=asked["as_json"]))
    return FINE


def _project(context: Context, id: str) -> Project:
    from rules.language.nearest import allowed_here

    known = context.rulebook.workspace.projects
    if id not in known:
        hint = allowed_here(id, known, "projects")
        raise click.BadParameter(f"there is no project {id}; {hint}", param_hint="PROJECT")
    return known[id]


def _report(context: Context, project: Project, asked: Mapping[str, Any]) -> Record | str:
    """The report of now, or the one on record; a sentence where there is none."""
    sent: str | None = asked["sent"]
    with context.database.reading() as connection:
        if sent is None:
            try:
                return context.report(connection, project.id, asked["period"], asked["view"])
            except ValueError as problem:
                return str(problem)
        found = context.state(connection).book.get("report", sent)
    if found is None or found["project"] != project.id:
        return f"there is no report {sent} of {project.id} on record"
    return found


def _locale(context: Context, project: Project, view: str) -> str:
    workspace = context.rulebook.workspace
    return workspace.clients[project.client].locale if view == "client" else workspace.locale


def _content(made: Record, locale: str, form: str) -> bytes:
    from service.reports.report import mail_of, sheet_of

    zone = made["_figures"]["zone"]
    if form == "xlsx":
        return sheet_of(made, locale, zone).content
    mail = mail_of(made, locale, zone)
    return (mail.html if form == "html" and mail.html else mail.body).encode()


def _json(made: Record) -> bytes:
    from rules.facts.codec import to_plain, write_json

    shown = {"figures" if k == "_figures" else k: v for k, v in made.items()}
    return write_json(to_plain(shown)).encode() + b"\n"


def _own_file(made: Record, form: str, *, as_json: bool) -> Path | None:
    """A sheet is nothing to look at on a terminal: there it becomes a file of its own."""
    if form != "xlsx" or as_json or not sys.stdout.isatty():
        return None
    return Path(f"{made['project']}-{made['period']}-{made['ends_on'].isoformat()}.xlsx")


def _write(content: bytes, output: Path | None) -> None:
    if output is None:
        click.echo(content, nl=False)
        return
    output.write_bytes(content)
    click.echo(f"written to {output}", err=True)
