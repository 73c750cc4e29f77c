"""`accord clock`: the part that knows what time it is."""

from __future__ import annotations

import click

from service.cli import Invocation


@click.command()
@click.pass_obj
def command(invocation: Invocation) -> None:
    """Fire what is due by date, and ring again for work that nobody took. Two clocks do no harm."""
    from dataclasses import replace

    from service import embedded_redis, jobs

    settings = invocation.settings(role="clock")
    jobs.keep_time(replace(settings, redis_url=embedded_redis.address(settings.redis_url, settings.var)))
