"""Says at the end how many faults were tried and what they cost."""

from __future__ import annotations

from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line: faults tried, effects lost, effects made twice, outcomes that a person has to look at."""
    reports = [
        r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, ()) if r.when == "call"
    ]
    told = [counts for r in reports for name, counts in r.user_properties if name == "fault"]
    if told:
        twice, missing, unknown = (sum(row[name] for row in told) for name in ("twice", "missing", "unknown"))
        terminalreporter.write_line(
            f"faults tried {len(told)}, effects twice {twice}, lost {max(0, missing - unknown)}, "
            f"unknown and shown {unknown} ({missing} of them never left)"
        )
