"""The whole installation as a user runs it: `accord up` over a copy of a workspace, with real Redis and processes.

`with Stack(home) as stack:` waits until it is ready; `stack.get/post` talk to it, `stack.send` posts a payload as its
source would, `stack.pid(role)` names a process so that a test can end it.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from tests.support.processes import alive, descendants
from tests.support.wait import PATIENCE, until

REPOSITORY = Path(__file__).resolve().parents[2]
TOKEN = "token-of-the-journey-tests"
LATEST = datetime.max.replace(tzinfo=UTC)


# Below the range from which systems take the ports of outgoing connections: one from there may be taken by the time
# that something wants to listen on it.
PORTS = range(10_000, 20_000)


def free_port() -> int:
    """A port that nobody listens on."""
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise AssertionError("no free port")


def agency(place: Path, **environment: str) -> Path:
    """A copy of the example workspace with these lines in its .env."""
    home = place / "agency"
    shutil.copytree(REPOSITORY / "examples" / "agency", home, ignore=shutil.ignore_patterns("var", ".env"))
    lines = (home / ".env.example").read_text().splitlines()
    kept = [
        line
        for line in lines
        if "=" in line and not line.startswith("#") and line.split("=")[0] not in environment
    ]
    env = home / ".env"
    env.write_text("\n".join([*kept, *(f"{k}={v}" for k, v in environment.items())]) + "\n")
    env.chmod(0o600)
    return home


class Stack:
    """One running installation."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        inherited = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
        self.environment = {
            **inherited,
            "PORT": str(self.port),
            "ACCORD_HOME": str(home),
            "ACCORD_API_TOKEN": TOKEN,
            "PYTHONPATH": str(REPOSITORY),
            **environment,
        }
        self.log = home / "up.log"
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {TOKEN}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if error is not None:
            sys.stderr.write(f"--- end of the log ---\n{self.log.read_text()[-6000:]}\n")

    def start(self) -> None:
        command = [sys.executable, "-m", "service", "up"]
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                command, cwd=self.home, env=self.environment, stdout=out, stderr=out
            )
        try:
            until(self._ready, "the installation is ready", every=0.2)
        except AssertionError:
            # Nobody else knows of it yet, so nobody else would end it.
            self.crash()
            raise

    def stop(self) -> int | None:
        """Ask it to stop; the exit code."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=PATIENCE)
        return self._process.returncode if self._process else None

    def accord(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """An `accord` command over this workspace."""
        command = [sys.executable, "-m", "service", *arguments]
        return subprocess.run(
            command,
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def send(self, connection: str, payload: Path | Mapping[str, Any], name: str = "payload") -> str:
        """Post a payload signed as its source does; the id of the delivery."""
        path = payload if isinstance(payload, Path) else self._written(payload, name)
        done = self.accord("send", connection, str(path), "--json")
        assert done.stdout, done.stderr
        answer = json.loads(done.stdout)
        assert answer["status"] in (200, 202), answer
        return str(json.loads(answer["answer"])["id"])

    def get(self, path: str, **params: str) -> Any:
        """The JSON of an API path."""
        answer = self.http.get(f"{self.url}/api/v1/{path}", params=params, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def items(self, path: str, **params: str) -> list[dict[str, Any]]:
        """The items of an API list."""
        return list(self.get(path, **params)["items"])

    def settled(self, delivery: str) -> dict[str, Any]:
        """What became of a delivery, once it has become something."""

        def over() -> dict[str, Any] | None:
            found = self.get(f"deliveries/{delivery}")
            return found if found["state"] not in ("received", "reading") else None

        return until(over, f"delivery {delivery} is settled", every=0.1)

    def quiet(self) -> None:
        """Wait until nothing waits to be decided or sent now."""

        def nothing() -> bool:
            waiting = self.get("waiting")
            return not any(waiting.values())

        until(nothing, "everything is decided and sent", every=0.1)

    def clock_has_seen(self, at: datetime, until: datetime = LATEST) -> bool:
        """Whether the clock has finished a turn at or after this time, and none after `until`: where time is set back,
        whether all clocks have noticed.
        """
        seen = requests.get(f"{self.url}/readyz", timeout=PATIENCE).json()["seen"].get("clock")
        return seen is not None and at <= datetime.fromisoformat(seen) <= until

    def pid(self, role: str) -> int:
        """The process of a role: web, worker-decide, worker-deliver, clock, redis."""
        state = json.loads((self.home / "var" / "run.json").read_text())
        return int(state["processes"][role] if "processes" in state else state[role])

    def kill(self, role: str) -> int:
        """kill -9; the process id that was killed."""
        pid = self.pid(role)
        os.kill(pid, signal.SIGKILL)
        return pid

    def crash(self) -> None:
        """kill -9 of every process at once, as in a power cut; `start` brings the installation back."""
        assert self._process is not None
        everything = descendants(self._process.pid)
        # The supervisor first: it would start again what ends.
        for pid in (self._process.pid, *(everything - {self._process.pid})):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        until(lambda: not any(alive(pid) for pid in everything), "every process has ended")

    def mails(self) -> list[Path]:
        """The mails written to files so far, oldest first."""
        return sorted((self.home / "var" / "mail").glob("*.eml"), key=lambda p: p.stat().st_mtime_ns)

    def _ready(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise AssertionError(
                f"the installation ended with {self._process.returncode}:\n{self.log.read_text()[-4000:]}"
            )
        try:
            return requests.get(f"{self.url}/readyz", timeout=PATIENCE / 4).status_code == 200
        except requests.RequestException:
            return False

    def _written(self, payload: Mapping[str, Any], name: str) -> Path:
        path = self.home / f"{name}.json"
        path.write_text(json.dumps(payload, ensure_ascii=False))
        return path
