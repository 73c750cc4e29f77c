"""Says at the end how many faults were tried and what they cost."""

from __future__ import annotations

from collections import Counter
from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line: faults tried, effects lost, effects made twice, outcomes that a person has to look at."""
    stats = terminalreporter.stats
    reports = [r for kind in ("passed", "failed") for r in stats.get(kind, ()) if r.when == "call"]
    told: Counter[str] = Counter()
    lost = 0
    for counts in (found for r in reports for name, found in r.user_properties if name == "faults"):
        told.update(counts)
        lost += max(0, counts["missing"] - counts["unknown"])
    if told["tried"]:
        terminalreporter.write_line(
            f"faults tried {told['tried']}, effects lost {lost}, twice {told['twice']}, "
            f"unknown and shown {told['unknown']} ({told['missing']} of them never left)"
        )
