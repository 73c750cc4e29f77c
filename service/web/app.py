"""The Flask application: its parts opened, every request named, its blueprints registered.

In: the service's settings. Out: a WSGI application. Made once in the serving process, since it starts the inbox's
writer thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

from flask import Flask, Response, g, request

from service import log
from service.flow import forget
from service.flow.receive import MAX_BODY
from service.process import beat_of, prepare
from service.settings import Settings
from service.state import Context
from service.store.database import StorageError
from service.store.inbox import Writer
from service.web import auth, console, errors, pages
from service.web.api import api
from service.web.asked import asked
from service.web.client import client
from service.web.door import door
from service.web.health import Readiness, health
from service.web.hooks import Hooks
from service.web.metrics import Metrics
from service.web.naming import finish, name_of

LOOK_SECONDS = 2.0
TURNS_A_LOOK = 15


@dataclass
class Web:
    """What the views work with. `error_page` renders an error for people (status, title, detail)."""

    context: Context
    writer: Writer
    metrics: Metrics = field(default_factory=Metrics)
    readiness: Readiness = field(default_factory=Readiness)
    error_page: Callable[[int, str, str], Response] | None = None


def create_app(settings: Settings) -> Flask:
    """The application. Raises SchemaError and BrokenFiles when it cannot start."""
    process = prepare(settings)
    app = Flask("service.web", static_folder="static", template_folder="templates")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=MAX_BODY + 4096,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=(settings.public_url or "").startswith("https://"),
    )
    app.extensions["accord"] = web = Web(process.context, Writer(process.context.database))
    app.wsgi_app = Hooks(app.wsgi_app, web.context, web.writer, web.metrics)  # type: ignore[method-assign]
    app.extensions["accord_ending"] = ending = threading.Event()
    threading.Thread(target=_follow_files, args=(process.context, ending), name="files", daemon=True).start()
    app.extensions["accord_tools"] = process.tools
    app.before_request(_name_request)
    app.after_request(_finish)
    errors.register(app)
    app.register_blueprint(health)
    app.register_blueprint(api)
    app.register_blueprint(door)
    app.register_blueprint(client)
    app.register_blueprint(asked)
    console.register(app)
    auth.install(app, exempt=(api, client, asked))
    pages.install(app)
    return app


def _follow_files(context: Context, ending: threading.Event) -> None:
    """Take over edited files within seconds, beside the requests: reading a large workspace must not hold one up. And
    keep the inbox, which is this process's own, no longer than the workspace says.
    """
    for turn in count():
        if ending.wait(LOOK_SECONDS):
            return
        context.rulebook.refresh()
        if turn % TURNS_A_LOOK == 0:
            with suppress(StorageError):
                beat_of(context, "web")
                forget.prune_inbox(context)


def _name_request() -> None:
    g.request_id = name_of(request.headers.get("X-Request-Id", ""))
    log.bind(request_id=g.request_id)


def _finish(answer: Response) -> Response:
    log.unbind()
    return finish(answer, g.get("request_id", ""))
