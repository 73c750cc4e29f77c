"""`accord backtest`: what edited rules would have said to whom, before anyone merges the edit; nothing is sent."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from service.cli import FINDINGS, FINE, Invocation
from service.cli._jobs import jobs_option

if TYPE_CHECKING:
    from rules.backtest import Change, Message, Outcome
    from rules.facts.event import Event
    from rules.facts.project import Workspace

_DAYS: Final = re.compile(r"([1-9][0-9]{0,3})d")
MOST_SHOWN: Final = 50
MOST_LINES: Final = 12


@click.command()
@click.option(
    "--rules", "new", help="The edited rules: a workspace or a file of rules [default: those in force]."
)
@click.option(
    "--against", "old", help="What they are held against: the same, or a version [default: those in force]."
)
@click.option("--since", default="30d", show_default=True, help="The window, in days back from now.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="markdown fits a pull request.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@jobs_option
@click.pass_obj
def command(
    invocation: Invocation, new: str | None, old: str | None, since: str, form: str, as_json: bool, jobs: int
) -> int:
    """Replay the stored journal through two sets of rules, and list the messages that come, go or change.

    Exit code 1 when anything differs.
    """
    from service.backtesting import backtest, rules_of
    from service.cli._open import opened
    from service.rulebook import BrokenFiles

    window = _DAYS.fullmatch(since)
    if window is None:
        raise click.BadParameter("write a number of days, such as 30d", param_hint="--since")
    with opened(invocation) as process, process.context.database.reading() as connection:
        context = process.context
        try:
            rules = rules_of(context, old), rules_of(context, new)
        except BrokenFiles as broken:
            raise click.ClickException("\n".join(map(str, broken.problems))) from None
        begin = context.now() - timedelta(days=int(window[1]))
        outcome = backtest(context, connection, rules, begin, shown=_progress, jobs=jobs)
        workspace = context.rulebook.workspace
    if as_json or form == "json":
        click.echo(json.dumps(plain(outcome), ensure_ascii=False, indent=2))
    else:
        lines = _markdown(outcome, workspace) if form == "markdown" else _text(outcome, workspace)
        click.echo("\n".join(lines))
    return FINDINGS if outcome.changes else FINE


def _progress(steps: Iterator[Event], count: int) -> Iterator[Event]:
    """A bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield from steps
        return
    with click.progressbar(length=max(count, 1), label="replaying", file=sys.stderr) as bar:
        for number, step in enumerate(steps, start=1):
            if number % 100 == 0:
                bar.update(100)
            yield step


def plain(outcome: Outcome) -> dict[str, Any]:
    """The outcome as JSON has it."""
    return {
        "events": outcome.events,
        "since": outcome.since.isoformat(),
        "until": outcome.until.isoformat(),
        "same": outcome.same,
        "changes": [
            {"change": c.kind, "old": _fields(c.old), "new": _fields(c.new), "difference": c.difference}
            for c in outcome.changes
        ],
        "unasked": {name: list(told) for name, told in outcome.unasked.items()},
        "broken_texts": {name: list(told) for name, told in outcome.broken.items()},
    }


def _fields(message: Message | None) -> dict[str, Any] | None:
    if message is None:
        return None
    return {n: getattr(message, n) for n in message.__slots__ if n != "at"} | {"at": message.at.isoformat()}


def _counts(outcome: Outcome, workspace: Workspace) -> Iterator[tuple[str, int, int, int]]:
    for client, changes in outcome.by_client().items():
        kinds = [c.kind for c in changes]
        known = workspace.clients.get(client or "")
        name = known.name if known else client or "(no client)"
        yield name, kinds.count("added"), kinds.count("removed"), kinds.count("changed")


def _head(outcome: Outcome) -> str:
    return (
        f"{outcome.events:,} events replayed; {outcome.since:%Y-%m-%d} to {outcome.until:%Y-%m-%d}: "
        f"{len(outcome.changes)} messages differ, {outcome.same} are the same"
    )


def _text(outcome: Outcome, workspace: Workspace) -> Iterator[str]:
    yield _head(outcome)
    for name, added, removed, changed in _counts(outcome, workspace):
        yield f"  {name}: {added} added, {removed} removed, {changed} changed"
    for change in outcome.changes[:MOST_SHOWN]:
        yield ""
        yield _sentence(change)
        yield from (f"    {line}" for line in change.difference[:MOST_LINES])
    yield from _rest(outcome)


def _markdown(outcome: Outcome, workspace: Workspace) -> Iterator[str]:
    yield f"**Backtest.** {_head(outcome)}."
    if outcome.changes:
        yield from ("", "| client | added | removed | changed |", "|---|---:|---:|---:|")
    for name, added, removed, changed in _counts(outcome, workspace):
        yield f"| {name} | {added} | {removed} | {changed} |"
    for change in outcome.changes[:MOST_SHOWN]:
        yield from ("", f"<details><summary>{_escaped(_sentence(change))}</summary>", "", "~~~diff")
        yield from (line.replace("~~~", "~ ~ ~") for line in change.difference[:MOST_LINES])
        yield from ("~~~", "</details>")
    yield from _rest(outcome)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _sentence(change: Change) -> str:
    one = change.message
    reader = "client" if one.client_facing else "team"
    how = " (waits for release)" if one.waits else " (to the lead only, marked TEST)" if one.observed else ""
    return (
        f"{change.kind}: {one.at:%Y-%m-%d %H:%M} UTC, {one.rule}, {one.kind} to {one.to} ({reader}){how}: "
        f"{one.subject}"
    )


def _rest(outcome: Outcome) -> Iterator[str]:
    hidden = len(outcome.changes) - MOST_SHOWN
    if hidden > 0:
        yield from ("", f"and {hidden} more; --json has all of them")
    for run, told in outcome.unasked.items():
        if told:
            yield from ("", f"{len(told)} decisions on record were never asked for by the {run} rules:")
            yield from (f"  {line}" for line in told[:MOST_LINES])
    for run, told in outcome.broken.items():
        yield from (f"{run} rules: {line}" for line in told[:MOST_LINES])
