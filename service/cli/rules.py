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
    from service.store.switches import KeptVersion

MOST = 20
NO_SUCH = "there is no kept rule set `{}`; `accord rules list` names them"


@click.group()
def command() -> None:
    """The rule sets that were in force: list them, and go back to one."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="print JSON")
@click.pass_obj
def show(invocation: Invocation, as_json: bool) -> None:
    """The latest rule sets, newest first, each with what it changed in the one before it."""
    from service.cli._open import opened
    from service.store.switches import kept_versions

    with opened(invocation) as process:
        with process.context.database.reading() as connection:
            kept = kept_versions(connection, "rules", MOST + 1)
        rows = _rows(process.context.rulebook, kept)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        mark = "  in force" if row["in_force"] else ""
        click.echo(f"{row['version']}  since {row['since']}  {row['rules']} rules{mark}")
        if row["says"]:
            click.echo(f"    {row['says']}")


@command.command()
@click.argument("version")
@click.pass_obj
def rollback(invocation: Invocation, version: str) -> None:
    """Write the files of an earlier rule set back; those of now are kept under var/rolled-back/. Running services take
    them over as they do any edit. It works also while the files of now are broken.
    """
    from service import clock
    from service.rulebook import Sources
    from service.store.database import Database

    settings = invocation.settings(role="cli")
    database = Database(settings.database_url, settings.var)
    try:
        text = _kept(database, version)
    finally:
        database.close()
    sources = Sources.from_json(text)
    found, problems = _compiled(invocation, sources)
    if found is None:
        for problem in problems:
            click.echo(str(problem), err=True)
        click.echo("nothing was changed: that rule set does not fit the workspace of today", err=True)
        raise click.exceptions.Exit(FINDINGS)
    aside = settings.var / "rolled-back" / clock.now().strftime("%Y-%m-%dT%H%M%SZ")
    try:
        sources.write(settings.home, aside)
    except OSError as error:
        click.echo(f"{error.filename or settings.home} cannot be written: {error.strerror}", err=True)
        raise click.exceptions.Exit(FINDINGS) from None
    click.echo(f"rules and texts are those of {found.version} again: {len(found.rules)} rules")
    click.echo(f"the files before are in {aside}")


def _rows(book: Rulebook, kept: list[KeptVersion]) -> list[dict[str, object]]:
    from rules.language.changes import changes

    rows: list[dict[str, object]] = []
    for number, one in enumerate(kept[:MOST]):
        found = book.of(one.version)
        before = kept[number + 1] if number + 1 < len(kept) else None
        made = changes(book.of(before.version), found) if before else None
        rows.append(
            {
                "version": one.version,
                "since": one.at,
                "rules": len(found.rules),
                "in_force": one.version == book.rules.version,
                "says": str(made) if made else "",
                **(made.plain() if made else {}),
            }
        )
    return rows


def _kept(database: Database, version: str) -> str:
    """The sources of the one version that is named or begins so."""
    from service.store.switches import kept_versions, version_data

    with database.reading() as connection:
        names = [one.version for one in kept_versions(connection, "rules", 10_000)]
        meant = [name for name in names if name == version] or [n for n in names if n.startswith(version)]
        text = version_data(connection, "rules", meant[0]) if len(meant) == 1 else None
    if text is None:
        several = f"`{version}` may be {' or '.join(meant[:4])}: write more of it"
        click.echo(several if len(meant) > 1 else NO_SUCH.format(version), err=True)
        raise click.exceptions.Exit(WRONG_USE)
    return text


def _compiled(invocation: Invocation, sources: Sources) -> tuple[RuleSet | None, list[Problem]]:
    from connectors import registry
    from rules.language.loader import load_rules
    from rules.packs import read_pack
    from service.workspace import WorkspaceError, load

    try:
        loaded = load(invocation.home, dict(registry.everything()))
    except WorkspaceError as broken:
        return None, list(broken.problems)
    return load_rules(sources.rules, sources.texts, loaded.workspace, read_pack)
