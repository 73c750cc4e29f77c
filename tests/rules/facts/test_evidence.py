"""Anybody can recompute the chain of evidence, and whatever was altered in it is found."""

from __future__ import annotations

import copy
import hashlib
import json
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts.evidence import ZERO, canonical, canonical_text, link, text_hash, verify_chain
from rules.facts.money import Money

LINES = ["变更内容：增加导出功能", "影响：+5 个工作日，+CNY 8,000.00", "调整后里程碑：M2 2026-10-15"]
TEXT = "".join(line + "\n" for line in LINES)
SENT: dict[str, Any] = {
    "at": "2026-09-21T02:15:30Z",
    "change": "CR-7",
    "event": "change.sent",
    "text_sha256": text_hash(TEXT),
    "version": 2,
}
APPROVED: dict[str, Any] = {
    "at": "2026-09-22T08:04:11Z",
    "by": "li.wei@client.example",
    "change": "CR-7",
    "event": "change.approved",
    "version": 2,
}


def chain_of(records: list[dict[str, Any]]) -> list[tuple[dict[str, Any], str]]:
    """Each record with its hash."""
    links, previous = [], ZERO
    for record in records:
        previous = link(previous, record)
        links.append((record, previous))
    return links


CHAIN = chain_of([SENT, APPROVED, {"event": "report.sent", "lines": [1, 2]}])


def test_the_published_example_of_a_change_and_its_approval() -> None:
    """The text of three lines, the change sent and the change approved have the hashes that anybody gets."""
    assert len(TEXT.encode()) == 110
    assert text_hash(TEXT) == "b1b82abf065f88f64f6ad0ff4b41470b2c5709b691570fef746a8310ce02cca8"
    first = link(ZERO, SENT)
    assert first == "7a0f67b47a5683fe6656baf47ebff778b11ee2ab0f29523ba9aeca0094959411"
    assert link(first, APPROVED) == "fa1fc328d649407f6dfe717fdf81f51ae9b1a1a0b6a5c3fafa2d7857149459c3"


def test_a_chain_is_checked_with_nothing_but_sha_256_and_json() -> None:
    """Another program gets the same hash from sorted keys, no spaces and plain UTF-8."""
    record = {"title": "导出", "amount": "8000.00"}
    text = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert canonical(record) == text.encode()
    assert link(ZERO, record) == hashlib.sha256(("0" * 64 + text).encode()).hexdigest()


def test_amounts_and_times_enter_the_chain_in_plain_form() -> None:
    """Money and times are written as an API shows them; a float has no place in evidence."""
    record = {"total": Money(Decimal(8000), "CNY"), "at": datetime(2026, 9, 21, tzinfo=UTC), "$": "x"}
    expected = b'{"$":"x","at":"2026-09-21T00:00:00Z","total":{"amount":"8000.00","currency":"CNY"}}'
    assert canonical(record) == expected
    with pytest.raises(ValueError, match="share"):
        canonical({"share": 0.5})


def test_line_ends_and_accents_do_not_change_a_text() -> None:
    """The same words from Windows, an old Mac, or typed with combining accents are the same text."""
    text = "Café\nLi Wei\n"
    assert text_hash(text.replace("\n", "\r\n")) == text_hash(text) == text_hash(text.replace("\n", "\r"))
    assert text_hash(unicodedata.normalize("NFD", text)) == text_hash(text)
    assert canonical_text("a\r\nb\rc") == "a\nb\nc"
    assert text_hash("Café\nLi Wei") != text_hash(text)


def test_an_intact_chain_has_no_problems() -> None:
    """Whole, empty, and continued from a known hash."""
    assert verify_chain(CHAIN) == []
    assert verify_chain(CHAIN, head=CHAIN[-1][1]) == []
    assert verify_chain([]) == []
    assert verify_chain(CHAIN[1:], start=CHAIN[0][1]) == []


def test_an_altered_record_is_named_once() -> None:
    """Only the record that was altered is at fault, not those after it."""
    forged = copy.deepcopy(CHAIN)
    forged[1][0]["version"] = 3
    problems = verify_chain(forged)
    assert len(problems) == 1
    assert problems[0].startswith("record 2: ")


def test_removed_added_and_swapped_records_are_found() -> None:
    """The order and the number of the records are part of the chain."""
    assert verify_chain(CHAIN[1:])
    assert verify_chain([CHAIN[0], CHAIN[2]])
    assert verify_chain([CHAIN[1], CHAIN[0], CHAIN[2]])
    assert verify_chain([CHAIN[0], CHAIN[0], *CHAIN[1:]])


def test_a_chain_cut_short_or_rewritten_whole_is_found_by_the_head() -> None:
    """Without the head that the client holds, neither can be seen; with it, both are."""
    rewritten = chain_of([{**SENT, "version": 9}, APPROVED])
    assert verify_chain(CHAIN[:2]) == []
    assert verify_chain(rewritten) == []
    head = CHAIN[-1][1]
    assert "known head" in verify_chain(CHAIN[:2], head=head)[0]
    assert "known head" in verify_chain(rewritten, head=head)[0]
    assert "after 0 records" in verify_chain([], head=head)[0]


def test_what_is_no_hash_and_no_record_is_a_problem_and_not_a_crash() -> None:
    """A damaged file gives a list of problems."""
    torn = [(CHAIN[0][0], "tampered"), CHAIN[1], ({"x": 0.5}, CHAIN[2][1])]
    problems = verify_chain(torn)
    assert [p.split(":")[0] for p in problems] == ["record 1", "record 3"]
    with pytest.raises(ValueError, match="64 hex"):
        link("short", SENT)


@given(st.integers(0, 2), st.data())
def test_any_changed_character_breaks_the_chain(number: int, data: st.DataObject) -> None:
    """Change one character of one value in one record: that record is at fault."""
    forged = copy.deepcopy(CHAIN)
    record = forged[number][0]
    field = data.draw(st.sampled_from([k for k, v in record.items() if isinstance(v, str)]))
    place = data.draw(st.integers(0, len(record[field]) - 1))
    other = data.draw(st.characters(exclude_characters=record[field][place], exclude_categories=["Cs"]))
    record[field] = record[field][:place] + other + record[field][place + 1 :]
    assert [p.split(":")[0] for p in verify_chain(forged)] == [f"record {number + 1}"]
