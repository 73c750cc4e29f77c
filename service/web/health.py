"""`/healthz` alive, `/readyz` honest, `/metrics` for Prometheus. None of them needs a sign-in; none tells a secret."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, current_app, jsonify
from prometheus_client import CONTENT_TYPE_LATEST

from service import clock
from service.process import beat_of
from service.state import Context
from service.store.database import StorageError
from service.store.inbox import last_seq
from service.store.schema import SchemaError, require
from service.store.switches import last_beats

health = Blueprint("health", __name__)
FRESH = timedelta(seconds=90)
ROLES = ("decide", "deliver", "clock")
KEPT_SECONDS = 2.0


@dataclass
class Readiness:
    """What the last look found. Whoever asks again at once gets it again: a look writes to the database."""

    found: dict[str, Any] = field(default_factory=dict)
    until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self, context: Context) -> dict[str, Any]:
        """The answer of `/readyz`."""
        with self.lock:
            if time.monotonic() > self.until:
                self.found = _looked(context)
                self.until = time.monotonic() + KEPT_SECONDS
            return self.found


@health.get("/healthz")
def alive() -> Response:
    """The process answers."""
    return jsonify(status="alive")


@health.get("/readyz")
def ready() -> tuple[Response, int]:
    """Database writable, Redis reachable, workers and clock seen lately, rules loaded; 503 and what is missing
    otherwise.
    """
    web = current_app.extensions["accord"]
    found = web.readiness.look(web.context)
    return jsonify(found), 503 if found["missing"] else 200


@health.get("/metrics")
def metrics() -> Response:
    """Counters and gauges."""
    web = current_app.extensions["accord"]
    return Response(web.metrics.text(web.context), content_type=CONTENT_TYPE_LATEST)


def _looked(context: Context) -> dict[str, Any]:
    checks = {"database": _database(context), "redis": None if context.bells.ping() else "does not answer"}
    beats: dict[str, datetime] = {}
    if checks["database"] is None:
        with context.database.reading() as connection:
            beats = last_beats(connection)
    now = clock.now()
    for role in ROLES:
        seen = beats.get(role)
        checks[role] = None if seen is not None and now - seen <= FRESH else "not seen lately"
    book = context.rulebook
    checks["rules"] = None if book.rules.version else "no rule set is loaded"
    missing = [f"{part}: {problem}" for part, problem in checks.items() if problem]
    return {
        "status": "not ready" if missing else "ready",
        "missing": missing,
        "checks": {part: problem or "ok" for part, problem in checks.items()},
        "seen": {role: at.isoformat() for role, at in beats.items()},
        "rules": {"version": book.rules.version, "refused": len(book.refused)},
    }


def _database(context: Context) -> str | None:
    """Why the database cannot be used; none when it has this version's schema and takes what is written to it."""
    try:
        require(context.database)
        with context.database.inbox_reading() as inbox:
            last_seq(inbox)
        beat_of(context, "web")
    except (StorageError, SchemaError) as problem:
        return str(problem)
    return None
