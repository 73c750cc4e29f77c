"""`accord web`: the web server alone."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from service.cli import WRONG_USE, Invocation

if TYPE_CHECKING:
    from flask import Flask


@click.command()
@click.pass_obj
def command(invocation: Invocation) -> int:
    """Receive webhooks, show the console and the clients' pages: the web part alone."""
    from service import embedded_redis
    from service.cli._starting import CannotStartError, starting
    from service.web import create_app, server

    with starting():
        settings = invocation.settings(role="web")
        settings = replace(settings, redis_url=embedded_redis.address(settings.redis_url, settings.var))

    def make_app() -> Flask:
        try:
            with starting():
                return create_app(settings)
        except CannotStartError as error:
            error.show()
            sys.exit(server.NOT_LOADABLE)

    code = server.serve(make_app, settings.host, settings.port)
    return WRONG_USE if code == server.NOT_LOADABLE else code
