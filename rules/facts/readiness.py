"""Whether a project is ready to begin: its file in, a named gap for each thing that is missing out.

Each gap is one sentence with the mend. Which of them stand in the way of activation is the workspace's to say
(`needs_to_begin`); the others are shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from rules.facts.catalogue import COST_CLASSES
from rules.facts.project import Project

NAMES: Final = ("goals", "scope", "lines", "approver", "risks", "communication")


@dataclass(frozen=True, slots=True)
class Missing:
    """What is missing: one of NAMES, and the sentence."""

    name: str
    says: str


def missing(project: Project, *, approver: bool) -> tuple[Missing, ...]:
    """Everything that the file lacks, in the order of NAMES. approver: somebody of the client may approve for it."""
    found = [
        *(Missing("goals", text) for text in _goals(project)),
        *(Missing("scope", text) for text in _scope(project)),
        *(Missing("lines", text) for text in _lines(project)),
        *(
            []
            if approver
            else [Missing("approver", "nobody of the client may approve: give a contact that role")]
        ),
        *(Missing("risks", text) for text in _risks(project)),
        *(Missing("communication", text) for text in _communication(project)),
    ]
    return tuple(found)


def in_the_way(project: Project, *, approver: bool) -> tuple[str, ...]:
    """The sentences of those gaps that the workspace does not let a project begin with."""
    return tuple(m.says for m in missing(project, approver=approver) if m.name in project.needs_to_begin)


def _goals(project: Project) -> Iterable[str]:
    if not project.goals:
        yield "scope.goals is empty: write what the project is for, how one can tell, and by when"
    for number, goal in enumerate(project.goals, 1):
        lacks = [word for word, known in (("measure", goal.measure), ("date", goal.by)) if not known]
        if lacks:
            yield f"goal {number} ({goal.text}) has no {' and no '.join(lacks)}: write `measure` and `by`"


def _scope(project: Project) -> Iterable[str]:
    if not (project.deliverables or project.scope_file):
        yield "scope has neither deliverables nor a file: write what is delivered"


def _lines(project: Project) -> Iterable[str]:
    without = [name for name in COST_CLASSES if name not in project.budget.lines]
    if not project.budget.lines:
        yield "budget.lines is empty: give each class of cost its part"
    elif "other" not in project.budget.lines and without:
        yield f"budget.lines has nothing for {', '.join(without)}: add them, or `other` for the rest"


def _risks(project: Project) -> Iterable[str]:
    if not project.risks:
        yield "risks is empty: write what may go wrong, with a score and an owner"
    for risk in project.risks:
        if risk.score >= project.risk_limit and not risk.plan:
            yield f"risk {risk.id} has a score of {risk.score} and no plan: write what is done should it happen"


def _communication(project: Project) -> Iterable[str]:
    if not (project.communication or project.reports):
        yield "communication is empty: write what is said to whom, and how often"
