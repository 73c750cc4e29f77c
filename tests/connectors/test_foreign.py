"""Foreign JSON: what is read exactly, what is refused, and how the path is named."""

from __future__ import annotations

import contextlib
import json
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import ConnectorError, Malformed
from connectors.foreign import Foreign, answer, decode, read, version_of
from connectors.http import Answer

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=15,
)


@given(value=VALUES)
def test_json_comes_back_as_it_was_written(value: Any) -> None:
    """Strictness costs nothing that JSON can say."""
    assert decode(json.dumps(value).encode()) == value
    assert decode(json.dumps(value, ensure_ascii=False).encode()) == value


@given(body=st.binary(max_size=60))
def test_any_bytes_are_read_or_malformed(body: bytes) -> None:
    """There is no third way out."""
    with contextlib.suppress(Malformed):
        decode(body)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a": 1,}', "not JSON"),
        (b'\xef\xbb\xbf{"a": 1}', "not JSON"),
        (b'{"a": "\xff"}', "not UTF-8 .byte 7"),
        (b'{"a": NaN}', "NaN"),
        (b"[Infinity]", "Infinity"),
        (b"[-Infinity]", "Infinity"),
        (b'["\\ud83d"]', "half a surrogate pair"),
        (b'{"\\udE00": 1}', "half a surrogate pair"),
        (b'["\\u0000"]', "NUL"),
        (b"9" * 41, "41 digits"),
        (b"[1e400]", "too large"),
        (b"[1e-400]", "too small"),
        (b"[0." + b"1" * 50 + b"]", "too long"),
        (b"[" * 65 + b"]" * 65, "deeper than 64"),
        (b"[" * 10_000, "deeper than 64"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "deeper than 64"),
    ],
)
def test_what_cannot_be_trusted_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    """Each refusal says what was found."""
    with pytest.raises(Malformed, match=reason):
        decode(body)


def test_nesting_up_to_the_limit_is_read_and_brackets_in_texts_do_not_count() -> None:
    """64 levels, and any number of brackets inside of a text, also behind an escaped quote."""
    assert decode(b"[" * 64 + b"]" * 64)
    assert decode(json.dumps({"a": '"' + "[{" * 500}).encode())
    assert decode(b'["\\\\", "' + b"[" * 500 + b'"]')


def test_deep_input_needs_no_deep_stack() -> None:
    """The refusal comes before any recursion: it holds close to the interpreter's limit too."""

    def at_the_limit(left: int) -> None:
        if left:
            at_the_limit(left - 1)
        else:
            with pytest.raises(Malformed, match="deeper than 64"):
                decode(b"[" * 100_000)

    at_the_limit(sys.getrecursionlimit() // 2)


def test_pairs_of_surrogates_are_one_character() -> None:
    """What other systems escape arrives whole."""
    assert decode(b'"\\ud83d\\ude00"') == "\U0001f600"


def test_bodies_over_the_cap_are_not_parsed() -> None:
    """The cap is in bytes."""
    assert decode(b'"123"', limit=5) == "123"
    with pytest.raises(Malformed, match="6 bytes, at most 5"):
        decode(b'"1234"', limit=5)


def test_fractions_are_exact() -> None:
    """Never a float: the digits that were sent are the digits that arrive."""
    assert decode(b"[0.10, 1e2, -3]") == [Decimal("0.10"), Decimal("1e2"), -3]
    assert str(decode(b"0.10")) == "0.10"


BODY = {
    "issue": {
        "fields": {"summary": ["x"], "due": "2026-02-30", "labels": ["a", 7], "none": None},
        "count": 3,
        "share": 0.5,
        "created": "2026-03-05T15:53:47.084+0530",
        "bare": "2026-03-05T15:53:47",
    }
}


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda b: b["issue"]["fields"]["summary"].text(), "issue.fields.summary is a list, text expected"),
        (
            lambda b: b["issue"]["fields"]["labels"].each()[1].text(),
            "issue.fields.labels[1] is a number, text expected",
        ),
        (lambda b: b["issue"]["fields"]["missing"], "issue.fields.missing is missing"),
        (lambda b: b["issue"]["fields"]["none"].text(), "issue.fields.none is null, text expected"),
        (lambda b: b["issue"]["fields"]["none"]["deeper"], "issue.fields.none is null, an object expected"),
        (
            lambda b: b["issue"]["fields"]["summary"].get("x"),
            "issue.fields.summary is a list, an object expected",
        ),
        (lambda b: b["issue"]["share"].whole(), "issue.share is 0.5, a whole number expected"),
        (lambda b: b["issue"]["fields"].number(), "issue.fields is an object, a number expected"),
        (lambda b: b["issue"]["count"].flag(), "issue.count is a number, true or false expected"),
        (
            lambda b: b["issue"]["fields"]["due"].day(),
            "issue.fields.due is '2026-02-30', a date like 2026-03-01 expected",
        ),
        (
            lambda b: b["issue"]["bare"].time(),
            "issue.bare is '2026-03-05T15:53:47', a time with a zone like 2026-03-01T09:30:00Z expected",
        ),
        (lambda b: b.text(), "the body is an object, text expected"),
    ],
)
def test_a_wrong_type_is_named_with_its_path(ask: Any, said: str) -> None:
    """The message is fit for the person who has to look into the delivery."""
    with pytest.raises(Malformed) as caught:
        ask(read(json.dumps(BODY).encode()))
    assert str(caught.value) == said


def test_missing_and_null_can_be_told_apart() -> None:
    """Missing is unknown, null is known to be empty."""
    fields = read(json.dumps(BODY).encode())["issue"]["fields"]
    assert ("none" in fields, "missing" in fields) == (True, False)
    assert fields.get("none") is None
    assert fields.get("missing") is None


def test_times_are_utc_and_the_writers_day_is_kept() -> None:
    """Offsets with and without a colon; half past midnight in Shanghai is a day of Shanghai."""
    created = read(json.dumps(BODY).encode())["issue"]["created"]
    assert created.time() == datetime(2026, 3, 5, 10, 23, 47, 84_000, UTC)
    assert Foreign("2026-11-20T00:30:00.000+0800").stamp().date() == date(2026, 11, 20)
    assert Foreign(1550286678321).epoch(1000) == datetime(2019, 2, 16, 3, 11, 18, 321_000, UTC)
    assert version_of(Foreign("2026-11-20T00:30:00Z").time()) == "2026-11-20T00:30:00.000000Z"


@pytest.mark.parametrize(
    "odd", ["2026-W10-4T00:00:00Z", "20260305T000000Z", "0001-01-01T00:00:00+23:59", "", "now"]
)
def test_other_spellings_of_time_are_refused(odd: str) -> None:
    """One way to write it, and no time that cannot be moved to another zone."""
    with pytest.raises(Malformed):
        Foreign(odd, "at").time()


@pytest.mark.parametrize("odd", [-1, 10**15, 10**39])
def test_epochs_out_of_range_are_refused(odd: int) -> None:
    """Also those for which Python would raise an error of its own."""
    with pytest.raises(Malformed, match="between 1970 and 9999"):
        Foreign(odd, "at").epoch()


def test_an_answer_that_cannot_be_read_is_a_connector_error() -> None:
    """A read that fails on the target's answer is the target's failure, with its status, not a malformed delivery."""
    for content in (b"<html>", b'{"key": 7}'):
        with pytest.raises(ConnectorError, match="Jira answered what cannot be read") as caught:
            answer(Answer(200, {}, content), "Jira")["key"].text()
        assert (caught.value.retryable, caught.value.status) == (False, 200)
