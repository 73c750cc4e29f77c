"""What deciding may know: the `State` handed in, and the `Book` of records behind it.

In: the service (from SQL) or a scenario (from memory) hands in a `Book`. Out: `Draft`, which reads through to
the book and keeps what the evaluation writes, so that the caller can store exactly that. No I/O of its own.

Kinds of records: project, baseline, milestone, change, approval, task, issue, entry, sums, memory (ladders,
once_per), wait, count, slot. Ids are unique within a kind; `project` and `client` on a record say whose it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from rules.facts.event import Record
from rules.facts.project import Workspace


class Book(Protocol):
    """The records as of now. Reading never fails for what is not there; values are never changed in place."""

    def get(self, kind: str, id: str) -> Record | None: ...
    def find(self, kind: str, project: str, status: str | None = None) -> Iterable[Record]: ...


class MemoryBook:
    """A book in memory, for scenarios, backtests and tests. `records` are all of them by kind and id."""

    def __init__(self, records: Mapping[tuple[str, str], Record] | None = None) -> None:
        self.records: dict[tuple[str, str], Record] = {}
        self._kinds: dict[str, dict[str, Record]] = {}
        self._projects: dict[tuple[str, Any], dict[str, Record]] = {}
        self.store(records or {})

    def get(self, kind: str, id: str) -> Record | None:
        """The record, or none."""
        return self.records.get((kind, id))

    def find(self, kind: str, project: str, status: str | None = None) -> list[Record]:
        """All records of that kind of the project, in the order they were written; or those of one status."""
        found = self._projects.get((kind, project), {}).values()
        return [r for r in found if status is None or r.get("status") == status]

    def of_kind(self, kind: str) -> list[Record]:
        """All records of that kind, in the order they were written."""
        return list(self._kinds.get(kind, {}).values())

    def store(self, puts: Mapping[tuple[str, str], Record]) -> None:
        """Take over what an evaluation wrote."""
        for (kind, id), record in puts.items():
            former = self.records.get((kind, id))
            if former is not None and former.get("project") != record.get("project"):
                del self._projects[kind, former.get("project")][id]
            self.records[kind, id] = record
            self._kinds.setdefault(kind, {})[id] = record
            self._projects.setdefault((kind, record.get("project")), {})[id] = record


@dataclass
class Draft:
    """A book with what this evaluation wrote on top. `puts` is what the caller has to store."""

    base: Book
    puts: dict[tuple[str, str], Record] = field(default_factory=dict)

    def get(self, kind: str, id: str) -> Record | None:
        """The record as this evaluation left it, or as the book has it."""
        return self.puts.get((kind, id)) or self.base.get(kind, id)

    def find(self, kind: str, project: str, status: str | None = None) -> list[Record]:
        """All records of that kind of the project, or those of one status; those written here included."""
        here = {i: r for (k, i), r in self.puts.items() if k == kind and r.get("project") == project}
        there = self.base.find(kind, project, status)
        if not here:
            return list(there)
        both = ({r["id"]: r for r in there} | here).values()
        return [r for r in both if status is None or r.get("status") == status]

    def put(self, kind: str, record: Record) -> Record:
        """Write a record; it must have an id. Returns it."""
        self.puts[kind, record["id"]] = record
        return record

    def change(self, kind: str, id: str, **fields: Any) -> Record:
        """Write a record with some fields replaced. Raises KeyError for a record that is not there."""
        found = self.get(kind, id)
        if found is None:
            raise KeyError(f"no {kind} {id}")
        return self.put(kind, {**found, **fields})


@dataclass(frozen=True, slots=True)
class State:
    """The moment of deciding: `now` (aware UTC), the workspace, the records."""

    now: datetime
    workspace: Workspace
    book: Book
