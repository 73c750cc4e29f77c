"""docs/rules.md is followed from its first line to its last: whoever types it gets what it shows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from service.cli import main
from tests.docs.lesson import FILES, Accord, Lesson
from tests.docs.markdown import blocks
from tests.support.shared import ROOT

PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")


@pytest.fixture
def accord(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Accord:
    """The command line in this process, with no secret in the environment and what it prints in one text."""
    for name in os.environ:
        if name.startswith(("ACCORD_", "JIRA_")):
            monkeypatch.delenv(name)

    def run(words: list[str], place: Path) -> str:
        monkeypatch.chdir(place)
        capsys.readouterr()
        main(words)
        printed = capsys.readouterr()
        return printed.out + printed.err

    return run


def test_the_lesson_shows_what_happens(tmp_path: Path, accord: Accord) -> None:
    """Every file of the lesson is read as it stands, and every command prints what the page says it prints."""
    reader = Lesson(tmp_path, accord)
    found = [str(difference) for block in blocks(PAGE) for difference in reader.follow(block)]
    assert found == []
    assert len(reader.written) > 10


def test_no_block_of_the_lesson_stands_aside() -> None:
    """There is no YAML on the page that nobody executes."""
    assert {block.language for block in blocks(PAGE)} <= {*FILES, "console"}
