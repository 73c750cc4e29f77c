"""Generated code sorts out exactly the rules that their own conditions refute, whatever an event brings."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.facts.duration import Duration
from rules.facts.money import Money
from rules.language.expressions import Compiled, compile_expression
from rules.language.generated import Sieve
from rules.language.model import UNKNOWN, ExpressionError, Position
from rules.language.names import environment

ENV = environment(["issue.changed", "ledger.posted"])
CONDITIONS = [
    'issue.status == "Done"',
    'issue.status != "Done"',
    'issue.status in ["Done", "Doing"]',
    'issue.status not in ["Done"]',
    '"urgent" in issue.labels',
    '"x" not in issue.labels',
    "issue.change_requested",
    "not issue.change_requested",
    "entry.receipt == none",
    "entry.receipt != none",
    "entry.amount > 500 USD",
    "100 USD <= entry.amount < 500 USD",
    "issue.estimate > 2h",
    "issue.estimate >= 1wd",
    "entry.work_date < issue.due",
    "event.at < event.received_at",
    'issue.change_requested and entry.amount > 1 USD or issue.status == "Done"',
    "changed(issue.estimate)",
    "issue.estimate > before(issue.estimate)",
    "entry.amount > (1 USD if issue.change_requested else 2 USD)",
    "budget.used > 50%",
    'lower(issue.status) == "done"',
    'convert(entry.amount, "CNY") > 10 CNY',
    "event.at > event.received_at and entry.amount < 3 CNY",
]


def _compiled(text: str) -> Compiled:
    found, problems = compile_expression(text, Position("rules.yaml", 1, 1), ENV)
    assert found is not None, problems
    return found


COMPILED = [_compiled(text) for text in CONDITIONS]
TREES = Sieve([[one.root] for one in COMPILED])
AMOUNTS = [Money(Decimal(a), c) for a in ("0", "1.5", "100", "500", "500.01") for c in ("USD", "CNY")]
DURATIONS = [Duration(n, u) for n in (0, 1, 3) for u in ("h", "wd", "m")]  # type: ignore[arg-type]
TIMES = [datetime(2026, 11, day, tzinfo=UTC) for day in (1, 2)]
VALUES: dict[str, list[Any]] = {
    "issue.status": ["Done", "Doing", "done", "", Decimal(1)],
    "issue.labels": [[], ["urgent"], ["urgent", UNKNOWN], ("x",), [UNKNOWN], [None, "x"]],
    "issue.change_requested": [True, False],
    "entry.receipt": ["9f86"],
    "entry.amount": [*AMOUNTS, "500"],
    "issue.estimate": DURATIONS,
    "before:issue.estimate": DURATIONS,
    "changed:issue.estimate": [True, False],
    "entry.work_date": [date(2026, 11, 1), TIMES[0]],
    "issue.due": [date(2026, 11, 1), date(2026, 11, 2)],
    "event.at": TIMES,
    "event.received_at": TIMES,
    "budget.used": [Decimal("0.4"), Decimal("0.6")],
    "$rates": [],
}
FACTS = st.fixed_dictionaries({n: st.sampled_from([*v, None, UNKNOWN]) for n, v in VALUES.items()})


def _refuted(condition: Compiled, facts: dict[str, Any]) -> bool:
    try:
        return condition.value(facts.__getitem__) is False
    except ExpressionError:
        return False


@settings(max_examples=400, deadline=None)
@given(FACTS)
def test_what_is_left_is_what_its_own_conditions_do_not_refute(facts: dict[str, Any]) -> None:
    """The closures say what a condition means; generated code may only be quicker, also where values are strange."""
    held, asked = TREES.left(facts.__getitem__)
    left = {n for n in held if not (TREES.beyond[n] and _refuted(COMPILED[n], facts))}
    left |= {n for n in asked if not _refuted(COMPILED[n], facts)}
    assert left == {n for n, one in enumerate(COMPILED) if not _refuted(one, facts)}


def test_most_conditions_are_said_in_code() -> None:
    """What is left to closures costs a figure to work out, calls a function, or needs rates."""
    beyond = [CONDITIONS[n] for n, left in enumerate(TREES.beyond) if left]
    assert all("budget." in c or "(issue.status)" in c or "convert" in c or " if " in c for c in beyond)


def test_what_an_author_wrote_is_never_part_of_the_code() -> None:
    """Texts of a condition are constants beside the code: what looks like code is compared, never run."""
    condition = _compiled("issue.status == \"') or out(0) or ('\"")
    sieve = Sieve([[condition.root]])
    assert sieve.left({"issue.status": "') or out(0) or ('"}.__getitem__)[0] == [0]
    assert sieve.left({"issue.status": "Done"}.__getitem__)[0] == []
