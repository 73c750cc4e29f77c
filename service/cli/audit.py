"""`accord audit`: looks through a project's ledger for papers that do not look right."""

from __future__ import annotations

import click

from service.cli import FINDINGS, FINE, WRONG_USE, Invocation


@click.group()
def command() -> None:
    """Look through ledgers."""


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
    from rules.facts.codec import write_json
    from rules.facts.money import format_money
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
        click.echo(write_json({"audit": found, "findings": opened_ones}))
        return FINDINGS if opened_ones else FINE
    if found is None:
        click.echo(
            f"the audit of {project} for {looked_at} waits to be decided: is a worker at it?", err=True
        )
        return FINDINGS
    click.echo(f"{project} {looked_at}: {found['checked']} entries looked at, {found['opened']} new findings")
    for finding in opened_ones:
        said = [finding["kind"], finding.get("paper"), finding.get("paid_to"), finding.get("line")]
        said.append(format_money(finding["sum"]) if finding.get("sum") else None)
        said.append(f"{finding['owner']} by {finding['due']}")
        click.echo("  " + "  ".join(str(word) for word in said if word))
    return FINDINGS if opened_ones else FINE
