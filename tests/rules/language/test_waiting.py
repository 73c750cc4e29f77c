"""Words of waiting and counting as the loader takes them: durations, keys, overrides, two rules that differ by them."""

from __future__ import annotations

from rules.facts.duration import Duration
from rules.language.loader import load_rules
from rules.language.model import Counts, NotFollowed, RuleSet, StaysTrue
from rules.language.packs import Pack
from tests.rules.language.small_workspace import TEXTS, load, workspace

DO = "do: [{task: {to: project.lead, text: note}}]"
RULES = f"""
version: 1
rules:
  - id: stays
    title: {{en: Stays}}
    when: issue.changed
    if: [changed(issue.estimate), issue.estimate > before(issue.estimate) * 110%]
    stays_true_for: 2h
    {DO}
  - id: silent
    title: {{en: Silent}}
    when: approval.sent
    if_not_followed_by: {{event: approval.answered, same: approval.id, within: [3wd, 5wd]}}
    {DO}
  - id: often
    title: {{en: Often}}
    when: issue.reopened
    counts: {{of: issue.reopened, by: issue.id, at_least: 3, within: 7d}}
    {DO}
"""


def loaded(rules: str) -> RuleSet:
    found, problems = load(rules)
    assert found is not None, problems
    return found


def with_override(words: str, rule: str) -> RuleSet:
    """The rules above as a pack, one of them with these words laid over it."""
    pack = Pack("sample", (("packs/sample/rules.yaml", RULES),), ())
    own = f"version: 1\nuse: [sample]\noverride: [{{rule: sample/{rule}, set: {{{words}}}}}]\n"
    texts = [(f"texts/{locale}.yaml", locale, text) for locale, text in TEXTS.items()]
    found, problems = load_rules(
        [("rules.yaml", own)], texts, workspace(), lambda name: pack if name == "sample" else None
    )
    assert found is not None, problems
    return found


def test_words_become_what_they_say() -> None:
    """The object of the event is the key; what is compared with its former value is known."""
    rules = loaded(RULES).rules
    assert rules["stays"].wait == StaysTrue((Duration(2, "h"),), "issue.id", frozenset({"issue.estimate"}))
    days = (Duration(3, "wd"), Duration(5, "wd"))
    assert rules["silent"].wait == NotFollowed(days, "approval.id", frozenset({"approval.answered"}))
    assert rules["often"].counts == Counts(frozenset({"issue.reopened"}), "issue.id", 3, Duration(7, "d"))


def test_a_pack_s_durations_and_numbers_are_the_team_s_to_set() -> None:
    """An override lays its own over them; that is another memory."""
    before = with_override("title: {en: Other}", "silent").rules
    silent = with_override("within: 4wd", "silent").rules["sample/silent"]
    assert silent.wait is not None
    assert silent.wait.lengths == (Duration(4, "wd"),)
    assert silent.memory_hash != before["sample/silent"].memory_hash
    often = with_override("at_least: 5", "often").rules["sample/often"]
    assert often.counts is not None
    assert often.counts.at_least == 5
    stays = with_override("stays_true_for: [1h, 4h]", "stays").rules["sample/stays"]
    assert stays.wait is not None
    assert stays.wait.lengths == (Duration(1, "h"), Duration(4, "h"))
    assert stays.memory_hash != before["sample/stays"].memory_hash


def test_two_rules_that_wait_for_different_times_are_not_the_same_message_twice() -> None:
    """A first and a second reminder may have one text."""
    twice = RULES + RULES.partition("rules:")[2].replace("id: ", "id: again-").replace("2h", "4h").replace(
        "[3wd, 5wd]", "9wd"
    ).replace("at_least: 3", "at_least: 6")
    assert load(twice)[1] == []
