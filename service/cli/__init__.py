"""The `accord` command: one module of this folder a subcommand, imported only when it is used.

In: arguments.  Out: an exit code: 0 fine, 1 findings, 2 wrong use.  A module `some_name.py` exposes a click command
named `command`, which appears as `accord some-name`; it takes the `Invocation` by `@click.pass_obj`.
"""

from __future__ import annotations

import difflib
import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from service import lifeline, log
from service.settings import Settings, SettingsError, load

FINE: Final = 0
FINDINGS: Final = 1
WRONG_USE: Final = 2


@dataclass(frozen=True, slots=True)
class Invocation:
    """What every subcommand gets: the workspace it is about."""

    home: Path

    def settings(self, *, role: str = "") -> Settings:
        """The checked settings of the workspace; also starts logging, with `role` in every record.

        Raises `SettingsError`, which `main` shows as a list.
        """
        settings = load(self.home)
        # What a command prints is its answer; only parts that run as services log where others read them.
        log.configure(settings.log_level, role=role, stream=None if role not in ("", "cli") else sys.stderr)
        return settings


class Subcommands(click.Group):
    """The modules of this folder as commands, found by listing and imported by need."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (the signature is click's)
        return sorted(
            module.name.replace("_", "-")
            for module in pkgutil.iter_modules(__path__)
            if module.name[0] != "_"
        )

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{__name__}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command named first; an unknown name is wrong use and answered with the nearest ones."""
        name = args[0]
        if name not in self.list_commands(ctx) and not name.startswith("-"):
            near = difflib.get_close_matches(name, self.list_commands(ctx), n=3)
            hint = (
                f" Did you mean {' or '.join(near)}?" if near else f" `{ctx.command_path} --help` lists them."
            )
            raise click.UsageError(f"There is no command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=Subcommands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.option(
    "--home",
    envvar="ACCORD_HOME",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="The workspace: the directory of accord.yaml. Else ACCORD_HOME, else the current directory.",
)
@click.version_option(package_name="accord", prog_name="accord")
@click.pass_context
def accord(ctx: click.Context, home: Path) -> None:
    """Keeps a delivery team and its client in accord about money, scope and dates."""
    ctx.obj = Invocation(home.resolve())


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line and gives its exit code; no arguments means those of this process."""
    if parent := os.environ.pop(lifeline.PARENT, None):
        lifeline.tie(int(parent))
    try:
        outcome: Any = accord.main(
            args=None if arguments is None else list(arguments), prog_name="accord", standalone_mode=False
        )
    except SettingsError as error:
        click.echo(
            "\n".join(["These settings cannot be used:", *(f"  {line}" for line in error.problems)]), err=True
        )
        return WRONG_USE
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (`accord ... | head`); without this Python complains while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    return outcome if isinstance(outcome, int) else FINE
