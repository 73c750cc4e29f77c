"""`accord backfill [CONNECTION] --since 90d`: read the past; it builds ledger and memory and sends nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from service.cli import FINDINGS, FINE, Invocation

if TYPE_CHECKING:
    from service.state import Context


@click.command()
@click.argument("connection", required=False)
@click.option("--since", default="90d", show_default=True, help="How far back: days (90d) or weeks (12w).")
@click.pass_obj
def command(invocation: Invocation, connection: str | None, since: str) -> int:
    """Read the past of a connection (of all, without a name): builds the record and sends nothing."""
    from functools import partial

    from connectors.base import ConnectorError
    from rules.facts.duration import BadDuration, Duration
    from service import jobs
    from service.cli._open import opened
    from service.flow import normalise, poll, tick

    try:
        length = Duration.parse(since)
    except BadDuration as problem:
        raise click.UsageError(str(problem)) from None
    days = {"d": 1, "w": 7}.get(length.unit)
    if days is None:
        raise click.UsageError("--since takes days (90d) or weeks (12w)")
    failed = 0
    with opened(invocation) as process:
        context = process.context
        tick.follow_files(context)
        jobs.decide_all(context)
        for name in _names(process.context, connection):
            take_in = partial(normalise.take_in, context, delivery=None, history=True)
            start = context.now() - timedelta(days=length.amount * days)
            try:
                total = poll.backfill(context, process.tools, take_in, name, start, _progress(name))
                jobs.decide_all(context)
                click.echo(f"{name}: {total} events since {start:%Y-%m-%d}; nothing was sent")
            except ConnectorError as problem:
                failed += 1
                click.echo(f"{name}: {problem}", err=True)
    return FINDINGS if failed else FINE


def _names(context: Context, wanted: str | None) -> list[str]:
    readable = [
        n for n in context.rulebook.workspace.connections if (k := context.connection(n)) and k[0].poll
    ]
    if wanted is None:
        return readable
    if wanted not in readable:
        raise click.UsageError(f"{wanted} cannot be read back; these can: {', '.join(readable) or 'none'}")
    return [wanted]


def _progress(name: str) -> Callable[[int], None]:
    def told(total: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{name}: {total} events", nl=False, err=True)

    return told
