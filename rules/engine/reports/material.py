"""What a report is made from: the records of one project as of a moment, seen by one side.

In: the facts of an event (or of a look from outside), the kind of report, who reads it. Out: `Material`. What a client
may not know is taken out here, before any part is made: no part has to think of it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from rules.engine.derived import with_derived
from rules.engine.names import Facts
from rules.engine.parties import calendars_named, project_calendars
from rules.engine.snapshot import hides_cost, may_quote
from rules.engine.state import Book
from rules.facts.calendar import WorkCalendar, local_day
from rules.facts.event import Record
from rules.facts.project import Client, Project, Workspace
from rules.facts.report_period import days_of

View = Literal["client", "team"]


@dataclass(frozen=True)
class Material:
    """One project at one moment for one side. first, last: the days of the report, both included."""

    facts: Facts
    book: Book
    project: Project
    client: Client
    workspace: Workspace
    view: View
    first: date
    last: date

    @property
    def for_client(self) -> bool:
        """Whether the client reads it."""
        return self.view == "client"

    @property
    def shows_cost(self) -> bool:
        """Whether spending may be named: always to the team."""
        return not (self.for_client and hides_cost(self.project))

    @property
    def now(self) -> datetime:
        """The moment of the snapshot."""
        return self.facts.state.now

    @property
    def work_calendars(self) -> Sequence[WorkCalendar]:
        """The calendar that the plan is made on."""
        return project_calendars(self.project, self.workspace)

    @property
    def client_calendars(self) -> Sequence[WorkCalendar]:
        """The calendar of the client, for what waits on the client."""
        return calendars_named("client", self.project, self.client, self.workspace)

    def find(self, kind: str) -> list[Record]:
        """The project's records of a kind, in an order that does not depend on the store."""
        return sorted(self.book.find(kind, self.project.id), key=lambda r: str(r["id"]))

    def standing(self, noun: str) -> list[Record]:
        """The same with what is worked out for today: lateness, names, effects."""
        return [with_derived(noun, record, self.book, self.facts.state) for record in self.find(noun)]

    def day(self, at: datetime | None) -> date | None:
        """The day of a moment where the project is at home."""
        return None if at is None else local_day(at, self.project.time_zone)

    def within(self, on: date | None) -> bool:
        """Whether a day belongs to the report."""
        return on is not None and self.first <= on <= self.last

    def name(self, person: Any) -> str | None:
        """A person's name; what is no person of the workspace stays as it is."""
        known = self.workspace.people.get(str(person))
        return known.name if known else (str(person) if person else None)

    def written(self, noun: str, record: Mapping[str, Any], field: str = "title") -> str | None:
        """What somebody wrote in a tracker, where this reader may see it."""
        if self.for_client and not may_quote(noun, record, self.project):
            return None
        value = record.get(field)
        return str(value) if value else None


def material(facts: Facts, book: Book, kind: str, view: View) -> Material:
    """The material of a report about the project of these facts. ValueError where there is no active project."""
    project, client = facts.project, facts.client
    if project is None or client is None:
        raise ValueError("a report is about a project, and this event belongs to none")
    if facts.kept("baseline") is None:
        raise ValueError(f"{project.id} has no baseline yet, it gets one when the project is activated")
    told = [
        ends
        for r in book.find("report", project.id)
        if (r.get("period"), r.get("view"), r.get("status")) == (kind, view, "sent")
        if isinstance(ends := r.get("ends_on"), date) and ends < facts.today
    ]
    began = _began(facts, book)
    first, last = days_of(kind, facts.today, max(told, default=None), began)
    return Material(facts, book, project, client, facts.state.workspace, view, first, last)


def _began(facts: Facts, book: Book) -> date | None:
    """The first day that the project knows of."""
    kept = facts.kept("project") or {}
    activated = kept.get("activated_at")
    days = [e["work_date"] for e in book.find("entry", facts.event.project or "") if e.get("work_date")]
    days += [local_day(activated, facts.zone)] if activated else []
    return min(days, default=None)
