"""Booking an entry and auditing a quarter: in a project of 10 entries against one of a million, among 1,000 projects.

Both run on one SQLite file with the packs budget and control in force. What is measured is gathering the facts and
deciding: sums and the index of papers are kept step by step, so that the number of entries should not show. What
recounts a project once a day reads them all, in pieces: one of its turns is measured beside.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path

from bench.decide import HOME
from connectors import registry
from rules.engine.effects.projects import activation
from rules.engine.evaluate import evaluate
from rules.engine.state import State
from rules.facts import codec
from rules.facts.event import Event, Record, event_id
from rules.facts.ledger import recompute
from rules.facts.money import Money
from rules.facts.project import Workspace
from rules.language.loader import load_rules
from rules.language.model import RuleSet
from rules.packs import read_pack
from service.flow.recount import PIECE
from service.store import records
from service.store.database import Connection, Database, iso
from service.store.migrate import upgrade
from service.store.records import SqlBook
from service.workspace import load

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SMALL, LARGE, PROJECTS, ROUNDS, AUDITS = 10, 1_000_000, 1_000, 100, 20
RULES = "version: 1\nuse: [budget, control]\nrules: []\n"


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
        projects = ((SMALL, "p1"), (LARGE, "p0"))
        for name, events in (("booking", _bills), ("audit", _audits)):
            found = {n: _measure(database, workspace, rules, events(id)) for n, id in projects}
            print(f"{name:<18}{'p50 ms':>9}")
            for entries, milliseconds in found.items():
                print(f"{entries:>9,} entries {milliseconds:>9.2f}")
            print(f"ratio large / small: {found[LARGE] / found[SMALL]:.2f}")
        print(f"one turn of recounting, {PIECE:,} entries: {_recount(database):.2f} s")
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
    for id, count in (("p1", SMALL), ("p0", LARGE)):
        own = {"id": id, "project": id, "client": "acme"}
        with database.writing() as connection:
            _book(connection, id, count)
            groups = recompute(_groups(id, count), "USD")
            records.save(connection, {("sums", id): {**groups, **own}} | _filed(id, count), NOW)


def _book(connection: Connection, project: str, count: int) -> None:
    """So many entries of 97 amounts on 19 days, made by the database itself: a million in some seconds."""
    data = codec.dumps(_entry(project, "#n", Money(Decimal(123456789), "USD"), date(1999, 12, 31)))
    connection.exec_driver_sql(
        "INSERT INTO records (kind, id, project, client, status, data, at) "
        "WITH RECURSIVE so_far(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM so_far WHERE n + 1 < ?) "
        "SELECT 'entry', 'books/' || ? || '/' || n, ?, 'acme', 'posted', replace(replace(replace(?, '#n', n), "
        "'123456789', n % 97), '1999-12-31', '2026-11-' || printf('%02d', n % 19 + 1)), ? FROM so_far",
        (count, project, project, data, iso(NOW)),
    )


def _filed(project: str, count: int) -> dict[tuple[str, str], Record]:
    """The index of papers as booking them one by one leaves it."""
    own = {"project": project, "client": "acme", "bare": [], "unseen": []}
    days = {day: len(range(day, count, 19)) for day in range(19)}
    ids = {day: f"{project}/{date(2026, 11, day + 1).isoformat()}" for day in days}
    return {("filed", ids[day]): {**own, "id": ids[day], "count": papers} for day, papers in days.items()}


def _groups(project: str, count: int) -> Iterator[Record]:
    """What these entries come to: one entry for each amount and day."""
    for first in range(97 * 19):
        amount = Money(Decimal(first % 97 * len(range(first, count, 97 * 19))), "USD")
        yield _entry(project, str(first), amount, date(2026, 11, first % 19 + 1))


def _entry(project: str, number: str, amount: Money, day: date) -> Record:
    own = {"project": project, "client": "acme", "measure": "incurred", "class": "material", "kind": "bill"}
    fields = {"amount": amount, "base_amount": amount, "work_date": day, "status": "posted"}
    return {**own, **fields, "id": f"books/{project}/{number}", "version": "1", "versions": []}


def _bills(project: str) -> Iterator[Event]:
    """Bills that come in."""
    paid = {
        "class": "material",
        "amount": Money(Decimal(5), "USD"),
        "work_date": NOW.date(),
        "party": "Delta",
    }
    for n in range(ROUNDS):
        id = event_id("bench", project, str(n))
        yield Event(id, "bill.received", NOW, NOW, {"entry": paid}, project, "acme", "books", f"b/{n}", "1")


def _audits(project: str) -> Iterator[Event]:
    """Audits of the quarter."""
    for n in range(AUDITS):
        id = event_id("bench", project, f"audit {n}")
        yield Event(id, "audit.run", NOW, NOW, {"audit": {"period": "2026-Q4"}}, project, "acme")


def _measure(database: Database, workspace: Workspace, rules: RuleSet, events: Iterator[Event]) -> float:
    """Milliseconds to decide one of these events, the median."""
    taken = []
    for event in events:
        with database.reading() as connection:
            started = time.perf_counter()
            evaluate(event, State(NOW, workspace, SqlBook(connection)), rules, stored_only=True)
            taken.append(time.perf_counter() - started)
    return statistics.median(taken) * 1000


def _recount(database: Database) -> float:
    with database.reading() as connection:
        entries = records.each(connection, "entry", "p0")
        started = time.perf_counter()
        recompute(islice(entries, PIECE), "USD")
        return time.perf_counter() - started
