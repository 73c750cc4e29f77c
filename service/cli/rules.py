"""`accord rules`: the rule sets that were in force, and the way back to one of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from service.cli import FINDINGS, WRONG_USE, Invocation

if TYPE_CHECKING:
    from rules.language.model import Problem, RuleSet
    from service.rulebook import Rulebook, Sources
    from service.store.database import Database
    from service.versions import Turn

MOST = 20
NO_SUCH = "there is no kept rule set `{}`; `accord rules list` names them"


@click.group()
def command() -> None:
    """The rule sets that were in force: list them, and go back to one."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="print JSON")
@click.pass_obj
def show(invocation: Invocation, as_json: bool) -> None:
    """What was in force since when, newest first: what each edit changed, who went back and why, what was refused."""
    from service.cli._open import opened
    from service.versions import turns

    with opened(invocation) as process:
        with process.context.database.reading() as connection:
            found = turns(connection, MOST)
        rows = _rows(process.context.rulebook, found)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        click.echo("\n".join(_lines(row)))


@command.command()
@click.argument("version")
@click.option("--reason", default="", help="Why; it goes on record with who did it.")
@click.pass_obj
def rollback(invocation: Invocation, version: str, reason: str) -> None:
    """Write the files of an earlier rule set back; those of now are kept under var/rolled-back/. Running services take
    them over as they do any edit. It works also while the files of now are broken.
    """
    import getpass

    from service import clock
    from service.store.database import Database
    from service.versions import Turn, in_force, roll_back

    settings = invocation.settings(role="cli")
    database = Database(settings.database_url, settings.var)
    try:
        name, sources = _kept(database, version)
        found, problems = _compiled(invocation, sources)
        if found is None:
            for problem in problems:
                click.echo(str(problem), err=True)
            click.echo("nothing was changed: that rule set does not fit the workspace of today", err=True)
            raise click.exceptions.Exit(FINDINGS)
        with database.reading() as connection:
            former = in_force(connection)
        back = Turn("rolled_back", name, clock.now(), by=f"{getpass.getuser()} (command line)", reason=reason)
        aside = roll_back(database, (settings.home, settings.var), sources, back, former)
    except OSError as error:
        click.echo(f"{error.filename or settings.home} cannot be written: {error.strerror}", err=True)
        raise click.exceptions.Exit(FINDINGS) from None
    finally:
        database.close()
    click.echo(f"rules and texts are those of {found.version} again: {len(found.rules)} rules")
    click.echo(f"the files before are in {aside}")


def _rows(book: Rulebook, found: list[Turn]) -> list[dict[str, object]]:
    live = next(
        (turn for turn in found if turn.version == book.rules.version and turn.kind != "refused"), None
    )
    return [
        {
            "version": turn.version,
            "kind": turn.kind,
            "since": turn.at.isoformat().replace("+00:00", "Z"),
            "rules": len(book.of(turn.version).rules),
            "in_force": turn is live,
            "by": turn.by,
            "reason": turn.reason,
            "problems": list(turn.problems),
            **{word: turn.changes.get(word, []) for word in ("added", "changed", "removed", "reset")},
        }
        for turn in found
    ]


def _lines(row: dict[str, object]) -> list[str]:
    problems = row["problems"]
    if row["kind"] == "refused" and isinstance(problems, list):
        return [
            f"{row['version']}  stays; an edit was refused at {row['since']}",
            *(f"    {p}" for p in problems),
        ]
    mark = "  in force" if row["in_force"] else ""
    lines = [f"{row['version']}  since {row['since']}  {row['rules']} rules{mark}"]
    if row["by"]:
        reason = f": {row['reason']}" if row["reason"] else ""
        lines.append(f"    back to it by {row['by']}{reason}")
    named = {"added": "added", "changed": "changed", "removed": "removed", "reset": "memory begins anew"}
    said = [
        f"{words}: {', '.join(ids)}"
        for key, words in named.items()
        if isinstance(ids := row[key], list) and ids
    ]
    return [*lines, f"    {'; '.join(said)}"] if said else lines


def _kept(database: Database, version: str) -> tuple[str, Sources]:
    """The one version that is named or begins so, and its texts."""
    from service.versions import NoSuchVersion, sources_of

    try:
        with database.reading() as connection:
            return sources_of(connection, version)
    except NoSuchVersion as missing:
        several = f"`{version}` may be {' or '.join(missing.several[:4])}: write more of it"
        click.echo(several if missing.several else NO_SUCH.format(version), err=True)
        raise click.exceptions.Exit(WRONG_USE) from None


def _compiled(invocation: Invocation, sources: Sources) -> tuple[RuleSet | None, list[Problem]]:
    from connectors import registry
    from service.rulebook import compile_sources
    from service.workspace import WorkspaceError, load

    try:
        loaded = load(invocation.home, dict(registry.everything()))
    except WorkspaceError as broken:
        return None, list(broken.problems)
    return compile_sources(sources, loaded.workspace)
