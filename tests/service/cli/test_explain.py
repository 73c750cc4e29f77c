"""`accord explain`: why, and why not, from the record of a running installation."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from rules.facts.event import Event
from rules.facts.money import Money
from service.flow import decide
from service.process import Process
from service.store import journal, lists
from tests.service.cli.places import Accord, accord, begun, home, parsed

__all__ = ["accord", "begun", "home"]
AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def book(process: Process, id: str, amount: int) -> None:
    """A bill of Apollo is posted and decided."""
    entry = {
        "id": id, "number": id, "kind": "bill", "measure": "incurred", "class": "other", "party": "Example Supplies",
        "amount": Money(Decimal(amount), "USD"), "work_date": AT.date(),
    }  # fmt: skip
    event = Event(
        f"evt_{id.lower()}", "ledger.posted", AT, AT, {"entry": entry}, "apollo", "acme", version="1"
    )
    with process.context.database.writing() as connection:
        journal.add(connection, [event])
    decide.decide_waiting(process.context)


def test_a_rule_that_fired_shows_what_decided_it(begun: Process, home: Path, accord: Accord) -> None:
    """Verdict, place in the file, reason, and each step with its value; Chinese titles for Chinese readers."""
    book(begun, "B1", 39000)
    code, out, _ = accord("--home", home, "explain", "evt_b1", "budget/levels")
    assert code == 0
    assert "evt_b1  ledger.posted" in out
    assert "budget/levels  fired  packs/budget/rules.yaml:" in out
    assert "Spending reaches a level of the budget" in out
    assert "budget.used is 81.0 % and reached 80 %" in out
    assert "支出达到预算档位" in accord("--home", home, "explain", "evt_b1", "--locale", "zh-CN")[1]


def test_a_rule_that_did_not_fire_says_what_would_have_fired_it(
    begun: Process, home: Path, accord: Accord
) -> None:
    """A verdict that nobody stores is decided again, with the near miss."""
    book(begun, "B2", 900)
    _, out, _ = accord("--home", home, "explain", "evt_b2", "large-bill")
    assert "large-bill  condition_false  rules/team.yaml:" in out
    assert "decided again with the facts of now" in out
    assert (
        "near miss: entry.base_amount is USD 900.00; more than budget.total * 10% (USD 10,000.00) would have fired"
        in out
    )


def test_a_rule_that_was_not_asked_says_what_it_hears(begun: Process, home: Path, accord: Accord) -> None:
    """The answer to "why did it not": it fires on something else, is switched off, or does not exist."""
    book(begun, "B3", 900)
    _, out, _ = accord("--home", home, "explain", "evt_b3", "changes/ask")
    assert "changes/ask  not_triggered" in out
    assert "this is ledger.posted; the rule fires on change.assessed" in out
    _, out, _ = accord("--home", home, "explain", "evt_b3", "budget/level")
    assert "there is no rule of that id" in out


def test_json_has_the_same(begun: Process, home: Path, accord: Accord) -> None:
    """Stored verdicts and those decided again apart, each with its trace."""
    book(begun, "B4", 39000)
    _, out, _ = accord("--home", home, "explain", "evt_b4", "--json")
    found = parsed(out[out.index("[\n") :])[0]  # before it stands the log of deciding in this process
    assert (found["event"], found["type"], found["state"]) == ("evt_b4", "ledger.posted", "decided")
    levels = next(v for v in found["verdicts"] if v["rule"] == "budget/levels")
    assert levels["verdict"] == "fired"
    assert levels["trace"][0] == {"text": "budget.used", "value": "0.81", "parts": []}


def test_an_action_leads_to_the_event_behind_it(begun: Process, home: Path, accord: Accord) -> None:
    """Whoever holds a message asks why it was sent."""
    book(begun, "B5", 39000)
    with begun.context.database.reading() as connection:
        rows = lists.actions_page(connection, lists.Wanted(), {"event": "evt_b5"}).rows
    code, out, _ = accord("--home", home, "explain", rows[0]["id"])
    assert code == 0
    assert "evt_b5" in out


def test_what_is_not_on_record_is_a_finding(begun: Process, home: Path, accord: Accord) -> None:
    """Exit 1, and nothing on standard output."""
    code, out, err = accord("--home", home, "explain", "evt_nothing")
    assert (code, out) == (1, "")
    assert "there is no event, delivery or action evt_nothing on record" in err
