"""Events that say next to nothing: whoever writes a scenario or calls the API names a field or two; it is played."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from rules.facts.catalogue import EVENTS, OBJECTS
from rules.language.documents import read
from rules.language.loader import load_rules
from rules.language.model import RuleSet
from rules.language.workspace import build
from rules.packs import names, read_pack
from rules.scenarios import World, read_scenarios, run
from rules.scenarios.trace import Watch
from tests.rules.scenarios.stories import messages, play

WORLD = Path(__file__).parents[1] / "wanted" / "accord.yaml"
FAMILIES = sorted({kind.partition(".")[0] for kind in EVENTS})


@cache
def world() -> World:
    """A client in each language, with every pack in use."""
    document, problems = read(WORLD.read_text(encoding="utf-8"), "accord.yaml")
    assert document is not None, problems
    workspace, problems = build([document])
    assert workspace is not None, problems
    rules, problems = load_rules(
        [("all.yaml", f"version: 1\nuse: {names()}\nrules: []\n")], [], workspace, read_pack
    )
    assert isinstance(rules, RuleSet), "\n".join(map(str, problems))
    return World(workspace, rules)


def scenario(family: str) -> str:
    """Every event of a family without any field, then with an id alone, one of them that of a milestone of the plan."""
    where = "" if family in ("connection", "rules", "calendar") else "project: apollo, "
    steps = [
        f"      - {{event: {{type: {kind}, {where}data: {data}}}}}\n"
        for data in ("{}", "{id: X1}", "{id: m1}")
        for kind, about in EVENTS.items()
        if kind.partition(".")[0] == family and (data == "{}" or "id" in OBJECTS.get(about.object, {}))
    ]
    head = "version: 1\nworkspace: accord.yaml\nclock: 2026-11-03 10:00 Asia/Shanghai\n"
    return head + "scenarios:\n  - name: thin\n    steps:\n" + "".join(steps) + "      - {wait: 8d}\n"


@pytest.mark.parametrize("outcome", ["approved", "rejected", "changes_requested"])
def test_a_decision_that_is_only_told_fills_its_texts(outcome: str) -> None:
    """Nobody was asked here and nobody is named: it was the client, and what was never on a page is left out."""
    step = f"- event: {{type: change.{outcome}, data: {{id: CR-1}}}}\n"
    played = play(step, rules="[]", packs="changes", watch=Watch())
    assert messages(played) == []
    told = [said.words.body for said in played.steps[0].said]
    assert told
    assert any("Acme Ltd" in body for body in told)
    assert not any("SHA-256" in body for body in told)


@pytest.mark.parametrize("family", FAMILIES)
def test_events_that_say_nothing_are_played_all_the_same(family: str) -> None:
    """One after the other, and then more than a week goes by: nothing breaks off. A text that names what nobody said
    is told by name, and nothing else goes wrong.
    """
    (one,), problems = read_scenarios(scenario(family), "thin.yaml")
    assert not problems, problems
    played = run(one, world().workspace, world().rules, every_verdict=True)
    wrong = [str(d) for d in played.differences if "cannot be filled in" not in str(d)]
    assert not wrong, "\n".join(wrong)
