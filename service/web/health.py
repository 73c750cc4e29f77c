"""`/healthz` alive, `/readyz` honest, `/metrics` for Prometheus. None of them needs a sign-in; none tells a secret."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, Response, current_app, jsonify
from prometheus_client import CONTENT_TYPE_LATEST

from service import clock
from service.store.database import StorageError
from service.store.switches import last_beats

health = Blueprint("health", __name__)
FRESH = timedelta(seconds=90)
ROLES = ("decide", "deliver", "clock")


@health.get("/healthz")
def alive() -> Response:
    """The process answers."""
    return jsonify(status="alive")


@health.get("/readyz")
def ready() -> tuple[Response, int]:
    """Database and Redis reachable, workers and clock seen lately; 503 and what is missing otherwise."""
    context = current_app.extensions["accord"].context
    missing: list[str] = []
    beats: dict[str, datetime] = {}
    try:
        with context.database.reading() as connection:
            beats = last_beats(connection)
        now = clock.now()
        missing += [
            f"{role}: not seen lately" for role in ROLES if role not in beats or now - beats[role] > FRESH
        ]
    except StorageError as problem:
        missing.append(f"database: {problem}")
    if not context.bells.ping():
        missing.append("redis: does not answer")
    seen = {role: at.isoformat() for role, at in beats.items()}
    if missing:
        return jsonify(status="not ready", missing=missing, seen=seen), 503
    return jsonify(status="ready", missing=[], seen=seen), 200


@health.get("/metrics")
def metrics() -> Response:
    """Counters and gauges."""
    web = current_app.extensions["accord"]
    return Response(web.metrics.text(web.context), content_type=CONTENT_TYPE_LATEST)
