"""docs/cookbook.md: every recipe is read without a problem, and its scenario goes as it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.cli._files import read_files
from service.cli._scenarios import Wish, play
from tests.docs.lesson import Lesson
from tests.docs.markdown import Block, blocks
from tests.support.shared import ROOT

PAGE = blocks((ROOT / "docs" / "cookbook.md").read_text(encoding="utf-8"))
KITCHEN = next(b for b in PAGE if b.text.startswith("# accord.yaml"))
YAML = [b for b in PAGE if b.language == "yaml" and b is not KITCHEN]
RECIPES = list(zip(YAML[::2], YAML[1::2], strict=True))


def name(block: Block) -> str:
    """The file that a block is."""
    return block.text.partition("\n")[0].removeprefix("# ")


@pytest.mark.parametrize(("rule", "scenario"), RECIPES, ids=lambda block: Path(name(block)).stem)
def test_a_recipe_does_what_it_says(tmp_path: Path, rule: Block, scenario: Block) -> None:
    """The rule has no problem, not even a warning; it speaks in its scenario, and keeps silent in it as well."""
    reader = Lesson(tmp_path, lambda words, place: "")
    for block in (KITCHEN, rule, scenario):
        reader.follow(block)
    assert [str(p) for p in read_files(tmp_path).problems] == []
    played = play(tmp_path, Wish(coverage=True))
    assert [str(d) for r in played.results for d in r.differences] == []
    assert all("expect: none" in scenario.text and kinds["fired"] for kinds in played.coverage.values())


def test_there_are_thirty_recipes_and_no_other_block() -> None:
    """Each recipe is a rule and a scenario of the same name, and every name stands once."""
    names = [(Path(name(rule)), Path(name(scenario))) for rule, scenario in RECIPES]
    assert all((r.parent.name, s.parent.name, r.name) == ("rules", "scenarios", s.name) for r, s in names)
    assert len({r for r, _ in names}) >= 30
