"""The ledger of several projects against a naive sum of the newest states, whatever arrives in whatever order.

Documents in currencies of none, two and three decimals, corrected, voided, deleted, restored, moved from one project to
another with another currency of its own, while books are closed in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.facts.ledger import effective, recompute, total
from rules.facts.money import Money
from rules.facts.project import BudgetPlan, Project
from tests.rules.effects.world import APOLLO, World

RATES = {
    ("USD", "USD"): "1", ("JPY", "USD"): "0.0066", ("KWD", "USD"): "3.2587",
    ("USD", "JPY"): "150.855", ("JPY", "JPY"): "1", ("KWD", "JPY"): "491.305",
    ("USD", "KWD"): "0.30687", ("JPY", "KWD"): "0.0020345", ("KWD", "KWD"): "1",
}  # fmt: skip
PLACES = {"USD": Decimal("0.01"), "JPY": Decimal(1), "KWD": Decimal("0.001")}
AUGUST = date(2026, 8, 31)
DAYS = (date(2026, 8, 20), date(2026, 9, 4))


def project(id: str, currency: str) -> Project:
    total_ = Money(Decimal(10) ** 9, currency)
    return replace(
        APOLLO, id=id, name=id.title(), currency=currency, budget=BudgetPlan(total=total_), step_up=None
    )


PROJECTS = {p.id: p for p in (project("apollo", "USD"), project("tokyo", "JPY"), project("kuwait", "KWD"))}


@dataclass(frozen=True)
class State:
    """One state of one document, as its source has it."""

    key: str
    version: int
    project: str
    verb: str
    amount: Decimal
    currency: str
    day: date
    cost_class: str


states = st.builds(
    State,
    key=st.sampled_from("abc"),
    version=st.integers(1, 6),
    project=st.sampled_from(sorted(PROJECTS)),
    verb=st.sampled_from(["received", "received", "changed", "voided", "deleted"]),
    amount=st.decimals(-500, 5000, places=3).filter(bool),
    currency=st.sampled_from(sorted(PLACES)),
    day=st.sampled_from(DAYS),
    cost_class=st.sampled_from(["material", "travel"]),
)


def begin() -> World:
    world = World(PROJECTS["apollo"])
    world.workspace = replace(world.workspace, projects=PROJECTS)
    for other in ("tokyo", "kuwait"):
        world.tell("project.activated", project=other)
    return world


def tell(world: World, state: State) -> None:
    money = Money(state.amount.quantize(PLACES[state.currency], ROUND_HALF_UP), state.currency)
    rate = Decimal(RATES[state.currency, PROJECTS[state.project].currency])
    entry: dict[str, Any] = {"work_date": state.day, "class": state.cost_class, "status": "posted"}
    verb = "changed" if state.verb == "deleted" else state.verb
    if state.verb in ("voided", "deleted"):
        entry = {"status": "deleted" if state.verb == "deleted" else "void"}
    else:
        entry |= {"amount": money, "rate": rate, "base_currency": PROJECTS[state.project].currency}
    told = {"connection": "books", "version": str(state.version), "project": state.project, "entry": entry}
    world.tell(f"bill.{verb}", f"bill/{state.key}", **told)


def expected(of: Sequence[State]) -> dict[str, Decimal]:
    """What each project comes to: the newest state of each document, converted once and rounded once."""
    found = dict.fromkeys(PROJECTS, Decimal(0))
    for key in {s.key for s in of}:
        newest = max((s for s in of if s.key == key), key=lambda s: s.version)
        if newest.verb in ("voided", "deleted"):
            continue
        base = PROJECTS[newest.project].currency
        amount = newest.amount.quantize(PLACES[newest.currency], ROUND_HALF_UP)
        converted = amount * Decimal(RATES[newest.currency, base])
        found[newest.project] += converted.quantize(PLACES[base], ROUND_HALF_UP)
    return found


def up_to_august(world: World, id: str) -> Decimal:
    days = world.get("sums", id)["days"].get("incurred", {})
    return sum((amount for day, amount in days.items() if day <= AUGUST.isoformat()), start=Decimal(0))


@given(st.lists(states, max_size=10), st.dictionaries(st.sampled_from(sorted(PROJECTS)), st.integers(0, 9)))
@settings(deadline=None, max_examples=60)
def test_every_project_comes_to_its_newest_states(arriving: list[State], closings: dict[str, int]) -> None:
    """Sums, lines and a recount agree with the naive sum, and what was closed stays as it was."""
    world, told, closed = begin(), [], {}
    for place, state in enumerate(arriving):
        for id in (i for i, when in closings.items() if when == place):
            world.tell("period.closed", person="wang", project=id, period={"closed_until": AUGUST})
            closed[id] = up_to_august(world, id)
        if (state.key, state.version) not in {(s.key, s.version) for s in told}:
            told.append(state)
            tell(world, state)
    for id, amount in expected(told).items():
        currency, entries = PROJECTS[id].currency, world.book.find("entry", id)
        assert total(world.get("sums", id), "incurred") == Money(amount, currency)
        lines = [fact["amount"] for e in entries if (fact := effective(e)) is not None]
        assert sum(lines, start=Money.zero(currency)) == Money(amount, currency)
        sums = {k: v for k, v in world.get("sums", id).items() if k not in ("id", "project", "client")}
        assert recompute(entries, currency) == sums
        if id in closed:
            assert up_to_august(world, id) == closed[id]


def test_a_void_that_moves_to_a_project_of_another_currency_counts_nowhere() -> None:
    """It says no amount, and the one known from before is in the other project's currency."""
    world, day = begin(), DAYS[1]
    tell(world, State("b", 1, "apollo", "received", Decimal(910), "JPY", day, "material"))
    tell(world, State("b", 2, "kuwait", "voided", Decimal(0), "KWD", day, "material"))
    assert [total(world.get("sums", id), "incurred").amount for id in PROJECTS] == [0, 0, 0]
    tell(world, State("b", 3, "kuwait", "changed", Decimal(910), "JPY", day, "material"))
    assert total(world.get("sums", "kuwait"), "incurred") == Money(Decimal("1.851"), "KWD")
