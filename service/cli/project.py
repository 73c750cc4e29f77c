"""`accord project`: where a project stands, and asking for what a second person or an approval settles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from service.cli import FINDINGS, FINE, Invocation
from service.cli._books import BY, REASON, RefusedError, found, settled, speaker, who_decides
from service.cli._figures import budget_lines, earned_lines, kpi_lines, retainer_lines, workload_lines

if TYPE_CHECKING:
    from rules.facts.project import Project
    from service.state import Figures


@click.group()
def command() -> None:
    """Show a project's figures, begin one, rebase it, draw on its reserve, accept a questioned entry."""


@command.command("show")
@click.argument("project")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def show(invocation: Invocation, project: str, as_json: bool) -> None:
    """Where PROJECT stands: budget, forecast, earned value, retainer with its periods, KPIs, hours of two weeks."""
    from service.cli._open import opened
    from service.web.api.shapes import figures_shown

    with opened(invocation) as process:
        one = found(process, project)
        with process.context.database.reading() as connection:
            figures = process.context.figures(connection, one.id)
    if as_json:
        click.echo(json.dumps(figures_shown(figures), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(_lines(one, figures)))


@command.command("new")
@click.argument("project")
@click.option("--from", "template", required=True, help="A file of templates/, without .yaml.")
@click.option("--client", help="Its client, by key; else the template's.")
@click.option("--name", help="Its name for people; else the template's.")
@click.pass_obj
def new(invocation: Invocation, project: str, template: str, client: str | None, name: str | None) -> int:
    """Write projects/PROJECT.yaml from a template, and check it. It begins as the template says, best as a draft."""
    from connectors import registry
    from service.cli import _templates
    from service.workspace import inspect

    home = invocation.settings().home
    there = _templates.named(home / "templates")
    if template not in there:
        raise RefusedError(f"there is no template {template}; templates/ has {', '.join(there) or 'none'}")
    target = home / "projects" / f"{project}.yaml"
    known, _ = inspect(home, registry.everything(), unset="warning")
    if target.exists() or (known and project in known.workspace.projects):
        raise RefusedError(f"there is a project {project} already")
    source = home / "templates" / f"{template}.yaml"
    said = {word: value for word, value in (("client", client), ("name", name)) if value}
    try:
        text = _templates.filled(
            source.read_text(encoding="utf-8"), f"templates/{source.name}", project, said
        )
    except (_templates.BadTemplate, UnicodeDecodeError) as error:
        raise RefusedError(str(error)) from None
    target.parent.mkdir(exist_ok=True)
    target.write_text(text, encoding="utf-8")
    _, problems = inspect(home, registry.everything(), unset="warning")
    mine = [p for p in problems if p.at.path == f"projects/{target.name}"]
    click.echo("\n".join([f"made {target}", *map(str, mine)]))
    return FINDINGS if any(p.severity == "error" for p in mine) else FINE


@command.command("rebase")
@click.argument("project")
@BY
@REASON
@click.pass_obj
def rebase(invocation: Invocation, project: str, by: str, reason: str) -> None:
    """Ask to set the baseline of PROJECT to what its file says; a second person agrees in the console."""
    from rules.engine.effects.rebasing import differences
    from service.cli._open import opened
    from service.flow import books

    with opened(invocation) as process:
        one = found(process, project)
        with process.context.database.reading() as connection:
            differing = differences(one, process.context.state(connection).book)
        with settled(process):
            books.rebase(process.context, one, speaker(by), reason)
        for name, (kept, said) in differing.items():
            click.echo(
                f"  {name}: {kept if kept is not None else '-'} -> {said if said is not None else '-'}"
            )
        click.echo(
            f"{one.id}: asked for, in the name of {by}; the baseline moves when a second person agrees"
        )
        for line in who_decides(process, one, "rebase"):
            click.echo(line)


@command.command("accept")
@click.argument("project")
@click.argument("entry")
@BY
@click.pass_obj
def accept(invocation: Invocation, project: str, entry: str, by: str) -> None:
    """Say that a questioned ENTRY of the ledger (an absurd amount, a far date) is meant as it stands: it counts."""
    from service.cli._open import opened
    from service.flow import books

    with opened(invocation) as process, settled(process):
        books.accept(process.context, found(process, project), entry, speaker(by))
    click.echo(f"{entry}: counts from now on")


@command.command("draw")
@click.argument("project")
@click.argument("amount")
@click.option("--risk", help="The id of the risk that it is for.")
@BY
@REASON
@click.pass_obj
def draw(invocation: Invocation, project: str, amount: str, risk: str | None, by: str, reason: str) -> None:
    """Ask to draw AMOUNT, such as "1500 USD", on the reserve of PROJECT; a second person agrees in the console."""
    from rules.facts.money import BadNumber, Money, UnknownCurrency
    from service.cli._open import opened
    from service.flow import books

    try:
        wanted = Money.parse(amount)
    except (BadNumber, UnknownCurrency) as error:
        raise RefusedError(str(error)) from None
    with opened(invocation) as process:
        one = found(process, project)
        with settled(process):
            id = books.draw(process.context, one, wanted, speaker(by), reason, risk)
        click.echo(f"{id}: asked for, in the name of {by}; it is drawn when it is agreed to")
        for line in who_decides(process, one, "reserve"):
            click.echo(line)


def _lines(project: Project, figures: Figures) -> Iterator[str]:
    yield f"{project.name} ({project.id}), {figures.status}, {figures.mode}"
    if figures.budget is None:
        yield "  not activated yet: there is no baseline"
        return
    yield from budget_lines(figures.budget, figures.forecast or {})
    yield from earned_lines(figures.earned)
    yield from retainer_lines(figures.retainer, figures.periods, figures.agreed)
    yield from kpi_lines(figures.kpis)
    yield from workload_lines(figures.workload)
    if figures.closed_until:
        yield f"books       closed up to {figures.closed_until}"
