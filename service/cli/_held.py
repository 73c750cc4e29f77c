"""What a pause holds back, in words for a terminal."""

from __future__ import annotations

from datetime import datetime, timedelta

import click

from service.red_switch import kind_of
from service.state import Context
from service.store.database import from_iso
from service.store.figures import Queue


def named(context: Context, what: str | None) -> tuple[str, str]:
    """The kind and id behind a name. Raises UsageError, which lists nothing that could be a secret."""
    try:
        return kind_of(context, what)
    except LookupError as error:
        raise click.UsageError(f"{error}; `accord pause --list` shows what is paused") from None


def waits(queue: Queue, now: datetime) -> str:
    """How many messages wait, and how long the oldest has."""
    if not queue.count:
        return "nothing waits"
    said = "1 message waits" if queue.count == 1 else f"{queue.count} messages wait"
    age = now - from_iso(queue.oldest) if queue.oldest else timedelta(0)
    return f"{said}, the oldest for {_long(age)}"


def _long(age: timedelta) -> str:
    minutes = max(0, int(age.total_seconds() // 60))
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
