"""Durable signed receiving against a bare view on the same server that only checks the signature.

Two real servers, one after the other and that three times, under the same load from another process. Prints requests a
second, p50 and p99 of the median round, and the median of the ratios.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import multiprocessing
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from flask import Flask, request

from service import log, settings
from service.embedded_redis import EmbeddedRedis
from service.store.database import Database
from service.store.migrate import upgrade
from service.web import create_app
from service.web.server import serve

SECRET = "example-jira-webhook-secret"  # noqa: S105 (the example workspace's, which opens nothing)
BODY = (
    b'{"timestamp": 1, "webhookEvent": "jira:version_created", "padding": "'
    + b"x" * 3000
    + b'", "n": "%012d"}'
)
CONNECTIONS = 32
SECONDS = 3.0
ROUNDS = 3
REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Figures:
    """What a load measured: rate a second, p50 and p99 in milliseconds, answers that were no success."""

    rate: float
    p50: float
    p99: float
    failures: int


def run() -> None:
    """Measure both and print the table."""
    rounds = [(_measure(_bare), _measure(_ours)) for _ in range(ROUNDS)]
    print(f"{'receiving':<16}{'per s':>9}{'p50 ms':>9}{'p99 ms':>9}{'failed':>8}")
    for name, found in zip(("bare view", "durable inbox"), zip(*rounds, strict=True), strict=True):
        f = sorted(found, key=lambda one: one.rate)[ROUNDS // 2]
        print(f"{name:<16}{f.rate:>9.0f}{f.p50:>9.1f}{f.p99:>9.1f}{sum(one.failures for one in found):>8}")
    ratios = [ours.rate / bare.rate for bare, ours in rounds]
    print(f"ratio durable / bare: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


def _measure(server_of: Callable[[int], None]) -> Figures:
    port = 18_080 + os.getpid() % 1000
    context = multiprocessing.get_context("fork")
    server = context.Process(target=server_of, args=(port,))
    server.start()
    try:
        _await(port)
        results = context.Queue()
        load = context.Process(target=_load, args=(port, results))
        load.start()
        found: Figures = results.get(timeout=SECONDS * 10)
        load.join()
        return found
    finally:
        server.terminate()
        server.join(30)


def _bare(port: int) -> None:
    app = Flask("bare")

    @app.post("/hooks/tracker")
    def take() -> tuple[str, int]:
        made = "sha256=" + hmac.new(SECRET.encode(), request.get_data(), hashlib.sha256).hexdigest()
        return (
            ("", 202) if hmac.compare_digest(made, request.headers.get("X-Hub-Signature", "")) else ("", 401)
        )

    serve(lambda: app, "127.0.0.1", port)


def _ours(port: int) -> None:
    place = Path(tempfile.mkdtemp(prefix="accord-bench-"))
    home = place / "agency"
    shutil.copytree(REPOSITORY / "examples" / "agency", home, ignore=shutil.ignore_patterns("var", ".env"))
    shutil.copy(home / ".env.example", home / ".env")
    (home / ".env").chmod(0o600)
    log.configure("warning")
    found = settings.load(home)
    database = Database(found.database_url, found.var)
    upgrade(database)
    database.close()
    redis = EmbeddedRedis(found.var)
    found = replace(found, redis_url=redis.start(), port=port)
    try:
        serve(lambda: create_app(found), "127.0.0.1", port)
    finally:
        redis.stop()
        shutil.rmtree(place, ignore_errors=True)


def _load(port: int, results: multiprocessing.Queue[Figures]) -> None:
    times: list[float] = []
    failures = [0]
    until = time.perf_counter() + SECONDS
    threads = [
        threading.Thread(target=_caller, args=(port, n, until, times, failures)) for n in range(CONNECTIONS)
    ]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - started
    cuts = statistics.quantiles(times, n=100)
    results.put(Figures(len(times) / took, cuts[49] * 1000, cuts[98] * 1000, failures[0]))


def _caller(port: int, number: int, until: float, times: list[float], failures: list[int]) -> None:
    call = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    count = 0
    while time.perf_counter() < until:
        body = BODY % (number * 1_000_000 + count)
        signed = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        began = time.perf_counter()
        call.request(
            "POST", "/hooks/tracker", body, {"X-Hub-Signature": signed, "Content-Type": "application/json"}
        )
        answer = call.getresponse()
        answer.read()
        times.append(time.perf_counter() - began)
        failures[0] += answer.status != 202
        count += 1
    call.close()


def _await(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            call = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            call.request("GET", "/healthz")
            call.getresponse().read()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the server did not start")
