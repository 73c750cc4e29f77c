"""What happens by itself while a scenario or a journal is played: slots of rules, ends of waits, ends of decisions.

In: records as they change, the moment up to which the clock has done its work. Out: the next moment, and what is due at
it. Only what belongs to a project whose records changed is planned anew, so that a journal of a thousand projects costs
no more for each event than one of ten.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import Final

from rules.engine import slots, terms
from rules.engine.slots import Slot
from rules.engine.state import MemoryBook, State
from rules.engine.waits import slots_of
from rules.facts.approval import OPEN
from rules.facts.event import Record
from rules.facts.project import Workspace
from rules.language.model import Around, Every, RuleSet

FAR: Final = datetime.max.replace(tzinfo=UTC)
# How far ahead it is planned, so that it need not be done at every look.
_AHEAD: Final = timedelta(days=7)
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_Key = tuple[str, str]
"""What an entry was made of: a project, or one wait."""


class Diary:
    """The clock's appointments of one run. `fired`: ids of slots that were taken out, to fire or to be skipped."""

    def __init__(self, rules: RuleSet, workspace: Workspace, book: MemoryBook) -> None:
        self._rules = rules
        self._workspace = workspace
        self._book = book
        self._dated = _dated_kinds(rules)
        self._ahead: list[tuple[datetime, str, int, _Key, Slot]] = []
        self._edition: dict[_Key, int] = {}
        self._stale: set[str] = set()
        self._until = _LONG_AGO
        self._open: dict[str, tuple[int, Record]] = {}
        self._met: dict[str, int] = {}
        self._ends: list[datetime] | None = None
        self.fired: set[str] = set()

    def note(self, puts: Mapping[tuple[str, str], Record]) -> None:
        """Records that changed."""
        for (kind, id), record in puts.items():
            if kind == "wait":
                self._enter(("wait", id), slots_of(record))
            if kind == "approval":
                self._approval(id, record)
            if kind in self._dated:
                self._stale.add(str(record.get("project")))
                self._ends = None

    def next(self, state: State, since: datetime, until: datetime) -> datetime:
        """The first moment after `since` at which something is due; far away when nothing is up to `until`."""
        self._plan(state, since, until)
        while self._ahead and not self._valid(since):
            heappop(self._ahead)
        ends = self._approval_ends()
        place = bisect_right(ends, since)
        slot = self._ahead[0][0] if self._ahead else FAR
        return min(slot, ends[place]) if place < len(ends) else slot

    def due(self, state: State, since: datetime) -> tuple[list[Slot], list[Slot]]:
        """The slots that fire now, and those that are skipped for a later one; they are not met again."""
        self._plan(state, since, state.now)
        found: dict[str, Slot] = {}
        while self._ahead and self._ahead[0][0] <= state.now:
            if self._valid(since):
                found[self._ahead[0][4].id] = self._ahead[0][4]
            heappop(self._ahead)
        to_fire, skipped = slots.due(found.values(), self.fired, state.now)
        self.fired.update(found)
        return to_fire, skipped

    def open_approvals(self) -> list[Record]:
        """Decisions that still wait for somebody and have a last day, in the order in which they were first asked."""
        return [record for _, record in sorted(self._open.values(), key=lambda one: one[0])]

    def _valid(self, since: datetime) -> bool:
        """Whether the first entry still stands. Ends of waits are met late rather than never."""
        at, id, edition, key, _ = self._ahead[0]
        current = self._edition[key] == edition and id not in self.fired
        return current and (key[0] == "wait" or at > since)

    def _plan(self, state: State, since: datetime, until: datetime) -> None:
        if until > self._until:
            self._until = max(until, state.now + _AHEAD)
            self._stale.update(self._workspace.projects or ("",))
        for project in self._stale & (self._workspace.projects.keys() | {""}):
            planned = slots.plan(self._rules, state, self._until, since=since, of=project)
            self._enter(("project", project), planned)
        self._stale.clear()

    def _enter(self, key: _Key, found: Iterable[Slot]) -> None:
        """New entries in the place of all that were made of the same."""
        edition = self._edition[key] = self._edition.get(key, 0) + 1
        for slot in found:
            heappush(self._ahead, (slot.at, slot.id, edition, key, slot))

    def _approval(self, id: str, record: Record) -> None:
        place = self._met.setdefault(id, len(self._met))
        if record["status"] in OPEN and record.get("expires_at"):
            self._open[id] = (place, record)
        else:
            self._open.pop(id, None)

    def _approval_ends(self) -> list[datetime]:
        if self._ends is None:
            self._ends = sorted(at for _, record in self._open.values() for at in self._ends_of(record))
        return self._ends

    def _ends_of(self, approval: Record) -> Iterator[datetime]:
        yield approval["expires_at"]
        term = terms.deemed_at(approval, self._milestone, self._workspace)
        if term is not None:
            yield term

    def _milestone(self, id: str) -> Record | None:
        return self._book.get("milestone", id)


def _dated_kinds(rules: RuleSet) -> frozenset[str]:
    """Kinds of records whose change may move an appointment; some have dates whatever the rules are."""
    triggers = [rule.trigger for rule in rules.scheduled]
    dates = {t.date.partition(".")[0] for t in triggers if isinstance(t, Around)}
    return frozenset(
        {"approval", "milestone", "project", *dates, *(t.for_each for t in triggers if isinstance(t, Every))}
    )
