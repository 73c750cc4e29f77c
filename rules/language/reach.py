"""Which projects a rule can speak about, as far as the files say: its scope, and conditions on what never changes.

In: a scope, compiled conditions, the workspace. Out: the projects in reach. `project.billing.client_sees == "spend"` as
a condition takes fixed-price projects out of reach, so that the rule's texts may name cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from rules.facts.project import Client, Project, Workspace
from rules.language.expressions import Compiled
from rules.language.model import UNKNOWN, Expression, ExpressionError, Resolve, Scope
from rules.language.nearest import allowed_here
from rules.language.sources import Source

# Statuses in which nothing is sent any more.
OVER: Final = frozenset({"closed", "archived"})


def read_scope(source: Source, workspace: Workspace) -> Scope:
    """The scope as written; keys and tags that the workspace does not have are told."""
    known = {
        "clients": sorted(workspace.clients),
        "projects": sorted(workspace.projects),
        "tags": sorted({t for p in workspace.projects.values() for t in p.tags} | _client_tags(workspace)),
    }
    for below in ((), ("not",)):
        for word, allowed in known.items():
            _check_globs(source.below(*below, word), word[:-1], allowed)
    return Scope(
        *(
            tuple(str(one.value) for one in source.below(*below, word).each())
            for below in ((), ("not",))
            for word in known
        )
    )


def covers(scope: Scope, project: Project, client: Client) -> bool:
    """Whether a project is in the scope."""
    tags = (*project.tags, *client.tags)
    if any(
        map(
            _matching,
            ((client.id,), (project.id,), tags),
            (scope.not_clients, scope.not_projects, scope.not_tags),
        )
    ):
        return False
    wanted = ((client.id,), scope.clients), ((project.id,), scope.projects), (tags, scope.tags)
    return all(not globs or _matching(names, globs) for names, globs in wanted)


def in_scope(scope: Scope, workspace: Workspace) -> list[Project]:
    """The projects of the scope that are not over."""
    return [
        p
        for p in workspace.projects.values()
        if p.status not in OVER and covers(scope, p, workspace.clients[p.client])
    ]


def in_reach(
    projects: Iterable[Project],
    conditions: Sequence[Expression],
    workspace: Workspace,
    variables: Mapping[str, Any],
) -> list[Project]:
    """Those of the projects for which no condition is false already."""
    return [p for p in projects if not _excluded(conditions, constants(p, workspace, variables))]


def constants(project: Project, workspace: Workspace, variables: Mapping[str, Any]) -> Resolve:
    """What the files say of a project and what does not change while it runs; everything else is unknown."""
    client = workspace.clients[project.client]
    known: dict[str, Any] = {
        "project.id": project.id,
        "project.name": project.name,
        "project.client": project.client,
        "project.currency": project.currency,
        "project.tags": list(project.tags),
        "project.time_zone": project.time_zone,
        "project.billing.kind": project.billing_kind,
        "project.billing.client_sees": project.client_sees,
        "client.id": client.id,
        "client.name": client.name,
        "client.locale": client.locale,
        "client.time_zone": client.time_zone,
        "client.tags": list(client.tags),
    }
    own = {**variables, **workspace.vars_for(project)}
    known |= {f"vars.{name}": value for name, value in own.items()}
    return lambda name: known.get(name, UNKNOWN)


def _excluded(conditions: Sequence[Expression], resolve: Resolve) -> bool:
    for condition in conditions:
        if isinstance(condition, Compiled) and any(resolve(name) is UNKNOWN for name in condition.asked):
            continue
        try:
            if condition.value(resolve) is False:
                return True
        except ExpressionError:
            continue
    return False


def _matching(names: Iterable[str], globs: Sequence[str]) -> bool:
    return any(name == glob or fnmatchcase(name, glob) for name in names for glob in globs)


def _check_globs(source: Source, noun: str, allowed: list[str]) -> None:
    for place in source.each():
        glob = place.value
        if not any(fnmatchcase(name, str(glob)) for name in allowed):
            told = (
                f"no {noun} has the key `{glob}`"
                if noun != "tag"
                else f"no project or client has the tag `{glob}`"
            )
            exact = noun != "tag" and "*" not in glob
            hint = allowed_here(str(glob), allowed, f"{noun}s")
            place.tell(told, hint, severity="error" if exact else "warning")


def _client_tags(workspace: Workspace) -> set[str]:
    return {t for c in workspace.clients.values() for t in c.tags}
