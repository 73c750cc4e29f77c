"""One decision, made once: by those who were asked, in time, with a reason where it is a refusal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from rules.facts.approval import OUTCOMES, Decided, approval_id, decide, given, needed
from rules.facts.event import Record

NOW = datetime(2026, 9, 21, 14, 0, tzinfo=UTC)
END = datetime(2026, 10, 6, 4, 0, tzinfo=UTC)
"""The end of 5 October in New York."""


def approval(*asked: str, need: str = "any", **more: Any) -> Record:
    base: Record = {
        "id": "apr_1",
        "status": "sent",
        "asked": list(asked or ("ann",)),
        "need": need,
        "expires_at": END,
        "requested_by": "lin",
        "decisions": [],
    }
    return {**base, **more}


def say(
    record: Record, person: str, outcome: str, at: datetime = NOW, remark: str | None = "because"
) -> Decided:
    said = {"outcome": outcome, "channel": "online", "at": at, "name": person.title(), "remark": remark}
    return decide(record, person, said, at)


def test_one_of_those_asked_decides() -> None:
    """The record after it holds the decision as it was made; the one before is untouched."""
    before = approval("ann", "bob")
    made = say(before, "ann", "approved")
    assert (made.outcome, made.final, made.record["status"]) == ("recorded", "approved", "approved")
    (kept,) = made.record["decisions"]
    assert (kept["person"], kept["outcome"], kept["name"], kept["at"]) == ("ann", "approved", "Ann", NOW)
    assert (before["decisions"], before["status"]) == ([], "sent")


def test_the_same_decision_again_is_the_same_and_another_a_conflict() -> None:
    """A repeated POST is confirmed, a later change of mind is not taken."""
    made = say(approval(), "ann", "approved").record
    assert say(made, "ann", "approved") == Decided(made, "same", "approved")
    assert say(made, "ann", "rejected") == Decided(made, "conflict", "approved")
    assert say(made, "ann", "approved", END + timedelta(days=1)).outcome == "same", "also after the end"


def test_another_person_meets_the_decision_that_stands() -> None:
    """Where any of them may decide, the first one did."""
    made = say(approval("ann", "bob"), "ann", "approved").record
    assert say(made, "bob", "approved").outcome == "same"
    assert say(made, "bob", "rejected").outcome == "conflict"


@pytest.mark.parametrize(("moment", "outcome"), [(END - timedelta(seconds=1), "recorded"), (END, "expired")])
def test_the_last_second_counts_and_the_next_one_does_not(moment: datetime, outcome: str) -> None:
    """The deadline is the end of the client's day."""
    assert say(approval(), "ann", "approved", moment).outcome == outcome


@pytest.mark.parametrize("status", ["expired", "superseded", "withdrawn"])
def test_what_is_over_takes_no_decision(status: str) -> None:
    """Each says why."""
    made = say(approval(status=status), "ann", "approved")
    assert (made.outcome, made.record["decisions"], made.final) == (status, [], None)


@pytest.mark.parametrize("person", ["bob", "lin", "nobody"])
def test_only_those_asked_decide_and_never_who_asks(person: str) -> None:
    """Not even where the asking side got itself onto the list."""
    assert say(approval("ann", "lin"), person, "approved").outcome == "not_asked"


@pytest.mark.parametrize("remark", [None, "", "  \n"])
def test_a_refusal_needs_a_reason(remark: str | None) -> None:
    """Nothing is recorded without one, and it can be given at once; approving needs none."""
    refused = say(approval(), "ann", "rejected", remark=remark)
    assert (refused.outcome, refused.record["status"]) == ("remark_missing", "sent")
    assert say(approval(), "ann", "approved", remark=remark).outcome == "recorded"
    assert say(approval(), "ann", "changes_requested", remark=remark).outcome == "recorded"


def test_a_decision_is_one_of_three_words() -> None:
    """Anything else is a fault of the caller."""
    with pytest.raises(ValueError, match="not 'maybe'"):
        say(approval(), "ann", "maybe")


def test_three_of_four_have_to_agree() -> None:
    """After two of them two of three are there, never "all"; the third decides."""
    record = approval("a", "b", "c", "d", need="3")
    for person in "ab":
        made = say(record, person, "approved")
        assert made.final is None
        record = made.record
    assert (given(record), needed(record)) == (2, 3)
    assert say(record, "d", "approved").final == "approved"


def test_a_quorum_that_can_no_longer_be_met_ends_it() -> None:
    """Of four, three must agree: one may refuse, the second refusal ends it."""
    first = say(approval("a", "b", "c", "d", need="3"), "a", "rejected")
    assert (first.final, first.record["status"]) == (None, "sent")
    assert say(first.record, "b", "rejected").final == "rejected"
    assert say(first.record, "b", "changes_requested").final == "changes_requested"


def test_one_refusal_ends_what_all_must_agree_to() -> None:
    """The others need not answer any more."""
    record = say(approval("a", "b", "c", need="all"), "a", "approved").record
    assert (given(record), needed(record)) == (1, 3)
    assert say(record, "b", "rejected").final == "rejected"


def test_a_sum_over_ones_limit_needs_somebody_whose_limit_covers_it() -> None:
    """Bob may agree first, it is final when Ann does; when Ann refuses, Bob's word alone cannot carry it."""
    record = approval("bob", "ann", _able=["ann"])
    bob = say(record, "bob", "approved")
    assert (bob.outcome, bob.final) == ("recorded", None)
    assert say(bob.record, "ann", "approved").final == "approved"
    assert say(bob.record, "ann", "rejected").final == "rejected"


def test_a_sum_that_nobody_left_may_approve_is_refused() -> None:
    """Two of three are needed and two are left, but the one whose limit covers the sum said no."""
    record = approval("bob", "cid", "ann", need="2", _able=["ann"])
    assert say(record, "ann", "rejected").final == "rejected"


def test_each_version_is_a_question_of_its_own() -> None:
    """The id covers the record and its version, and nothing else."""
    assert approval_id("chg_1", 1) == approval_id("chg_1", 1)
    assert len({approval_id("chg_1", 1), approval_id("chg_1", 2), approval_id("chg_11", 1)}) == 3


PEOPLE = ("a", "b", "c", "d")
ANSWERS = st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(sorted(OUTCOMES))), max_size=10)


@given_any(st.sampled_from(["any", "all", "1", "2", "3", "4"]), ANSWERS)
def test_a_decision_never_changes_once_it_is_made(need: str, answers: list[tuple[str, str]]) -> None:
    """Whatever is posted in whatever order, the first final outcome stands, and each person is recorded once."""
    record, final = approval(*PEOPLE, need=need), None
    for person, outcome in answers:
        made = say(record, person, outcome)
        if final is not None:
            assert made.outcome in ("same", "conflict")
            assert made.record is record
        final, record = final or made.final, made.record
        assert record["status"] == (final or "sent")
    people = [d["person"] for d in record["decisions"]]
    assert len(people) == len(set(people))
    if final == "approved":
        assert given(record) >= needed(record)
