"""`accord schema`: the JSON Schemas that editors complete and check with."""

from __future__ import annotations

from importlib.resources import files

import click


@click.command()
@click.argument("name", type=click.Choice(["rules", "workspace", "scenarios"]))
def command(name: str) -> None:
    """Print the JSON Schema of rules, workspace or scenarios."""
    click.echo(
        files("rules.language").joinpath(f"schema/{name}.schema.json").read_text(encoding="utf-8"), nl=False
    )
