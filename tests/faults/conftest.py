"""Says at the end how many faults were tried and what they cost; FAULTS_REPORT=file keeps it as a table."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from tests.faults.table import SEED, WHICH, table

COLUMNS = ("runs", "lost", "twice", "unknown", "never left", "repeated")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line: faults tried, effects lost, made twice, outcomes that a person has to look at; and the table."""
    stats = terminalreporter.stats
    reports = [r for kind in ("passed", "failed") for r in stats.get(kind, ()) if r.when == "call"]
    told = [found for r in reports for name, found in r.user_properties if name == "faults"]
    if not told:
        return
    total: Counter[str] = Counter()
    of: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for counts in told:
        costs = {name: counts[name] for name in COLUMNS[1:]}
        total.update({"tried": len(counts["tried"]), **costs})
        for fault in counts["tried"]:
            of[fault].update({"runs": 1, **costs})
    drawn = f"of {sum(len(r.faults) for r in table())}, FAULTS={WHICH}" if WHICH else f"FAULTS_SEED={SEED}"
    terminalreporter.write_line(
        f"faults tried {total['tried']} ({drawn}), lost {total['lost']}, twice {total['twice']}, "
        f"unknown and shown {total['unknown']} ({total['never left']} of them never left), "
        f"possibly repeated {total['repeated']}"
    )
    if report := os.environ.get("FAULTS_REPORT"):
        Path(report).parent.mkdir(parents=True, exist_ok=True)
        Path(report).write_text(_table(of), encoding="utf-8")


def _table(of: dict[str, Counter[str]]) -> str:
    """A row a fault: in how many runs it struck, and what those runs cost, other faults of the same run included."""
    lines = ["| fault | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(str(of[name][c]) for c in COLUMNS) + " |" for name in sorted(of)]
    return "\n".join(lines) + "\n"
