"""`accord up`: the whole installation under one supervisor, and what to open and try once it answers."""

from __future__ import annotations

import http.client
import importlib
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from service.cli import Invocation
from service.settings import Settings

PARTS: Final = {
    "web": ("web",),
    "worker-decide": ("worker", "--queue", "decide"),
    "worker-deliver": ("worker", "--queue", "deliver"),
    "clock": ("clock",),
}
PRELOADED: Final = ("service.jobs", "service.web", "service.web.server")
PATIENCE_SECONDS: Final = 20.0


@click.command()
@click.pass_obj
def command(invocation: Invocation) -> int:
    """Run everything here: web, workers, clock and, without REDIS_URL, a private Redis. Ctrl-C stops all of it."""
    from service.children import Program
    from service.cli import main
    from service.cli._starting import CannotStartError, starting
    from service.embedded_redis import EmbeddedRedis
    from service.supervisor import Supervisor
    from service.web.server import taken

    with starting():
        settings = invocation.settings(role="up")
        if taken(settings.host, settings.port):
            raise CannotStartError(
                f"port {settings.port} of {settings.host} is taken. "
                f"Stop what listens there, or choose another one: PORT={settings.port + 1}"
            )
        os.environ["ACCORD_HOME"] = str(settings.home)
        _rehearse(settings)
        return Supervisor(
            settings.var,
            [Program(name, arguments) for name, arguments in PARTS.items()],
            main,
            redis=None if settings.redis_url else EmbeddedRedis(settings.var),
            every_round=Welcome(settings).look,
        ).run()


class Welcome:
    """Says, once each: that it is up, how to sign in for the first time, or what it still waits for."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sign_in = settings.var / "first-sign-in.txt"
        self._patience = time.monotonic() + PATIENCE_SECONDS
        self._ready = False
        self._link_shown = False

    def look(self) -> None:
        """Called again and again by the supervisor; cheap once everything has been said."""
        if not self._ready:
            self._ready = self._greet()
        elif not self._link_shown and self._sign_in.is_file():
            self._link_shown = True
            click.echo(
                f"\n  Sign in for the first time: {self._sign_in.read_text(encoding='utf-8').strip()}\n"
            )

    def _greet(self) -> bool:
        status, detail = _ask(self._settings.host, self._settings.port)
        if status == 200:
            click.echo(_greeting(self._settings))
            return True
        if time.monotonic() > self._patience:
            self._patience = time.monotonic() + PATIENCE_SECONDS
            click.echo(f"Still waiting to be ready: {detail}", err=True)
        return False


def _greeting(settings: Settings) -> str:
    accord = f"{_shown(Path(sys.executable).parent / 'accord')} --home {_shown(settings.home)}"
    lines = [
        ("Open", settings.public_url or settings.local_url),
        ("Try", "make demo  tells this service three stories, so that there is something to see"),
        ("", f"{accord} check  reads the workspace and says what is wrong in it"),
        ("", f"{accord} cards  shows every rule in plain words"),
        ("Mails", f"are files in {_shown(settings.var / 'mail')}/ as long as no mail server is configured"),
        ("Stop", "Ctrl-C"),
    ]
    return "\n  Accord is up.\n\n" + "".join(f"  {label:<7}{text}\n" for label, text in lines)


def _shown(path: Path) -> Path:
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path


def _ask(host: str, port: int) -> tuple[int, str]:
    """The status of `/readyz` and what it says is missing; 0 while nothing answers."""
    connection = http.client.HTTPConnection("127.0.0.1" if host == "0.0.0.0" else host, port, timeout=1.0)  # noqa: S104
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status, answer.read(2000).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, f"the web part does not answer yet ({error})"
    finally:
        connection.close()


def _rehearse(settings: Settings) -> None:
    """Finds out here, once, what would keep every part from starting; brings the database to this version's schema.

    Imports on the way what the parts will need, so that they share its memory.
    """
    from service.process import prepare
    from service.store.database import Database
    from service.store.migrate import upgrade

    database = Database(settings.database_url, settings.var)
    upgrade(database)
    database.close()
    # The private Redis does not run yet, and opening the parts does not call it.
    prepare(replace(settings, redis_url=settings.redis_url or "redis://127.0.0.1")).close()
    for name in PRELOADED:
        importlib.import_module(name)
