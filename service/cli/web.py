"""`accord web`: the web server alone."""

from __future__ import annotations

from dataclasses import replace

import click

from service.cli import Invocation


@click.command()
@click.pass_obj
def command(invocation: Invocation) -> None:
    """Receive webhooks and show the console and the clients' pages: the web part alone."""
    from service import embedded_redis
    from service.web import create_app
    from service.web.server import serve

    settings = invocation.settings(role="web")
    settings = replace(settings, redis_url=embedded_redis.address(settings.redis_url, settings.var))
    serve(lambda: create_app(settings), settings.host, settings.port)
