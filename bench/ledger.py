"""Booking an entry: deciding it in a project of 10 entries against one of 100,000, among 1,000 projects.

Both run on one SQLite file with the budget pack in force. What is measured is gathering the facts and deciding: the
sums are kept step by step, so that the number of entries should not show. The audit that recounts a project once a day
is measured beside it, for it reads them all.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from bench.decide import HOME
from connectors import registry
from rules.engine.effects.projects import activation
from rules.engine.evaluate import evaluate
from rules.engine.state import State
from rules.facts.event import Event, Record, event_id
from rules.facts.ledger import recompute
from rules.facts.money import Money
from rules.facts.project import Workspace
from rules.language.loader import load_rules
from rules.language.model import RuleSet
from rules.packs import read_pack
from service.store import records
from service.store.database import Database
from service.store.migrate import upgrade
from service.store.records import SqlBook
from service.workspace import load

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SMALL, LARGE, PROJECTS, ROUNDS = 10, 100_000, 1_000, 200
RULES = "version: 1\nuse: [budget]\nrules: []\n"


def run() -> None:
    """Measure and print the table."""
    workspace = _workspace()
    rules, problems = load_rules([("bench.yaml", RULES)], [], workspace, read_pack)
    if rules is None:
        raise RuntimeError("\n".join(str(p) for p in problems))
    place = Path(tempfile.mkdtemp())
    try:
        database = Database(f"sqlite:///{place}/accord.db", place)
        upgrade(database)
        _fill(database, workspace, rules)
        found = {n: _measure(database, workspace, rules, id) for n, id in ((SMALL, "p1"), (LARGE, "p0"))}
        print(f"{'booking':<18}{'p50 ms':>9}")
        for entries, milliseconds in found.items():
            print(f"{entries:>7} entries   {milliseconds:>9.2f}")
        print(f"ratio large / small: {found[LARGE] / found[SMALL]:.2f}")
        print(f"recounting {LARGE:,} entries: {_recount(database):.1f} s")
        database.close()
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _workspace() -> Workspace:
    """The example workspace with a thousand projects like Apollo."""
    lines = (HOME / ".env.example").read_text(encoding="utf-8").splitlines()
    environment = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    workspace = load(HOME, registry.everything(), environment).workspace
    like = workspace.projects["apollo"]
    plan = replace(like.budget, total=Money(Decimal(10) ** 9, "USD"), lines={}, reserve=None)
    projects = {f"p{n}": replace(like, id=f"p{n}", name=f"Project {n}", budget=plan) for n in range(PROJECTS)}
    return replace(workspace, projects=projects)


def _fill(database: Database, workspace: Workspace, rules: RuleSet) -> None:
    for project in list(workspace.projects.values())[:2]:
        with database.reading() as connection:
            state = State(NOW, workspace, SqlBook(connection))
            begun = evaluate(activation(project, NOW), state, rules, stored_only=True)
        with database.writing() as connection:
            records.save(connection, begun.puts, NOW)
    for project, count in (("p1", SMALL), ("p0", LARGE)):
        entries = list(_entries(project, count))
        for start in range(0, count, 1000):
            with database.writing() as connection:
                some = entries[start : start + 1000]
                records.save(connection, {("entry", e["id"]): e for e in some}, NOW)
        own = {"id": project, "project": project, "client": "acme"}
        with database.writing() as connection:
            records.save(connection, {("sums", project): {**recompute(entries, "USD"), **own}}, NOW)


def _entries(project: str, count: int) -> Iterator[Record]:
    own = {"project": project, "client": "acme", "measure": "incurred", "class": "material"}
    for n in range(count):
        amount = Money(Decimal(n % 97), "USD")
        day = date(2026, 11, 1) + timedelta(days=n % 19)
        fields = {"amount": amount, "base_amount": amount, "work_date": day}
        id = f"books/{project}/{n}"
        yield {**own, **fields, "id": id, "status": "posted", "version": "1", "versions": []}


def _measure(database: Database, workspace: Workspace, rules: RuleSet, project: str) -> float:
    """Milliseconds to decide one bill, the median of some."""
    taken = []
    for n in range(ROUNDS):
        entry = {"class": "material", "amount": Money(Decimal(5), "USD"), "work_date": NOW.date()}
        id = event_id("bench", project, str(n))
        event = Event(
            id, "bill.received", NOW, NOW, {"entry": entry}, project, "acme", "books", f"b/{n}", "1"
        )
        with database.reading() as connection:
            started = time.perf_counter()
            evaluate(event, State(NOW, workspace, SqlBook(connection)), rules, stored_only=True)
            taken.append(time.perf_counter() - started)
    return statistics.median(taken) * 1000


def _recount(database: Database) -> float:
    started = time.perf_counter()
    with database.reading() as connection:
        recompute(records.each(connection, "entry", "p0"), "USD")
    return time.perf_counter() - started
