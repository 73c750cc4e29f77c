"""Sums that drifted from their entries are found within a day, told once with the mend, and over when mended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from rules.facts.duration import Duration
from rules.facts.money import Money
from service.flow import books, decide
from service.flow.recount import Recounter
from service.state import Context
from service.store import records
from service.troubles import found
from tests.support.seeding import NOW, Seed, close, opened


@pytest.fixture
def seed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seed]:
    """An empty record of its own."""
    made = opened(tmp_path_factory.mktemp("home"))
    made.project("apollo")
    made.entry("books/bill/1", "1200", date(2026, 11, 5))
    made.entry("books/bill/2", "800.50", date(2026, 11, 6))
    worked = {"kind": "time", "person": "lin", "duration": Duration(2, "h")}
    made.entry("tracker/worklog/1", "300", date(2026, 11, 6), **worked)
    yield made
    close(made)


def rounds(context: Context, piece: int = 5_000) -> list[str]:
    """The projects of each turn until all were counted."""
    recounter = Recounter(piece)
    return list(iter(lambda: recounter.turn(context), None))


def drifts(context: Context) -> list[tuple[str, str]]:
    """What the team is told of the sums."""
    with context.database.reading() as connection:
        told = [t for t in found(context, connection, lambda _: None) if t.kind == "sums_differ"]
    return [(t.subject, t.values["what"]) for t in told]


def tomorrow(context: Context) -> Context:
    return replace(context, now=lambda: NOW + timedelta(days=1))


def test_sums_that_are_right_are_nobodys_business(seed: Seed) -> None:
    """Every project is looked at once a day."""
    assert rounds(seed.context) == sorted(seed.context.rulebook.workspace.projects)
    assert rounds(seed.context) == []
    assert drifts(seed.context) == []
    assert len(rounds(tomorrow(seed.context))) == len(seed.context.rulebook.workspace.projects)


def test_a_large_project_is_counted_in_pieces_of_one_moment(seed: Seed) -> None:
    """What is booked between two turns is in neither side: nobody is told of a drift that is none."""
    recounter = Recounter(1)
    assert recounter.turn(seed.context) == "apollo"
    seed.entry("books/bill/0", "50", date(2026, 11, 7))
    turns = list(iter(lambda: recounter.turn(seed.context), None))
    assert turns.count("apollo") == 3, "three entries in four turns, the last of which finds no more"
    assert drifts(seed.context) == []
    assert rounds(tomorrow(seed.context), piece=1).count("apollo") == 5
    assert drifts(seed.context) == []


def test_a_drift_is_told_with_what_differs_until_it_is_mended(seed: Seed) -> None:
    """The mend is a recount; it takes the trouble away, and gives the sums of the entries."""
    with seed.context.database.writing() as connection:
        sums = seed.context.state(connection).book.get("sums", "apollo") or {}
        wrong = {**sums, "spent.incurred.staff": Decimal(1)}
        records.save(connection, {("sums", "apollo"): wrong}, NOW)
    rounds(seed.context)
    assert drifts(seed.context) == [("apollo", "spent.incurred.staff")]
    rounds(tomorrow(seed.context))
    assert len(drifts(seed.context)) == 1
    books.recount(seed.context, seed.context.rulebook.workspace.projects["apollo"])
    decide.decide_waiting(seed.context)
    assert drifts(seed.context) == []
    budget = seed.context.figures
    with seed.context.database.reading() as connection:
        spent = (budget(connection, "apollo").budget or {})["spent"]
    opening = seed.context.rulebook.workspace.projects["apollo"].budget.opening_spent
    assert opening is not None
    assert spent == opening + Money(Decimal("2300.50"), "USD")
