"""`accord backtest`: what an edit would have sent, from the record of a running installation."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from rules.facts.event import Event
from rules.facts.money import Money
from service.flow import decide
from service.process import Process
from service.store import journal, lists
from tests.service.cli.places import Accord, accord, begun, home, parsed

__all__ = ["accord", "begun", "home"]
LEVELS = "{rule: budget/levels, set: {send_in: anytime}}"


def edited(home: Path, place: Path) -> Path:
    """The team's rules with other levels, in a file of the same name elsewhere."""
    text = (home / "rules" / "team.yaml").read_text(encoding="utf-8")
    assert LEVELS in text
    path = place / "team.yaml"
    other = LEVELS.replace("send_in", "levels: [15%, 60%, 100%], send_in")
    path.write_text(text.replace(LEVELS, other), encoding="utf-8")
    return path


@pytest.fixture
def running(begun: Process) -> Process:
    """The example with its projects begun, and a bill of 50,000 USD booked on Apollo."""
    at = begun.context.now()
    entry = {"id": "B1", "kind": "bill", "measure": "incurred", "class": "other", "work_date": at.date()}
    entry["amount"] = Money(Decimal(50_000), "USD")
    event = Event("evt_b1", "ledger.posted", at, at, {"entry": entry}, "apollo", "acme", version="1")
    with begun.context.database.writing() as connection:
        journal.add(connection, [event])
    decide.decide_waiting(begun.context)
    return begun


def test_rules_in_force_differ_in_nothing_from_themselves(
    running: Process, home: Path, accord: Accord
) -> None:
    """Exit 0, and one line that says how much was replayed."""
    code, out, _ = accord("--home", home, "backtest")
    assert code == 0
    assert "messages differ" in out.splitlines()[0]
    assert ": 0 messages differ" in out


def test_a_file_is_held_against_what_is_in_force(
    running: Process, home: Path, accord: Accord, tmp_path: Path
) -> None:
    """Exit 1 when something differs; each client with numbers, in text, Markdown and JSON alike."""
    path = edited(home, tmp_path)
    code, out, _ = accord("--home", home, "backtest", "--rules", path, "--json")
    assert code == 1
    found = parsed(out)
    mails = [
        (c["change"], (c["new"] or c["old"])["subject"])
        for c in found["changes"]
        if (c["new"] or c["old"])["kind"] == "email"
    ]
    assert sorted(mails) == [
        ("added", "Apollo: 92.0 % of the budget is spent"),
        ("removed", "Apollo: 92.0 % of the budget is spent"),
    ]
    code, text, _ = accord("--home", home, "backtest", "--rules", path)
    assert code == 1
    assert f"{len(found['changes'])} messages differ" in text
    code, markdown, _ = accord("--home", home, "backtest", "--rules", path, "--format", "markdown")
    assert "| client | added | removed | changed |" in markdown


def test_the_outcome_is_the_same_with_any_number_of_processes(
    running: Process, home: Path, accord: Accord, tmp_path: Path
) -> None:
    """Each rule set in a process of its own, or both in this one: the same messages, counted alike."""
    path = edited(home, tmp_path)
    one, two = (
        parsed(accord("--home", home, "backtest", "--rules", path, "--json", "--jobs", jobs)[1])
        for jobs in (1, 2)
    )
    assert one["changes"]
    assert {k: v for k, v in one.items() if k not in ("since", "until")} == {
        k: v for k, v in two.items() if k not in ("since", "until")
    }


def test_nothing_is_sent_or_stored(running: Process, home: Path, accord: Accord, tmp_path: Path) -> None:
    """The record has the same events and actions before and after."""

    def counted() -> tuple[int, list[object]]:
        with running.context.database.reading() as connection:
            rows = lists.actions_page(connection, lists.Wanted(limit=lists.MOST), {}).rows
            return journal.extent(connection).count, [(row["id"], row["state"]) for row in rows]

    before = counted()
    accord("--home", home, "backtest", "--since", "365d")
    assert counted() == before


def test_rules_that_are_broken_or_nowhere_are_named(
    running: Process, home: Path, accord: Accord, tmp_path: Path
) -> None:
    """What is wrong with the edit is told at its place, and nothing is replayed."""
    broken = tmp_path / "broken.yaml"
    text = "version: 1\nrules:\n  - id: x\n    when: ledger.posed\n    do: [{record: {text: x}}]\n"
    broken.write_text(text, encoding="utf-8")
    code, _, said = accord("--home", home, "backtest", "--rules", broken)
    assert code != 0
    assert "rules/broken.yaml:4:11" in said
    code, _, said = accord("--home", home, "backtest", "--against", "nowhere.yaml")
    assert code != 0
    assert "no such file, and no such version" in said
