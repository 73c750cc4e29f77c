"""Someone of the team settles a project's books: closes or opens a period, draws on the reserve, rebases, recounts.

In: what was said in the console or on the command line, checked here against the record. Out: an event to decide like
any other; what cannot be said raises `BooksError` with the mend.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from rules.engine.effects.periods import books_of
from rules.engine.effects.rebasing import differences, plan_mark, plan_of_project
from rules.engine.effects.reserves import left as reserve_left
from rules.engine.effects.two_people import is_asked, seconds, settlers
from rules.facts.approval import OPEN, inside
from rules.facts.calendar import local_day
from rules.facts.event import Record, digest
from rules.facts.money import Money
from rules.facts.project import Project
from rules.facts.retainer import BadRetainer, days_of
from service.saying import say, spoken
from service.state import Context
from service.store.database import iso


class BooksError(ValueError):
    """What was asked for cannot be. code: the sentence with reason and mend, under `books.wrong` of the texts."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(f"{code}: {', '.join(f'{k} {v}' for k, v in values.items())}")
        self.code, self.values = code, values


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who says it: a person of the workspace.

    declared: the account of this machine under which the name was given, where nobody checked that it is them.
    """

    person: str
    declared: str | None = None

    @property
    def said(self) -> Record:
        """What an event says of its speaker."""
        return {"by": self.person, **({"declared": self.declared} if self.declared else {})}


def day_until(period: str, *, reopened: bool = False) -> date:
    """The day up to which the books are closed: the last one of a period (2026-09, 2026-Q3) or a date itself.

    reopened: the last day before the period, or before the date.
    """
    try:
        first = last = date.fromisoformat(period)
    except ValueError:
        try:
            first, last = days_of(period)
        except BadRetainer:
            raise BooksError("period", period=period[:20]) from None
    return first - timedelta(days=1) if reopened else last


def close_period(context: Context, project: Project, until: date, by: Speaker) -> None:
    """Close the books up to a day that is over."""
    _known(context, project)
    _settler(context, project, by)
    if until >= context.now().date():
        raise BooksError("not_over", day=until)
    _say(context, project, "period.closed", by, {"period": {"closed_until": until, **by.said}})


def reopen_period(context: Context, project: Project, until: date, by: Speaker, reason: str) -> None:
    """Ask for the books to be closed up to an earlier day; a second person is asked to agree."""
    kept = _record(context, project, "period")
    if kept is None or kept.get("closed_until") is None:
        raise BooksError("not_closed", project=project.id)
    if until >= kept["closed_until"]:
        raise BooksError("later", project=project.id, day=until, closed=kept["closed_until"])
    locked = max(
        (d for d in (project.closed_until, context.rulebook.workspace.closed_until) if d), default=None
    )
    if locked is not None and locked > until:
        raise BooksError("locked", day=locked)
    _second(context, project, by, books_of(project), {"closed_until": until})
    period = {"closed_until": until, "reason": reason, **by.said}
    _say(context, project, "period.reopening", by, {"period": period})


def rebase(context: Context, project: Project, by: Speaker, reason: str) -> None:
    """Ask for the baseline to become what the file says; a second person is asked to agree."""
    kept = _record(context, project, "project")
    with context.database.reading() as connection:
        differing = differences(project, context.state(connection).book)
    if kept is None:
        raise BooksError("file_is_truth", project=project.id)
    if not differing:
        raise BooksError("same", project=project.id)
    _second(context, project, by, plan_of_project(project), {"plan": plan_mark(project), "reason": reason})
    said = {"id": project.id, "reason": reason, **by.said}
    _say(context, project, "project.rebasing", by, {"project": said})


def draw(
    context: Context, project: Project, amount: Money, by: Speaker, reason: str, risk: str | None = None
) -> str:
    """Ask to draw on the reserve; the id of the request. A second person agrees, or whoever a rule asks instead."""
    _known(context, project)
    if amount.currency != project.currency or amount.amount <= 0:
        raise BooksError("draw", amount=amount, currency=project.currency)
    baseline = _record(context, project, "baseline") or {}
    left = reserve_left(baseline) if baseline else Money.zero(project.currency)
    if amount > left:
        raise BooksError("too_little", amount=amount, project=project.id, left=left)
    id = "rsv_" + digest(project.id, str(amount), reason, iso(context.now()))
    _second(context, project, by, id, {"draw": id}, amount)
    reserve = {"id": id, "amount": amount, "reason": reason, "title": reason, "risk": risk, **by.said}
    _say(context, project, "reserve.asked", by, {"reserve": reserve})
    return id


def accept(context: Context, project: Project, entry: str, by: Speaker) -> None:
    """Say that a questioned entry is meant as it stands."""
    _of_the_team(context, by.person)
    with context.database.reading() as connection:
        kept = context.state(connection).book.get("entry", entry)
    if kept is None or kept["project"] != project.id or kept["status"] != "questioned":
        raise BooksError("no_question", entry=entry[:200], project=project.id)
    _say(context, project, "ledger.accepted", by, {"entry": {"id": entry, **by.said}})


def recount(context: Context, project: Project) -> None:
    """Work out the sums of a project anew from all its entries."""
    _known(context, project)
    _say(context, project, "project.recounted", None, {"project": {"id": project.id}})


def open_question(context: Context, project: Project, about: str) -> Record | None:
    """The question of that kind within the team that waits for an answer, the newest first."""
    with context.database.reading() as connection:
        found = context.state(connection).book.find("approval", project.id)
    now = context.now()
    waits = [a for a in found if a["about"] == about and a["status"] in OPEN and inside(a)]
    return max((a for a in waits if a["expires_at"] > now), key=lambda a: a["sent_at"], default=None)


def _say(
    context: Context, project: Project, kind: str, by: Speaker | None, objects: dict[str, Record]
) -> None:
    person = by.person if by else None
    about = f"{project.id}/{person or ''}"
    say(context, spoken(context, project, kind, about, objects, person, "books"))


def _record(context: Context, project: Project, kind: str) -> Record | None:
    with context.database.reading() as connection:
        return context.state(connection).book.get(kind, project.id)


def _known(context: Context, project: Project) -> None:
    if _record(context, project, "project") is None:
        raise BooksError("no_books", project=project.id)


def _of_the_team(context: Context, by: str) -> None:
    person = context.rulebook.workspace.people.get(by)
    if person is None or person.party != "team":
        raise BooksError("nobody", person=by[:80])


def _settler(context: Context, project: Project, by: Speaker) -> None:
    """Books are closed by who may open them again."""
    _of_the_team(context, by.person)
    may = settlers(context.rulebook.workspace, project, _today(context, project))
    if by.person not in {p.id for p in may}:
        raise BooksError(
            "not_a_settler", person=by.person, project=project.id, who=", ".join(p.id for p in may)
        )


def _second(
    context: Context,
    project: Project,
    by: Speaker,
    about: str,
    wish: Record,
    amount: Money | None = None,
) -> None:
    """Refuse what this person cannot ask for: there is nobody else who may agree, or it is asked for already."""
    _of_the_team(context, by.person)
    workspace = context.rulebook.workspace
    if not seconds(workspace, project, _today(context, project), by.person, amount):
        raise BooksError(
            "one_person" if amount is None else "one_person_for", person=by.person, amount=amount
        )
    with context.database.reading() as connection:
        asked = context.state(connection).book.find("approval", project.id)
    if (found := is_asked(asked, about, wish, context.now())) is not None:
        raise BooksError("asked", person=found["requested_by"], id=found["id"])


def _today(context: Context, project: Project) -> date:
    return local_day(context.now(), project.time_zone)
