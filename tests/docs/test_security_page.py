"""The page on security: every threat has its answer, and every test that it names is there."""

from __future__ import annotations

import ast
import re

from tests.support.shared import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> list[list[str]]:
    """The rows of the table of threats: threat, answer, tests."""
    table = PAGE.partition("## Threats and answers")[2].partition("\n## ")[0]
    found = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in found[1:]]


def test_every_threat_has_an_answer_and_a_test() -> None:
    """No row is only a promise."""
    assert len(rows()) >= 15
    for threat, answer, tests in rows():
        assert threat
        assert answer
        assert NAMED.search(tests), threat


def test_every_test_that_is_named_is_there() -> None:
    """By its file and its name, so that a test that is taken away takes its promise along."""
    for path, name in NAMED.findall(PAGE):
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (
            f"{path}::{name}"
        )
