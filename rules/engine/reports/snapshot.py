"""One frozen snapshot: the figures of a report, made once and never again.

In: the facts of an event, the book, what kind of report for whom. Out: the record of a report: its figures as plain
values, and their SHA-256. The same records at the same moment give the same bytes; every copy, every resend and every
form (mail, page, sheet) is made from the record and can say nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from rules.engine.names import Facts
from rules.engine.reports import talk, work
from rules.engine.reports.material import Material, View, material
from rules.engine.reports.money import money
from rules.engine.state import Book
from rules.facts.codec import dumps
from rules.facts.event import Record, digest


def report(facts: Facts, book: Book, kind: str, view: View, *of: str, to: Sequence[str] = ()) -> Record:
    """The record of a report on the project of these facts. `of` tells it from others of the same event.

    ValueError where there is no project with a baseline.
    """
    made = material(facts, book, kind, view)
    figures = _figures(made, kind)
    return {
        "id": "rep_" + digest(facts.event.id, made.project.id, kind, view, *of),
        "project": made.project.id,
        "client": made.client.id,
        "period": kind,
        "view": view,
        "starts_on": made.first,
        "ends_on": made.last,
        "made_at": made.now,
        "to": list(to),
        "status": "made",
        "sent_at": None,
        "sha256": checksum(figures),
        "_figures": figures,
    }


def checksum(figures: Record) -> str:
    """SHA-256 of the figures in their canonical form."""
    return hashlib.sha256(dumps(figures).encode()).hexdigest()


def _figures(made: Material, kind: str) -> Record:
    project, amounts = made.project, money(made)
    return {
        "project": project.name,
        "client": made.client.name,
        "sender": made.workspace.name,
        "lead": made.name(project.lead),
        "period": kind,
        "view": made.view,
        "from": made.first,
        "until": made.last,
        "as_of": made.now,
        "zone": project.time_zone,
        "status": (made.facts.kept("project") or {}).get("status", project.status),
        "done": work.done(made),
        "problems": work.problems(made, amounts),
        "next": work.upcoming(made),
        "money": amounts,
        "milestones": work.milestones(made),
        "waiting": talk.waiting(made),
        "changes": talk.changes(made),
        "risks": talk.risks(made),
    }
