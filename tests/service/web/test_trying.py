"""Trying a rule in the console: what it would have sent over the last days, without sending anything."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from rules.engine.effects.projects import activation
from rules.facts.event import Event
from rules.facts.money import Money
from service.store import journal, lists
from service.store.lists import Wanted
from service.web.console import trying
from tests.support.seeding import NOW, Seed, post

PASTED = """version: 1
rules:
  - id: big
    title: {en: A big entry, zh-CN: 大额支出}
    when: ledger.posted
    if: entry.amount > 500 USD
    do:
      - task:
          to: project.lead
          text:
            en: {subject: "Look at {{ entry.amount | money }}", body: x}
            zh-CN: {subject: "请查看 {{ entry.amount | money }}", body: x}
"""


@pytest.fixture
def lived(seed: Seed) -> Seed:
    """A project that began ten days ago, with an entry of yesterday that takes it over a level."""
    project = seed.context.rulebook.workspace.projects["apollo"]
    begun, yesterday = NOW - timedelta(days=10), NOW - timedelta(days=1)
    entry = {
        "id": "B1",
        "kind": "bill",
        "measure": "incurred",
        "class": "other",
        "work_date": yesterday.date(),
    }
    entry["amount"] = Money(Decimal(50_000), "USD")
    told = Event(
        "evt_b1", "ledger.posted", yesterday, yesterday, {"entry": entry}, "apollo", "acme", version="1"
    )
    with seed.context.database.writing() as connection:
        journal.add(connection, [activation(project, begun), told])
    return seed


def tried(seed: Seed, **fields: str) -> Any:
    return post(
        seed.signed_in("lead"), "/rules/try", "/rules/try", **{"days": "30", "rule": "", "text": "", **fields}
    )


def test_a_rule_in_force_shows_what_it_would_have_sent(lived: Seed) -> None:
    """Message, reader and words, and nothing of other rules."""
    answer = tried(lived, rule="budget/levels")
    assert answer.status_code == 200
    assert "Apollo: 92.0 % of the budget is spent" in answer.text
    assert "bob@acme.example" in answer.text


def test_a_pasted_rule_joins_those_in_force(lived: Seed) -> None:
    """Only what differs is shown: what the pasted rule adds."""
    answer = tried(lived, text=PASTED)
    assert answer.status_code == 200
    assert "请查看 USD 50,000.00" in answer.text
    assert "of the budget is spent" not in answer.text


def test_nothing_is_sent_or_stored(lived: Seed) -> None:
    """Trying leaves no event and no action."""
    tried(lived, text=PASTED)
    with lived.context.database.reading() as connection:
        assert journal.extent(connection).count == 2
        assert lists.actions_page(connection, Wanted(), {}).rows == []


def test_a_mistake_in_the_pasted_rule_is_told_at_its_place(lived: Seed) -> None:
    """As `accord check` tells it, and nothing is tried."""
    answer = tried(lived, text=PASTED.replace("ledger.posted", "ledger.posed"))
    assert answer.status_code == 422
    assert "rules/pasted.yaml:5:11" in answer.text
    assert "ledger.posted" in answer.text


def test_nothing_to_try_says_so(lived: Seed) -> None:
    """Neither picked nor pasted: the form says what to do."""
    answer = tried(lived)
    assert answer.status_code == 422
    assert "请选择一条规则，或粘贴规则内容。" in answer.text


def test_a_long_journal_is_left_to_the_command(lived: Seed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page does not wait for minutes; it names the command that shows how far it is."""
    monkeypatch.setattr(trying, "MOST_EVENTS", 1)
    answer = tried(lived, rule="budget/levels")
    assert answer.status_code == 422
    assert "accord backtest" in answer.text


def test_a_viewer_tries_nothing(lived: Seed) -> None:
    """It takes the server's time, so it is for those who change things."""
    assert lived.signed_in("viewer").get("/rules/try").status_code == 403
