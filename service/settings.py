"""What the operator sets from outside: environment variables, the workspace's `.env`, and `NAME_FILE` secrets.

In: the environment and the workspace directory.  Out: one frozen `Settings`, or one `SettingsError` that lists
everything that is wrong at once, each with its mend. Values are never repeated in an error: they may be secret.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from service import log

DATABASES: Final = ("sqlite", "postgresql", "postgresql+psycopg")
LEVELS: Final = ("debug", "info", "warning", "error")
SHORTEST_KEY: Final = 32
SHORTEST_TOKEN: Final = 16
_LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<value>.*)")


class SettingsError(Exception):
    """Settings that cannot be used. `problems` has one sentence each: the name, what is wrong, the mend."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Settings:
    """The service's settings, checked.

    home: the workspace directory.  redis_url: none means a private server under `var`.
    database_url: an SQLAlchemy URL; SQLite under `var` when nothing was set.
    secret_key: signs sessions and links; at least 32 characters.  api_token: bearer of `/api/v1`; none closes it.
    public_url: what links in messages start with, without a slash at the end; none while nobody outside can reach us.
    """

    home: Path
    host: str
    port: int
    database_url: str = field(repr=False)
    redis_url: str | None = field(repr=False)
    secret_key: str = field(repr=False)
    api_token: str | None = field(repr=False)
    public_url: str | None
    log_level: str

    @property
    def var(self) -> Path:
        """Where the service keeps its own files; made by `load`, readable by its owner alone."""
        return self.home / "var"

    @property
    def local_url(self) -> str:
        """Where a browser on this machine finds the console."""
        host = "127.0.0.1" if self.host in ("", "0.0.0.0", "::") else self.host  # noqa: S104 (compared, not bound)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


class Environment:
    """Values by name: from the process, then the workspace's `.env`, then the file that `NAME_FILE` points at."""

    def __init__(self, home: Path, process: Mapping[str, str]) -> None:
        self._home = home
        self._values = {
            **_read_env_file(home / ".env"),
            **{name: text for name, text in process.items() if text},
        }

    def get(self, name: str) -> str | None:
        """The value, or none when it is not set or empty.

        Raises `SettingsError` when both NAME and NAME_FILE are set, or the file cannot be read.
        """
        value, file = self._values.get(name), self._values.get(f"{name}_FILE")
        if not file:
            return value
        if value:
            raise SettingsError([f"{name}: set twice, as {name} and as {name}_FILE; remove one of them."])
        path = self._home / file
        try:
            return path.read_text(encoding="utf-8").rstrip("\r\n") or None
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise SettingsError(
                [f"{name}_FILE: cannot read {path}: {reason}; check path and rights."]
            ) from None


def load(home: Path | str | None = None, process: Mapping[str, str] | None = None) -> Settings:
    """Reads and checks all settings of the workspace `home` (else ACCORD_HOME, else the current directory).

    Makes `var/` and, once, the key in it. Registers every secret it meets for redaction.
    Raises `SettingsError` with all problems.
    """
    process = os.environ if process is None else process
    place = Path(home or process.get("ACCORD_HOME") or ".").resolve()
    if not place.is_dir():
        raise SettingsError(
            [f"ACCORD_HOME: {place} is not a directory; `accord init {place}` makes a workspace."]
        )
    reading = _Reading(Environment(place, process))
    settings = Settings(
        home=place,
        host=reading.text("HOST") or "127.0.0.1",
        port=reading.port(),
        database_url=reading.database() or f"sqlite:///{place / 'var' / 'accord.db'}",
        redis_url=reading.url("REDIS_URL", ("redis", "rediss", "unix")),
        secret_key=reading.secret("SECRET_KEY", SHORTEST_KEY) or "",
        api_token=reading.secret("ACCORD_API_TOKEN", SHORTEST_TOKEN),
        public_url=reading.public_url(),
        log_level=reading.level(),
    )
    if reading.problems:
        raise SettingsError(reading.problems)
    settings.var.mkdir(mode=0o700, exist_ok=True)
    return settings if settings.secret_key else _with_own_key(settings)


class _Reading:
    """One pass over the settings that collects problems instead of stopping at the first."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def text(self, name: str) -> str | None:
        try:
            return self._environment.get(name)
        except SettingsError as error:
            self.problems += error.problems
            return None

    def port(self) -> int:
        text = self.text("PORT") or "8080"
        if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535:
            return int(text)
        self.problems.append("PORT: not a port number; give a whole number from 1 to 65535.")
        return 8080

    def level(self) -> str:
        level = (self.text("LOG_LEVEL") or "info").lower()
        if level not in LEVELS:
            self.problems.append(f"LOG_LEVEL: unknown level; give one of {', '.join(LEVELS)}.")
        return level

    def secret(self, name: str, shortest: int) -> str | None:
        value = self.text(name)
        log.register_secret(value)
        if value and len(value) < shortest:
            self.problems.append(
                f"{name}: {len(value)} characters can be guessed; give at least {shortest}, "
                "for example from: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'."
            )
        return value

    def url(self, name: str, schemes: tuple[str, ...]) -> str | None:
        value = self.text(name)
        if not value:
            return None
        try:
            parts = urlsplit(value)
            log.register_secret(parts.password)
            fits = parts.scheme in schemes and bool(parts.netloc or parts.path)
        except ValueError:
            fits = False
        if not fits:
            self.problems.append(
                f"{name}: not a usable address; it starts with {' or '.join(f'{s}://' for s in schemes)}."
            )
        return value

    def database(self) -> str | None:
        value = self.url("DATABASE_URL", (*DATABASES, "postgres"))
        # What hosting providers hand out, in the spelling of the driver that we ship.
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", value) if value else None

    def public_url(self) -> str | None:
        value = self.url("PUBLIC_URL", ("https", "http"))
        if value and ("?" in value or "#" in value):
            self.problems.append(
                "PUBLIC_URL: has a query or fragment; give scheme, host and, if need be, a path."
            )
        return value.rstrip("/") if value else None


def _read_env_file(path: Path) -> dict[str, str]:
    """The names and values of a `.env` file; refused when others than its owner can read it."""
    if not path.is_file():
        return {}
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError([f"{path}: others can read this file of secrets; run: chmod 600 {path}"])
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError([f"{path}: cannot be read by this user: {reason}."]) from None
    values, problems = {}, []
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        value = _unquoted(match["value"]) if match else None
        if match is None or value is None:
            problems.append(
                f"{path}:{number}: not NAME=value; quote values with spaces or '#', comment out the rest."
            )
        elif value:
            values[match["name"]] = value
    if problems:
        raise SettingsError(problems)
    return values


def _unquoted(text: str) -> str | None:
    """A value as a shell would read it, without expansions; none when a quote does not close."""
    if text[:1] in ("'", '"'):
        quoted = re.fullmatch(r"""(?P<q>['"])(?P<inner>.*)(?P=q)\s*(?:#.*)?""", text)
        return quoted["inner"] if quoted else None
    return re.split(r"\s+#", text, maxsplit=1)[0].strip()


def _with_own_key(settings: Settings) -> Settings:
    """The settings with the key kept in `var/`, made on the first start."""
    path = settings.var / "secret-key"
    if not path.exists():
        write_once(path, secrets.token_urlsafe(48))
    key = path.read_text(encoding="ascii").strip()
    log.register_secret(key)
    return replace(settings, secret_key=key)


def write_once(path: Path, text: str) -> None:
    """Writes a private file whole or not at all; of several processes doing so, the first one wins."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with open(draft, "x", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
