"""The numbered examples load as they are: they are what a reader of the language copies from."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules.facts.duration import Duration
from rules.language.functions import FUNCTIONS, NAME_FUNCTIONS
from rules.language.model import Around, Every, Rule, When
from rules.language.schemas import published
from tests.rules.language.small_workspace import load

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_loads_without_any_problem(path: Path) -> None:
    """Each example is a whole rule file, free of errors and warnings."""
    found, problems = load(path.read_text(encoding="utf-8"), path.name)
    assert problems == []
    assert found is not None


def rules_of(name: str) -> dict[str, Rule]:
    path = next(p for p in EXAMPLES if p.stem == name)
    found, _ = load(path.read_text(encoding="utf-8"), path.name)
    assert found is not None
    return dict(found.rules)


def test_every_action_and_function_has_an_example() -> None:
    """What the language has can be seen in an example: no word is left to be guessed."""
    written = "".join(p.read_text(encoding="utf-8") for p in EXAMPLES)
    actions = published("rules")["$defs"]["action"]["properties"]
    assert [a for a in actions if f"{a}:" not in written] == []
    assert [f for f in (*FUNCTIONS, *NAME_FUNCTIONS) if f"{f}(" not in written] == []


def test_triggers_become_what_they_say() -> None:
    """Families are expanded, schedules keep their zone, offsets their signs."""
    books = rules_of("01-when")["books"]
    assert isinstance(books.trigger, When)
    assert {"bill.received", "issue.created", "issue.closed"} <= books.trigger.types
    friday = rules_of("03-every")["friday"]
    assert friday.trigger == Every("0 16 * * FRI", "client", "project", None, Duration(3, "wd"))
    assert friday.on_holiday == "earlier"
    assert friday.calendar == ("client", "team")
    near = rules_of("04-around")["near"]
    assert isinstance(near.trigger, Around)
    assert near.trigger.offsets[0] == Duration(-10, "wd")
    assert near.trigger.time == "09:30"
