"""The text of a change is exact: what a client agrees to can be hashed, and hashes the same everywhere."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts.change import decision_text, is_open, next_number
from rules.facts.event import Record
from rules.facts.evidence import text_hash
from rules.facts.money import Money
from rules.facts.project import BudgetPlan, Project

PROJECT = Project("x", "X", "acme", "CNY", "lin", BudgetPlan(Money(Decimal(100_000), "CNY")))
CHANGE: Record = {
    "title": "增加导出功能",
    "amount": Money(Decimal(8_000), "CNY"),
    "days": 5,
    "_moves": [{"id": "x/m2", "title": "M2", "due": date(2026, 10, 8), "new_due": date(2026, 10, 15)}],
}
AFTER = "Milestones after the change"


def test_the_text_and_its_hash_are_known_to_the_byte() -> None:
    """Three lines, each ended by LF, 110 bytes of UTF-8 and a hash that anybody can recompute."""
    text = decision_text(CHANGE, PROJECT, "zh-CN")
    assert text == "变更内容：增加导出功能\n影响：+5 个工作日，+CNY 8,000.00\n调整后里程碑：M2 2026-10-15\n"
    assert len(text.encode()) == 110
    assert text_hash(text) == "b1b82abf065f88f64f6ad0ff4b41470b2c5709b691570fef746a8310ce02cca8"


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (
            {"title": "Export"},
            [
                "Change: Export",
                "Effect: +5 working days, +CNY 8,000.00",
                "Milestones after the change: M2 2026-10-15",
            ],
        ),
        (
            {"title": "Two\nlines ", "days": -1, "amount": Money(Decimal("-250.5"), "CNY"), "_moves": []},
            [
                "Change: Two lines",
                "Effect: -1 working day, -CNY 250.50",
                "Milestones after the change: as before",
            ],
        ),
        (
            {"title": "Wording", "days": 0, "amount": None, "_moves": []},
            [
                "Change: Wording",
                "Effect: no change of dates, no change of cost",
                "Milestones after the change: as before",
            ],
        ),
    ],
)
def test_english_says_the_same(change: Record, lines: list[str]) -> None:
    """Signs stand before the currency, one day is one day, nothing is called nothing."""
    assert decision_text({**CHANGE, **change}, PROJECT, "en-GB") == "".join(f"{line}\n" for line in lines)


def test_every_milestone_that_moves_is_named() -> None:
    """Also those that only follow another."""
    moves = [{"title": t, "new_due": date(2026, 10, d)} for t, d in (("内测", 15), ("上线", 20))]
    assert "内测 2026-10-15、上线 2026-10-20\n" in decision_text({**CHANGE, "_moves": moves}, PROJECT, "zh")


def test_amounts_are_rounded_as_the_project_rounds() -> None:
    """Half even where the project says so."""
    change = {**CHANGE, "amount": Money(Decimal("2.665"), "CNY")}
    assert "+CNY 2.67" in decision_text(change, PROJECT, "en")
    assert "+CNY 2.66" in decision_text(change, replace(PROJECT, rounding="half_even"), "en")


@given(st.text(min_size=1, max_size=80))
def test_any_title_gives_three_lines_in_one_form(title: str) -> None:
    """Whatever people type, the text has its three lines and is in Unicode NFC: one text, one hash."""
    text = decision_text({**CHANGE, "title": title}, PROJECT, "en")
    assert text.count("\n") == 3
    assert unicodedata.is_normalized("NFC", text)
    composed = decision_text({**CHANGE, "title": unicodedata.normalize("NFD", title)}, PROJECT, "en")
    assert text_hash(composed) == text_hash(text)


def test_numbers_count_on() -> None:
    """A number is never given twice, whatever the order or form of those before."""
    assert next_number([]) == "CR-1"
    assert next_number([{"number": n} for n in ("CR-2", "CR-10", "CR-x", "7a")]) == "CR-11"


@pytest.mark.parametrize(
    ("status", "expected"), [("draft", True), ("sent", True), ("approved", False), ("expired", False)]
)
def test_a_change_is_open_until_it_is_decided(status: str, expected: bool) -> None:
    """A draft and a sent one wait for something."""
    assert is_open({"status": status}) is expected
