"""The clients' pages: one decision (`/a/<token>`) and one project (`/c/<token>`), without an account or a cookie.

In: a token, and for a decision the page's own form. Out: pages in the person's language. Looking changes nothing,
whoever looks and how often; a decision is a POST with what the page itself handed out.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from flask import Blueprint, Response, current_app, make_response, render_template, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from rules.engine.snapshot import hides_cost
from rules.facts import approval as approvals
from rules.facts.event import Record
from rules.facts.project import Person, Project
from service.flow import answer
from service.flow.answer import Proof, Shown, UnknownLink
from service.links import hash_of, token_for
from service.state import Context
from service.store import attention
from service.store import links as kept_links
from service.store.database import Connection
from service.store.links import Link
from service.web import money, pages, words
from service.web.pages import Reader

client = Blueprint("client", __name__)
FORM_LASTS: Final = 12 * 3600
LONGEST_NAME: Final = 120
LONGEST_REMARK: Final = 4000
OUTCOMES: Final = ("approved", "rejected", "changes_requested")
_CLOSED: Final = {"expired": 410, "superseded": 410, "withdrawn": 410}


@client.get("/a/<token>")
def decision(token: str) -> Response:
    """What is asked, in the exact words; or what became of it."""
    try:
        shown = answer.show(pages.context(), token)
    except UnknownLink:
        return _nowhere(token)
    if _given(shown) is not None or shown.state != "open":
        return _closed(shown)
    return _page("decide", shown, 200, **_asking(token, shown, {}, {}))


@client.post("/a/<token>")
def decide(token: str) -> Response:
    """A decision: nonce of the page, the full name, the ticked statement, and a reason unless it is a yes."""
    context = pages.context()
    try:
        shown = answer.show(context, token)
    except UnknownLink:
        return _nowhere(token)
    fresh = shown.state == "open" and _given(shown) is None
    # Where a decision stands, nothing is recorded any more: the form's own token guards only what is still open.
    if fresh and not _is_ours(token, shown, request.form.get("nonce", "")):
        return _page("closed", shown, 400, kind="stale", decision=None)
    given, errors = _read(shown)
    if errors and fresh:
        return _page("decide", shown, 422, **_asking(token, shown, given, errors))
    if given["decision"] not in OUTCOMES:
        return _closed(shown)
    return _answered(context, token, given)


@client.get("/c/<token>")
def project(token: str) -> Response:
    """Where the project stands, for one person of the client: money or progress, dates, changes, what waits."""
    context = pages.context()
    with context.database.reading() as connection:
        link = kept_links.find(connection, hash_of(token))
        if link is None or not _opens(context, link, "project"):
            return _nowhere(token)
        found = context.rulebook.workspace.projects[link.subject]
        person = context.rulebook.workspace.people[link.person]
        values = project_values(context, connection, found, person, pages.reader_for(person))
    return make_response(render_template("client/project.html", **values))


def project_values(
    context: Context, connection: Connection, project: Project, person: Person | None, seen: Reader
) -> dict[str, Any]:
    """What the client's project page shows; without a person, as the team looks at it."""
    figures = context.figures(connection, project.id)
    plan = sorted(attention.records_of(connection, "milestone", [project.id]), key=lambda m: m["due"])
    changes = attention.records_of(connection, "change", [project.id])
    spend = figures.budget if not hides_cost(project) else None
    waits = _waiting(context, connection, project, person, seen)
    return {
        **_frame(context, seen, project),
        "found": project,
        "waits": waits,
        "bar": money.bar_of(money.standing_of(spend)) if spend else None,
        "sentence": money.sentence_for_client(seen, figures) if spend else "",
        "money_hidden": project.billing_kind == "fixed_price" and project.client_sees != "nothing",
        "progress": _progress(plan) if project.client_sees != "nothing" else None,
        "milestones": [m for m in plan if m["status"] != "cancelled"],
        "changes": [
            c for c in changes if c["status"] not in ("draft", "assessed", "internally_approved", "withdrawn")
        ],
        "preview": person is None,
    }


def _answered(context: Context, token: str, given: dict[str, str]) -> Response:
    """Commit the decision and show what it came to."""
    proof = Proof(
        name=given["name"],
        statement=given["statement"],
        channel="online",
        address=_address(),
        agent=request.headers.get("User-Agent", "")[:400] or None,
    )
    made = answer.answer(context, token, given["decision"], given["reason"] or None, proof)
    if made.outcome == "recorded":
        return _page("decided", made.shown, 200, **_receipt(made.shown))
    if made.outcome == "same":
        return _page("decided", made.shown, 200, same=True, **_receipt(made.shown))
    if made.outcome == "conflict":
        return _page("closed", made.shown, 409, kind="differs", decision=_standing(made.shown))
    if made.outcome == "not_asked":
        return _nowhere(token)
    return _closed(made.shown)


def _closed(shown: Shown) -> Response:
    """A page on which nothing can be decided: this person has decided, others have, or it is over."""
    own = _given(shown)
    if own is not None:
        return _page("decided", shown, 200, same=True, **_receipt(shown))
    if shown.state == "decided":
        return _page("closed", shown, 200, kind="other", decision=shown.decision)
    return _page("closed", shown, _CLOSED.get(shown.state, 410), kind=shown.state, decision=None)


def _asking(token: str, shown: Shown, given: dict[str, str], errors: dict[str, str]) -> dict[str, Any]:
    return {"nonce": _nonce(token, shown), "given": given, "errors": errors, "statement": _statement(shown)}


def _read(shown: Shown) -> tuple[dict[str, str], dict[str, str]]:
    """The form as typed, and what is wrong with it."""
    seen = _reader(shown)
    given = {
        "decision": request.form.get("decision", ""),
        "name": " ".join(request.form.get("name", "").split())[:LONGEST_NAME],
        "reason": request.form.get("reason", "").strip()[:LONGEST_REMARK],
        "ticked": request.form.get("statement", ""),
        "statement": _statement(shown),
    }
    errors: dict[str, str] = {}
    if given["decision"] not in OUTCOMES:
        errors["decision"] = seen.t("client.decide.need_decision")
    elif given["decision"] != "approved" and not given["reason"]:
        errors["reason"] = seen.t("client.decide.need_reason")
    if len(given["name"]) < 2:
        errors["name"] = seen.t("client.decide.need_name")
    if given["ticked"] != "yes":
        errors["statement"] = seen.t("client.decide.need_statement")
    return given, errors


# --- the form's own token ---------------------------------------------------------------------------------------


def _nonce(token: str, shown: Shown) -> str:
    """Proves that a form came from this page of this link with this very text. Nothing is kept."""
    return _signer().dumps([hash_of(token), shown.text_sha256])


def _is_ours(token: str, shown: Shown, nonce: str) -> bool:
    try:
        said = _signer().loads(nonce, max_age=FORM_LASTS)
    except BadSignature:
        return False
    return bool(said == [hash_of(token), shown.text_sha256])


def _signer() -> URLSafeTimedSerializer:
    context: Context = current_app.extensions["accord"].context
    return URLSafeTimedSerializer(context.settings.secret_key, salt="client-form")


# --- what pages show --------------------------------------------------------------------------------------------


def _page(template: str, shown: Shown, status: int, /, **values: Any) -> Response:
    context = pages.context()
    seen = _reader(shown)
    found = context.rulebook.workspace.projects[shown.approval["project"]]
    person = context.rulebook.workspace.people.get(shown.person)
    text = render_template(
        f"client/{template}.html",
        **_frame(context, seen, found),
        shown=shown,
        approval=shown.approval,
        subject=shown.subject,
        what=words.about(seen, shown.approval, shown.subject),
        person=person,
        client=context.rulebook.workspace.clients[found.client].name,
        given_count=approvals.given(shown.approval),
        needed=approvals.needed(shown.approval),
        figures=_effects(seen, shown),
        clause=found.deemed_clause if shown.approval.get("about") == "milestone" else None,
        **values,
    )
    answer = make_response(text, status)
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def _frame(context: Context, seen: Reader, project: Project) -> dict[str, Any]:
    """What the frame of a client's page needs."""
    workspace = context.rulebook.workspace
    lead = workspace.people.get(project.lead)
    return {
        "t": seen.t,
        "fmt": seen.fmt,
        "locale": seen.locale,
        "sender": workspace.name,
        "project": {"name": project.name},
        "lead": lead,
    }


def _effects(seen: Reader, shown: Shown) -> list[tuple[str, ...]]:
    """What a change does to money and dates, as figures."""
    change = shown.subject
    if shown.approval.get("about") != "change" or change is None:
        return []
    found: list[tuple[str, ...]] = []
    amount, total, days = change.get("amount"), change.get("new_total"), change.get("days")
    if amount is not None:
        then = f"{seen.t('client.decide.budget_then')} {seen.fmt.amount(total)}" if total is not None else ""
        shown_amount = (
            seen.fmt.signed_money(amount.amount, amount.currency)
            if amount
            else seen.t("client.decide.no_cost")
        )
        found.append((seen.t("client.decide.effect_money"), shown_amount, then))
    if days is not None:
        sign = "−" if days < 0 else "+"
        span = seen.t("words.working_days", count=abs(days))
        moved = [
            f"{m['title']}: {seen.fmt.day(m['due'])} → {seen.fmt.day(m['new_due'])}"
            for m in change.get("_moves") or ()
        ]
        said = f"{sign} {span}" if days else seen.t("client.decide.no_days")
        found.append((seen.t("client.decide.effect_time"), said, "; ".join(moved)))
    return found


def _receipt(shown: Shown) -> dict[str, Any]:
    """The confirmation of this person's own decision, with the fingerprint of its evidence."""
    approval = shown.approval
    with pages.context().database.reading() as connection:
        kept = attention.evidence_of(connection, approval["project"], approval["id"])
    chain = [e for e in kept if e["record"].get("person") == shown.person]
    return {"own": _given(shown) or {}, "entry": chain[-1] if chain else None}


def _waiting(
    context: Context, connection: Connection, project: Project, person: Person | None, seen: Reader
) -> list[dict[str, Any]]:
    """The decisions that wait for this person, each with their own address."""
    found = []
    for a in attention.records_of(connection, "approval", [project.id]):
        if a["status"] != "sent" or (a.get("expires_at") and a["expires_at"] <= seen.fmt.now):
            continue
        if a.get("about") == "expense" or (person is not None and not _is_open_for(a, person)):
            continue
        subject = attention.record(connection, str(a.get("about")), str(a.get("subject")))
        found.append(
            {
                "says": words.question(seen, a, subject),
                "due": a.get("expires_on"),
                "href": _own_address(context, connection, a, person) if person else None,
            }
        )
    return found


def _is_open_for(approval: Record, person: Person) -> bool:
    return person.id in approval["asked"] and all(
        d["person"] != person.id for d in approval.get("decisions", ())
    )


def _own_address(context: Context, connection: Connection, approval: Record, person: Person) -> str | None:
    """The path of this person's own decision page, where they were sent a link that still opens it."""
    serial = kept_links.serial_of(connection, "approval", approval["id"], person.id)
    version = int(approval.get("version", 1))
    if not serial:
        return None
    link = Link("approval", approval["id"], version, person.id, serial, None, revoked=False)
    token = token_for(context.settings.secret_key, link)
    kept = kept_links.find(connection, hash_of(token))
    return f"/a/{token}" if kept is not None and not kept.revoked else None


def _progress(plan: list[Record]) -> Decimal | None:
    """The accepted share of the milestones' weight; none where there is no weight."""
    counted = [m for m in plan if m["status"] != "cancelled"]
    whole = sum((Decimal(m.get("weight") or 0) for m in counted), Decimal(0))
    done = sum(
        (Decimal(m.get("weight") or 0) for m in counted if m["status"] in ("accepted", "deemed_accepted")),
        Decimal(0),
    )
    return done / whole if whole else None


def _nowhere(token: str) -> Response:
    """A link that leads nowhere, or no longer."""
    context, seen = pages.context(), pages.reader()
    with context.database.reading() as connection:
        link = kept_links.find(connection, hash_of(token))
    kind = "revoked" if link is not None and link.kind in ("approval", "project") else "not_found"
    text = render_template("client/nowhere.html", **_stranger(context, seen), kind=kind)
    return make_response(text, 404)


def _stranger(context: Context, seen: Reader) -> dict[str, Any]:
    return {
        "t": seen.t,
        "fmt": seen.fmt,
        "locale": seen.locale,
        "sender": context.rulebook.workspace.name,
        "project": {"name": ""},
    }


def _opens(context: Context, link: Link, kind: str) -> bool:
    """Whether the link opens something of that kind that is still there, for somebody who is still there."""
    workspace = context.rulebook.workspace
    over = link.revoked or (link.expires_at is not None and link.expires_at <= context.now())
    project, person = workspace.projects.get(link.subject), workspace.people.get(link.person)
    return (
        not over
        and link.kind == kind
        and project is not None
        and person is not None
        and person.client == project.client
    )


def _reader(shown: Shown) -> Reader:
    person = pages.context().rulebook.workspace.people.get(shown.person)
    return pages.reader_for(person) if person else pages.reader()


def _given(shown: Shown) -> Record | None:
    """What this person has decided, if they have."""
    return next((d for d in shown.approval.get("decisions", ()) if d["person"] == shown.person), None)


def _standing(shown: Shown) -> Record | None:
    return _given(shown) or shown.decision


def _statement(shown: Shown) -> str:
    """The statement that is ticked, word for word as it is kept as evidence."""
    context = pages.context()
    found = context.rulebook.workspace.projects[shown.approval["project"]]
    return _reader(shown).t(
        "client.decide.statement", client=context.rulebook.workspace.clients[found.client].name
    )


def _address() -> str | None:
    """Where the decision came from: the caller, and whom a proxy says it speaks for."""
    through = request.headers.get("X-Forwarded-For", "")[:200]
    return f"{request.remote_addr} (for {through})" if through else request.remote_addr
