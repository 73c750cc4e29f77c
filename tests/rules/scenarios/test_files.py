"""Scenario files: what is wrong is found before anything is played, at its place, with the mend."""

from __future__ import annotations

import pytest

from rules.packs import read_pack
from rules.scenarios import given_world, read_scenarios
from tests.rules.scenarios.stories import file_of, problems_of

POSTED = "- event: {type: ledger.posted, data: {amount: 5.00}}"


def test_a_right_file_gives_its_scenarios_in_order() -> None:
    """Each scenario comes with its name, its world and its steps."""
    scenarios, problems = read_scenarios(file_of(POSTED), "story.yaml")
    assert problems == []
    assert [(s.name, len(s.steps), s.workspace) for s in scenarios] == [("a story", 1, None)]


@pytest.mark.parametrize(
    ("step", "told", "meant"),
    [
        ("- event: {type: ledger.postd}", "there is no event `ledger.postd`", "did you mean `ledger.posted`?"),
        ("- event: {type: ledger.*}", "one event has one type", "ledger.posted"),
        ("- event: {type: time.logged, data: {amuont: 5}}", "`entry` has no field `amuont`", "did you mean `amount`"),
        ("- {wait: 3wd, until: 2026-09-22}", "`until` stands beside `wait`", "a step has one of"),
        ("- expect: none", "nothing happens in this step", "a step has one of"),
        ("- {wait: 3 days}", "`wait` cannot be `3 days`", "3d, 5wd"),
        ("- {wait: 3d, expect: nothing}", "`expect` cannot be `nothing`", "write none for silence"),
        ("- {wait: 3d, expect: [{mail: {to: bob}}]}", "`mail` is no key", "did you mean `email`?"),
        ("- {wait: 3d, expect: [{email: {too: bob}}]}", "`too` is no key of `email`", "did you mean `to`?"),
        ("- answer: {by: ann, decision: yes please}", "`decision` cannot be", "approved"),
    ],
)  # fmt: skip
def test_a_slip_is_told_with_its_place_and_the_mend(step: str, told: str, meant: str) -> None:
    """A word that means nothing is an error with line, column, what is allowed and what was meant."""
    text = file_of(step)
    found = problems_of(text)
    assert len(found) == 1, found
    line = text.splitlines().index(f"      {step}") + 1
    assert found[0].startswith(f"story.yaml:{line}:"), found
    assert told in found[0]
    assert meant in found[0]


def test_a_scenario_plays_in_one_world() -> None:
    """Without one, or with two, nobody could say what is meant."""
    text = file_of(POSTED)
    without = text[: text.index("given:")] + text[text.index("scenarios:") :]
    assert any("the scenario has no world" in p for p in problems_of(without))
    both = text.replace("scenarios:\n", "workspace: ../accord.yaml\nscenarios:\n")
    assert any("`workspace` stands beside `given`" in p for p in problems_of(both))


def test_a_scenario_begins_at_a_moment() -> None:
    """The clock is its own or the file's; without one it cannot begin."""
    text = file_of(POSTED).replace("clock: 2026-09-21 10:00 America/New_York\n", "")
    assert any("the scenario has no `clock`" in p for p in problems_of(text))
    own = text.replace("  - name: a story\n", "  - name: a story\n    clock: 2026-09-21 10:00\n")
    assert problems_of(own) == []


def test_names_tell_scenarios_apart() -> None:
    """Two of one name could not be told apart in a report."""
    text = file_of(POSTED)
    again = text + text[text.index("  - name: a story") :]
    assert any("two scenarios have this name" in p for p in problems_of(again))


def test_what_is_wrong_in_the_given_world_is_told_at_its_place_in_the_scenario() -> None:
    """Rules, texts and the workspace of `given` are checked as files are; columns count in the scenario file."""
    rule = """
    - id: large
      when: ledger.posted
      if: entry.amout > 1000 USD
      do: [{email: {to: client.biling, text: {en: {subject: "{{ entry.amont }}", body: x}}}}]
    """
    text = file_of(POSTED, rules=rule)
    scenarios, _ = read_scenarios(text, "story.yaml")
    world, problems = given_world(scenarios[0].world, read_pack)
    assert world is None
    lines = text.splitlines()
    for word in ("amout", "client.biling"):
        told = next(p for p in problems if word in p.message)
        assert (
            lines[told.at.line - 1][told.at.column - 1 :].startswith(word) or word in lines[told.at.line - 1]
        )
        assert told.hint


def test_a_world_in_braces_is_read_like_any_other() -> None:
    """YAML on one line means the same."""
    text = (
        "{version: 1, clock: 2026-09-21 10:00, scenarios: [{name: s, given: {people: {lin: {name: L, email: "
        "l@x.example, roles: [lead]}}, clients: {acme: {name: A, locale: en, time_zone: UTC, contacts: {bob: {name: B, "
        "email: b@x.example, roles: [billing]}}}}, "
        "projects: {p: {client: acme, name: P, lead: lin, currency: USD, budget: "
        "{total: 9.00}}}, rules: [{id: r, when: ledger.posted, do: [{email: {to: client.billing, text: hello}}]}], "
        "texts: {en: {hello: {subject: Hello, body: B}}}}, steps: [{event: {type: ledger.posted}}]}]}"
    )
    scenarios, problems = read_scenarios(text, "story.yaml")
    assert problems == []
    world, problems = given_world(scenarios[0].world, read_pack)
    assert problems == []
    assert world is not None
    assert list(world.rules.rules) == ["r"]
    assert world.rules.texts["hello"]["en"].subject == "Hello"
