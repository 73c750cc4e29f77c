"""`accord check`: everything wrong in the files of a workspace, before anything runs on them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli import FINDINGS, FINE, Invocation

if TYPE_CHECKING:
    from rules.language.model import Problem
    from service.cli._files import Files


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    help="text: a line for each problem; github: annotations of a workflow; sarif: for code scanning.",
)
@click.pass_obj
def command(invocation: Invocation, path: Path | None, form: str) -> int:
    """Check the workspace at PATH (else the one of --home): files, rules, texts, people, scenarios."""
    from service.cli._files import home_of, read_files, shown
    from service.cli._problems import counted, written

    files = read_files(home_of((path or invocation.home).resolve()))
    problems = [*files.problems, *_of_scenarios(files)]
    text = written(problems, form)
    if text:
        click.echo(text)
    click.echo(f"{shown(files.home)}: {_looked_at(files)}{counted(problems)}", err=True)
    return FINDINGS if any(p.severity == "error" for p in problems) else FINE


def _of_scenarios(files: Files) -> list[Problem]:
    from rules.scenarios import read_scenarios
    from service.cli._files import scenario_files, shown

    found = []
    for path in scenario_files(files.home):
        found += read_scenarios(path.read_text(encoding="utf-8", errors="replace"), shown(path))[1]
    return found


def _looked_at(files: Files) -> str:
    if files.workspace is None or files.rules is None:
        return ""
    counted = ((len(files.workspace.projects), "project"), (len(files.rules.rules), "rule"))
    return "".join(f"{count} {word}{'' if count == 1 else 's'}, " for count, word in counted)
