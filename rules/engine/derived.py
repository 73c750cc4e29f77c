"""Fields that are looked up rather than kept: names of people and milestones beside their ids.

In: an object of an event, the records. Out: the object with those fields. They follow the files and records of the
moment, so nothing has to be rewritten when somebody is renamed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rules.engine.state import Book
from rules.facts.event import Record
from rules.facts.project import Workspace

Derive = Callable[[Record, Book, Workspace], Record]


def with_derived(noun: str, record: Record, book: Book, workspace: Workspace) -> Record:
    """The object with what is looked up for it; an object without such fields comes back as it is."""
    derive = _DERIVED.get(noun)
    return derive(record, book, workspace) if derive else record


def _decision(record: Record, _: Book, workspace: Workspace) -> Record:
    by = record.get("by") or record.get("person")
    person = workspace.people.get(str(by))
    return {
        "remark": None,
        **record,
        "by": by,
        "by_name": person.name if person else record.get("name") or by,
    }


def _change(record: Record, book: Book, _: Workspace) -> Record:
    if "milestone_title" in record:
        return record
    kept = book.get("change", str(record.get("id"))) or {}
    moves: list[Mapping[str, Any]] = list(kept.get("_moves") or ())
    last = next((m for m in moves if m.get("new_due") == record.get("new_due")), moves[-1] if moves else None)
    return {**record, "milestone_title": last["title"] if last else None}


_DERIVED: Final[Mapping[str, Derive]] = {"decision": _decision, "change": _change}
