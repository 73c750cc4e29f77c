"""`accord test`: play the scenarios of a workspace and of the packs it uses; exit 1 when one goes another way."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from service.cli import FINDINGS, FINE, Invocation
from service.cli._jobs import jobs_option

if TYPE_CHECKING:
    from rules.scenarios import Difference
    from service.cli._scenarios import Played, Result, Wish

# Verdicts of a rule that had something to say, whether or not it left at once.
SPOKE: Final = frozenset({"fired", "waiting", "awaiting_review", "observed"})


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write a JUnit report as well."
)
@click.option("--coverage", is_flag=True, help="Say for each rule which verdicts the scenarios reached.")
@click.option(
    "--mutate",
    "mutated",
    is_flag=True,
    help="Edit rules a word at a time; list edits that no scenario notices.",
)
@click.option(
    "--explain",
    metavar="RULE",
    help='Say at each step what RULE made of it, or every rule ("all"): why, why not, what is missing.',
)
@click.option("--only", default="", metavar="TEXT", help="Play the scenarios whose name has TEXT in it.")
@click.option("--locale", default="en", help="The language of what is explained.")
@click.option("-v", "--verbose", is_flag=True, help="Print each step: what left, and what it changed.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@jobs_option
@click.pass_obj
def command(
    invocation: Invocation,
    /,
    path: Path | None,
    junit: Path | None,
    as_json: bool,
    **wanted: Any,
) -> int:
    """Play the scenarios of the workspace at PATH (else of --home), of a folder, or of one file."""
    from service.cli._scenarios import BrokenScenarios, play

    begun = time.monotonic()
    place = (path or invocation.home).resolve()
    try:
        if wanted["mutated"]:
            return _mutated(place, as_json, wanted["jobs"])
        played = play(place, _wish(wanted), wanted["jobs"])
    except BrokenScenarios as broken:
        lines = ["these files cannot be used:", *map(str, broken.problems)]
        raise click.ClickException("\n".join(lines)) from None
    if junit is not None:
        from service.cli._junit import report

        junit.write_text(report(played), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(_plain(played, wanted["coverage"]), ensure_ascii=False, indent=2))
    else:
        _print(played, wanted["verbose"])
        if wanted["coverage"]:
            _print_coverage(played)
    count, failed = len(played.results), played.failed
    said = f"{count} scenarios, {failed} failed" if failed else f"{count} scenarios passed"
    click.echo(f"{said} in {time.monotonic() - begun:.1f} s", err=True)
    return FINDINGS if failed else FINE


def _wish(wanted: Mapping[str, Any]) -> Wish:
    from rules.scenarios.trace import Watch
    from service.cli._scenarios import Wish

    rule = wanted["explain"]
    watch = Watch(bool(rule), None if rule == "all" else rule, wanted["locale"])
    return Wish(wanted["coverage"], watch if rule or wanted["verbose"] else None, wanted["only"])


def _mutated(place: Path, as_json: bool, jobs: int) -> int:
    from service.cli._scenarios import mutate

    found = mutate(place, _progress, jobs)
    if as_json:
        told = [{"rule": s.rule, "at": s.at, "edit": s.says} for s in found.survivors]
        click.echo(json.dumps({"tried": found.tried, "survivors": told}, ensure_ascii=False, indent=2))
    else:
        click.echo("".join(f"{s.at}: {s.rule}: {s.says}\n" for s in found.survivors), nl=False)
    click.echo(f"{found.tried} edits, {len(found.survivors)} that no scenario notices", err=True)
    return FINDINGS if found.survivors else FINE


def _progress(count: int, results: Iterable[bool]) -> Iterator[bool]:
    """A bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield from results
        return
    with click.progressbar(results, length=count, label="editing", file=sys.stderr) as bar:
        yield from bar


def _print(played: Played, verbose: bool) -> None:
    from service.cli._steps import explained_lines, step_lines

    for file, results in played.by_file.items():
        click.echo(file)
        for result in results:
            click.echo(f"  {'ok  ' if result.passed else 'FAIL'}  {result.name}")
            for line in step_lines(result.steps) if verbose else ():
                click.echo(f"  {line}")
            for line in explained_lines(result.steps):
                click.echo(f"  {line}")
            for difference in result.differences:
                click.echo("\n".join(f"        {line}" for line in str(difference).splitlines()))


def _print_coverage(played: Played) -> None:
    click.echo("\nVerdicts that the scenarios reached; OPEN: the rule never spoke")
    for rule, kinds in played.coverage.items():
        reached = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())) or "-"
        click.echo(f"  {'    ' if SPOKE & kinds.keys() else 'OPEN'}  {rule:<28}  {reached}")


def _plain(played: Played, coverage: bool) -> dict[str, object]:
    scenarios = [
        {
            "file": r.file,
            "name": r.name,
            "passed": r.passed,
            "differences": [_difference(d) for d in r.differences],
            **_explained(r),
        }
        for r in played.results
    ]
    reached = {rule: dict(kinds) for rule, kinds in played.coverage.items()} if coverage else {}
    return {"scenarios": scenarios, **({"coverage": reached} if coverage else {})}


def _explained(result: Result) -> dict[str, object]:
    """What rules made of each step, where that was asked for."""
    from service.cli._steps import explained_plain

    found = explained_plain(result.steps)
    return {"explained": found} if found else {}


def _difference(difference: Difference) -> dict[str, object]:
    fields = [{"key": k, "expected": e, "found": f} for k, e, f in difference.fields]
    return {
        "step": difference.step,
        "at": str(difference.at),
        "message": difference.message,
        "fields": fields,
    }
