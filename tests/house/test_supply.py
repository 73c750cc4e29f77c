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


KNOWN = '{"name": "flask", "version": "3.1", "vulns": []}'
WEAK = (
    '{"name": "jinja2", "version": "2.10", "vulns": [{"id": "PYSEC-2019-217", "fix_versions": ["2.10.1"]}]}'
)
SKIPPED = '{"name": "jinja2", "skip_reason": "not found"}'
# What an index says of the version that has been weak for years, what it says of a lock; what comes of that.
INDEXES = {
    "nothing is known": (
        WEAK,
        KNOWN,
        0,
        "pypi knows nothing against the 1 distributions of requirements.lock",
    ),
    "a weakness": (WEAK, WEAK, 1, "requirements.lock: jinja2 2.10: PYSEC-2019-217, mended in 2.10.1"),
    "some are not known": (WEAK, f"{KNOWN}, {SKIPPED}", 0, "could not be asked about jinja2"),
    "an index that knows nothing at all": (
        SKIPPED,
        SKIPPED,
        0,
        "no index of advisories answered (pypi: it has",
    ),
    "an index that calls the weak sound": (KNOWN, KNOWN, 0, "no index of advisories answered (pypi: it has"),
    "no network": ("", "", 0, "no index of advisories answered (pypi: ConnectionError: no route; osv: "),
}


@pytest.mark.parametrize("case", INDEXES)
def test_the_audit_fails_for_weaknesses_only(tmp_path: Path, case: str) -> None:
    """What is weak is named with its mend; that nothing could be asked is told, fails nobody, and is no soundness."""
    canary, lock, code, said = INDEXES[case]
    tool = tmp_path / "pip-audit"
    tool.write_text(
        f"""#!/bin/bash
        while [ $# -gt 0 ]; do [ "$1" = --output ] && out=$2; [ "$1" = --requirement ] && of=$2; shift; done
        case $of in requirements*) found='{lock}' ;; *) found='{canary}' ;; esac
        [ "$found" ] || {{ echo 'ConnectionError: no route' >&2; exit 1; }}
        echo "{{\\"dependencies\\": [$found]}}" > "$out"
        """
    )
    tool.chmod(0o755)
    done = audit(PIP_AUDIT=str(tool))
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr


def test_without_the_tool_the_audit_says_so(tmp_path: Path) -> None:
    """It is skipped, and says what is missing."""
    done = audit(PIP_AUDIT=str(tmp_path / "nothing"))
    assert done.returncode == 0
    assert "audit skipped: there is no" in done.stdout


def audit(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ".ci/audit.py", "requirements.lock", "requirements.run.lock"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
