"""Holds the locks against an index of known weaknesses: what is weak is named and fails; an index that cannot be asked
fails nobody, and is told.

    python .ci/audit.py LOCK...

pip-audit is taken from PATH (or PIP_AUDIT), else installed beside the build by its own lock. An index is believed
only when it knows something against a version that has been weak for years: a mirror of packages that has no
advisories would call everything sound.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any, Final

OWN: Final = Path("build") / "pip-audit"
OWN_LOCK: Final = Path(__file__).with_name("audit.lock")
INDEXES: Final = ("pypi", "osv")
WEAK: Final = "jinja2==2.10\n"
"""CVE-2019-10906 and more."""
SECONDS: Final = 300
Found = dict[str, Any]


def main(locks: list[str]) -> int:
    """0, or 1 when a lock names a version with a known weakness."""
    tool, why = _tool()
    if tool is None:
        print(f"audit skipped: {why}")
        return 0
    index, why = _index(tool)
    if index is None:
        print(f"audit skipped: no index of advisories answered ({why})")
        return 0
    return max(_audited(tool, index, lock) for lock in locks)


def _audited(tool: str, index: str, lock: str) -> int:
    found, why = _asked(tool, index, lock, "--require-hashes")
    if found is None:
        print(f"audit skipped for {lock}: {index} stopped answering ({why})")
        return 0
    weak = [one for one in found if one.get("vulns")]
    for one in weak:
        for known in one["vulns"]:
            mend = ", ".join(known.get("fix_versions") or ()) or "no version yet"
            print(f"{lock}: {one['name']} {one['version']}: {known['id']}, mended in {mend}", file=sys.stderr)
    if weak:
        print(f"audit: {lock} names {len(weak)} versions with a known weakness", file=sys.stderr)
        return 1
    unknown = [one["name"] for one in found if "vulns" not in one]
    print(f"audit: {index} knows nothing against the {len(found) - len(unknown)} distributions of {lock}")
    if unknown:
        print(f"audit: {index} could not be asked about {', '.join(unknown)}")
    return 0


def _index(tool: str) -> tuple[str | None, str]:
    """The first index that knows a weakness which it must know; or none, and what each said."""
    said = []
    with tempfile.TemporaryDirectory() as place:
        canary = Path(place) / "weak.txt"
        canary.write_text(WEAK)
        for index in INDEXES:
            found, why = _asked(tool, index, str(canary), "--no-deps")
            if any(one.get("vulns") for one in found or ()):
                return index, ""
            said.append(f"{index}: {why or 'it has no advisories'}")
    return None, "; ".join(said)


def _asked(tool: str, index: str, lock: str, how: str) -> tuple[list[Found] | None, str]:
    """What the index says of each distribution; or none, and why there is no report."""
    with tempfile.TemporaryDirectory() as place:
        report = Path(place) / "report.json"
        command = [tool, "--vulnerability-service", index, "--requirement", lock, how, "--disable-pip"]
        command += [
            "--progress-spinner",
            "off",
            "--timeout",
            "10",
            "--format",
            "json",
            "--output",
            str(report),
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
        except (OSError, subprocess.TimeoutExpired) as problem:
            return None, type(problem).__name__
        try:
            found: list[Found] = json.loads(report.read_text())["dependencies"]
        except (OSError, ValueError, KeyError):
            return None, (done.stderr.strip().splitlines() or ["it said nothing"])[-1][:200]
        return found, ""


def _tool() -> tuple[str | None, str]:
    """pip-audit; or none, and why it could not be had."""
    named = os.environ.get("PIP_AUDIT", "pip-audit")
    if found := shutil.which(named):
        return found, ""
    if "PIP_AUDIT" in os.environ:
        return None, f"there is no {named}"
    own = OWN / "bin" / "pip-audit"
    if not own.exists():
        venv.create(OWN, with_pip=True, clear=True)
        command = [str(OWN / "bin" / "python"), "-m", "pip", "install", "--quiet", "--require-hashes"]
        done = subprocess.run(
            [*command, "-r", str(OWN_LOCK)], capture_output=True, text=True, check=False, timeout=SECONDS
        )
        if done.returncode:
            return None, f"pip-audit could not be installed ({done.stderr.strip().splitlines()[-1][:200]})"
    return str(own), ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
