"""Scope, `if` and `once_per`: what keeps a rule from firing, and the sentence it leaves."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.engine.evaluate import evaluate
from rules.engine.verdicts import NOT_STORED, Verdict
from rules.facts.duration import Duration
from tests.support.worlds import World, rules_of, workspace_of

TWO_PROJECTS: dict[str, Any] = {
    "clients": {"acme": {"tags": ["gold"]}},
    "projects": {
        "apollo": {"tags": ["web"]},
        "boreas": {
            "client": "acme",
            "name": "Boreas",
            "status": "active",
            "mode": "live",
            "lead": "lin",
            "currency": "USD",
            "budget": {"total": 1000},
            "tags": ["internal"],
        },
    },
}


def rule(words: str, when: str = "ledger.posted") -> str:
    """A rule with these words that leaves a task."""
    return f"- id: ask\n  when: {when}\n{words}  do:\n    - task: {{to: project.lead, text: note}}\n"


def verdict(
    words: str, entry: dict[str, Any] | None = None, changes: dict[str, Any] | None = None
) -> Verdict:
    """The rule's verdict on an entry of 100 USD."""
    world = World(rule(words), changes)
    world.spend("B1", 100, entry=entry or {})
    return world.verdict("ask")


@pytest.mark.parametrize(
    ("scope", "fires_for"),
    [
        ("{projects: [apollo]}", {"apollo"}),
        ("{projects: ['*o*']}", {"apollo", "boreas"}),
        ("{clients: [acme], not: {tags: [internal]}}", {"apollo"}),
        ("{tags: [internal]}", {"boreas"}),
        ("{tags: [gold]}", {"apollo", "boreas"}),
        ("{not: {projects: ['b*']}}", {"apollo"}),
    ],
)
def test_a_scope_says_which_projects_a_rule_speaks_about(scope: str, fires_for: set[str]) -> None:
    """Keys and globs of projects and clients, tags of either, and what is left out."""
    world = World(rule(f"  scope: {scope}\n"), TWO_PROJECTS)
    found = {}
    for project in ("apollo", "boreas"):
        world.spend(f"{project}/B1", 100, project=project)
        found[project] = world.verdict("ask").kind
    assert {project for project, kind in found.items() if kind == "fired"} == fires_for
    assert set(found.values()) <= {"fired", "out_of_scope"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("draft", "out_of_scope"),
        ("active", "fired"),
        ("on_hold", "fired"),
        ("closing", "fired"),
        ("closed", "out_of_scope"),
    ],
)
def test_rules_speak_about_projects_at_work(status: str, kind: str) -> None:
    """A project that has not begun, or is over, is out of scope whatever the rule says."""
    world = World(rule(""))
    world.book.store({("project", "apollo"): {**world.record("project", "apollo"), "status": status}})
    world.spend("B1", 100)
    assert world.verdict("ask").kind == kind


def test_the_steps_of_a_project_itself_are_heard_in_every_status() -> None:
    """A rule on `project.closed` hears of a project that is closed."""
    world = World(rule("", when="project.closed"))
    world.happen("project.closed")
    assert world.verdict("ask").kind == "fired"


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        ("entry.amount > 50 USD", "fired"),
        ("entry.amount > 500 USD", "condition_false"),
        ("entry.duration > 2h", "unknown"),
        ("entry.duration > 2h or entry.amount > 50 USD", "fired"),
        ("entry.duration > 2h and entry.amount > 500 USD", "condition_false"),
        ("entry.duration > 2h and entry.amount > 50 USD", "unknown"),
        ("not (entry.duration > 2h)", "unknown"),
        ("known(entry.duration)", "condition_false"),
        ("entry.receipt == none", "fired"),
        ("entry.receipt != none", "condition_false"),
        ("forecast.at_completion == none", "fired"),
        ("forecast.at_completion > budget.total", "unknown"),
        ("entry.amount > 50 EUR", "error"),
    ],
)
def test_unknown_none_false_and_meaningless_are_kept_apart(condition: str, kind: str) -> None:
    """What is not in the data is unknown, what is known to be empty is none; logic follows Kleene."""
    assert verdict(f"  if: '{condition}'\n", {"receipt": None}).kind == kind


def test_a_verdict_names_what_was_missing() -> None:
    """Unknown says which name was not there; none says which was empty."""
    assert verdict("  if: entry.duration > 2h\n").reason == (
        "`entry.duration > 2h` is unknown: entry.duration is not known"
    )
    assert verdict("  if: forecast.at_completion > budget.total\n").reason == (
        "`forecast.at_completion > budget.total` is unknown: forecast.at_completion is none"
    )


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
def test_of_several_conditions_a_false_one_decides(order: list[int]) -> None:
    """False before meaningless before unknown, in whatever order they stand."""
    lines = ["entry.duration > 2h", "entry.amount > 50 EUR", 'entry.class == "staff"']
    listed = "".join(f"    - '{lines[i]}'\n" for i in order)
    assert verdict(f"  if:\n{listed}").kind == "condition_false"
    without_false = "".join(f"    - '{lines[i]}'\n" for i in order if i != 2)
    assert verdict(f"  if:\n{without_false}").kind == "error"


def test_a_rule_speaks_once_about_each_key() -> None:
    """`once_per` holds over corrections and repetitions; another key is another matter."""
    world = World(rule("  once_per: [entry.id]\n", when="[ledger.posted, ledger.corrected]"))
    world.spend("B1", 100)
    assert world.verdict("ask").kind == "fired"
    world.spend("B1", 120, "corrected")
    assert (world.verdict("ask").kind, world.verdict("ask").reason) == (
        "duplicate",
        "it has spoken about B1 already",
    )
    world.spend("B2", 100)
    assert world.verdict("ask").kind == "fired"


def test_a_key_that_is_not_known_is_not_spoken_about() -> None:
    """Without the key nobody could tell whether it was told before."""
    assert verdict("  once_per: [entry.person]\n").kind == "unknown"


def test_a_key_is_given_back_when_no_message_about_it_left() -> None:
    """Every copy failed before it left: the rule may speak about the same thing again."""
    world = World(rule("  once_per: [entry.id]\n", when="[ledger.posted, ledger.corrected]"))
    world.spend("B1", 100)
    (task,) = world.actions()
    world.leave(task, "failed")
    world.spend("B1", 120, "corrected")
    assert (world.verdict("ask").kind, world.told()) == ("fired", ["task lin"])
    world.leave(world.actions()[0], "sent")
    world.spend("B1", 130, "corrected")
    assert world.verdict("ask").kind == "duplicate"


def test_what_happened_before_the_start_counts_as_spoken_about() -> None:
    """A backfilled entry is not told later, when it is corrected."""
    world = World(rule("  once_per: [entry.id]\n", when="[ledger.posted, ledger.corrected]"))
    world.spend("B1", 100, history=True)
    world.spend("B1", 120, "corrected")
    assert world.verdict("ask").kind == "duplicate"


def test_before_and_changed_speak_about_the_event_s_own_object() -> None:
    """An estimate that grew by over a tenth fires; one that stayed, or was there from the start, does not."""
    words = "  if:\n    - changed(issue.estimate)\n    - issue.estimate > before(issue.estimate) * 110%\n"
    world = World(rule(words, when="[issue.created, issue.changed]"))
    for hours, kind in [
        (10, "condition_false"),
        (10, "condition_false"),
        (11, "condition_false"),
        (13, "fired"),
    ]:
        issue = {"key": "APO-7", "title": "x", "labels": [], "estimate": Duration(hours, "h")}
        world.happen(
            "issue.changed" if world.evaluations else "issue.created", issue=issue, connection="tracker"
        )
        assert world.verdict("ask").kind == kind, hours


SCOPES = [
    "",
    "  scope: {projects: [apollo]}\n",
    "  scope: {projects: [boreas]}\n",
    "  scope: {clients: [acme]}\n",
]
CONDITIONS = [
    "",
    '  if: entry.class == "staff"\n',
    '  if: entry.class in ["staff", "travel"] and entry.amount > 50 USD\n',
    '  if: entry.reason == "x" or entry.class == "other"\n',
    '  if:\n    - project.status == "active"\n    - entry.kind == "bill"\n',
    "  if: entry.receipt == none\n",
]
WORKSPACE = workspace_of(TWO_PROJECTS)
MANY = rules_of(
    "".join(
        rule(scope + condition).replace("id: ask", f"id: r{i}-{j}")
        for i, scope in enumerate(SCOPES)
        for j, condition in enumerate(CONDITIONS)
    ),
    WORKSPACE,
)
entries = st.fixed_dictionaries(
    {"class": st.sampled_from(["staff", "travel", "other"]), "kind": st.sampled_from(["bill", "expense"])},
    optional={"reason": st.sampled_from(["x", None]), "receipt": st.sampled_from([None, "r"])},
)


@settings(max_examples=30, deadline=None)
@given(entries, st.sampled_from(["apollo", "boreas"]))
def test_the_index_of_rules_never_changes_what_is_decided(entry: dict[str, Any], project: str) -> None:
    """Rules that need not be asked are exactly those whose verdict nobody stores."""
    world = World(MANY, WORKSPACE)
    event = world.entry("B1", 100, project=project, entry=entry)
    everything = evaluate(event, world.state, MANY)
    stored = evaluate(event, world.state, MANY, stored_only=True)
    assert stored.verdicts == tuple(v for v in everything.verdicts if v.kind not in NOT_STORED)
    assert (stored.actions, stored.puts) == (everything.actions, everything.puts)
