"""Someone of the team settles a project's books: closes or opens a period, draws on the reserve, rebases, recounts.

In: what was said on the command line, checked here against the record. Out: an event to decide like any other; what
cannot be said raises `BooksError` with the mend.
"""

from __future__ import annotations

from datetime import date, timedelta

from rules.engine.effects.rebasing import differences, plan_mark
from rules.engine.effects.shapes import EffectError
from rules.engine.effects.two_people import check_second
from rules.facts.event import Record, digest
from rules.facts.money import Money
from rules.facts.project import Project
from rules.facts.retainer import BadRetainer, days_of
from service.saying import say, spoken
from service.state import Context
from service.store.database import iso


class BooksError(ValueError):
    """What was asked for cannot be; the message says why, and the mend."""


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
            raise BooksError(f"{period[:20]!r} is no period: write 2026-09, 2026-Q3 or 2026-09-30") from None
    return first - timedelta(days=1) if reopened else last


def close_period(context: Context, project: Project, until: date, by: str) -> None:
    """Close the books up to a day that is over."""
    _known(context, project)
    _of_the_team(context, by)
    if until >= context.now().date():
        raise BooksError(f"{until} is not over: books are closed up to a day of the past")
    _say(context, project, "period.closed", by, {"period": {"closed_until": until, "by": by}})


def reopen_period(context: Context, project: Project, until: date, by: str, reason: str) -> None:
    """Ask for the books to be closed up to an earlier day; the second person's word does it."""
    kept = _record(context, project, "period")
    if kept is None or kept.get("closed_until") is None:
        raise BooksError(f"the books of {project.id} are not closed on record")
    if until >= kept["closed_until"]:
        raise BooksError(
            f"the books of {project.id} are closed up to {kept['closed_until']}: {until} is later"
        )
    locked = max(
        (d for d in (project.closed_until, context.rulebook.workspace.closed_until) if d), default=None
    )
    if locked is not None and locked > until:
        raise BooksError(f"`closed_until: {locked}` in the files keeps them closed: edit that first")
    _second(context, kept, f"{until}", by)
    period = {"closed_until": until, "by": by, "reason": reason}
    _say(context, project, "period.reopening", by, {"period": period})


def rebase(context: Context, project: Project, by: str, reason: str) -> None:
    """Ask for the baseline to become what the file says; the second person's word does it."""
    kept = _record(context, project, "project")
    with context.database.reading() as connection:
        differing = differences(project, context.state(connection).book)
    if kept is None:
        raise BooksError(f"{project.id} has not been activated: its file is still the truth")
    if not differing:
        raise BooksError(f"the file of {project.id} says what is on record")
    _second(context, {"_asked": kept.get("_rebasing")}, plan_mark(project), by)
    _say(context, project, "project.rebasing", by, {"project": {"id": project.id, "reason": reason}})


def draw(
    context: Context, project: Project, amount: Money, by: str, reason: str, risk: str | None = None
) -> str:
    """Ask to draw on the reserve; the id of the request. Rules ask whoever has to agree."""
    _known(context, project)
    _of_the_team(context, by)
    if amount.currency != project.currency or amount.amount <= 0:
        raise BooksError(
            f"{amount} cannot be drawn: the reserve is in {project.currency}, and a draw is more than 0"
        )
    id = "rsv_" + digest(project.id, str(amount), reason, iso(context.now()))
    reserve = {"id": id, "amount": amount, "reason": reason, "title": reason, "risk": risk, "by": by}
    _say(context, project, "reserve.asked", by, {"reserve": reserve})
    return id


def accept(context: Context, project: Project, entry: str, by: str) -> None:
    """Say that a questioned entry is meant as it stands."""
    _of_the_team(context, by)
    with context.database.reading() as connection:
        kept = context.state(connection).book.get("entry", entry)
    if kept is None or kept["project"] != project.id or kept["status"] != "questioned":
        raise BooksError(f"{entry} is no entry of {project.id} that waits for a confirmation")
    _say(context, project, "ledger.accepted", by, {"entry": {"id": entry}})


def recount(context: Context, project: Project, by: str | None = None) -> None:
    """Work out the sums of a project anew from all its entries."""
    _known(context, project)
    _say(context, project, "project.recounted", by, {"project": {"id": project.id}})


def _say(context: Context, project: Project, kind: str, by: str | None, objects: dict[str, Record]) -> None:
    about = f"{project.id}/{by or ''}"
    say(context, spoken(context, project, kind, about, objects, by, "books"))


def _record(context: Context, project: Project, kind: str) -> Record | None:
    with context.database.reading() as connection:
        return context.state(connection).book.get(kind, project.id)


def _known(context: Context, project: Project) -> None:
    if _record(context, project, "project") is None:
        raise BooksError(f"{project.id} has not been activated: there are no books yet")


def _of_the_team(context: Context, by: str) -> None:
    person = context.rulebook.workspace.people.get(by)
    if person is None or person.party != "team":
        raise BooksError(f"{by} is nobody of the team: name a person of `people`")


def _second(context: Context, kept: Record, about: str, by: str) -> None:
    try:
        check_second(context.rulebook.workspace, kept.get("_asked"), about, by, context.now())
    except EffectError as error:
        raise BooksError(str(error)) from None
