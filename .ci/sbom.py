"""What is built in: a bill of materials in CycloneDX JSON, made from a lock file and what is installed.

    python .ci/sbom.py requirements.run.lock > sbom.json

Names every distribution of the lock with its version, hashes and package URL, and with summary and licence where it is
installed here. The same lock and installation give the same document.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

_PINNED: Final = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)")
_HASH: Final = re.compile(r"--hash=sha256:(?P<hash>[0-9a-f]{64})")


def bill(lock: str, version: str) -> dict[str, Any]:
    """The document of one lock. `version` is ours."""
    components = [_component(*pinned) for pinned in _pinned(lock)]
    ours = f"pkg:generic/accord@{version}"
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, ours + lock)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": ours,
                "name": "accord",
                "version": version,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": components,
        "dependencies": [{"ref": ours, "dependsOn": [c["bom-ref"] for c in components]}],
    }


def installed(name: str) -> Mapping[str, str]:
    """What an installed distribution says of itself; nothing for one that this machine has no use for."""
    try:
        found = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return {}
    said = {"license": found.get("License-Expression") or "", "summary": found.get("Summary") or ""}
    if not said["license"]:
        said["license"] = next(
            (c.rpartition(":: ")[2] for c in found.get_all("Classifier") or () if c.startswith("License ::")),
            "",
        )
    return {key: value for key, value in said.items() if value}


def _pinned(lock: str) -> Iterator[tuple[str, str, list[str]]]:
    """Name, version and hashes of each entry."""
    for entry in re.split(r"\n(?=[A-Za-z0-9])", lock):
        found = _PINNED.match(entry)
        if found:
            yield found["name"], found["version"], _HASH.findall(entry)


def _component(name: str, version: str, hashes: list[str]) -> dict[str, Any]:
    where = f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{version}"
    said = installed(name)
    made: dict[str, Any] = {
        "type": "library",
        "bom-ref": where,
        "name": name,
        "version": version,
        "purl": where,
    }
    if "summary" in said:
        made["description"] = said["summary"]
    if "license" in said:
        made["licenses"] = [{"license": {"name": said["license"]}}]
    # One distribution has a file for each system; the lock does not say which hash is whose.
    made["externalReferences"] = [
        {
            "type": "distribution",
            "url": where,
            "hashes": [{"alg": "SHA-256", "content": h} for h in hashes],
        }
    ]
    return made


if __name__ == "__main__":
    made = bill(Path(sys.argv[1]).read_text(encoding="utf-8"), metadata.version("accord"))
    sys.stdout.write(json.dumps(made, indent=2, ensure_ascii=False) + "\n")
