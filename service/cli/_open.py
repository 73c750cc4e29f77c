"""What commands that work on the record share: the parts of a process, opened, or the plain reason why not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import click

from service import embedded_redis
from service.cli import WRONG_USE, Invocation
from service.cli._starting import starting
from service.process import Process, prepare
from service.store.database import Database
from service.store.migrate import upgrade

NO_REDIS = "redis://127.0.0.1:6379/0"


@contextmanager
def opened(invocation: Invocation) -> Iterator[Process]:
    """The parts of this process over the workspace's record, with its schema brought up to date."""
    settings = invocation.settings(role="cli")
    # Without Redis a command still does its work in the record; the sweep of the next start rings for it.
    address = settings.redis_url or embedded_redis.url_of_running(settings.var) or NO_REDIS
    with starting():
        database = Database(settings.database_url, settings.var)
        upgrade(database)
        database.close()
        process = prepare(replace(settings, redis_url=address))
    try:
        yield process
    finally:
        process.close()


def no_such_project(name: str, known: Iterable[str]) -> int:
    """Say which projects there are; the exit code of wrong use."""
    click.echo(f"there is no project {name}; the workspace has: {', '.join(sorted(known))}", err=True)
    return WRONG_USE
