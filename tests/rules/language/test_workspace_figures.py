"""Retainers, earned value and KPI targets of a project's file, with a mistake told at its place."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from rules.facts.duration import Duration
from rules.facts.earned_value import EarnedPlan
from rules.facts.money import Money
from rules.facts.project import Project, SupplierPlan, Target, Workspace
from rules.facts.retainer import Terms
from rules.language.documents import read
from rules.language.workspace import build
from tests.rules.language.small_workspace import WORKSPACE

DATED = "title: A, due: 2026-12-04"


def built(words: str, to: str = "hermes") -> tuple[Workspace | None, list[str]]:
    """The small workspace with more words in one of its projects, and what is wrong with it."""
    text = WORKSPACE.replace(f"  {to}:\n    client", f"  {to}:\n{words}\n    client", 1)
    document, problems = read(text, "accord.yaml")
    assert document is not None, problems
    workspace, found = build([document])
    return workspace, [p.message for p in found]


def project(words: str) -> Project:
    workspace, problems = built(words)
    assert workspace is not None, problems
    return workspace.projects["hermes"]


def test_a_retainer_of_hours_with_a_pool() -> None:
    """Twenty hours a month, ten of them carried for one month more, shared with another project of the client."""
    found = project("""
    billing:
      kind: retainer
      retainer: {allotment: 20h, carry: capped, cap: 10h, expiry: 1, deficit: bill, rate: 150, pool: [apollo],
                 starts: 2026-01-01, settles_after: 2}""")
    assert found.retainer == Terms(
        Decimal(20),
        carry="capped",
        cap=Decimal(10),
        expiry=1,
        rate=Money(Decimal(150), "USD"),
        pool=("apollo",),
        starts=date(2026, 1, 1),
        settles_after=2,
    )


def test_a_retainer_of_money() -> None:
    """An amount without a unit is in the project's currency."""
    found = project("    billing: {kind: retainer, retainer: {allotment: 5000.00, period: quarter}}")
    assert found.retainer == Terms(Decimal("5000.00"), "USD", "quarter")


def test_who_draws_on_a_retainer_is_known_from_both_sides() -> None:
    """The project of the pool finds the one whose retainer it is."""
    words = "    billing: {kind: retainer, retainer: {allotment: 9h, deficit: forgive, pool: [apollo]}}"
    workspace, _ = built(words)
    assert workspace is not None
    owner = workspace.retained_by(workspace.projects["apollo"])
    assert owner is not None
    assert owner.id == "hermes"
    assert workspace.retained_by(workspace.projects["fixed"]) is None


def test_earned_value_kpi_targets_and_closed_books() -> None:
    """Percentages and plain numbers; a milestone may have a credit of its own."""
    found = project("""
    earned_value: {method: bottom_up, credit: criteria, to_complete: 4000}
    kpi: {cpi: {at_least: 0.9}, reopened_rate: {at_most: 10%}}
    closed_until: 2026-09-30
    milestones: [{id: m1, title: One, due: 2026-12-01, weight: 100, credit: half_and_half}]""")
    assert found.earned == EarnedPlan("bottom_up", "criteria", Money(Decimal(4000), "USD"))
    assert found.kpi == {
        "cpi": Target(Decimal("0.9"), at_least=True),
        "reopened_rate": Target(Decimal("0.1"), at_least=False),
    }
    assert found.closed_until == date(2026, 9, 30)
    assert found.milestones[0].credit == "half_and_half"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("billing: {retainer: {allotment: 20h, deficit: forgive}}", "a retainer is agreed, but `kind` is"),
        ("billing: {kind: retainer, retainer: {allotment: 20h}}", "are billed at a `rate`"),
        ("billing: {kind: retainer, retainer: {allotment: 20h, carry: capped, deficit: forgive}}", "needs a `cap`"),
        (
            "billing: {kind: retainer, retainer: {allotment: 20h, carry: capped, cap: 100, deficit: forgive}}",
            "not in the unit of the allotment",
        ),
        ("billing: {kind: retainer, retainer: {allotment: 9h, deficit: forgive, pool: [nobody]}}", "no other project"),
        ("billing: {kind: retainer, retainer: {allotment: 9h, deficit: forgive, pool: [fixed]}}", "of another client"),
        ("earned_value: {method: bottom_up}", "needs an estimate of the rest"),
        ("earned_value: {to_complete: 5}", "needs an estimate of the rest"),
        ("kpi: {on_time: {at_least: 95}}", "is a share"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_told(words: str, message: str) -> None:
    """No workspace, and a sentence that names it."""
    workspace, problems = built(f"    {words}")
    assert workspace is None
    assert any(message in p for p in problems), problems


def test_suppliers_planned_hours_and_versions_of_trackers() -> None:
    """What a supplier promised and what waits for it, hours of a week, and what trackers call a milestone."""
    found = project("""
    milestones: [{id: m1, title: Prototype, due: 2026-12-04, version: "1.0"}, {id: m2, title: Launch, due: 2027-01-15}]
    workload: {lin: 20h}
    suppliers: [{id: devices, name: Bolt & Co, promised: 2026-11-09, blocks: [m1], order: 17, issue: HER-9}]""")
    assert found.versions == {"m1": "1.0"}
    assert found.workload == {"lin": Duration(20, "h")}
    assert found.suppliers == (
        SupplierPlan(
            *("devices", "Bolt & Co", "Bolt & Co", date(2026, 11, 9)), ("m1",), order="17", issue="HER-9"
        ),
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("    workload: {ann: 20h}", "`ann` is not of the team"),
        ("    workload: {lin: 3wd}", "`lin` cannot be `3wd`"),
        (
            "    suppliers: [{id: a, name: A, promised: 2026-11-09, blocks: [m9]}]",
            "there is no milestone `m9`",
        ),
        ("    suppliers: [{id: a, name: A, promised: 2026-11-09, owner: ann}]", "`ann` is not of the team"),
        (
            "    suppliers: [{id: a, name: A, promised: 2026-11-09}, {id: a, name: B, promised: 2026-11-09}]",
            "delivery `a` stands here twice",
        ),
        (
            f"    milestones: [{{id: a, version: v, {DATED}}}, {{id: b, version: V, {DATED}}}]",
            "two milestones are `V` in the tracker",
        ),
    ],
)
def test_what_cannot_be_in_them_is_told(words: str, told: str) -> None:
    """Each with what is wrong, at its place."""
    _, problems = built(words)
    assert any(told in problem for problem in problems), problems
