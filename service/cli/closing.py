"""`accord closing`: how a project went, by numbers."""

from __future__ import annotations

import json
from decimal import Decimal

import click

from rules.facts.money import Money, format_money
from service.cli import FINE, Invocation


@click.command()
@click.argument("project")
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
@click.pass_obj
def command(invocation: Invocation, project: str, as_json: bool) -> int:
    """The scorecard of PROJECT and the figures of its retrospective; as of now until the project is closed."""
    from rules.engine.effects.closing import figures
    from rules.facts.codec import to_plain
    from service.cli._open import no_such_project, opened
    from service.store import attention

    with opened(invocation) as process:
        context = process.context
        known = context.rulebook.workspace.projects.get(project)
        if known is None:
            return no_such_project(project, context.rulebook.workspace.projects)
        with context.database.reading() as connection:
            kept = attention.record(connection, "closing", project)
            found = kept or figures(known, context.state(connection).book, context.rulebook.workspace)
    sides = {name: found[name] for name in ("scorecard", "retrospective", "team_pulse")}
    if as_json:
        click.echo(json.dumps(to_plain(sides), ensure_ascii=False, indent=2))
        return FINE
    click.echo(f"{project}: {'closed' if kept and kept['final'] else 'as of now'}")
    for side in (
        *sides["scorecard"].items(),
        *sides["retrospective"].items(),
        ("team_pulse", sides["team_pulse"]),
    ):
        click.echo(f"  {side[0]:<13}" + "  ".join(f"{k} {_shown(v)}" for k, v in side[1].items()))
    return FINE


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {figure}" for name, figure in value.items()) or "-"
    if isinstance(value, Money):
        return format_money(value)
    if isinstance(value, Decimal):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return "-" if value is None else str(value)
