"""Approvals: what somebody was asked to decide, the exact text, who said what, and the evidence of it.

In: `/approvals`, `/approvals/<id>`. Out: the list, one decision with its text and chain entries, and taking it back.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as Answer

from rules.facts import approval as approvals
from rules.facts.event import Record
from service.flow import answer, conduct, steer
from service.flow.answer import Proof
from service.store import attention, records
from service.store.database import Connection, from_iso
from service.web import auth, pages, words
from service.web.console import listing, offline_form
from service.web.pages import Reader

room = Blueprint("approvals", __name__)
PAGE = 50
OUTCOMES = ("approved", "rejected")
STATES = ("sent", "approved", "rejected", "changes_requested", "expired", "withdrawn", "superseded")


@room.get("/approvals")
def index() -> str:
    """Every question, the latest touched first."""
    context = pages.context()
    query = {k: v[:400] for k, v in request.args.items() if k in ("status", "project", "cursor") and v}
    with context.database.reading() as connection:
        found = records.page(
            connection,
            "approval",
            status=query.get("status"),
            project=query.get("project"),
            after=query.get("cursor"),
            limit=PAGE + 1,
        )
        rows = [row_of(connection, record) for record in found[:PAGE]]
        counts = attention.waiting(connection)
    return pages.page(
        "approvals",
        "approvals",
        project=query.get("project"),
        rows=rows,
        query=query,
        next=found[PAGE - 1]["_cursor"] if len(found) > PAGE else None,
        counts=counts,
        chosen=listing.chosen(query, "project"),
        states=STATES,
    )


@room.get("/approvals/<id>")
def one(id: str) -> str:
    """One question: its text, who was asked and what they said, the evidence."""
    context = pages.context()
    with context.database.reading() as connection:
        approval = _approval(connection, id)
        subject = attention.record(connection, str(approval.get("about")), str(approval.get("subject")))
        chain = attention.evidence_of(connection, approval["project"], id)
        links = attention.links_to(connection, "approval", id)
    return pages.page(
        "approval",
        "approvals",
        approval=approval,
        subject=subject,
        says=words.question(pages.reader(), approval, subject),
        project=approval["project"],
        project_name=listing.project_name(approval["project"]),
        people=_people(approval, links),
        texts=_texts(approval),
        chain=chain,
        given=approvals.given(approval),
        needed=approvals.needed(approval),
        asks_again=asks_again(approval),
        again=request.args.get("again"),
        withdrawn=request.args.get("withdrawn"),
        internal=approvals.inside(approval),
        own=_own(approval),
        mine=_mine(approval),
        refused=request.args.get("refused"),
    )


@room.post("/approvals/<id>/decide")
@auth.needs("change")
def decide(id: str) -> Answer:
    """A decision within the team, by whoever is signed in and was asked; a refusal is on record."""
    context = pages.context()
    with context.database.reading() as connection:
        approval = _approval(connection, id)
    user = auth.signed_in()
    person = conduct.person_of(context, user.email if user else "")
    outcome = request.form.get("decision", "")
    remark = request.form.get("reason", "").strip()[:4000]
    known = context.rulebook.workspace.people.get(person or "")
    if not approvals.inside(approval) or outcome not in OUTCOMES or known is None or known.client:
        return redirect(f"/approvals/{id}?refused=not_asked", 303)
    if outcome != "approved" and not remark:
        return redirect(f"/approvals/{id}?refused=reason", 303)
    agent = request.headers.get("User-Agent", "")[:400] or None
    proof = Proof(known.name, "", "online", request.remote_addr, agent, "signed in")
    made = answer.answer_inside(context, id, known.id, (outcome, remark or None), proof)
    said = "decided=1" if made.outcome in ("recorded", "same") else f"refused={made.outcome}"
    return redirect(f"/approvals/{id}?{said}", 303)


@room.route("/approvals/<id>/withdraw", methods=["GET", "POST"])
@auth.needs("send")
def withdraw(id: str) -> Answer | str:
    """Take the question back: first what that means, then the click."""
    context = pages.context()
    with context.database.reading() as connection:
        approval = _approval(connection, id)
        subject = attention.record(connection, str(approval.get("about")), str(approval.get("subject")))
    project = context.rulebook.workspace.projects.get(approval["project"])
    if approval["status"] != "sent" or project is None:
        return redirect(f"/approvals/{id}", 303)
    if request.method == "POST":
        steer.withdraw(context, project, approval, email())
        return redirect(f"/approvals/{id}?withdrawn=1", 303)
    says = words.about(pages.reader(), approval, subject)
    return pages.page(
        "approval_withdraw", "approvals", approval=approval, says=says, told=len(approval["asked"])
    )


@room.post("/approvals/<id>/take-back")
@auth.needs("change")
def take_back(id: str) -> Answer:
    """What somebody asked of the team they take back themselves."""
    context = pages.context()
    with context.database.reading() as connection:
        approval = _approval(connection, id)
    project = context.rulebook.workspace.projects.get(approval["project"])
    if project is None or not _own(approval):
        return redirect(f"/approvals/{id}?refused=not_yours", 303)
    steer.withdraw(context, project, approval, email())
    return redirect(f"/approvals/{id}?withdrawn=1", 303)


@room.post("/approvals/<id>/again")
@auth.needs("send")
def again(id: str) -> Answer:
    """The question once more, by the rule that asked it: a new link for everyone asked; the old one opens nothing."""
    context = pages.context()
    with context.database.reading() as connection:
        approval = _approval(connection, id)
    project = context.rulebook.workspace.projects.get(approval["project"])
    if project is not None and asks_again(approval):
        steer.ask_again(context, project, approval, email())
    return redirect(f"/approvals/{id}?again=1", 303)


@room.route("/approvals/<id>/offline", methods=["GET", "POST"])
@auth.needs("send")
def offline(id: str) -> Answer | str | tuple[str, int]:
    """A decision that was taken by phone, in a meeting, by chat or by letter is written down, kept apart for good."""
    context = pages.context()
    with context.database.reading() as connection:
        approval = _approval(connection, id)
        subject = attention.record(connection, str(approval.get("about")), str(approval.get("subject")))
    if approval["status"] != "sent" or approvals.inside(approval):
        return redirect(f"/approvals/{id}", 303)
    given, taken, errors = offline_form.read(approval) if request.method == "POST" else ({}, None, {})
    if taken is not None:
        made = answer.offline(context, id, given["person"], given["decision"], given["remark"], taken)
        if made.outcome == "recorded":
            return redirect(f"/approvals/{id}", 303)
        errors = {"decision": pages.reader().t(f"approvals.offline_not.{made.outcome}")}
    says = words.about(pages.reader(), approval, subject)
    shown = pages.page(
        "approval_offline",
        "approvals",
        approval=approval,
        says=says,
        given=given,
        errors=errors,
        **offline_form.choices(approval),
    )
    return (shown, 422) if errors else shown


def asks_again(approval: Record) -> bool:
    """Whether the same question can be asked once more: about a change or an acceptance that nobody decided."""
    return approval["status"] in ("sent", "expired") and approval.get("about") in ("change", "milestone")


def email() -> str:
    """The address of who is signed in."""
    user = auth.signed_in()
    return user.email if user else ""


def _mine(approval: Record) -> bool:
    """Whether who is signed in was asked, and has not answered."""
    user = auth.signed_in()
    person = conduct.person_of(pages.context(), user.email if user else "")
    answered = {d["person"] for d in approval.get("decisions", ())}
    open_now = state_of(approval, pages.reader()) in ("sent", "opened")
    return approvals.inside(approval) and open_now and person in approval["asked"] and person not in answered


def _own(approval: Record) -> bool:
    """Whether who is signed in asked this of the team, and nobody has decided."""
    person = conduct.person_of(pages.context(), email())
    asked_here = "_wish" in approval and approval["status"] == "sent"
    return asked_here and person is not None and person == approval.get("requested_by")


def row_of(connection: Connection, approval: Record) -> dict[str, Any]:
    """A question as a row."""
    seen, workspace = pages.reader(), pages.context().rulebook.workspace
    subject = attention.record(connection, str(approval.get("about")), str(approval.get("subject")))
    asked = [words.person(workspace, p) for p in approval.get("asked", ())]
    return {
        "href": f"/approvals/{approval['id']}",
        "says": words.question(seen, approval, subject),
        "project": listing.project_name(approval["project"]),
        "asked": ", ".join(asked),
        "sent": approval.get("sent_at"),
        "expires": approval.get("expires_on"),
        "given": seen.t(
            "approvals.given", given=approvals.given(approval), needed=approvals.needed(approval)
        ),
        "several": approvals.needed(approval) > 1,
        "state": state_of(approval, seen),
    }


def state_of(approval: Record, seen: Reader) -> str:
    """The state as it is at this moment: what nobody decided in time has expired, whether the clock told it or not."""
    status = str(approval["status"])
    if status != "sent":
        return status
    expires = approval.get("expires_at")
    if expires and expires <= seen.fmt.now:
        return "expired"
    return "opened" if approval.get("opened_at") else "sent"


def _approval(connection: Connection, id: str) -> Record:
    found = attention.record(connection, "approval", id)
    if found is None:
        raise NotFound
    return found


def _people(approval: Record, links: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Everyone who was asked, with their link's age and their decision."""
    workspace = pages.context().rulebook.workspace
    decisions = {d["person"]: d for d in approval.get("decisions", ())}
    found = []
    for id in approval["asked"]:
        link = next((x for x in links if x["person"] == id), None)
        decision = decisions.get(id)
        found.append(
            {
                "name": words.person(workspace, id),
                "sent": from_iso(link["at"]) if link else None,
                "decision": decision,
                "state": decision["outcome"] if decision else state_of(approval, pages.reader()),
            }
        )
    return found


def _texts(approval: Record) -> list[dict[str, Any]]:
    """The exact text in every language it was frozen in, the reader's first."""
    locale = pages.reader().locale
    given = approval.get("texts") or {}
    return [{"locale": x, **given[x]} for x in sorted(given, key=lambda x: (x != locale, x))]
