"""A backtest of the shipped packs: events a second through both rule sets, each in its process, and a longer journal.

The journal is entries of the ledger and edits of issues over a year of one project; memory holds the records alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bench.decide import workspace
from rules.backtest import Run, Told, outcome
from rules.engine.effects.projects import activation
from rules.facts.event import Event
from rules.facts.money import Money
from rules.facts.project import Workspace
from rules.language.loader import load_rules
from rules.language.model import RuleSet
from rules.packs import names, read_pack
from service.cores import spread

BEGUN = datetime(2025, 11, 20, 9, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
SIZES = (2_000, 20_000)
MILLION = 1_000_000


def run() -> None:
    """Measure and print the table. What a million would take is said from processor time, on cores of our own."""
    known = workspace()
    rules = _packs(known)
    print(f"{'backtest':<12}{'events/s':>10}{'ratio':>8}{'a million, minutes':>20}{'with two jobs':>15}")
    first = 0.0
    for size in SIZES:
        old, new = spread(lambda size: _told(known, rules, size), (size, size), 2)
        if outcome(old[0], new[0]).changes:
            raise RuntimeError("rules differ from themselves")
        alone = size / (old[1] + new[1])
        first = first or alone
        one, two = (MILLION * took / size / 60 for took in (old[1] + new[1], max(old[1], new[1])))
        print(f"{size:<12}{alone:>10.0f}{alone / first:>8.2f}{one:>20.1f}{two:>15.1f}")


def _told(known: Workspace, rules: RuleSet, size: int) -> tuple[Told, float]:
    """What the rules say about a journal of so many events, and the seconds of processor time that it took."""
    started = time.process_time()
    one = Run(known, rules, BEGUN + YEAR / 2, BEGUN + YEAR)
    one.take(activation(known.projects["apollo"], BEGUN))
    for event in _journal(size):
        one.take(event)
    return one.finish(), time.process_time() - started


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
