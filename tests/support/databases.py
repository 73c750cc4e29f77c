"""Real databases for tests: an SQLite file, and a PostgreSQL cluster of this test process.

`each_database` is a fixture that runs a test on both; where PostgreSQL's programs are not installed that half skips
and says so.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from service.store.database import Database
from service.store.migrate import upgrade

_PLACES = "/usr/lib/postgresql/*/bin"


def postgres_programs() -> Path | None:
    """Where initdb and pg_ctl are, or none."""
    found = sorted(
        Path("/").glob(_PLACES.lstrip("/")), key=lambda p: [int(n) for n in p.parts[-2].split(".")]
    )
    if found:
        return found[-1]
    named = shutil.which("pg_ctl")
    return Path(named).resolve().parent if named else None


class Cluster:
    """A throw-away PostgreSQL on the loopback."""

    def __init__(self, place: Path, programs: Path) -> None:
        self.place, self.programs = place, programs
        # PostgreSQL refuses to run as root; the account that its package makes may.
        self.prefix = (
            ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def start(self) -> None:
        self.place.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(self.place, "postgres", "postgres")
        self._run(
            "initdb",
            "-D",
            self._data,
            "-U",
            "accord",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-locale",
            "--no-sync",
        )
        self.start_again()

    def stop(self) -> None:
        """At once, as in a crash: no connection is asked."""
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")

    def start_again(self) -> None:
        """What was committed is there again."""
        wanted = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": self.place}
        options = " ".join(f"-c {name}={value}" for name, value in {**wanted, "fsync": "off"}.items())
        self._run(
            "pg_ctl", "-D", self._data, "-w", "-t", "60", "-l", f"{self.place}/log", "-o", options, "start"
        )

    def fresh(self) -> str:
        """The address of a new, empty database."""
        name = f"t{uuid4().hex[:12]}"
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "accord", name)
        return f"postgresql://accord@127.0.0.1:{self.port}/{name}"

    @property
    def _data(self) -> str:
        return f"{self.place}/data"

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self.prefix, str(self.programs / program), *arguments]
        done = subprocess.run(command, cwd=self.place, capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr.decode()[-2000:]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL's server programs are not installed here")
    # Not below pytest's own folder: that one is closed to the account that PostgreSQL runs as.
    with tempfile.TemporaryDirectory(prefix="accord-postgres-", ignore_cleanup_errors=True) as place:
        Path(place).chmod(0o755)
        cluster = Cluster(Path(place) / "cluster", programs)
        cluster.start()
        yield cluster
        cluster.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of ours, on SQLite and on PostgreSQL."""
    url = f"sqlite:///{tmp_path / 'accord.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").fresh()
    made = Database(url, tmp_path)
    upgrade(made)
    yield made
    made.close()
