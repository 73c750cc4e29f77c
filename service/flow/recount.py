"""The sums of the ledger against all its entries: each project once a day, one project a turn of the clock.

In: the moment. Out: a record of kind `drift` where the sums are not what the entries come to, which the team is told
of with the mend (service.troubles), and its end where they agree again. Nothing is mended by itself: a drift is a
defect somebody has to know of.
"""

from __future__ import annotations

from typing import Any

from rules.facts.event import Record
from rules.facts.ledger import recompute
from rules.facts.project import Project
from service.log import get
from service.state import Context
from service.store import records
from service.store.switches import connection_state, set_connection_state

log = get("recount")
# The audit keeps how far it has come like a polled connection does; no connection of a workspace has this name.
AUDIT = "$recount"
_NAMES = frozenset({"id", "project", "client"})


def look(context: Context) -> str | None:
    """Recount the next project that was not looked at today; its key, none when all were."""
    day = context.now().date().isoformat()
    with context.database.reading() as connection:
        reached = (connection_state(connection, AUDIT)["cursor"] or "").partition("|")
    before = reached[2] if reached[0] == day else ""
    following = sorted(p for p in context.rulebook.workspace.projects if p > before)
    if not following:
        return None
    project = context.rulebook.workspace.projects[following[0]]
    _compare(context, project)
    with context.database.writing() as connection:
        set_connection_state(connection, AUDIT, cursor=f"{day}|{project.id}")
    return project.id


def differences(kept: Record, counted: Record) -> dict[str, tuple[Any, Any]]:
    """What the sums say otherwise than the entries: name -> (sums, entries)."""
    flat = [{k: v for k, v in sums.items() if k not in _NAMES} for sums in (kept, counted)]
    names = sorted({*flat[0], *flat[1]})
    return {n: (flat[0].get(n), flat[1].get(n)) for n in names if flat[0].get(n) != flat[1].get(n)}


def _compare(context: Context, project: Project) -> None:
    with context.database.reading() as connection:
        book = context.state(connection).book
        kept, baseline = book.get("sums", project.id), book.get("baseline", project.id)
        known = book.get("drift", project.id)
        if kept is None or baseline is None:
            return
        entries = records.each(connection, "entry", project.id)
        counted = recompute(entries, project.currency, baseline.get("opening_as_of"))
    differing = differences(kept, counted)
    open_now = known is not None and known["status"] == "open"
    if bool(differing) != open_now:
        _note(context, project, differing)


def _note(context: Context, project: Project, differing: dict[str, tuple[Any, Any]]) -> None:
    now = context.now()
    record = {
        "id": project.id,
        "project": project.id,
        "client": project.client,
        "status": "open" if differing else "mended",
        "since": now,
        "differences": {name: list(values) for name, values in differing.items()},
    }
    with context.database.writing() as connection:
        records.save(connection, {("drift", project.id): record}, now)
    if differing:
        log.error("the sums of a ledger have drifted", project=project.id, names=sorted(differing)[:10])
