"""Every file in tests/rules/broken has one thing wrong and says in its first lines what has to be told about it.

`# expect LINE:COLUMN SEVERITY: MESSAGE; HINT` for the file itself, `# expect PATH:LINE:COLUMN: ...` for a text
file. Those in workspace/ are an accord.yaml each.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rules.language.documents import read
from rules.language.model import Problem
from rules.language.workspace import build
from tests.rules.language.small_workspace import load

FOLDER = Path(__file__).parents[1] / "broken"
BROKEN = sorted(FOLDER.glob("*.yaml"))
WORKSPACES = sorted((FOLDER / "workspace").glob("*.yaml"))


def told(problem: Problem, path: str) -> str:
    """A problem in the manner of an `# expect` line."""
    if problem.at.path != path:
        return str(problem)
    hint = f"; {problem.hint}" if problem.hint else ""
    return f"{problem.at.line}:{problem.at.column} {problem.severity}: {problem.message}{hint}"


def expected(text: str) -> list[str]:
    """What the head of a file says."""
    return re.findall(r"^# expect (.*)$", text, re.MULTILINE)


@pytest.mark.parametrize("path", BROKEN, ids=lambda p: p.stem)
def test_the_mistake_is_told_at_its_place_with_the_mend(path: Path) -> None:
    """One mistake gives exactly the expected lines: file, line, column, what is wrong, what is allowed or meant."""
    text = path.read_text(encoding="utf-8")
    found, problems = load(text, path.name)
    assert [told(p, path.name) for p in problems] == expected(text)
    assert (found is None) == any(p.severity == "error" for p in problems)


@pytest.mark.parametrize("path", WORKSPACES, ids=lambda p: p.stem)
def test_a_mistake_in_the_workspace_is_told_once_at_its_place(path: Path) -> None:
    """A slip in accord.yaml is told where it stands, and not again wherever the value is taken over."""
    text = path.read_text(encoding="utf-8")
    document, problems = read(text, path.name)
    more = build([document])[1] if document is not None else []
    assert [told(p, path.name) for p in (*problems, *more)] == expected(text)


def test_there_are_many_kinds_of_mistakes() -> None:
    """The corpus stays broad: traps of YAML, words, events, expressions, ladders, recipients, texts, overrides."""
    kinds = {path.stem.partition("-")[0] for path in BROKEN}
    assert len(BROKEN) + len(WORKSPACES) >= 240
    assert {"yaml", "trap", "word", "event", "expression", "levels", "recipient", "text", "override"} <= kinds
    assert {"cycle", "digest", "scope", "system", "use", "value", "wait"} <= kinds


@pytest.mark.parametrize("path", BROKEN, ids=lambda p: p.stem)
def test_the_told_place_exists(path: Path) -> None:
    """Line and column lie inside the file that is named, so that an editor can jump there."""
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    for problem in load(text, path.name)[1]:
        if problem.at.path == path.name:
            assert 1 <= problem.at.line <= len(lines) + 1
            assert 1 <= problem.at.column <= len(lines[problem.at.line - 1]) + 1
