"""Another time for real processes: the service's one clock runs with an offset that a test can change meanwhile."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CLOCKWORK = Path(__file__).resolve().parent / "clockwork"


class OtherTime:
    """A clock that runs on from where a test sets it. `environment` is what processes need to live by it."""

    def __init__(self, place: Path) -> None:
        self._file = place / "clock"
        self.environment = {
            "PYTHONPATH": os.pathsep.join([str(CLOCKWORK), str(REPOSITORY)]),
            "TEST_CLOCK_FILE": str(self._file),
        }

    def set(self, at: datetime) -> None:
        """It is `at` now, and time goes on."""
        draft = self._file.with_suffix(".new")
        draft.write_text(str((at - datetime.now(UTC)).total_seconds()), encoding="ascii")
        draft.replace(self._file)
