"""Actions that speak to another system, held against the connections: is it there, can it do that, does the project
belong there.

In: the place where an action names a connection, the workspace, the projects in reach. Out: problems. What the project
can do without (an estimate in the books) is a warning: then the lead is asked to do it by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from rules.facts.project import Booking, Project, Workspace
from rules.language.nearest import allowed_here
from rules.language.sources import Source

# Actions that name a connection -> the key that does.
NAMES_A_CONNECTION: Final = {
    "webhook": "connection",
    "append_row": "connection",
    "create_issue": "connection",
    "draft_invoice": "target",
}


def check_system(action: Source, kind: str, workspace: Workspace, projects: Sequence[Project]) -> None:
    """The connection that an action names, and whether the projects in reach are kept there."""
    key = NAMES_A_CONNECTION.get(kind)
    if key is None or action.get(key) is None:
        return
    place = action.below(key)
    if kind == "draft_invoice" and place.value == "project":
        absent = [p for p in projects if not any(workspace.can(b.connection, kind) for b in customers(p))]
        if absent:
            told = f"project `{absent[0].id}` has no customer in books that take a {kind}"
            hint = f"add `booked_in` with a customer, or leave it out with `scope`; {who(kind, workspace)}"
            place.tell(told, hint, severity=_how_bad(absent, projects))
        return
    if not check_connection(place, str(place.value), kind, workspace):
        return
    name = str(place.value)
    if kind == "create_issue":
        absent = [p for p in projects if all(t.connection != name for t in p.tracked_by)]
        mend = "is not tracked by", "add it to `tracked_by` of the project"
    elif kind == "draft_invoice":
        absent = [p for p in projects if not any(b.connection == name for b in customers(p))]
        mend = "has no customer in", "add `booked_in: [{connection: ..., customer: ...}]` to the project"
    else:
        return
    if absent:
        told = f"project `{absent[0].id}` {mend[0]} `{name}`"
        place.tell(told, f"{mend[1]}, or leave it out with `scope`", severity=_how_bad(absent, projects))


def check_connection(place: Source, name: str, operation: str, workspace: Workspace) -> bool:
    """Whether the connection is there and can do that; what is wrong is told."""
    if name not in workspace.connections:
        hint = allowed_here(name, workspace.connections, "connections")
        place.tell(f"there is no connection `{name}`", hint)
        return False
    if workspace.can(name, operation):
        return True
    connector = workspace.connections[name].connector
    place.tell(
        f"`{name}` is a {connector} connection, and {connector} has no {operation}", who(operation, workspace)
    )
    return False


def check_estimate(place: Source, workspace: Workspace, projects: Sequence[Project]) -> None:
    """`books: {estimate: ...}`: in whose books nobody can draft one, the lead gets a task instead."""
    for project in projects:
        booked = customers(project)
        if any(workspace.can(b.connection, "draft_estimate") for b in booked):
            continue
        if booked:
            name = booked[0].connection
            connector = workspace.connections[name].connector
            told = f"`{name}` is a {connector} connection, and {connector} keeps no estimates"
        else:
            told = f"project `{project.id}` has no customer in any books"
        hint = (
            f"{who('draft_estimate', workspace)}; until then {project.lead} gets a task to enter it by hand"
        )
        place.tell(told, hint, key=True, severity="warning")
        return


def customers(project: Project) -> list[Booking]:
    """Where the project has a customer in the books."""
    return [b for b in project.booked_in if b.customer]


def who(operation: str, workspace: Workspace) -> str:
    """Which connectors can, in words."""
    return f"connectors that can: {', '.join(workspace.able(operation)) or 'none'}"


def _how_bad(absent: Sequence[Project], projects: Sequence[Project]) -> Literal["error", "warning"]:
    return "error" if len(absent) == len(projects) else "warning"
