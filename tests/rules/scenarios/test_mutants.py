"""Small edits of rules: which there are, and that they are edits of one word each."""

from __future__ import annotations

from rules.scenarios.mutants import mutants
from tests.support.worlds import rules_of, workspace_of

RULE = """
- id: big
  title: {en: Big, zh-CN: 大额}
  when: ledger.posted
  if:
    - entry.amount > 500 USD and entry.kind == "bill"
  once_per: [entry.id]
  do:
    - email: {if: entry.receipt == none, to: [client.sponsor, client.billing], text: note, delay: 2h}
    - task: {to: project.lead, text: note, due: 1wd}
"""
LADDER = """
- id: levels
  title: {en: Levels, zh-CN: 档位}
  when: ledger.posted
  crosses: {value: budget.used, levels: [50%, 80%], rearm: 2%}
  do:
    - task: {to: project.lead, text: note}
"""
AROUND = """
- id: near
  title: {en: Near, zh-CN: 临近}
  around: {date: milestone.due, offsets: [-5wd, -1wd]}
  do:
    - task: {to: project.lead, text: note}
"""


def edits(rule: str) -> list[str]:
    (found,) = rules_of(rule, workspace_of()).rules.values()
    return [one.says for one in mutants(found)]


def test_conditions_recipients_durations_and_noise_are_edited() -> None:
    """A threshold a tenth higher, each operator its neighbour, each recipient gone, each duration one longer."""
    condition = 'in `entry.amount > 500 USD and entry.kind == "bill"`, '
    assert edits(RULE) == [
        '`entry.amount > 500 USD and entry.kind == "bill"` is left out',
        f"{condition}and becomes or",
        f"{condition}> becomes >=",
        f"{condition}500.00 USD becomes 550.00 USD",
        f"{condition}== becomes !=",
        "`once_per` is left out",
        "email:note: left out",
        "email:note: without client.sponsor",
        "email:note: without client.billing",
        "email:note: `delay` 2h becomes 3h",
        "email:note: `if: entry.receipt == none` is left out",
        "email:note: in `entry.receipt == none`, == becomes !=",
        "task:note: left out",
        "task:note: `due` 1wd becomes 2wd",
    ]


def test_ladders_and_offsets_are_edited() -> None:
    """Each level, the way back, and each offset that does not become another one of the rule."""
    assert edits(LADDER)[:3] == [
        "level 0.50 becomes 0.550",
        "level 0.80 becomes 0.880",
        "`rearm` 0.02 becomes 0.04",
    ]
    assert edits(AROUND)[:2] == ["offset -5wd becomes -4wd", "offset -1wd becomes 0wd"]


def test_an_edited_rule_stands_in_the_place_of_the_one_it_was_made_from() -> None:
    """The rest of the set is as it was; the edit decides as if it had been written so."""
    rules = rules_of(RULE + LADDER, workspace_of())
    edited = next(mutants(rules.rules["big"])).within(rules)
    assert edited.rules["big"].conditions == ()
    assert [r.id for r in edited.by_type["ledger.posted"]] == ["big", "levels"]
    assert edited.by_type["ledger.posted"][0] is edited.rules["big"]
    assert edited.rules["levels"] is rules.rules["levels"]
