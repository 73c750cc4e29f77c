"""`accord worker`: one worker process on one queue."""

from __future__ import annotations

from dataclasses import replace

import click

from service.cli import Invocation


@click.command()
@click.option(
    "--queue",
    type=click.Choice(["decide", "deliver"]),
    required=True,
    help="decide: events become verdicts and actions.  deliver: actions become calls.",
)
@click.pass_obj
def command(invocation: Invocation, queue: str) -> None:
    """Work on one queue, `decide` or `deliver`. Start as many processes of each as you need."""
    from service import embedded_redis, jobs
    from service.cli._starting import starting
    from service.queue import QUEUES, work

    with starting():
        settings = invocation.settings(role=f"worker-{queue}")
        url = embedded_redis.address(settings.redis_url, settings.var)
        process = jobs.prepare(replace(settings, redis_url=url))
    work(url, next(name for name in QUEUES if name == queue))
    process.rest()
    process.close()
