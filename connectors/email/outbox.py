"""Mail as files, while no SMTP server is set: one `.eml` a message, named by its action.

In: a directory and a `Mail`. Out: the file, whole and on disk, or the news that it was there already.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from connectors.base import ConnectorError, Settings
from connectors.email.compose import Mail


def write(settings: Settings, key: str, mail: Mail) -> bool:
    """Write the mail to `directory`, below the workspace. False when this action has a file there."""
    directory = Path(settings.get("home") or "") / settings.get("directory")
    path = directory / f"{key}.eml"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return _write_once(path, mail.message.as_bytes())
    except OSError as problem:
        raise ConnectorError(
            f"{settings.name}: cannot write {path.name} to `directory` ({problem.strerror}): check rights and space",
            retryable=True,
        ) from None


def _write_once(path: Path, content: bytes) -> bool:
    """A reader sees the whole file or none; of two writers the first one wins, and the other is told."""
    if path.exists():
        return False
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        Path(draft).unlink()
    return True
