"""Scope and conditions: whether a rule has anything to say about an event.

In: a rule, the event's project, names. Out: none when the rule goes on, or a `Stop` with the kind of verdict, its
sentence and the steps that decided it. A false condition decides whatever else cannot be known: then an error, then
what is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final, Literal

from rules.engine.sentences import joined, say
from rules.facts.project import Client, Project
from rules.language.model import UNKNOWN, Expression, ExpressionError, Operand, Resolve, Rule
from rules.language.operations import truth

# A project on hold or closing still has money and dates; one that has not begun or is over has not.
AT_WORK: Final = frozenset({"active", "on_hold", "closing"})

# What happens to the house itself or to a client as a whole belongs to no project.
_HOUSE: Final = frozenset({"connection", "rules", "calendar", "message", "slot"})

StopKind = Literal["out_of_scope", "condition_false", "unknown", "error"]


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a rule does not go on. `trace` has the deciding condition first; it is empty where nobody will read it."""

    kind: StopKind
    reason: str
    trace: tuple[Operand, ...] = ()


_FALSE: Final = Stop("condition_false", "")


def out_of_scope(
    rule: Rule, event_type: str, project: Project | None, client: Client | None, status: str | None
) -> str | None:
    """Why the rule does not speak about this project or client, or none when it does.

    status: of the project's record. A rule on the steps of a project itself (`project.*`) hears them in every status.
    """
    if (left_out := elsewhere(rule, project, client)) is not None:
        return left_out
    noun = event_type.partition(".")[0]
    if project is None:
        return None if noun in _HOUSE else say("no_project")
    if status not in AT_WORK and noun != "project":
        return say("not_at_work", project=project.id, status=status)
    return None


def elsewhere(rule: Rule, project: Project | None, client: Client | None) -> str | None:
    """Why the rule's scope leaves out this project or client, or none when it does not."""
    scope = rule.scope
    client_id = client.id if client else None
    project_id = project.id if project else None
    if scope.clients and not _matches(client_id, scope.clients):
        found = client_id or say("no_client_here")
        return say("other_clients", names=joined("list", scope.clients), found=found)
    if scope.projects and not _matches(project_id, scope.projects):
        found = project_id or say("no_project_here")
        return say("other_projects", names=joined("list", scope.projects), found=found)
    if _matches(client_id, scope.not_clients):
        return say("client_left_out", id=client_id)
    if _matches(project_id, scope.not_projects):
        return say("project_left_out", id=project_id)
    return _wrong_tags(rule, {*(project.tags if project else ()), *(client.tags if client else ())})


def _wrong_tags(rule: Rule, tags: set[str]) -> str | None:
    scope = rule.scope
    if scope.tags and not any(_matches(tag, scope.tags) for tag in tags):
        return say("other_tags", tags=joined("list", scope.tags))
    left_out = sorted(tag for tag in tags if _matches(tag, scope.not_tags))
    return say("tag_left_out", tag=left_out[0]) if left_out else None


def _matches(name: str | None, globs: Sequence[str]) -> bool:
    return name is not None and any(name == glob or fnmatchcase(name, glob) for glob in globs)


def unmet(conditions: Sequence[Expression], resolve: Resolve, *, quiet: bool = False) -> Stop | None:
    """Why the conditions do not all hold, or none when they do. `quiet`: a false one is not worded or traced."""
    failed: Stop | None = None
    for condition in conditions:
        try:
            value = truth(condition.value(resolve), condition.text)
        except ExpressionError as error:
            if _refuted(condition, resolve):
                return _FALSE if quiet else _stop("condition_false", condition, conditions, resolve)
            failed = Stop("error", str(error), traced(conditions, resolve, condition))
            continue
        if value is False:
            return _FALSE if quiet else _stop("condition_false", condition, conditions, resolve)
        if value is UNKNOWN and failed is None:
            failed = _stop("unknown", condition, conditions, resolve)
    return failed


def missing(expression: Expression, resolve: Resolve) -> str:
    """What made an expression unknown: the names that are not known, or those that are none."""
    absent = sorted(name for name in expression.names if resolve(name) is UNKNOWN)
    if absent:
        return say("not_known" if len(absent) == 1 else "not_known_many", names=joined("and", absent))
    empty = sorted(name for name in expression.names if resolve(name) is None)
    if empty:
        return say("is_none" if len(empty) == 1 else "is_none_many", names=joined("and", empty))
    return say("nothing_known")


def traced(
    conditions: Sequence[Expression], resolve: Resolve, first: Expression | None = None
) -> tuple[Operand, ...]:
    """Every condition with its steps, the deciding one first."""
    ordered = sorted(conditions, key=lambda c: c is not first)
    return tuple(c.trace(resolve) for c in ordered)


def _stop(kind: StopKind, condition: Expression, conditions: Sequence[Expression], resolve: Resolve) -> Stop:
    trace = traced(conditions, resolve, condition)
    if kind == "unknown":
        why = missing(condition, resolve)
        return Stop(kind, say("unknown", condition=condition.text, why=why), trace)
    return Stop(kind, say("false", condition=condition.text), trace)


def _refuted(condition: Expression, resolve: Resolve) -> bool:
    """Whether a comparison with a constant makes the whole false, although another part has no meaning here."""
    equalities: Mapping[str, frozenset[Any]] = getattr(condition, "equalities", {})
    return any(
        (value := resolve(name)) is not UNKNOWN and value not in values for name, values in equalities.items()
    )
