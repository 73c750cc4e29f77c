"""A backtest of the shipped packs: events a second through both rule sets, and how a longer journal changes that.

The journal is entries of the ledger and edits of issues over a year of one project; memory holds the records alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bench.decide import workspace
from rules.backtest import Replay
from rules.engine.effects.projects import activation
from rules.facts.event import Event
from rules.facts.money import Money
from rules.facts.project import Workspace
from rules.language.loader import load_rules
from rules.language.model import RuleSet
from rules.packs import names, read_pack

BEGUN = datetime(2025, 11, 20, 9, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
SIZES = (2_000, 20_000)


def run() -> None:
    """Measure and print the table."""
    known = workspace()
    rules = _packs(known)
    print(f"{'backtest':<12}{'seconds':>10}{'events/s':>10}{'ratio':>8}")
    first = 0.0
    for size in SIZES:
        replay = Replay(known, rules, rules, BEGUN + YEAR / 2, BEGUN + YEAR)
        started = time.process_time()
        replay.take(activation(known.projects["apollo"], BEGUN))
        for event in _journal(size):
            replay.take(event)
        outcome = replay.finish()
        took = time.process_time() - started
        if outcome.changes:
            raise RuntimeError("rules differ from themselves")
        first = first or size / took
        print(f"{size:<12}{took:>10.1f}{size / took:>10.0f}{size / took / first:>8.2f}")


def _packs(known: Workspace) -> RuleSet:
    found, problems = load_rules(
        [("bench.yaml", f"version: 1\nuse: [{', '.join(names())}]\nrules: []\n")], [], known, read_pack
    )
    if found is None:
        raise RuntimeError("\n".join(str(p) for p in problems[:5]))
    return found


def _journal(size: int) -> Iterator[Event]:
    for n in range(size):
        at = BEGUN + (n + 1) * YEAR / (size + 1)
        if n % 2:
            issue: dict[str, Any] = {"key": f"APO-{n % 500}", "status": f"S{n % 7}", "labels": []}
            yield Event(
                f"evt_{n}",
                "issue.changed",
                at,
                at,
                {"issue": issue},
                "apollo",
                "acme",
                "tracker",
                version=f"{n:08}",
            )
        else:
            entry = {
                "id": f"B{n}",
                "kind": "bill",
                "measure": "incurred",
                "class": "other",
                "work_date": at.date(),
            }
            entry["amount"] = Money(Decimal(100_000) / size, "USD")
            yield Event(
                f"evt_{n}", "ledger.posted", at, at, {"entry": entry}, "apollo", "acme", "books", version="1"
            )
