"""What Accord is made of: the bill of materials names all of it; the audit fails for weaknesses, not for networks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.shared import ROOT

LOCK = "requirements.run.lock"


def bill() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, ".ci/sbom.py", LOCK], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_bill_names_every_distribution_of_the_lock() -> None:
    """With version, package URL and the hashes of its files; each once; and it is the same each time it is made."""
    made = bill()
    text = (ROOT / LOCK).read_text()
    pinned = set(re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\\\]+)", text, flags=re.MULTILINE))
    named = [(c["name"], c["version"]) for c in made["components"]]
    assert set(named) == pinned
    assert len(named) == len(pinned)
    assert sum(len(c["externalReferences"][0]["hashes"]) for c in made["components"]) == text.count("--hash=")
    assert all(c["purl"] == c["bom-ref"] for c in made["components"])
    assert made["dependencies"][0]["dependsOn"] == [c["bom-ref"] for c in made["components"]]
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    assert bill() == made


def test_what_is_installed_has_its_licence_on_the_bill() -> None:
    """Flask and SQLAlchemy are always here; what they say of themselves is told."""
    licences = {c["name"].lower(): c.get("licenses") for c in bill()["components"]}
    assert licences["flask"]
    assert licences["sqlalchemy"]


TOOLS = {
    "nothing is known": ("exit 0", 0, "nothing is known against requirements.lock"),
    "a weakness": ("""echo '{"dependencies": []}' > "$out"; exit 1""", 1, "with a known weakness"),
    "no network": ("echo 'ConnectionError: no route' >&2; exit 1", 0, "no index of advisories answered"),
}


@pytest.mark.parametrize("case", TOOLS)
def test_the_audit_fails_for_weaknesses_only(tmp_path: Path, case: str) -> None:
    """Which lock is weak is told; that nothing could be asked is told too, and fails nobody's build."""
    script, code, said = TOOLS[case]
    tool = tmp_path / "pip-audit"
    tool.write_text(
        f"""#!/bin/bash\nwhile [ $# -gt 0 ]; do [ "$1" = --output ] && out=$2; shift; done\n{script}\n"""
    )
    tool.chmod(0o755)
    done = audit(PIP_AUDIT=str(tool))
    assert done.returncode == code
    assert said in done.stdout + done.stderr


def test_without_the_tool_the_audit_says_how_to_get_it(tmp_path: Path) -> None:
    """It is skipped, and says so."""
    done = audit(PIP_AUDIT=str(tmp_path / "nothing"))
    assert done.returncode == 0
    assert "audit skipped" in done.stdout


def audit(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / ".ci" / "audit")],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
