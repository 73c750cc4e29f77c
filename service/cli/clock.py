"""`accord clock`: the part that knows what time it is."""

from __future__ import annotations

from dataclasses import replace

import click

from service.cli import Invocation


@click.command()
@click.pass_obj
def command(invocation: Invocation) -> None:
    """Fire what is due by date, and ring again for work that nobody took. Two clocks do no harm."""
    from service import embedded_redis, jobs
    from service.cli._starting import starting

    with starting():
        settings = invocation.settings(role="clock")
        settings = replace(settings, redis_url=embedded_redis.address(settings.redis_url, settings.var))
        jobs.keep_time(settings)
