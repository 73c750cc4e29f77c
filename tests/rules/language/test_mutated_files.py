"""Real files with a slip of the hand: packs, examples and the corpus of mistakes, spoilt a little more.

Whatever comes of it is told as problems: nothing breaks, nothing runs on for ever, and no memory is kept of it.
"""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from rules.language.expressions import compile_expression
from rules.language.model import Position
from rules.language.names import environment
from tests.rules.language.small_workspace import load
from tests.support.shared import ROOT

FILES = sorted(
    [
        *ROOT.glob("rules/packs/*/rules.yaml"),
        *ROOT.glob("examples/*/rules/*.yaml"),
        *ROOT.glob("tests/rules/examples/*.yaml"),
        *ROOT.glob("tests/rules/broken/*.yaml"),
    ]
)
SIGNS = [
    *":#{}[],&*!|>%@`'\"-?~ \t\n",
    "<<: ",
    "- ",
    "{{ ",
    " }}",
    "{% ",
    "0x1f",
    "1e9",
    "\u2028",
    "\ud800",
    "和",
]
NAMES = environment(["issue.changed", "ledger.posted"], words=["crosses"])
ROUNDS = 40
MOST_KEPT = 4_000_000
"""Bytes that two rounds of the same length may differ by: caches are filled to their bounds, and nothing else grows."""


def slips(seed: int, count: int) -> Iterator[tuple[Path, str]]:
    """Files with one to three slips each, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - a test that can be played again
    for _ in range(count):
        path = chance.choice(FILES)
        text = path.read_text(encoding="utf-8", errors="replace")
        for _ in range(chance.randint(1, 3)):
            text = slip(text, chance)
        yield path, text


def slip(text: str, chance: random.Random) -> str:
    """One slip: a sign more or less, a line lost, doubled, moved in or out, the end torn off, two pieces changed."""
    lines = text.split("\n")
    at, line = chance.randrange(len(text) + 1), chance.randrange(len(lines))
    kind = chance.randrange(7)
    if kind == 0:
        return text[:at] + chance.choice(SIGNS) + text[at:]
    if kind == 1:
        return text[:at] + text[at + chance.randint(1, 5) :]
    if kind == 2:
        return text[:at]
    if kind == 3:
        return "\n".join([*lines[:line], *lines[line + 1 :]])
    if kind == 4:
        return "\n".join([*lines[:line], lines[line], *lines[line:]])
    if kind == 5:
        moved = lines[line][2:] if chance.random() < 0.5 else "  " + lines[line]
        return "\n".join([*lines[:line], moved, *lines[line + 1 :]])
    other = chance.randrange(len(text) + 1)
    first, second = sorted((at, other))
    return text[:first] + text[second:] + text[first:second]


@pytest.mark.parametrize("seed", range(6))
def test_a_slip_in_a_real_file_is_told_or_does_no_harm(seed: int) -> None:
    """Either it loads, or there is an error with a place in the file."""
    for path, text in slips(seed, ROUNDS):
        found, problems = load(text, path.name)
        assert found is not None or any(p.severity == "error" for p in problems), (path, text)
        assert all(p.at.line >= 1 and p.at.column >= 1 for p in problems), (path, text)


def test_slips_in_real_conditions_are_told_or_do_no_harm() -> None:
    """Every value of every file that the expression parser may be given, spoilt."""
    for _, text in slips(99, 60):
        for line in text.split("\n"):
            value = line.partition(": ")[2].strip()
            compiled, problems = compile_expression(value, Position("f.yaml", 1, 1), NAMES)
            assert compiled is not None or problems, value


def test_nothing_is_kept_of_what_was_read() -> None:
    """As much memory after many files as after as many before them, whatever was wrong in them."""
    spoil(1000)
    tracemalloc.start()
    try:
        spoil(2000)
        before = kept()
        spoil(3000)
        assert kept() - before < MOST_KEPT
    finally:
        tracemalloc.stop()


def spoil(seed: int) -> None:
    for path, text in slips(seed, ROUNDS):
        load(text, path.name)


def kept() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
