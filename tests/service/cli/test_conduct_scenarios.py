"""Scenarios of scope creep and of low answers, as a user keeps them: they pass, and fail when a rule is spoilt."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.service.cli.places import Accord, accord, edit
from tests.support.shared import ROOT

__all__ = ["accord"]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A copy of the workspace with its scenarios."""
    return Path(shutil.copytree(ROOT / "tests/rules/scenarios/conduct", tmp_path / "conduct"))


def test_the_scenarios_of_conduct_pass(place: Path, accord: Accord) -> None:
    """Added work joins one draft; an unhappy client is a complaint with a day."""
    code, out, said = accord("test", place)
    assert (code, "2 scenarios passed" in out + said) == (0, True), out


@pytest.mark.parametrize(
    ("right", "spoilt", "story"),
    [
        (", merge_into: open_draft", "", "work that is added to a milestone"),
        ("if: issue.unplanned", "if: not issue.baselined", "work that is added to a milestone"),
        ('"nps" and survey.score <= 6', '"nps" and survey.score <= 7', "a low answer is a complaint"),
    ],
)
def test_a_spoilt_rule_fails_its_scenario(
    place: Path, accord: Accord, right: str, spoilt: str, story: str
) -> None:
    """Whoever edits one of these words hears of it."""
    edit(place / "rules" / "conduct.yaml", right, spoilt)
    code, out, _ = accord("test", place)
    assert (code, f"FAIL  {story}" in out) == (1, True), out
