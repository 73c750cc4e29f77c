"""`read_first` in scenarios: the source is asked once more before a message leaves, and may say something else."""

from __future__ import annotations

from rules.scenarios.trace import Watch
from tests.rules.scenarios.stories import file_of, messages, play, problems_of

OVERDUE = """
- id: overdue
  when: invoice.issued
  if: invoice.open_amount > 0 USD
  read_first: invoice
  do:
    - email:
        to: client.billing
        text: {en: {subject: "{{ invoice.number }}: {{ invoice.open_amount | money }} open", body: "Please pay."}}
"""
ISSUED = (
    "- event: {type: invoice.issued, connection: tracker, data: {id: INV-7, number: INV-7, total: 900 USD,"
    " open_amount: 900 USD}}\n"
)
PAID = (
    "- source: {event: {type: invoice.changed, connection: tracker, data: {id: INV-7, number: INV-7, total: 900 USD,"
    " open_amount: %s USD}}}\n"
)


def test_what_the_source_knows_by_now_is_checked() -> None:
    """Paid meanwhile: the reminder does not leave, and the reason is told."""
    played = play(
        PAID % 0 + ISSUED + "  expect: none\n", rules=OVERDUE, watch=Watch(explain=True, rule="overdue")
    )
    assert messages(played) == []
    told = "\n".join(e.text() for s in played.steps for one in s.explained for e in one.rules)
    assert "message: email to bob: cancelled: `invoice.open_amount > 0 USD` is false" in told


def test_what_is_still_true_leaves_with_the_figures_of_the_source() -> None:
    """A part was paid: the mail names what is left."""
    expected = '  expect: [{email: {to: bob, subject: "INV-7: USD 300.00 open"}}]\n'
    assert messages(play(PAID % 300 + ISSUED + expected, rules=OVERDUE)) == []


def test_a_source_that_has_nothing_new_lets_it_leave() -> None:
    """As in every scenario that says nothing of sources."""
    expected = '  expect: [{email: {to: bob, subject: "INV-7: USD 900.00 open"}}]\n'
    assert messages(play(ISSUED + expected, rules=OVERDUE)) == []


def test_a_source_that_does_not_answer_holds_it_until_it_does() -> None:
    """Never sent unread: held and shown, asked again, and sent when it answers."""
    steps = (
        "- source: {answers: nothing}\n"
        + ISSUED
        + (
            "  expect: none\n  waiting: [{email: {to: bob, waits: read}}]\n"
            "- wait: 30m\n  expect: none\n"
            "- source: {answers: again}\n"
            "- wait: 5m\n  expect: [{email: {to: bob}}]\n"
        )
    )
    assert messages(play(steps, rules=OVERDUE)) == []


def test_what_the_source_no_longer_has_is_called_off() -> None:
    """It was deleted there."""
    steps = "- source: {answers: gone}\n" + ISSUED + "  expect: none\n- wait: 1d\n  expect: none\n"
    assert messages(play(steps, rules=OVERDUE)) == []


def test_a_source_says_one_thing() -> None:
    """What it knows, or how it answers; a field that does not exist is told at its place."""
    for step in ("- source: {}", "- source: {answers: again, event: {type: invoice.paid}}"):
        (told,) = [p for p in told_of(step) if "a source says something or answers otherwise" in p]
        assert "write `event:` for what it says when it is asked" in told
    assert any(
        "has no field `amuont`" in p
        for p in told_of("- source: {event: {type: invoice.paid, data: {amuont: 1}}}")
    )


def told_of(step: str) -> list[str]:
    return problems_of(file_of(step, rules=OVERDUE))
