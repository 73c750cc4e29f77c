"""The record in one file, and back again.

In: the workspace's `var` and its SQLite files, while everything runs. Out: an archive with the record, the inbox, the
service's keys and a manifest with their SHA-256; and the moment of a restore, from which on nothing that may have been
sent since the backup is sent again by itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tarfile
from contextlib import closing
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from sqlalchemy import Connection

from service.store.database import from_iso, iso
from service.store.schema import HEAD
from service.store.switches import connection_state, pause, set_connection_state

RECORD: Final = "accord.db"
INBOX: Final = "inbox.db"
KEY: Final = "secret-key"
SIGNING: Final = "evidence-key"
FILES: Final = (RECORD, INBOX, KEY, SIGNING)
MANIFEST: Final = "manifest.json"
RESTORED: Final = "$restored"
"""Kept like the state of a connection; none of a workspace has this name."""


class BackupError(Exception):
    """A backup that cannot be made or read; the message has the mend."""


def make(var: Path, target: Path, now: datetime) -> dict[str, Any]:
    """Write the archive, whole or not at all, readable by its owner alone; its manifest."""
    with TemporaryDirectory(dir=target.parent) as place:
        folder = Path(place)
        # The record first: what the inbox has beyond it is decided again after a restore, nothing is missing.
        for name in (RECORD, INBOX):
            _copy(var / name, folder / name)
        for name in (KEY, SIGNING):
            if (var / name).exists():
                (folder / name).write_bytes((var / name).read_bytes())
        names = [name for name in FILES if (folder / name).exists()]
        files = {name: {"sha256": _sum(folder / name)} for name in names}
        manifest = {"made_at": iso(now), "schema": HEAD, "files": files}
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=2), encoding="utf-8")
        draft = folder / "archive"
        with (
            open(draft, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file,
            tarfile.open(fileobj=file, mode="w:gz", compresslevel=3) as archive,
        ):
            for name in (*names, MANIFEST):
                archive.add(folder / name, name)
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.replace(target)
    return manifest


def unpack(source: Path, folder: Path) -> dict[str, Any]:
    """The archive's files in `folder`, each held against its sum; its manifest. Raises BackupError."""
    try:
        with tarfile.open(source, "r:gz") as archive:
            for name in (MANIFEST, *FILES):
                member = next((m for m in archive.getmembers() if m.name == name and m.isfile()), None)
                held = archive.extractfile(member) if member else None
                if held is not None:
                    (folder / name).touch(0o600)
                    with (folder / name).open("wb") as file:
                        while part := held.read(1 << 20):
                            file.write(part)
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        wrong = [n for n, of in manifest["files"].items() if _sum(folder / n) != of["sha256"]]
    except (OSError, tarfile.TarError, EOFError, ValueError, KeyError, TypeError) as problem:
        raise BackupError(
            f"{source} is no whole backup of Accord ({type(problem).__name__}); take another one"
        ) from None
    if wrong or not (folder / RECORD).exists():
        raise BackupError(f"{source} is damaged: {', '.join(wrong) or RECORD} is not what was written")
    if manifest["schema"] > HEAD:
        raise BackupError(f"{source} was made by a newer version (schema {manifest['schema']}); install that")
    return manifest


def mark_restored(connection: Connection, now: datetime) -> None:
    """From now on what happened before is not sent again by itself, and nothing leaves before somebody has looked."""
    set_connection_state(connection, RESTORED, cursor=iso(now))
    pause(connection, "everything", "*", "restore", now)


def restored_at(connection: Connection) -> datetime | None:
    """When this record was restored last, if it was."""
    at = connection_state(connection, RESTORED)["cursor"]
    return from_iso(at) if at else None


def _copy(source: Path, target: Path) -> None:
    """A consistent copy by SQLite's own online backup, whatever is written meanwhile."""
    if not source.exists():
        raise BackupError(f"{source} is not there; is this the workspace, and has it been started once?")
    with closing(sqlite3.connect(source, timeout=30)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy, pages=2_000)


def _sum(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()
