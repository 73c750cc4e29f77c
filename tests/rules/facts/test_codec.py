"""Stored values read back as they were, and one value has exactly one text."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts.codec import CodecError, dumps, iso_utc, loads, to_plain, write_json
from rules.facts.duration import Duration
from rules.facts.money import MINOR_UNITS, Money

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    text,
    decimals,
    st.builds(Money, decimals, st.sampled_from(sorted(MINOR_UNITS))),
    st.datetimes(timezones=st.just(UTC)),
    st.dates(),
    st.times(),
    st.builds(Duration, st.integers(-500, 500), st.sampled_from(["m", "h", "d", "wd", "w"])),
)
keys = text | st.sampled_from(["$", "v"])
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4)
)


def nested(depth: int) -> Any:
    """A list in a list, `depth` lists deep."""
    value: Any = []
    for _ in range(depth - 1):
        value = [value]
    return value


@given(values)
def test_every_value_reads_back_as_it_was(value: Any) -> None:
    """Types come back too, keys named $ included, and writing again gives the same text."""
    written = dumps(value)
    again = loads(written)
    assert again == value
    assert repr(type(again)) == repr(type(value))
    assert dumps(again) == written
    assert loads(written.encode()) == value


@given(values)
def test_plain_values_are_json_for_anybody(value: Any) -> None:
    """What an API shows needs no knowledge of our types and no float."""
    assert json.loads(json.dumps(to_plain(value)), parse_float=pytest.fail) == to_plain(value)


def test_the_text_is_canonical() -> None:
    """Sorted keys, no spaces, characters as they are, and tags for what JSON has no type for."""
    value = {
        "b": "导出",
        "a": [Money(Decimal("12.3"), "USD"), Decimal("0.80"), date(2026, 9, 21), None, True, 7],
    }
    assert dumps(value) == (
        '{"a":[{"$":"money","v":"12.30 USD"},{"$":"decimal","v":"0.80"},{"$":"date","v":"2026-09-21"},null,true,7],'
        '"b":"导出"}'
    )
    assert dumps(datetime(2026, 9, 21, 2, 15, 30, tzinfo=UTC)) == '{"$":"time","v":"2026-09-21T02:15:30Z"}'
    assert dumps(time(9, 30)) == '{"$":"clock","v":"09:30:00"}'
    assert dumps(Duration(-3, "wd")) == '{"$":"duration","v":"-3wd"}'


def test_order_of_keys_and_kind_of_sequence_do_not_matter() -> None:
    """Two ways to hold the same content have one text; a tuple comes back as a list."""
    assert dumps({"x": (1, 2), "y": 1}) == dumps(MappingProxyType({"y": 1, "x": [1, 2]}))
    assert loads(dumps((1, (2,)))) == [1, [2]]


def test_somebody_elses_dollar_keys_survive() -> None:
    """A payload that looks like one of our tags stays a payload."""
    value = {"$": "money", "v": "1.00 USD", "more": {"$": {"$": 1}}}
    assert loads(dumps(value)) == value
    assert loads(dumps({"$": "money", "v": "1.00 USD"})) == {"$": "money", "v": "1.00 USD"}


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"entry": {"lines": [1, {"amount": 0.1}]}}, "entry.lines.1.amount"),
        ({"rate": float("nan")}, "rate"),
        ({"rate": Decimal("NaN")}, "rate"),
        ({"at": datetime(2026, 9, 21)}, "at"),  # noqa: DTZ001
        ({"at": datetime(2026, 9, 21, tzinfo=timezone(timedelta(hours=8)))}, "at"),
        ({"opens": time(9, tzinfo=UTC)}, "opens"),
        ({"tags": {"a"}}, "tags"),
        ({"raw": b"x"}, "raw"),
        ({"n": 10**40}, "n"),
        ({"map": {1: "x"}}, "map.1"),
    ],
)
def test_what_has_no_canonical_text_is_refused_with_its_place(value: Any, place: str) -> None:
    """The error leads to the value; writing for storage and for an API refuse alike."""
    with pytest.raises(CodecError, match=f"^{place}: "):
        dumps(value)
    with pytest.raises(CodecError, match=f"^{place}: "):
        to_plain(value)


def test_half_a_surrogate_pair_is_no_text() -> None:
    """What cannot be written as UTF-8 is refused when written, not when stored."""
    with pytest.raises(CodecError, match="surrogate"):
        dumps({"title": "\ud83d"})


@pytest.mark.parametrize(
    "bad",
    [
        "0.5",
        "1e3",
        "NaN",
        "[Infinity]",
        '{"$":"bogus","v":"x"}',
        '{"$":["money"],"v":"x"}',
        '{"$":"money"}',
        '{"$":"money","v":"12.30 USD","x":1}',
        '{"$":"money","v":"12.30"}',
        '{"$":"money","v":"1.00 QQQ"}',
        '{"$":"money","v":7}',
        '{"$":"decimal","v":"NaN"}',
        '{"$":"decimal","v":"1_0"}',
        '{"$":"time","v":"2026-09-21T02:15:30+08:00"}',
        '{"$":"time","v":"2026-13-21T02:15:30Z"}',
        '{"$":"date","v":"2026-W01-1"}',
        '{"$":"duration","v":"3y"}',
        '{"$":"map","v":{}}',
        '{"$":"map","v":[["a"]]}',
        '{"$":"map","v":[[1,2]]}',
        '{"a":1,"a":2}',
        "{",
        "",
        "1" * 42,
    ],
)
def test_texts_that_are_not_ours_are_refused(bad: str) -> None:
    """Floats, unknown tags, torn tags, repeated keys, broken JSON: an error, never a guess."""
    with pytest.raises(CodecError):
        loads(bad)


def test_bytes_that_are_not_utf_8_are_refused() -> None:
    """Broken bytes are a codec error like any other."""
    with pytest.raises(CodecError):
        loads(b'"\xff"')


def test_nesting_ends_at_64_levels_in_both_directions() -> None:
    """64 levels pass; 65 are refused when written and when read, however deep it goes."""
    assert loads(dumps(nested(64))) == nested(64)
    assert loads(dumps([nested(63)] * 40)) == [nested(63)] * 40
    with pytest.raises(CodecError, match="deeper than 64"):
        dumps(nested(65))
    with pytest.raises(CodecError, match="deeper than 64"):
        loads("[" * 65 + "]" * 65)
    with pytest.raises(CodecError, match="deeper than 64"):
        loads("[" * 200_000 + "]" * 200_000)
    with pytest.raises(CodecError, match="deeper than 64"):
        loads('{"a":' * 65 + "1" + "}" * 65)


def test_plain_values_as_an_api_shows_them() -> None:
    """Money is an object with two texts, a decimal is text without an exponent, times are ISO 8601."""
    shown = to_plain(
        {
            "spent": Money(Decimal("12.3"), "USD"),
            "used": Decimal("8.1E-1"),
            "levels": (Decimal("1E+2"),),
            "at": datetime(2026, 9, 21, 2, 15, 30, 120000, tzinfo=UTC),
            "due": date(2026, 9, 21),
            "opens": time(9),
            "lead": Duration(3, "wd"),
            "$": "kept",
        }
    )
    assert shown == {
        "spent": {"amount": "12.30", "currency": "USD"},
        "used": "0.81",
        "levels": ["100"],
        "at": "2026-09-21T02:15:30.120000Z",
        "due": "2026-09-21",
        "opens": "09:00:00",
        "lead": "3wd",
        "$": "kept",
    }


def test_canonical_json_of_plain_values() -> None:
    """The writer alone, for values that are JSON already."""
    assert write_json({"b": 1, "a": "é"}) == '{"a":"é","b":1}'
    assert iso_utc(datetime(2026, 9, 21, tzinfo=UTC)) == "2026-09-21T00:00:00Z"
    with pytest.raises(CodecError, match="UTC"):
        iso_utc(datetime(2026, 9, 21))  # noqa: DTZ001
