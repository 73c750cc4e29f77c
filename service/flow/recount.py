"""The sums of the ledger against all its entries: each project once a day, a piece of one project a turn of the clock.

In: the moment. Out: a record of kind `drift` where the sums are not what the entries come to, which the team is told
of with the mend (service.troubles), and its end where they agree again. Nothing is mended by itself: a drift is a
defect somebody has to know of.

A project is counted in one view of the database that stays open over the turns it takes, so that what is booked
meanwhile is neither in its sums nor in its entries. A clock that stops begins that project anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from typing import Any, Final

from rules.facts.event import Record
from rules.facts.ledger import empty_sums, recompute
from rules.facts.project import Project
from service.log import get
from service.state import Context
from service.store import records
from service.store.switches import connection_state, set_connection_state

log = get("recount")
# The audit keeps how far it has come like a polled connection does; no connection of a workspace has this name.
AUDIT: Final = "$recount"
PIECE: Final = 5_000
"""So many entries are counted in one turn at most."""
_NAMES: Final = frozenset({"id", "project", "client"})


class Recounter:
    """The audit of one clock; `piece` entries a turn."""

    def __init__(self, piece: int = PIECE) -> None:
        self._piece = piece
        self._counting: _Counting | None = None

    def turn(self, context: Context) -> str | None:
        """Count one piece of the project in hand, or of the next; its key, none when all were counted today."""
        day = context.now().date().isoformat()
        counting = self._counting or _next(context, day)
        if counting is None:
            return None
        self._counting = None  # Whatever fails now, the project is begun anew.
        try:
            over = counting.some(self._piece)
        except BaseException:
            counting.close()
            raise
        if not over:
            self._counting = counting
            log.info("recounting", project=counting.project.id, entries=counting.counted)
            return counting.project.id
        counting.close()
        _compare(context, counting)
        with context.database.writing() as connection:
            set_connection_state(connection, AUDIT, cursor=f"{day}|{counting.project.id}")
        return counting.project.id

    def close(self) -> None:
        """Let go of the view that is open."""
        if self._counting is not None:
            self._counting.close()
            self._counting = None


class _Counting:
    """One project being counted: its sums as kept, and its entries so far, both as of one moment."""

    def __init__(self, context: Context, project: Project) -> None:
        self.project, self.counted = project, 0
        self._view = ExitStack()
        connection = self._view.enter_context(context.database.reading())
        book = context.state(connection).book
        self.kept, baseline = book.get("sums", project.id), book.get("baseline", project.id)
        self.drift = book.get("drift", project.id)
        self.sums = empty_sums(project.currency)
        self._as_of = baseline.get("opening_as_of") if baseline else None
        active = self.kept is not None and baseline is not None
        self._entries: Iterator[Record] = (
            records.each(connection, "entry", project.id) if active else iter(())
        )

    def some(self, count: int) -> bool:
        """Count so many entries more; whether that was all."""
        piece = list(islice(self._entries, count))
        self.counted += len(piece)
        self.sums = recompute(piece, self.project.currency, self._as_of, self.sums)
        return len(piece) < count

    def close(self) -> None:
        """End the view."""
        self._entries = iter(())
        self._view.close()


def _next(context: Context, day: str) -> _Counting | None:
    """The next project that was not counted on this day."""
    with context.database.reading() as connection:
        reached = (connection_state(connection, AUDIT)["cursor"] or "").partition("|")
    before = reached[2] if reached[0] == day else ""
    following = sorted(p for p in context.rulebook.workspace.projects if p > before)
    return _Counting(context, context.rulebook.workspace.projects[following[0]]) if following else None


def differences(kept: Record, counted: Record) -> dict[str, tuple[Any, Any]]:
    """What the sums say otherwise than the entries: name -> (sums, entries)."""
    flat = [{k: v for k, v in sums.items() if k not in _NAMES} for sums in (kept, counted)]
    names = sorted({*flat[0], *flat[1]})
    return {n: (flat[0].get(n), flat[1].get(n)) for n in names if flat[0].get(n) != flat[1].get(n)}


def _compare(context: Context, counting: _Counting) -> None:
    if counting.kept is None:
        return
    differing = differences(counting.kept, counting.sums)
    open_now = counting.drift is not None and counting.drift["status"] == "open"
    if bool(differing) != open_now:
        _note(context, counting.project, differing)


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
