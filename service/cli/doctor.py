"""`accord doctor`: what is wrong, and how to mend it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING

import click

from service.cli import FINDINGS, FINE, Invocation

if TYPE_CHECKING:
    from service.cli._health import Finding
    from service.process import Process
    from service.rulebook import Rulebook
    from service.settings import Settings

MARKS = {"ok": "ok  ", "warn": "WARN", "bad": "BAD "}


@click.command()
@click.option("--offline", is_flag=True, help="Do not call the outside systems.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(invocation: Invocation, offline: bool, as_json: bool) -> int:
    """Check machine, settings, files, database, Redis, parts and every connection; say what is wrong and the mend.

    Exit code 1 when something is wrong (BAD); what is only worth knowing (WARN) leaves it 0.
    """
    settings = invocation.settings()
    found = list(_checks(settings, offline))
    if as_json:
        shown = [{**asdict(one), "ok": one.level != "bad"} for one in found]
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
    else:
        for one in found:
            click.echo(f"{MARKS[one.level]} {one.part:<24} {one.says}")
            if one.mend and one.level != "ok":
                click.echo(f"     {'':<24} mend: {one.mend}")
    return FINDINGS if any(one.level == "bad" for one in found) else FINE


def _checks(settings: Settings, offline: bool) -> Iterator[Finding]:
    from connectors import registry
    from service.cli import _health
    from service.rulebook import BrokenFiles, Rulebook

    settings.var.mkdir(parents=True, exist_ok=True)
    yield _health.disk(settings)
    yield _health.permissions(settings)
    database = _tried("database", lambda: _database(settings), "start the database, or run `accord migrate`")
    yield database
    yield _tried("redis", lambda: _redis(settings), "start it, or unset REDIS_URL for a private one")
    try:
        book = Rulebook(settings.home, registry.everything())
    except BrokenFiles as broken:
        says = "; ".join(str(p) for p in broken.problems[:5])
        yield _health.Finding("files", "bad", says, "run `accord check`")
        return
    rules = f"{len(book.rules.rules)} rules {book.rules.version[:12]}"
    yield _health.Finding("files", "ok", f"workspace {book.workspace.version}, {rules}")
    if database.level == "ok":
        try:
            yield from _record(settings)
        except BrokenFiles as broken:
            yield _health.Finding("files", "bad", "; ".join(str(p) for p in broken.problems[:5]))
    for name in sorted(book.connections):
        if not offline:
            mend = "mend address, account or network, then run this again"
            yield _tried(f"connection {name}", partial(_connection, book, name), mend)


def _record(settings: Settings) -> Iterator[Finding]:
    """What the record says about the service."""
    from service import clock
    from service.cli import _health
    from service.process import prepare

    process: Process = prepare(replace(settings, redis_url=settings.redis_url or "redis://127.0.0.1:1/0"))
    try:
        yield from _health.parts(process, clock.now())
        yield from _health.troubles(process)
        yield from _health.pauses(process, clock.now())
        yield _health.links(process)
    finally:
        process.close()


def _tried(part: str, check: Callable[[], str], mend: str) -> Finding:
    from service.cli._health import Finding

    try:
        return Finding(part, "ok", check())
    except Exception as problem:  # noqa: BLE001 (a doctor reports whatever is wrong)
        return Finding(part, "bad", str(problem), mend)


def _database(settings: Settings) -> str:
    from service.store import schema
    from service.store.database import Database

    database = Database(settings.database_url, settings.var)
    try:
        found = schema.require(database)
        with database.writing():
            pass
    finally:
        database.close()
    return f"{database.kind} at schema {found}, takes what is written"


def _redis(settings: Settings) -> str:
    from service import embedded_redis
    from service.queue import Bells

    address = embedded_redis.address(settings.redis_url, settings.var)
    if not Bells(address).ping():
        raise RuntimeError("does not answer")
    return "answers"


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
