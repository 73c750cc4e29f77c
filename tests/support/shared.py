"""Finds the shelf of recorded payloads, API documents and signature vectors that may lie beside the repository.

Those files were published by others under their own licences and are not part of this project: a test that wants
one reads it from there, and says so when the shelf is absent.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def shared_path(relative: str) -> Path:
    """The path of one file or folder of the shelf, e.g. "vectors/stripe-header.json"; skips the test without it.

    The shelf is ACCORD_SHARED, else `../shared` as seen from the repository.
    """
    shelf = Path(os.environ.get("ACCORD_SHARED") or ROOT.parent / "shared")
    path = shelf / relative
    if not path.exists():
        pytest.skip(f"needs {relative} of the shared shelf (ACCORD_SHARED), which is not on this machine")
    return path
