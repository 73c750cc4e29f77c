"""The Flask application: its parts opened, every request named, its blueprints registered.

In: the service's settings. Out: a WSGI application. Made once in the serving process, since it starts the inbox's
writer thread.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from uuid import uuid4

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
from service.web.hooks import hooks
from service.web.metrics import Metrics

LOOK_SECONDS = 2.0
TURNS_A_LOOK = 15
_ID = re.compile(r"^[A-Za-z0-9_.-]{1,64}$")


@dataclass
class Web:
    """What the views work with. `error_page` renders an error for people (status, title, detail)."""

    context: Context
    writer: Writer
    metrics: Metrics = field(default_factory=Metrics)
    readiness: Readiness = field(default_factory=Readiness)
    error_page: Callable[[int, str, str], Response] | None = None

    def received(self, connection: str, status: int) -> None:
        """A delivery was answered: count it and wake the workers."""
        self.metrics.deliveries.labels(connection, str(status)).inc()
        if status == 202:
            self.context.bells.ring_soon("decide", g.request_id)


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
    app.extensions["accord"] = Web(process.context, Writer(process.context.database))
    app.extensions["accord_ending"] = ending = threading.Event()
    threading.Thread(target=_follow_files, args=(process.context, ending), name="files", daemon=True).start()
    app.extensions["accord_tools"] = process.tools
    app.before_request(_name_request)
    app.after_request(_finish)
    errors.register(app)
    app.register_blueprint(hooks)
    app.register_blueprint(health)
    app.register_blueprint(api)
    app.register_blueprint(door)
    app.register_blueprint(client)
    app.register_blueprint(asked)
    console.register(app)
    auth.install(app, exempt=(hooks, api, client, asked))
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
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _ID.match(given) else f"req_{uuid4().hex[:16]}"
    log.bind(request_id=g.request_id)


def _finish(answer: Response) -> Response:
    answer.headers["X-Request-Id"] = g.get("request_id", "")
    answer.headers.setdefault("X-Content-Type-Options", "nosniff")
    answer.headers.setdefault("Referrer-Policy", "no-referrer")
    log.unbind()
    return answer
