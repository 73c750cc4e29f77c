"""`accord docs`: write the pages that are made from code."""

from __future__ import annotations

from pathlib import Path

import click

from service.cli import FINDINGS, FINE, accord


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when a page differs.")
@click.option(
    "--to", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path("docs"), help="Where."
)
@click.pass_context
def command(ctx: click.Context, check: bool, folder: Path) -> int:
    """Write docs/facts.md, docs/words.md, docs/connectors.md and docs/commands.md from the code."""
    from connectors import registry
    from service.documentation import pages

    names = accord.list_commands(ctx)
    commands = {n: c for n in names if (c := accord.get_command(ctx, n)) is not None}
    differing = []
    for name, text in pages(registry.everything(), commands).items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            differing.append(name)
            if not check:
                path.write_text(text, encoding="utf-8")
    for name in differing:
        click.echo(f"{name}: {'differs; run `make docs`' if check else 'written'}")
    return FINDINGS if check and differing else FINE
