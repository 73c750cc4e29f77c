"""`accord people`: who the people of the workspace are in the systems beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from service.cli import FINDINGS, FINE, WRONG_USE, Invocation

if TYPE_CHECKING:
    from rules.facts.project import Person
    from service.workspace import Loaded


@click.group()
def command() -> None:
    """Find out who people are in other systems."""


@command.command("match")
@click.argument("connection", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def match(invocation: Invocation, connection: str | None, as_json: bool) -> int:
    """Find the accounts of people by their mail address, in CONNECTION or in every system that can be asked.

    Prints the lines to add under `people`; nothing is written. Exit code 1 when somebody was not found.
    """
    from connectors import registry
    from service.workspace import WorkspaceError, load

    try:
        loaded = load(invocation.settings().home, registry.everything())
    except WorkspaceError as broken:
        raise click.ClickException(f"the workspace cannot be used:\n{broken}") from None
    names = [connection] if connection else sorted(loaded.workspace.connections)
    unknown = next((name for name in names if name not in loaded.workspace.connections), None)
    if unknown:
        there = ", ".join(sorted(loaded.workspace.connections)) or "none"
        click.echo(f"there is no connection {unknown}; the workspace has: {there}", err=True)
        return WRONG_USE
    found = list(_matches(loaded, names))
    if as_json:
        click.echo(
            json.dumps([dict(zip(_WORDS, one, strict=True)) for one in found], ensure_ascii=False, indent=2)
        )
    else:
        click.echo("\n".join(_said(loaded, found, names)))
    return FINDINGS if any(account is None for _, _, account, _ in found) else FINE


_WORDS = ("person", "connection", "account", "problem")
_Match = tuple[str, str, str | None, str | None]


def _matches(loaded: Loaded, names: list[str]) -> Iterator[_Match]:
    """(person, connection, account, problem) of everybody who has no account there yet."""
    from connectors import registry
    from connectors.base import ConnectorError
    from connectors.http import http_client

    for name in names:
        connector = registry.load(loaded.workspace.connections[name].connector)
        if connector.account_of is None:
            continue
        settings = loaded.settings[name]
        with http_client(settings) as http:
            for person in _without(loaded, name):
                try:
                    yield person.id, name, connector.account_of(person.email, settings, http), None
                except ConnectorError as problem:
                    yield person.id, name, None, str(problem)


def _without(loaded: Loaded, name: str) -> list[Person]:
    return [p for p in loaded.workspace.people.values() if name not in p.accounts]


def _said(loaded: Loaded, found: list[_Match], names: list[str]) -> Iterator[str]:
    by_person: dict[str, dict[str, str]] = {}
    for person, connection, account, problem in found:
        if account is not None:
            by_person.setdefault(person, {})[connection] = account
        else:
            yield f"# {person} is not found in {connection}{f': {problem}' if problem else ''}"
    for person, accounts in by_person.items():
        known = {**loaded.workspace.people[person].accounts, **accounts}
        written = ", ".join(f"{k}: {json.dumps(v, ensure_ascii=False)}" for k, v in known.items())
        yield f"{person}: accounts: {{{written}}}"
    if not found:
        able = (
            "everybody has an account"
            if len(names) == 1
            else "everybody has one in every system that can be asked"
        )
        yield f"# nobody to look for: {able}"
