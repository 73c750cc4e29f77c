"""`accord doctor`: what is wrong, and how to mend it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import click

from service.cli import FINDINGS, FINE, Invocation

if TYPE_CHECKING:
    from service.rulebook import Rulebook
    from service.settings import Settings


@click.command()
@click.option("--offline", is_flag=True, help="Do not call the outside systems.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(invocation: Invocation, offline: bool, as_json: bool) -> int:
    """Check settings, files, database, Redis and every connection; say what is wrong and the mend."""
    settings = invocation.settings()
    found = [{"part": p, "ok": ok, "says": says} for p, ok, says in _checks(settings, offline)]
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        for one in found:
            click.echo(f"{'ok  ' if one['ok'] else 'BAD '} {one['part']:<24} {one['says']}")
    return FINE if all(one["ok"] for one in found) else FINDINGS


def _checks(settings: Settings, offline: bool) -> Iterator[tuple[str, bool, str]]:
    from connectors import registry
    from service.rulebook import BrokenFiles, Rulebook

    yield _tried("database", lambda: _database(settings))
    yield _tried("redis", lambda: _redis(settings))
    yield _public(settings)
    try:
        book = Rulebook(settings.home, registry.everything())
    except BrokenFiles as broken:
        yield "files", False, "; ".join(str(p) for p in broken.problems[:5])
        return
    yield (
        "files",
        True,
        f"workspace {book.workspace.version}, {len(book.rules.rules)} rules {book.rules.version[:12]}",
    )
    for name in sorted(book.connections):
        if not offline:
            yield _tried(f"connection {name}", partial(_connection, book, name))


def _tried(part: str, check: Callable[[], str]) -> tuple[str, bool, str]:
    try:
        return part, True, check()
    except Exception as problem:  # noqa: BLE001 (a doctor reports whatever is wrong)
        return part, False, str(problem)


def _database(settings: Settings) -> str:
    from service.store import schema
    from service.store.database import Database

    database = Database(settings.database_url, settings.var)
    try:
        found = schema.require(database)
    finally:
        database.close()
    return f"{database.kind} at schema {found}"


def _redis(settings: Settings) -> str:
    from service import embedded_redis
    from service.queue import Bells

    address = embedded_redis.address(settings.redis_url, settings.var)
    if not Bells(address).ping():
        raise RuntimeError("does not answer; start it, or unset REDIS_URL for a private one")
    return "answers"


def _public(settings: Settings) -> tuple[str, bool, str]:
    from service.links import reaches_outside

    if reaches_outside(settings):
        return "PUBLIC_URL", True, f"links in messages start with {settings.public_url}"
    return (
        "PUBLIC_URL",
        not settings.public_url,
        "not a public address: mails with links stay refused for clients; mails written to files are fine",
    )


def _connection(book: Rulebook, name: str) -> str:
    from connectors import registry
    from connectors.http import http_client

    known = book.workspace.connections.get(name)
    connector = registry.load(known.connector if known else "email")
    settings = book.connections[name]
    if connector.check is None:
        return "nothing to ask there"
    client = http_client(settings)
    try:
        return connector.check(settings, client)
    finally:
        client.close()
