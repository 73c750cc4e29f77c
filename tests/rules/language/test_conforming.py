"""The quick test of a schema: it never lets through what the full validator refuses."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from rules.language.conforming import conforming
from rules.language.documents import read
from rules.language.schemas import Published, published
from tests.support.shared import ROOT

NAMES: tuple[Published, ...] = ("rules", "scenarios", "texts", "workspace")

odd_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 3)
    | st.sampled_from(["", "r", "1d", "always", Decimal("1.5")]),
    lambda below: (
        st.lists(below, max_size=2) | st.dictionaries(st.sampled_from(["en", "to", "zz"]), below, max_size=2)
    ),
    max_leaves=4,
)


def _documents(*patterns: str) -> Iterator[Any]:
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            document, _ = read(path.read_text(encoding="utf-8", errors="replace"), path.name)
            if document is not None:
                yield path.name, document.value


@pytest.mark.parametrize("name", NAMES)
def test_what_passes_is_valid(name: Published) -> None:
    """Every file of the corpus of broken ones, against every schema."""
    quick, full = conforming(published(name)), Draft202012Validator(published(name))
    passed = [(file, value) for file, value in _documents("tests/rules/broken/*.yaml") if quick(value)]
    assert [file for file, value in passed if not full.is_valid(value)] == []


@pytest.mark.parametrize(
    ("name", "patterns"),
    [
        ("rules", ("rules/packs/*/rules.yaml", "examples/*/rules/*.yaml")),
        ("scenarios", ("rules/packs/*/scenarios/*.yaml", "examples/*/scenarios/*.yaml")),
        ("texts", ("rules/packs/*/texts/*.yaml", "rules/language/standard/*.yaml")),
        ("workspace", ("examples/*/accord.yaml",)),
    ],
)
def test_shipped_files_need_no_second_look(name: Published, patterns: tuple[str, ...]) -> None:
    """They conform, and the quick test knows it: else it would be of no use."""
    quick = conforming(published(name))
    found = list(_documents(*patterns))
    assert found
    assert [file for file, value in found if not quick(value)] == []


@given(st.data())
def test_an_edit_anywhere_is_judged_as_the_full_validator_does_or_left_to_it(data: st.DataObject) -> None:
    """A part of a good file is replaced by something odd."""
    value = dict(_documents("examples/agency/rules/*.yaml"))["team.yaml"]
    edited = _edited(value, data)
    if conforming(published("rules"))(edited):
        assert Draft202012Validator(published("rules")).is_valid(edited)


def _edited(value: Any, data: st.DataObject) -> Any:
    keys = (
        list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    )
    if not keys or data.draw(st.integers(0, 4)) == 0:
        return data.draw(odd_values)
    key = data.draw(st.sampled_from(keys))
    copy = value.copy()
    copy[key] = _edited(value[key], data)
    return copy
