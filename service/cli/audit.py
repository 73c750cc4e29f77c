"""`accord audit`: looks through a project's ledger, hands out its evidence in one file, and checks such a file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rules.facts.event import Record
from rules.facts.money import format_money
from service.cli import FINDINGS, FINE, WRONG_USE, Invocation

if TYPE_CHECKING:
    from service.bundle import Checked

_HASH = 64


@click.group()
def command() -> None:
    """Look through ledgers; hand out what was agreed and sent, so that others can check it."""


@command.command()
@click.argument("project")
@click.option("--period", help="2026-Q3, 2026-09 or 2026; by default the present quarter.")
@click.option("--json", "as_json", is_flag=True, help="The result as JSON.")
@click.pass_obj
def run(invocation: Invocation, project: str, period: str | None, as_json: bool) -> int:
    """Look through a period of PROJECT now: receipts, duplicates, splits, edits after the close, lines overspent.

    The exit code is 1 while findings are open.
    """
    from rules.facts.audit import BadPeriod
    from rules.facts.codec import to_plain
    from service.cli._open import no_such_project, opened
    from service.flow import conduct, decide
    from service.store import attention, records

    with opened(invocation) as process:
        context = process.context
        known = context.rulebook.workspace.projects.get(project)
        if known is None:
            return no_such_project(project, context.rulebook.workspace.projects)
        try:
            looked_at = conduct.run_audit(context, known, period, "")
        except BadPeriod as problem:
            click.echo(str(problem), err=True)
            return WRONG_USE
        decide.decide_waiting(context)
        with context.database.reading() as connection:
            found = next(
                (a for a in attention.records_of(connection, "audit", [project]) if a["period"] == looked_at),
                None,
            )
            opened_ones = records.page(connection, "finding", project=project, status="open", limit=200)
    if as_json:
        plain = [{k: v for k, v in f.items() if not k.startswith("_")} for f in opened_ones]
        shown = to_plain({"audit": found, "findings": plain})
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return FINDINGS if opened_ones else FINE
    if found is None:
        click.echo(
            f"the audit of {project} for {looked_at} waits to be decided: is a worker at it?", err=True
        )
        return FINDINGS
    click.echo(f"{project} {looked_at}: {found['checked']} entries looked at, {found['opened']} new findings")
    for finding in opened_ones:
        click.echo("  " + _line(finding))
    return FINDINGS if opened_ones else FINE


def _line(finding: Record) -> str:
    """A finding with its paper, sum, and who looks at it by when."""
    said = [finding["kind"], finding.get("paper"), finding.get("paid_to"), finding.get("line")]
    said.append(format_money(finding["sum"]) if finding.get("sum") else None)
    said.append(f"{finding['owner']} by {finding['due']}")
    return "  ".join(str(word) for word in said if word)


@command.command()
@click.argument("project")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def export(invocation: Invocation, project: str, file: Path) -> None:
    """Write the evidence of PROJECT to FILE (.zip): its chain, each decision with its exact text, what was sent.

    It is signed with the key in var/evidence-key and holds names and addresses: hand it to those it concerns.
    """
    from service import bundle, clock, signing
    from service.cli._books import found
    from service.cli._open import opened
    from service.store import evidence

    if file.exists():
        raise click.UsageError(f"{file} exists; evidence never replaces another file")
    with opened(invocation) as process:
        one = found(process, project)
        with process.context.database.reading() as connection:
            links = evidence.chain_of(connection, one.id)
            sent = evidence.sent_to_client(connection, one.id)
        key = signing.own_key(process.context.settings.var)
    try:
        content = bundle.make(one.id, links, sent, key, clock.now())
        with open(file, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as whole:
            whole.write(content)
    except (bundle.BadBundle, OSError) as problem:
        raise click.ClickException(str(problem)) from None
    _print(bundle.check(content))
    click.echo(f"written to {file}; anybody with Accord checks it with: accord audit verify {file.name}")


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--key", help="The fingerprint of the key, as a confirmation or report of yours names it.")
@click.option("--head", help="A head of the chain, as a confirmation or report of yours names it.")
def verify(file: Path, key: str | None, head: str | None) -> int:
    """Check FILE, evidence that somebody exported, from the file alone: no workspace, no network.

    The exit code is 1 when anything in it was changed. What cannot be told without --key and --head is said.
    """
    from service import bundle

    for name, given in (("--key", key), ("--head", head)):
        if given is not None and (len(given) != _HASH or set(given) - set("0123456789abcdef")):
            raise click.UsageError(f"{name}: give the {_HASH} hex digits, in lower case")
    try:
        with file.open("rb") as whole:
            checked = bundle.check(whole.read(bundle.LARGEST + 1), key, head)
    except bundle.BadBundle as problem:
        click.echo(f"{file} is no evidence that can be checked: {problem}", err=True)
        return FINDINGS
    _print(checked)
    for change in checked.problems:
        click.echo(f"changed: {change}", err=True)
    if checked.problems:
        return FINDINGS
    click.echo("what it holds is what was signed, and its chain fits link by link")
    click.echo("\n".join(_not_excluded(checked, key, head)))
    return FINE


def _print(checked: Checked) -> None:
    click.echo(
        f"{checked.project}: {checked.length} records, {checked.decisions} decisions, {checked.sent} messages; "
        f"made {checked.made_at}"
    )
    click.echo(f"  head  {checked.head}\n  key   {checked.key}")
    if checked.erased:
        click.echo(
            f"  {checked.erased} personal values were erased: that they were there is proved, not what they were"
        )


def _not_excluded(checked: Checked, key: str | None, head: str | None) -> list[str]:
    """What is known beyond the file, and what is not."""
    lines = ["signed by the key you know" if key else "", _about_head(checked) if head else ""]
    if not key:
        lines.append(
            "not excluded without --key: that somebody rewrote all of it and signed it with a key of their own"
        )
    if not head:
        lines.append(
            "not excluded without --head: that whoever has the key rewrote it, or left out its latest records"
        )
    return [line for line in lines if line]


def _about_head(checked: Checked) -> str:
    if checked.known == checked.length:
        return "the head you know is its last record: nothing before it was changed, added or left out"
    after = checked.length - (checked.known or 0)
    return (
        f"the head you know is record {checked.known} of {checked.length}: up to there nothing was changed, added or "
        f"left out; the {after} after it rest on the key alone"
    )
