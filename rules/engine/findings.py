"""What someone has to look at because two truths differ: a project's file and its record.

In: a project of the workspace, its records. Out: findings as plain records. Once a project is activated the record
holds the truth about money and dates; an edited file changes nothing and is shown here with both values. What a tracker
says otherwise is told by events, and so a finding on record (`effects.versions`).
"""

from __future__ import annotations

from typing import Any

from rules.engine.effects.projects import plan_of
from rules.engine.state import Book
from rules.facts.event import Record, digest
from rules.facts.project import Project
from rules.facts.retainer import latest, terms_record


def findings(project: Project, book: Book) -> list[Record]:
    """One finding for each value of the file that was edited since activation: id, kind, what, file, record, mend."""
    known = book.get("project", project.id)
    if known is None or "_plan" not in known:
        return []
    former, present = known["_plan"], plan_of(project)
    edited = [
        _finding(project, what, present.get(what), _on_record(what, project, book))
        for what in sorted({*former, *present})
        if former.get(what) != present.get(what)
    ]
    return edited + _of_the_retainer(project, book)


def _of_the_retainer(project: Project, book: Book) -> list[Record]:
    """Terms that the file has otherwise than they were agreed on; nothing before the first period opened."""
    kept = book.get("retainer", project.id)
    if kept is None:
        return []
    agreed = latest(kept)
    written = terms_record(project.retainer) if project.retainer is not None else {}
    return [
        _finding(project, f"billing.retainer.{term}", written.get(term), agreed[term])
        for term in sorted(agreed)
        if written.get(term) != agreed[term]
    ]


def _finding(project: Project, what: str, file: Any, record: Any) -> Record:
    return {
        "id": "fnd_" + digest(project.id, what, str(file)),
        "kind": "file_differs",
        "project": project.id,
        "client": project.client,
        "status": "open",
        "owner": project.lead,
        "what": what,
        "file": file,
        "record": record,
        "mend": "the record holds; put the former value back into the file, or bring the change to the client",
    }


def _on_record(what: str, project: Project, book: Book) -> Any:
    noun, _, path = what.partition(".")
    if noun == "milestones":
        milestone = book.get("milestone", f"{project.id}/{path.removesuffix('.due')}")
        return milestone["due"] if milestone else None
    baseline = book.get("baseline", project.id) or {}
    if path.startswith("lines."):
        return baseline.get("lines", {}).get(path.removeprefix("lines."))
    return baseline.get({"opening": "opening_spent"}.get(path, path))
