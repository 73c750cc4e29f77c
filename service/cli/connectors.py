"""`accord connectors`: what Accord can talk to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from connectors.base import Connector


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(as_json: bool) -> None:
    """List the connectors: what each receives, what it can do, and the settings it takes."""
    from connectors import registry

    found = registry.everything().values()
    if as_json:
        click.echo(json.dumps([_described(c) for c in found], indent=2, ensure_ascii=False))
        return
    for one in found:
        click.echo(f"{one.name:<10} {one.title}")
        click.echo(f"{'':<10} in:  {', '.join(sorted(one.events)) or '-'}")
        click.echo(f"{'':<10} out: {', '.join(sorted(one.operations)) or '-'}")


def _described(connector: Connector) -> dict[str, object]:
    return {
        "name": connector.name,
        "title": connector.title,
        "events": sorted(connector.events),
        "operations": {kind: outward.once for kind, outward in sorted(connector.operations.items())},
        "receives": connector.normalise is not None,
        "polls": connector.poll is not None,
        "settings": [{"name": s.name, "help": s.help, "required": s.required} for s in connector.settings],
    }
