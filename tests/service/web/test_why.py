"""Why a rule fired and why not: the console's tree, `accord explain` and its JSON say the same, in both languages."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape

import pytest

from rules.engine.explain import Explanation, explain
from rules.facts.event import Event
from rules.facts.money import Money
from service import explaining
from service.flow import decide, tick
from service.store import actions, attention, journal
from tests.support.seeding import Seed

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def booked(seed: Seed, id: str, amount: int) -> str:
    """A bill of Apollo that is decided as production does it."""
    entry = {
        "id": id, "number": id, "kind": "bill", "measure": "incurred", "class": "other", "party": "Example Supplies",
        "amount": Money(Decimal(amount), "USD"), "work_date": date(2026, 11, 20),
    }  # fmt: skip
    event = Event(
        f"evt_{id.lower()}", "ledger.posted", AT, AT, {"entry": entry}, "apollo", "acme", version="1"
    )
    with seed.context.database.writing() as connection:
        journal.add(connection, [event])
    decide.decide_waiting(seed.context)
    return event.id


@pytest.fixture
def running(seed: Seed) -> Seed:
    """The example with its projects begun."""
    tick.follow_files(seed.context)
    decide.decide_waiting(seed.context)
    return seed


def explained(seed: Seed, id: str, locale: str) -> list[Explanation]:
    """The explanations of an event on record, and of what is decided again."""
    context = seed.context
    with context.database.reading() as connection:
        rules = context.rulebook.rules
        kept = explaining.kept(context, connection, id, rules, locale)
        event = journal.one(connection, id)
        assert event is not None
        again = explain(event, context.state(connection), rules, locale=locale)
        return [*kept, *(e for e in again if e.rule not in {k.rule for k in kept})]


def page(seed: Seed, id: str, locale: str) -> str:
    answer = seed.signed_in("lead").get(f"/events/{id}", headers={"Accept-Language": locale})
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def sentences(found: Explanation) -> list[str]:
    """Everything that an explanation says, from its JSON."""
    said = found.plain()
    memory = said["memory"]["says"] if said["memory"] else []
    told = [
        said["reason"],
        said["near_miss"],
        *memory,
        *said["left_out"],
        *(m["says"] for m in said["messages"]),
    ]
    return [sentence for sentence in told if sentence]


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_page_text_and_json_agree(running: Seed, locale: str) -> None:
    """Each sentence stands in all three: of what is on record, and of what is decided again."""
    kinds = set()
    for id in (booked(running, "B1", 39_000), booked(running, "B2", 900)):
        shown, found = page(running, id, locale), explained(running, id, locale)
        for one in found:
            kinds.add(one.kind)
            for sentence in sentences(one):
                assert sentence in one.text()
                assert re.sub(r"\s+", " ", sentence) in shown, sentence
    assert kinds >= {"fired", "not_crossed", "condition_false"}


def test_reasons_are_chinese_in_chinese_pages(running: Seed) -> None:
    """The whole sentence, not its meaning with English behind it."""
    shown = page(running, booked(running, "B1", 39_000), "zh-CN")
    assert "budget.used 为 81.0%，已达到 80%" in shown
    assert "50%：已由 80% 一并通知；回落到 48% 以下后可再次触发" in shown
    assert " and reached " not in shown


def test_a_message_tells_how_it_stands_by_now(running: Seed) -> None:
    """Not how it stood when it was planned: one that could not be sent says so, and why."""
    id = booked(running, "B1", 39_000)
    with running.context.database.writing() as connection:
        row = next(r for r in attention.actions_of(connection, [id]) if r["recipient"] == "bob")
        claimed = actions.claim(connection, row["id"], running.now, running.now)
        assert claimed is not None
        refused = actions.Outcome("dead", "no such mailbox")
        assert actions.finish(connection, row["id"], claimed.token, refused, running.now)
    assert "email to bob: could not be sent: no such mailbox" in page(running, id, "en")
