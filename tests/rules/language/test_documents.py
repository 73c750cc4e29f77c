"""Strict YAML: what is read, what is refused, and where everything stands."""

from __future__ import annotations

from decimal import Decimal

import pytest
import yaml

from rules.language import documents
from rules.language.documents import MAX_BYTES, MAX_DEPTH, MAX_NODES, Document, read


def fine(text: str) -> Document:
    document, problems = read(text, "f.yaml")
    assert problems == []
    assert document is not None
    return document


def told(text: str) -> list[str]:
    return [str(p) for p in read(text, "f.yaml")[1]]


def test_plain_scalars_mean_what_they_look_like() -> None:
    """Only true, false, null and plain numbers are more than text; a number keeps its digits."""
    document = fine("a: true\nb: null\nc: 12\nd: 2.50\ne: 2026-01-01\nf: 80%\ng: -3\nh: v1.2.3\ni:\n")
    assert document.value == {
        "a": True,
        "b": None,
        "c": 12,
        "d": Decimal("2.50"),
        "e": "2026-01-01",
        "f": "80%",
        "g": -3,
        "h": "v1.2.3",
        "i": None,
    }
    assert str(document.value["d"]) == "2.50"


def test_quotes_make_text() -> None:
    """What stands in quotes is text, whatever it looks like."""
    assert fine('a: "no"\nb: \'010\'\nc: "12"\n').value == {"a": "no", "b": "010", "c": "12"}


@pytest.mark.parametrize(
    "word", ["yes", "No", "ON", "off", "TRUE", "Null", "010", "1e5", "0x1F", "1_000", ".inf", "-.NaN"]
)
def test_words_that_readers_disagree_about_are_refused(word: str) -> None:
    """A file means the same to its author, to the editor and to us: ambiguous letters have to be quoted."""
    _, problems = read(f"a: {word}\n", "f.yaml")
    assert [(p.severity, p.at.line, p.at.column) for p in problems] == [("error", 1, 4)]
    assert fine(f'a: "{word}"\n').value == {"a": word}


def test_a_clock_time_stays_text_and_is_pointed_out() -> None:
    """12:30 is text here and 750 elsewhere: a warning, not a refusal."""
    document, problems = read("at: 12:30\n", "f.yaml")
    assert document is not None
    assert document.value == {"at": "12:30"}
    assert [p.severity for p in problems] == ["warning"]


def test_places_of_keys_and_values() -> None:
    """Lines and columns count from 1; what is not there points at the nearest thing above it."""
    document = fine("rules:\n  - id: one\n    if: x > 1\n")
    assert str(document.at(("rules", 0, "if"))) == "f.yaml:3:9"
    assert str(document.at(("rules", 0, "if"), key=True)) == "f.yaml:3:5"
    assert str(document.at(("rules", 0, "do", 3))) == "f.yaml:2:5"
    assert str(document.at(())) == "f.yaml:1:1"
    assert document.get(("rules", 0, "id")) == "one"
    assert document.get(("rules", 7, "id"), "none") == "none"


@pytest.mark.parametrize(
    ("text", "part", "place"),
    [
        ("a: x and y\n", "y", "1:10"),
        ('a: "x \\"and\\" y"\n', "y", "1:15"),
        ("a: 'it''s y'\n", "y", "1:11"),
        ("a: |\n  x and\n  y\n", "y", "3:3"),
        ("a: >-\n  x and\n  y\n", "y", "3:3"),
        ("a: x and\n  y\n", "y", "2:3"),
        ("a:\n  - b\n  - 变更 y\n", "y", "3:8"),
    ],
)
def test_a_character_inside_a_scalar_is_found_through_its_style(text: str, part: str, place: str) -> None:
    """Problems inside expressions and texts are exact to the column, through quotes, escapes, folds and blocks."""
    document = fine(text)
    path = ("a", 1) if isinstance(document.value["a"], list) else ("a",)
    offset = str(document.get(path)).index(part)
    assert str(document.inside(path, offset)) == f"f.yaml:{place}"


def test_a_duplicate_key_names_the_first() -> None:
    """No value is lost silently: the second key is an error that names the line of the first."""
    assert told("a: 1\nb: 2\na: 3\n") == ["f.yaml:3:1: `a` stands here twice; it is also on line 1; keep one"]


def test_an_alias_bomb_is_refused_at_its_first_alias() -> None:
    """Aliases are never expanded, so nothing can grow."""
    lines = ['a: &a ["x","x"]'] + [
        f"{n}: &{n} [*{p},*{p}]" for p, n in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    document, problems = read("\n".join(lines), "f.yaml")
    assert document is not None
    assert document.value["i"] == [None, None]
    assert any("alias" in p.message for p in problems)


def test_limits() -> None:
    """Size, count of values and depth are bounded, each with a plain sentence."""
    assert "over 1 MiB" in told("a: " + "x" * MAX_BYTES)[0]
    assert f"over {MAX_NODES:,} values" in told("a: [" + "1," * (MAX_NODES + 1) + "]")[0]
    assert f"over {MAX_DEPTH} levels deep" in told("[" * 200 + "]" * 200)[0]
    assert "over 40 digits" in told("a: " + "1" * 41)[0]


def test_several_problems_are_told_at_once() -> None:
    """One look at a file finds everything that can be found."""
    assert len(told("a: no\nb: 010\na: 2\nc: !x 3\n")) == 4


def test_an_empty_file_is_an_empty_document() -> None:
    """Nothing is no error of YAML: whoever needs something says so."""
    assert fine("").value is None
    assert fine("# only a comment\n").value is None


def test_a_byte_order_mark_is_not_content() -> None:
    """Editors on Windows write one."""
    assert fine("\ufeffa: 1\n").value == {"a": 1}


def test_without_the_fast_parser_files_mean_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML without libyaml reads the same values at the same places."""
    text = "rules:\n  - id: one\n    if: 'x > 1'\n    do: [a, {b: 2.5}]\n"
    fast = fine(text)
    monkeypatch.setattr(documents, "_LOADER", yaml.SafeLoader)
    slow = fine(text)
    assert slow.value == fast.value
    assert {p: (m.line, m.column) for p, m in slow.marks.items()} == {
        p: (m.line, m.column) for p, m in fast.marks.items()
    }
