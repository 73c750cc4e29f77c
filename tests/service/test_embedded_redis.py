"""The private Redis: it starts by itself, keeps what it is told, answers to us alone, and never lingers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from service import embedded_redis
from service.embedded_redis import EmbeddedRedis, EmbeddedRedisError
from tests.support.processes import alive
from tests.support.shared import ROOT
from tests.support.wait import until

OWNER = """
import pathlib, signal, sys
from service.embedded_redis import EmbeddedRedis

server = EmbeddedRedis(pathlib.Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
signal.pause()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    """A server over `tmp_path`, not started yet, stopped at the end."""
    server = EmbeddedRedis(tmp_path)
    yield server
    server.stop()


def test_it_keeps_what_it_was_told_through_a_kill(server: EmbeddedRedis) -> None:
    """What was written a moment before kill -9 is there after the next start, at the same address."""
    url = server.start()
    with redis.Redis.from_url(url) as client:
        client.set("bell", "rung")
        # The append-only file is written before the answer; only power loss may take the last second.
        os.kill(server.pid or 0, signal.SIGKILL)
    until(lambda: not server.alive(), "the server is gone")
    assert server.start() == url
    with redis.Redis.from_url(url) as client:
        assert client.get("bell") == b"rung"
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_it_answers_only_with_the_password_and_only_on_the_loopback(
    server: EmbeddedRedis, tmp_path: Path
) -> None:
    """Whoever can write to it could make workers run: without the password from a private file nothing is answered."""
    url = server.start()
    bare = "redis://127.0.0.1:" + url.rpartition(":")[2]
    with redis.Redis.from_url(bare) as client, pytest.raises(redis.AuthenticationError):
        client.ping()
    with redis.Redis.from_url(url) as client:
        assert client.config_get("bind") == {"bind": "127.0.0.1"}
    for name in ("url", "redis.conf"):
        assert (tmp_path / "redis" / name).stat().st_mode & 0o077 == 0


def test_a_server_that_lives_is_adopted(server: EmbeddedRedis, tmp_path: Path) -> None:
    """A second start over the same folder takes the running server instead of writing the same file twice."""
    url, pid = server.start(), server.pid
    other = EmbeddedRedis(tmp_path)
    assert other.start() == url
    assert other.pid == pid
    assert embedded_redis.url_of_running(tmp_path) == url
    other.stop()
    assert not server.alive()
    assert embedded_redis.url_of_running(tmp_path) is None


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    """kill -9 of the owner leaves no server behind."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    lines = iter(owner.stdout.readline, "")
    pid = next(int(line) for line in lines if line.strip().isdigit())
    owner.kill()
    owner.communicate()
    until(lambda: not alive(pid), "the server is gone")


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    """A program that ends at once is an error naming it, not an endless wait."""
    with pytest.raises(EmbeddedRedisError, match="/bin/false did not come up"):
        EmbeddedRedis(tmp_path, Path("/bin/false")).start()


def test_the_program_comes_from_path_before_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's own server is preferred: the operator keeps it up to date."""
    program = tmp_path / "redis-server"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert embedded_redis.find_program() == program


def test_without_any_program_the_three_ways_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where neither PATH nor a wheel has one, the error says what to install or set."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(EmbeddedRedisError) as caught:
        embedded_redis.find_program()
    for way in ("REDIS_URL", "redis-server", "accord[embedded]"):
        assert way in str(caught.value)


def test_a_part_started_alone_needs_an_address(tmp_path: Path) -> None:
    """Without REDIS_URL and without a running installation the mend is named; with REDIS_URL that one is taken."""
    assert embedded_redis.address("redis://cache:6379/1", tmp_path) == "redis://cache:6379/1"
    with pytest.raises(EmbeddedRedisError, match="REDIS_URL"):
        embedded_redis.address(None, tmp_path)
