"""Changes within a project: one change with its effect and its questions, and the form that says what it costs.

In: `/projects/<id>/changes/...`. Out: the page, and events: drafted, assessed.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

from flask import Blueprint, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as Answer

from rules.facts.change import OPEN
from rules.facts.event import Record
from rules.facts.money import MINOR_UNITS, Money
from rules.facts.project import Project
from service.flow import steer
from service.flow.steer import Assessment
from service.store import attention, records
from service.web import auth, pages, words
from service.web.console import approvals
from service.web.console.projects import known

room = Blueprint("changes", __name__)
MOST_DAYS = 365
MOST_AMOUNT = Decimal("1e12")
LONGEST_TITLE = 200


@room.get("/projects/<project>/changes/new")
@auth.needs("change")
def new(project: str) -> str:
    """The form of a change that somebody writes down."""
    return _form(known(project), None, {}, {})


@room.post("/projects/<project>/changes/new")
@auth.needs("change")
def draft(project: str) -> Answer | tuple[str, int]:
    """Put a change on record, with its effect."""
    found = known(project)
    given, said, errors = _read(found, titled=True)
    if said is None or errors:
        return _form(found, None, given, errors), 422
    id = steer.draft_change(pages.context(), found, said, _email())
    return redirect(f"/projects/{project}/changes/{id}?said=1", 303)


@room.get("/projects/<project>/changes/<id>")
def one(project: str, id: str) -> str | tuple[str, int]:
    """One change."""
    context = pages.context()
    found = known(project)
    with context.database.reading() as connection:
        change = attention.record(connection, "change", id)
        if change is None and request.args.get("said"):
            return pages.page("change_coming", "projects", project=project, found=found), 202
        if change is None or change["project"] != project:
            raise NotFound
        asked = [
            approvals.row_of(connection, a)
            for a in records.page(connection, "approval", project=project, limit=200)
            if a.get("subject") == id
        ]
    return pages.page(
        "change",
        "projects",
        project=project,
        found=found,
        change=change,
        moves=change.get("_moves") or (),
        retained=change.get("_retained"),
        issues=[i.rpartition("/")[2] for i in change.get("issues", ())],
        by=words.person(context.rulebook.workspace, change.get("requested_by")),
        asked=asked,
        is_open=change["status"] in OPEN,
        said=request.args.get("said"),
    )


@room.get("/projects/<project>/changes/<id>/assess")
@auth.needs("change")
def assessing(project: str, id: str) -> Answer | str:
    """The form that says what a change costs and when."""
    found, change = known(project), _change(project, id)
    if change["status"] not in OPEN:
        return redirect(f"/projects/{project}/changes/{id}", 303)
    amount = change.get("amount")
    given = {
        "amount": f"{amount.amount:f}" if amount is not None else "",
        "days": str(change["days"]) if change.get("days") is not None else "",
        "milestone": (change.get("milestones") or [""])[0],
        "allotment": f"{change['allotment']:f}" if change.get("allotment") is not None else "",
        "allotment_from": str(change.get("allotment_from") or ""),
    }
    return _form(found, change, given, {})


@room.post("/projects/<project>/changes/<id>/assess")
@auth.needs("change")
def assess(project: str, id: str) -> Answer | tuple[str, int]:
    """Put the effect on record."""
    found, change = known(project), _change(project, id)
    if change["status"] not in OPEN:
        return redirect(f"/projects/{project}/changes/{id}", 303)
    given, said, errors = _read(found, titled=False)
    if said is None or errors:
        return _form(found, change, given, errors), 422
    steer.assess_change(pages.context(), found, id, said, _email())
    return redirect(f"/projects/{project}/changes/{id}?said=1", 303)


def _form(project: Project, change: Record | None, given: dict[str, str], errors: dict[str, str]) -> str:
    context = pages.context()
    with context.database.reading() as connection:
        plan = attention.records_of(connection, "milestone", [project.id])
    options = [(m["id"], m["title"]) for m in sorted(plan, key=lambda m: m["due"])]
    return pages.page(
        "change_assess",
        "projects",
        project=project.id,
        found=project,
        change=change,
        given=given,
        errors=errors,
        milestones=options,
    )


def _read(project: Project, *, titled: bool) -> tuple[dict[str, str], Assessment | None, dict[str, str]]:
    """The form as typed, what it says, and what is wrong with it."""
    seen = pages.reader()
    given = {
        k: request.form.get(k, "").strip()[:2000]
        for k in ("title", "reason", "amount", "days", "milestone", "allotment", "allotment_from")
    }
    errors: dict[str, str] = {}
    if titled and not given["title"]:
        errors["title"] = seen.t("forms.required", field=seen.t("words.what"))
    if len(given["title"]) > LONGEST_TITLE:
        errors["title"] = seen.t("forms.too_long", field=seen.t("words.what"), count=LONGEST_TITLE)
    amount, days = amount_of(given["amount"], project.currency), _days(given["days"])
    if amount is None:
        errors["amount"] = seen.t("changes.amount_wrong", currency=project.currency)
    if days is None:
        errors["days"] = seen.t("changes.days_wrong", count=MOST_DAYS)
    if given["milestone"] and given["milestone"] not in _milestones(project):
        errors["milestone"] = seen.t("changes.milestone_wrong")
    allotment, since = _allotment(given["allotment"]), _day(given["allotment_from"])
    if given["allotment"] and allotment is None:
        errors["allotment"] = seen.t("changes.allotment_wrong")
    if given["allotment_from"] and since is None:
        errors["allotment_from"] = seen.t("conduct.date_wrong")
    if amount is None or days is None or errors:
        return given, None, errors
    milestones = (given["milestone"],) if given["milestone"] else ()
    title, reason = (given["title"] or None, given["reason"] or None) if titled else (None, None)
    return given, Assessment(amount, days, milestones, title, reason, allotment, since), {}


def _allotment(text: str) -> Decimal | None:
    """Hours or an amount, more than nothing."""
    try:
        number = Decimal(text.removesuffix("h").replace(",", "").strip() or "0")
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 < number <= MOST_AMOUNT else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _milestones(project: Project) -> set[str]:
    with pages.context().database.reading() as connection:
        return {m["id"] for m in attention.records_of(connection, "milestone", [project.id])}


def amount_of(text: str, currency: str) -> Money | None:
    """8000, -500.00, 8,000.00 and 8 000 as an amount; none for anything else."""
    try:
        number = Decimal(text.replace(",", "").replace(" ", "").replace("−", "-"))
    except InvalidOperation:
        return None
    exponent = number.as_tuple().exponent
    if not number.is_finite() or abs(number) > MOST_AMOUNT or not isinstance(exponent, int):
        return None
    if -exponent > MINOR_UNITS.get(currency, 2):
        return None
    return Money(number, currency)


def _days(text: str) -> int | None:
    plain = text.replace("−", "-").removeprefix("+")
    if not plain.removeprefix("-").isdecimal() or not plain.isascii() or len(plain) > 4:
        return None
    return int(plain) if abs(int(plain)) <= MOST_DAYS else None


def _change(project: str, id: str) -> Record:
    with pages.context().database.reading() as connection:
        found = attention.record(connection, "change", id)
    if found is None or found["project"] != project:
        raise NotFound
    return found


def _email() -> str:
    user = auth.signed_in()
    return user.email if user else ""
