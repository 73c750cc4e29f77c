"""Files become a rule set: packs, overrides, variables, texts, versions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from rules.facts.duration import Duration
from rules.language.ladders import levels_of
from rules.language.loader import load_rules
from rules.language.model import UNKNOWN, ExpressionError, RuleSet
from rules.language.schemas import published
from tests.rules.language.small_workspace import TEXTS, load, read_pack, workspace

RULE = """
version: 1
rules:
  # Money is spent.
  - id: spending
    title: {en: Spending}
    when: ledger.posted
    crosses: {value: budget.used, levels: [50%, 80%], rearm: 3%}
    do:
      - task: {to: project.lead, text: note, due: 1wd}
      - task: {to: [project.finance], text: note, if: level >= 80%}
      - set_field: {target: project.home, field: spent, value: budget.spent}

  # The next one.
  - id: other
    when: [ledger.voided]
    do:
      - task: {to: project.lead, text: note}
"""
USE = "version: 1\nuse: [sample]\n"


def loaded(rules: str, **texts: str) -> RuleSet:
    found, problems = load(rules, texts={k.replace("_", "-"): v for k, v in texts.items()} or None)
    assert found is not None, [str(p) for p in problems]
    return found


def test_a_rule_set_is_indexed_by_event_type() -> None:
    """Candidates of an event are found by its type, in the order of the files."""
    found = loaded(RULE)
    assert [r.id for r in found.by_type["ledger.posted"]] == ["spending"]
    assert [r.id for r in found.by_type["ledger.voided"]] == ["other"]
    assert found.scheduled == ()


def test_actions_are_compiled_and_named() -> None:
    """Durations are durations, names are expressions, words are tuples; ids come from kind, text and ordinal."""
    first, second, third = loaded(RULE).rules["spending"].do
    assert (first.id, second.id, third.id) == ("task:note", "task:note:2", "set_field")
    assert first.keys == {"to": ("project.lead",), "due": Duration(1, "wd"), "text": "note"}
    assert second.condition is not None
    assert second.condition.value({"level": Decimal("0.8")}.get) is True
    assert third.keys["value"].value(lambda name: f"value of {name}") == "value of budget.spent"
    assert third.keys["field"] == "spent"


def test_the_source_is_the_rule_as_written() -> None:
    """A reader of a verdict sees the YAML of the rule, without its neighbours."""
    source = loaded(RULE).rules["spending"].source
    assert source.startswith("id: spending\ntitle: {en: Spending}\n")
    assert source.endswith("value: budget.spent}\n")


def test_versions_name_the_content() -> None:
    """Comments and spaces do not change the version; a rule, a text or a pack does."""
    version = loaded(RULE).version
    assert (
        loaded(RULE.replace("  # Money is spent.\n", "").replace("[50%, 80%]", "[ 50%,  80% ]")).version
        == version
    )
    assert loaded(RULE.replace("80%]", "90%]")).version != version
    assert loaded(RULE.replace("version: 1\n", USE)).version != version
    changed = {x: text.replace("needs a look", "waits") for x, text in TEXTS.items()}
    assert loaded(RULE, zh_CN=changed["zh-CN"], en=changed["en"]).version != version


def test_only_memory_words_change_the_hash_of_the_memory() -> None:
    """Editing a title or an action keeps the memory; editing the ladder resets it."""
    memory = loaded(RULE).rules["spending"].memory_hash
    assert memory
    assert loaded(RULE.replace("en: Spending", "en: Money")).rules["spending"].memory_hash == memory
    assert loaded(RULE.replace("rearm: 3%", "rearm: 4%")).rules["spending"].memory_hash != memory
    assert loaded(RULE).rules["other"].memory_hash == ""


def test_a_pack_is_used_with_its_texts_and_variables() -> None:
    """Rules and texts of a pack carry its name; its defaults stand behind the workspace's values."""
    found = loaded(USE)
    levels = found.rules["sample/levels"]
    assert levels.pack == "sample"
    assert levels.vars["team_room"] is None
    assert levels.vars["budget_levels"] == [Decimal("0.5"), Decimal("0.8"), Decimal(1)]
    assert found.rules["sample/extra"].do[0].keys["text"] == "sample/level_less"
    assert levels.do[0].keys["text"] == "level"
    assert set(found.texts["sample/level_less"]) == {"en", "zh-CN"}


def test_a_text_of_the_workspace_takes_the_place_of_a_packs() -> None:
    """Nobody has to copy a pack to say something in other words."""
    more = TEXTS["en"] + '  sample/level_less: {subject: Ours, body: "{{ project.name }}"}\n'
    found = loaded(USE, en=more, zh_CN=TEXTS["zh-CN"])
    assert found.texts["sample/level_less"]["en"].subject == "Ours"
    assert found.texts["sample/level_less"]["zh-CN"].subject == "额外"


def test_levels_of_a_variable_are_read_for_each_project() -> None:
    """`levels: vars.NAME` is resolved where the rule is decided; a variable that makes no ladder is an error."""
    crosses = loaded(USE).rules["sample/levels"].crosses
    assert crosses is not None
    assert levels_of(crosses, {"vars.budget_levels": ["90%", "100%"]}.get) == (Decimal("0.9"), Decimal(1))
    for wrong in (["100%", "90%"], ["80%", "80%"], [], "80%", ["much"], [True], None):
        with pytest.raises(ExpressionError):
            levels_of(crosses, {"vars.budget_levels": wrong}.get)
    with pytest.raises(ExpressionError):
        levels_of(crosses, lambda _: UNKNOWN)


OVERRIDE = """
version: 1
use: [sample]
override:
  - rule: sample/levels
    scope: {clients: [acme]}
    set: {levels: [70%, 100%], rearm: 5%, if: 'project.status == "active"'}
  - {rule: sample/extra, disabled: true}
"""


def test_an_override_changes_a_rule_of_a_pack() -> None:
    """Scope, levels and conditions are laid over the pack's words; the id, and what hangs on it, stays."""
    found = loaded(OVERRIDE)
    rule = found.rules["sample/levels"]
    assert rule.scope.clients == ("acme",)
    assert rule.crosses is not None
    assert rule.crosses.levels == (Decimal("0.7"), Decimal(1))
    assert rule.crosses.rearm == Decimal("0.05")
    assert [c.text for c in rule.conditions] == ['project.status == "active"']
    assert rule.memory_hash != loaded(USE).rules["sample/levels"].memory_hash


def test_a_disabled_rule_is_known_and_never_a_candidate() -> None:
    """explain can name it; no event finds it."""
    found = loaded(OVERRIDE)
    assert found.rules["sample/extra"].disabled
    assert "sample/extra" not in [r.id for rules in found.by_type.values() for r in rules]


def test_inline_texts_get_a_key_of_their_own() -> None:
    """Whoever renders a message finds every text in the rule set."""
    rule = RULE.replace("text: note, due: 1wd", "text: {zh-CN: '{{ project.name }}'}, due: 1wd")
    found = loaded(rule)
    key = found.rules["spending"].do[0].keys["text"]
    assert found.texts[key]["zh-CN"].body == "{{ project.name }}"


def test_a_ladder_always_has_a_correction_note() -> None:
    """Where a text has no `_corrected` of its own, the standard one stands in, in both languages."""
    texts = loaded(RULE).texts
    assert texts["note_corrected"] == texts["corrected"]
    assert set(texts["corrected"]) >= {"en", "zh-CN"}


def test_conditions_take_a_project_out_of_reach() -> None:
    """A rule about cost that keeps to open books does not collide with a fixed price elsewhere."""
    rule = """
version: 1
rules:
  - id: spending
    when: ledger.posted
    {condition}
    do:
      - email: {{to: client.billing, text: cost}}
"""
    assert load(rule.format(condition="if: budget.used > 80%"))[0] is None
    assert load(rule.format(condition='if: project.billing.client_sees == "spend"'))[0] is not None
    assert load(rule.format(condition='if: project.billing.kind != "fixed_price"'))[0] is not None
    assert load(rule.format(condition="scope: {not: {projects: [fixed]}}"))[0] is not None


def test_a_rule_that_nothing_can_meet_is_pointed_out() -> None:
    """What the files say already decides against every project: a warning, because projects come and go."""
    rule = RULE.replace(
        "when: ledger.posted\n", 'when: ledger.posted\n    if: project.billing.kind == "retainer"\n'
    )
    found, problems = load(rule)
    assert found is not None
    assert [p.message for p in problems] == ["no project in scope can ever meet these conditions"]


def test_asking_whether_something_is_known_decides_nothing_before_there_are_facts() -> None:
    """known(x) is about the event: it takes no project out of reach when the rules are loaded."""
    rule = RULE.replace("when: ledger.posted\n", "when: ledger.posted\n    if: known(entry.issue)\n")
    assert load(rule)[1] == []


def test_a_broken_file_gives_no_rule_set_and_every_problem() -> None:
    """All problems of all files are told at once; there is never half a rule set."""
    sources = [
        ("rules/a.yaml", RULE.replace("crosses", "croses")),
        ("rules/b.yaml", "version: 1\nuse: [smaple]\n"),
    ]
    found, problems = load_rules(sources, [], workspace(), read_pack)
    assert found is None
    assert {p.at.path for p in problems} == {"rules/a.yaml", "rules/b.yaml"}


def test_ids_are_unique_over_all_files() -> None:
    """The memory of a rule hangs on its id, whichever file it stands in."""
    texts = [(f"texts/{x}.yaml", x, text) for x, text in TEXTS.items()]
    found, problems = load_rules([("a.yaml", RULE), ("b.yaml", RULE)], texts, workspace(), read_pack)
    assert found is None
    assert [p.message for p in problems if p.severity == "error"] == [
        "two rules have the id `spending`",
        "two rules have the id `other`",
    ]


def test_texts_of_an_unknown_locale_are_refused() -> None:
    """The name of a text file is its locale."""
    _, problems = load("version: 1\nrules: []\n", texts={"english": 'version: 1\ntexts:\n  a: {body: "x"}\n'})
    assert [p.message for p in problems] == ["`english` is no locale"]


def test_the_published_schema_is_a_schema() -> None:
    """Editors can use it: it is valid in the draft that it names."""
    Draft202012Validator.check_schema(published("rules"))
    Draft202012Validator.check_schema(published("texts"))


def keys_of(node: Any) -> list[dict[str, Any]]:
    """Every schema inside a schema."""
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    return ([node] if isinstance(node, dict) else []) + [found for one in inner for found in keys_of(one)]


def test_the_published_schema_names_the_wrong_key() -> None:
    """Without alternatives an editor and the check point at the key that is wrong; objects allow nothing else."""
    found = keys_of(published("rules"))
    assert not any("oneOf" in node or "anyOf" in node for node in found)
    action = published("rules")["$defs"]["action"]
    assert (action["minProperties"], action["maxProperties"], action["additionalProperties"]) == (1, 1, False)
    assert all(one["additionalProperties"] is False for one in action["properties"].values())
    assert all(
        "description" in one
        for one in published("rules")["$defs"]["rule"]["properties"].values()
        if "$ref" not in one
    )
