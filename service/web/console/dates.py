"""Dates of a project: one milestone with its criteria, rounds and delays, tasks, and the links of its client's page.

In: `/projects/<id>/milestones/<key>`, `.../tasks/<id>/done`, `.../links`. Out: pages, and events.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from flask import Blueprint, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as Answer

from rules.engine.derived import milestone_today
from rules.facts.action_item import CAUSES
from rules.facts.event import Record
from rules.facts.milestone import SETTLED, cause_shares
from service import links
from service.flow import steer
from service.log import get
from service.store import attention
from service.store import links as kept_links
from service.store.links import Link
from service.web import auth, pages, words
from service.web.console import approvals
from service.web.console.projects import known
from service.web.pages import Reader

log = get("console")
room = Blueprint("dates", __name__)
MOST_DAYS: Final = 365
LONGEST: Final = 2000


@room.get("/projects/<project>/milestones/<key>")
def one(project: str, key: str) -> str:
    """One milestone: where it stands, what has to be true, its rounds, what it lost and why."""
    return _page(project, key, {}, {})


@room.post("/projects/<project>/milestones/<key>/hand-over")
@auth.needs("change")
def hand_over(project: str, key: str) -> Answer:
    """It is handed over; the rules ask the client to accept it."""
    milestone = _milestone(project, key)
    if milestone["status"] not in SETTLED:
        steer.hand_over(pages.context(), known(project), milestone["id"], email())
    return _back(project, key)


@room.post("/projects/<project>/milestones/<key>/check")
@auth.needs("change")
def check(project: str, key: str) -> Answer:
    """An item of its list is ticked, or unticked."""
    milestone, item = _milestone(project, key), request.form.get("criterion", "")
    if item not in {c["text"] for c in milestone["criteria"] if c["kind"] == "checklist"}:
        raise NotFound
    met = request.form.get("met") == "yes"
    steer.check(pages.context(), known(project), milestone["id"], item, met, email())
    return _back(project, key)


@room.post("/projects/<project>/milestones/<key>/delay")
@auth.needs("change")
def delay(project: str, key: str) -> Answer | tuple[str, int]:
    """So many working days are lost: the plan moves, and the cause stays on record."""
    seen, milestone = pages.reader(), _milestone(project, key)
    given = {k: request.form.get(k, "").strip()[:LONGEST] for k in ("days", "cause", "remark")}
    errors: dict[str, str] = {}
    days = int(given["days"]) if given["days"].isascii() and given["days"].isdecimal() else 0
    if not 0 < days <= MOST_DAYS:
        errors["days"] = seen.t("dates.days_wrong", count=MOST_DAYS)
    if given["cause"] not in CAUSES:
        errors["cause"] = seen.t("dates.cause_wrong")
    if errors:
        return _page(project, key, given, errors), 422
    said = {"milestone": milestone["id"], "days": days, "cause": given["cause"]}
    steer.delay(pages.context(), known(project), said | {"remark": given["remark"] or None}, email())
    return _back(project, key)


@room.post("/projects/<project>/tasks/<id>/done")
@auth.needs("change")
def done(project: str, id: str) -> Answer:
    """A task is done."""
    found = known(project)
    with pages.context().database.reading() as connection:
        task = attention.record(connection, "task", id)
    if task is None or task["project"] != project:
        raise NotFound
    steer.close_task(pages.context(), found, id, email())
    return redirect(f"/projects/{project}?said=1", 303)


@room.post("/projects/<project>/links")
@auth.needs("send")
def link(project: str) -> str:
    """A new address of the project's page for one contact; it is shown once, and ends the one before."""
    context, found = pages.context(), known(project)
    person = context.rulebook.workspace.people.get(request.form.get("person", ""))
    if person is None or person.client != found.client:
        raise NotFound
    now = context.now()
    with context.database.writing() as connection:
        last = kept_links.newest(connection, "project", project, person.id)
        kept_links.revoke(connection, "project", project, person.id, now)
        until = links.until(context.rulebook.workspace, None, now)
        serial = last.serial + 1 if last else 1
        made = Link("project", project, 1, person.id, serial, until, revoked=False)
        address = links.make(connection, context.settings, made, now)
    log.info("project link made", project=project, person=person.id)
    return pages.page(
        "client_link", "projects", project=project, found=found, person=person, address=address, until=until
    )


@room.post("/projects/<project>/links/renew")
@auth.needs("send")
def renew(project: str) -> Answer:
    """The contact's address of the project's page stays open from now on as long as a new one would."""
    context, found, person = pages.context(), known(project), request.form.get("person", "")
    until = links.until(context.rulebook.workspace, None, context.now())
    with context.database.writing() as connection:
        renewed = kept_links.prolong(connection, "project", project, person, until)
    log.info("project link renewed", project=project, person=person, links=renewed)
    return redirect(f"/projects/{found.id}", 303)


@room.post("/projects/<project>/links/revoke")
@auth.needs("send")
def revoke(project: str) -> Answer:
    """The contact's address of the project's page opens nothing any more."""
    found, person = known(project), request.form.get("person", "")
    with pages.context().database.writing() as connection:
        ended = kept_links.revoke(connection, "project", project, person, pages.context().now())
    log.info("project link revoked", project=project, person=person, links=ended)
    return redirect(f"/projects/{found.id}", 303)


def email() -> str:
    """The address of who is signed in."""
    user = auth.signed_in()
    return user.email if user else ""


def delay_rows(seen: Reader, found: list[Record]) -> list[dict[str, Any]]:
    """Days lost by cause, with their shares of the whole."""
    by_cause: Counter[str] = Counter()
    for one_delay in found:
        by_cause[one_delay["cause"]] += one_delay["days"]
    shares = cause_shares(by_cause) if by_cause else {}
    return [
        {"cause": seen.t(f"dates.causes.{cause}"), "days": days, "share": shares[cause]}
        for cause, days in by_cause.most_common()
    ]


def _page(project: str, key: str, given: dict[str, str], errors: dict[str, str]) -> str:
    context, seen, found = pages.context(), pages.reader(), known(project)
    milestone = _milestone(project, key)
    with context.database.reading() as connection:
        state = context.state(connection)
        milestone = milestone_today(milestone, state.book, state)
        lost = attention.records_of(connection, "delay", [project])
        asked = [
            approvals.row_of(connection, a)
            for a in attention.records_of(connection, "approval", [project])
            if a.get("subject") == milestone["id"]
        ]
        found_apart = attention.records_of(connection, "finding", [project])
        after = [
            m["title"]
            for m in attention.records_of(connection, "milestone", [project])
            if milestone["key"] in (m.get("after") or ())
        ]
    workspace = context.rulebook.workspace
    return pages.page(
        "milestone",
        "projects",
        project=project,
        found=found,
        milestone=milestone,
        state=next((f for f in ("overdue", "due_soon") if milestone.get(f)), milestone["status"]),
        over=milestone["status"] in SETTLED,
        delays=[d for d in lost if d["milestone"] == milestone["id"]],
        shares=delay_rows(seen, [d for d in lost if d["milestone"] == milestone["id"]]),
        rounds=[{**r, "by": words.person(workspace, r.get("by"))} for r in milestone.get("rounds") or ()],
        asked=asked,
        apart=_apart(seen, milestone, found_apart),
        after=after,
        said=request.args.get("said"),
        cause_options=[(c, seen.t(f"dates.causes.{c}")) for c in CAUSES],
        given=given,
        errors=errors,
    )


def _apart(seen: Reader, milestone: Record, found: list[Record]) -> list[str]:
    """What trackers say otherwise of it."""
    return [
        words.apart(seen, f) for f in found if f.get("milestone") == milestone["id"] and f["status"] == "open"
    ]


def _milestone(project: str, key: str) -> Record:
    known(project)
    with pages.context().database.reading() as connection:
        found = attention.record(connection, "milestone", f"{project}/{key}")
    if found is None:
        raise NotFound
    return found


def _back(project: str, key: str) -> Answer:
    return redirect(f"/projects/{project}/milestones/{key}?said=1", 303)
