"""docs/tour.md: every command that needs nothing running prints what the page shows.

Those after the demo are followed where the demo runs: tests/service/cli/test_agency.py.
"""

from __future__ import annotations

import pytest

from service.cli import main
from tests.docs.lesson import Lesson
from tests.docs.markdown import blocks, section
from tests.support.shared import ROOT

PAGE = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")


def test_the_tour_shows_what_the_commands_print(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ladder of a budget, three months of a retainer, an audit, two calendars."""
    monkeypatch.chdir(ROOT)

    def accord(words: list[str], _: object) -> str:
        capsys.readouterr()
        assert main(words) == 0
        printed = capsys.readouterr()
        return printed.out + printed.err

    shown = blocks(section(PAGE, "Without anything running"), "console")
    reader = Lesson(ROOT, accord)
    assert len(shown) > 3
    assert [str(difference) for block in shown for difference in reader.follow(block)] == []
