"""`accord init DIR`: a commented workspace to start from."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

from service.cli import FINDINGS, FINE

COPIED = {
    "accord.yaml": "accord.yaml",
    "rules/team.yaml": "rules/team.yaml",
    "env.example": ".env.example",
}
SCHEMAS = ("rules", "workspace", "scenarios")


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
def command(directory: Path) -> int:
    """Make a commented workspace in DIRECTORY; what is there already is never overwritten."""
    wanted = {target: files("service").joinpath("blank", source) for source, target in COPIED.items()}
    wanted |= {
        f"schema/{n}.schema.json": files("rules.language").joinpath(f"schema/{n}.schema.json")
        for n in SCHEMAS
    }
    if (directory / "accord.yaml").exists():
        click.echo(f"{directory / 'accord.yaml'} is there already; nothing was written", err=True)
        return FINDINGS
    for target, source in wanted.items():
        path = directory / target
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    for folder in ("texts", "scenarios"):
        (directory / folder).mkdir(exist_ok=True)
    ignore = directory / ".gitignore"
    if not ignore.exists():
        ignore.write_text(".env\nvar/\n", encoding="utf-8")
    click.echo(
        f"made {directory}; next: edit {directory / 'accord.yaml'}, then accord --home {directory} check"
    )
    return FINE
