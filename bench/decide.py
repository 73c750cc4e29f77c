"""Deciding: events a second with 10 to 1,000 rules of which one in a hundred matches, against a hand-written function.

The events are issues that change; the rules compare labels, a status and an estimate. The floor is the same conditions
as one Python function. What is measured is `evaluate`, with its effects, on records in memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from connectors import registry
from rules.engine.evaluate import evaluate
from rules.engine.state import MemoryBook, State
from rules.facts.event import Event, event_id
from rules.facts.project import Workspace
from rules.language.loader import load_rules
from rules.language.model import RuleSet
from rules.packs import read_pack
from service.workspace import load

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
EVENTS = 300
HOME = Path(__file__).resolve().parents[1] / "examples" / "agency"


def run() -> None:
    """Measure and print the table."""
    known = workspace()
    print(f"{'deciding':<12}{'events/s':>10}{'floor/s':>10}{'ratio':>8}")
    for count in (10, 100, 1000):
        rules = _rules(count, known)
        ours = _rate(lambda n, rules=rules: _decide(n, rules, known))  # type: ignore[misc]
        floor = _rate(lambda n, count=count: _by_hand(n, count))  # type: ignore[misc]
        print(f"{count:<12}{ours:>10.0f}{floor:>10.0f}{ours / floor:>8.3f}")


def workspace() -> Workspace:
    """The example agency, as `make run` starts it."""
    lines = (HOME / ".env.example").read_text(encoding="utf-8").splitlines()
    environment = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return load(HOME, registry.everything(), environment).workspace


def _rules(count: int, workspace: Workspace) -> RuleSet:
    parts = [
        f"  - id: r{n}\n    title: {{en: rule {n}}}\n    when: issue.changed\n"
        f'    if:\n      - issue.status == "S{n % 100}"\n      - \'"urgent" in issue.labels\'\n'
        "    do:\n      - label: {target: issue, add: seen}\n"
        for n in range(count)
    ]
    rules, problems = load_rules(
        [("bench.yaml", "version: 1\nrules:\n" + "".join(parts))], [], workspace, read_pack
    )
    if rules is None:
        raise RuntimeError("\n".join(str(p) for p in problems))
    return rules


def _decide(number: int, rules: RuleSet, workspace: Workspace) -> None:
    evaluate(_event(number), State(NOW, workspace, MemoryBook(_records())), rules, stored_only=True)


def _records() -> dict[tuple[str, str], dict[str, object]]:
    return {
        ("project", "apollo"): {
            "id": "apollo",
            "project": "apollo",
            "client": "acme",
            "status": "active",
            "mode": "live",
        }
    }


def _event(number: int) -> Event:
    issue = {
        "id": f"tracker/APO-{number}",
        "key": f"APO-{number}",
        "status": f"S{number % 100}",
        "labels": ["urgent"],
    }
    id = event_id("bench", str(number))
    return Event(
        id,
        "issue.changed",
        NOW,
        NOW,
        {"issue": {**issue, "connection": "tracker"}},
        "apollo",
        "acme",
        "tracker",
    )


def _by_hand(number: int, count: int) -> None:
    issue = _event(number).objects["issue"]
    matched = [n for n in range(count) if issue["status"] == f"S{n % 100}" and "urgent" in issue["labels"]]
    if len(matched) > count:
        raise AssertionError


def _rate(work: Callable[[int], None]) -> float:
    work(0)
    started = time.perf_counter()
    for number in range(EVENTS):
        work(number)
    return EVENTS / (time.perf_counter() - started)
