"""`--jobs N`, as every command that spreads its work over the cores has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from service import cores


def jobs_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the parameter `jobs`."""
    return click.option(
        "-j",
        "--jobs",
        type=click.IntRange(1, 64),
        default=cores.count,
        show_default="one a core",
        help="How many processes work at the same time. The outcome is the same with any number.",
    )(command)
