"""Rules that a delivery lead wanted on the first day, exactly as written, and others of their kind.

The wanted rules stand on the shelf beside the repository; what they say, and the stories that try them, stand here.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from rules.facts.project import Workspace
from rules.language.documents import read
from rules.language.loader import load_rules
from rules.language.model import RuleSet
from rules.language.workspace import build
from rules.packs import read_pack
from rules.scenarios import read_scenarios, run
from tests.support.shared import shared_path

WANTED = Path(__file__).parent / "wanted"
SPOKE = {"fired", "waiting", "awaiting_review"}
# Rules of the clock that have nothing to ask about: their silence is that nothing is decided.
ALWAYS = {
    *("weekly-report", "change-applied", "client-first-of-month", "team-week"),
    *("change-refused", "source-silent", "decision-runs-out"),
}


@cache
def workspace() -> Workspace:
    document, problems = read((WANTED / "accord.yaml").read_text(encoding="utf-8"), "accord.yaml")
    assert document is not None, problems
    found, problems = build([document])
    assert found is not None, problems
    return found


def load(rules: Path) -> RuleSet:
    """The rules of a file with the texts of this folder; no error, and no warning either."""
    texts = [
        (f"texts/{p.name}", p.stem, p.read_text(encoding="utf-8"))
        for p in sorted(WANTED.glob("texts/*.yaml"))
    ]
    found, problems = load_rules(
        [(rules.name, rules.read_text(encoding="utf-8"))], texts, workspace(), read_pack
    )
    assert not problems, "\n".join(map(str, problems))
    assert found is not None
    return found


def play(rules: RuleSet, scenarios: str) -> Counter[tuple[str, str]]:
    """Every verdict that the scenarios of a file reach; they go as written."""
    read_ones, problems = read_scenarios((WANTED / scenarios).read_text(encoding="utf-8"), scenarios)
    assert not problems, problems
    reached: Counter[tuple[str, str]] = Counter()
    for one in read_ones:
        played = run(one, workspace(), rules, every_verdict=True)
        assert played.passed, f"{one.name}\n" + "\n".join(map(str, played.differences))
        reached += played.verdicts
    return reached


def told_to(scenarios: str) -> str:
    return (WANTED / scenarios).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["wanted", "more", "spellings"])
def test_every_rule_speaks_and_keeps_silent_as_its_stories_say(name: str) -> None:
    """Each rule is expressible as written, with texts for both clients, and does what it says and no more."""
    rules = load(
        shared_path("design/wanted-rules.yaml") if name == "wanted" else WANTED / f"{name}.yaml",
    )
    reached = play(rules, f"{name}-scenarios.yaml")
    for id in rules.rules:
        kinds = {kind for rule, kind in reached if rule == id}
        assert kinds & SPOKE, f"{id} never speaks: {kinds}"
        assert id in ALWAYS or kinds - SPOKE, f"{id} is never seen to keep silent"


@pytest.mark.parametrize("name", ["wanted", "more", "spellings"])
def test_clients_of_both_languages_are_told(name: str) -> None:
    """The stories have a reader in English and one in Chinese."""
    stories = told_to(f"{name}-scenarios.yaml")
    assert "to: ann" in stories
    assert "to: liwei" in stories
