"""The bell: many rings become one job, a lost Redis loses only the ring, a worker runs our jobs and no others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from rq import Queue
from rq.serializers import JSONSerializer

from service.embedded_redis import EmbeddedRedis
from service.queue import Bells
from tests.support.shared import ROOT
from tests.support.wait import until


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    """A running private Redis."""
    server = EmbeddedRedis(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def url(server: EmbeddedRedis, tmp_path: Path) -> str:
    """Its address."""
    return (tmp_path / "redis" / "url").read_text(encoding="utf-8")


@pytest.fixture
def client(url: str) -> Iterator[redis.Redis]:
    """A plain client to look with."""
    with redis.Redis.from_url(url) as client:
        yield client


@pytest.fixture
def worker(url: str, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A worker on `decide` whose job notes its request id in `ran`, one a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, url, str(tmp_path / "ran")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


WORKER = """
import pathlib, sys, types
url, ran = sys.argv[1:]
jobs = types.ModuleType("service.jobs")

def decide(request_id):
    with open(ran, "a") as file:
        file.write(request_id + "\\n")

jobs.decide = decide
sys.modules["service.jobs"] = jobs
import service
service.jobs = jobs
from service import log, queue
log.configure("info")
queue.work(url, "decide")
"""


def ran(tmp_path: Path) -> list[str]:
    """The request ids with which the worker's job was called."""
    file = tmp_path / "ran"
    return file.read_text(encoding="ascii").split() if file.exists() else []


def test_many_rings_are_one_job_until_it_looks_for_work(url: str, client: redis.Redis) -> None:
    """A burst of webhooks costs one job; a ring after the job began to look is a new one."""
    bells = Bells(url)
    assert all(bells.ring("decide") for _ in range(50))
    assert client.llen("rq:queue:decide") == 1
    client.delete("rq:queue:decide")
    bells.clear_wake("decide")
    assert bells.ring("decide")
    assert client.llen("rq:queue:decide") == 1
    assert client.llen("rq:queue:deliver") == 0


def test_ringing_soon_costs_the_caller_nothing_and_rings(url: str, client: redis.Redis) -> None:
    """Thousands of callers share one ring from a thread; the last of them is never left out."""
    bells = Bells(url)
    for _ in range(5000):
        bells.ring_soon("decide")
    until(lambda: client.llen("rq:queue:decide") == 1, "one job is there")
    client.delete("rq:queue:decide")
    bells.clear_wake("decide")
    bells.ring_soon("decide")
    until(lambda: client.llen("rq:queue:decide") == 1, "the next job is there")


def test_a_lost_job_does_not_silence_the_bell(url: str, client: redis.Redis) -> None:
    """If a job vanishes before it looked for work, its wake flag ends by itself within seconds."""
    Bells(url).ring("decide")
    assert 0 < client.ttl("accord:wake:decide") <= 10


def test_ringing_never_raises(server: EmbeddedRedis, url: str) -> None:
    """Without Redis a ring says False at once, and works again when Redis is back; nothing is thrown at the caller."""
    bells = Bells(url)
    assert bells.ring("decide")
    server.stop()
    assert not bells.ring("deliver")
    bells.clear_wake("decide")
    assert not bells.ping()
    with pytest.raises(ConnectionError):
        bells.workers()
    server.start()
    until(lambda: bells.ring("deliver"), "the bell rings again")
    assert bells.ping()


def test_a_ring_runs_the_queues_job(url: str, worker: subprocess.Popen[str], tmp_path: Path) -> None:
    """The worker calls the job function with the request id, and is seen as alive."""
    bells = Bells(url)
    until(lambda: bells.workers()["decide"] == 1, "the worker is seen")
    assert bells.workers()["deliver"] == 0
    until((tmp_path / "ran").exists, "it has looked once by itself")
    bells.ring("decide", "req_1")
    until(lambda: ran(tmp_path) == ["req_1"], "the job ran")


def test_a_worker_that_begins_looks_for_work(
    url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The bell that a killed worker took with it, its flag still set, is not missed by the next one."""
    assert Bells(url).ring("decide", "lost")
    redis.Redis.from_url(url).delete("rq:queue:decide")
    request.getfixturevalue("worker")
    until((tmp_path / "ran").exists, "the job ran")


def test_a_worker_outlives_its_redis(
    server: EmbeddedRedis, url: str, worker: subprocess.Popen[str], tmp_path: Path
) -> None:
    """kill -9 of Redis stops no worker: after its return the same process runs the next job."""
    bells, jobs = Bells(url), tmp_path / "ran"
    until(jobs.exists, "the worker has looked once by itself")
    os.kill(server.pid or 0, signal.SIGKILL)
    until(lambda: not server.alive(), "Redis is gone")
    jobs.unlink()
    server.start()
    until(lambda: bells.ring("decide", "after"), "the bell rings again")
    until(jobs.exists, "a job ran", seconds=60)
    assert worker.poll() is None


def test_a_worker_waits_for_a_redis_that_is_not_there_yet(
    server: EmbeddedRedis, url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Parts may start in any order: a worker without Redis waits and then works."""
    server.stop()
    worker = request.getfixturevalue("worker")
    assert worker.stdout is not None
    until(lambda: "waiting for Redis" in worker.stdout.readline(), "the worker says that it waits")
    server.start()
    bells = Bells(url)
    until(lambda: bells.workers()["decide"] == 1, "the worker is seen", seconds=60)


def test_a_worker_stops_when_asked(url: str, worker: subprocess.Popen[str]) -> None:
    """SIGTERM ends an idle worker with 0, and Redis no longer counts it."""
    bells = Bells(url)
    until(lambda: bells.workers()["decide"] == 1, "the worker is seen")
    worker.terminate()
    worker.communicate(timeout=30)
    assert worker.returncode == 0
    assert bells.workers()["decide"] == 0


def test_a_worker_runs_nothing_but_its_job(
    url: str, client: redis.Redis, worker: subprocess.Popen[str], tmp_path: Path
) -> None:
    """Whoever can write to Redis still cannot make a worker call other functions."""
    forged = tmp_path / "forged"
    queue = Queue("decide", connection=client, serializer=JSONSerializer)
    job = queue.enqueue("os.mkdir", str(forged))
    Bells(url).ring("decide", "honest")
    queue.enqueue("service.jobs.decide", "second")
    until(lambda: "second" in ran(tmp_path), "the honest job ran")
    assert not forged.exists()
    assert not client.exists(job.key)
