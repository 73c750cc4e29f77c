"""The clients' pages: one decision (`/a/<token>`) and one project (`/c/<token>`), without an account or a cookie.

In: a token, and for a decision the page's own form. Out: pages in the person's language. Looking changes nothing,
whoever looks and how often; a decision is a POST with what the page itself handed out.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, make_response, render_template, request

from rules.facts import approval as approvals
from rules.facts.action_item import OPEN as OPEN_ITEMS
from rules.facts.event import Record, digest
from service import links
from service.flow import answer, prove, steer
from service.flow.answer import Proof, Shown
from service.links import PATHS, UnknownLink
from service.signing import own_fingerprint
from service.state import Context
from service.store import attention
from service.store.database import Connection
from service.store.links import Link
from service.web import nonces, pages, words
from service.web.client_project import frame, project_values
from service.web.pages import Reader

client = Blueprint("client", __name__)
LONGEST_NAME: Final = 120
LONGEST_REMARK: Final = 4000
LONGEST_CODE: Final = 40
OUTCOMES: Final = ("approved", "rejected", "changes_requested")
_CLOSED: Final = {"expired": 410, "superseded": 410, "withdrawn": 410}


@client.get("/a/<token>")
def decision(token: str) -> Response:
    """What is asked, in the exact words; or what became of it."""
    try:
        shown = answer.show(pages.context(), token)
    except UnknownLink:
        return nowhere(token)
    if _given(shown) is not None or shown.state != "open":
        return _closed(shown, token)
    return _page("decide", shown, 200, **_asking(token, shown, {}, {}))


@client.post("/a/<token>")
def decide(token: str) -> Response:
    """A decision: nonce of the page, the full name, the ticked statement, and a reason unless it is a yes."""
    context = pages.context()
    try:
        shown = answer.show(context, token)
    except UnknownLink:
        return nowhere(token)
    fresh = shown.state == "open" and _given(shown) is None
    if request.form.get("ask") == "new" and shown.state == "expired" and _given(shown) is None:
        return _asked_anew(context, token, shown)
    # Where a decision stands, nothing is recorded any more: the form's own token guards only what is still open.
    if fresh and not nonces.is_ours(token, shown.text_sha256, request.form.get("nonce", "")):
        return _page("closed", shown, 400, kind="stale", decision=None)
    given, errors = _read(shown)
    if fresh and request.form.get("ask") == "code" and shown.approval.get("_code"):
        return _code_sent(context, token, shown, given)
    if errors and fresh:
        return _page("decide", shown, 422, **_asking(token, shown, given, errors))
    if given["decision"] not in OUTCOMES:
        return _closed(shown)
    return _answered(context, token, given)


@client.get("/c/<token>")
def project(token: str) -> Response:
    """Where the project stands, for one person of the client: money or progress, dates, changes, what waits."""
    return _project_page(token, 200)


@client.post("/c/<token>")
def answered(token: str) -> Response:
    """Somebody of the client says that what was asked of them is done; what they write goes to the team."""
    context = pages.context()
    with context.database.reading() as connection:
        link = links.find(connection, context.settings, token)
        if link is None or not _opens(context, link, "project"):
            return nowhere(token)
        found = context.rulebook.workspace.projects[link.subject]
        person = context.rulebook.workspace.people[link.person]
        item = attention.record(connection, "action_item", request.form.get("item", "")[:200])
    if item is None or item["project"] != found.id or item["party"] != "client":
        return _project_page(token, 404)
    if not nonces.is_ours(token, item["id"], request.form.get("nonce", "")):
        return _project_page(token, 400)
    if item["status"] in OPEN_ITEMS:
        remark = request.form.get("remark", "").strip()[:LONGEST_REMARK]
        steer.end_item(
            context,
            found,
            item["id"],
            "answered",
            {"remark": remark or None, "answered_by": person.id},
            person.email,
        )
    return _project_page(token, 200, answered=item["title"])


def _project_page(token: str, status: int, **more: Any) -> Response:
    context = pages.context()
    with context.database.reading() as connection:
        link = links.find(connection, context.settings, token)
        if link is None or not _opens(context, link, "project"):
            return nowhere(token)
        found = context.rulebook.workspace.projects[link.subject]
        person = context.rulebook.workspace.people[link.person]
        values = project_values(context, connection, found, person, pages.reader_for(person))
    for item in values["items"]:
        item["nonce"] = nonces.nonce(token, item["id"])
        item["sent"] = item["title"] == more.get("answered")
    answer = make_response(
        render_template(
            "client/project.html", **values, **more, stale=status == 400, open_until=link.expires_at
        ),
        status,
    )
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def _answered(context: Context, token: str, given: dict[str, str]) -> Response:
    """Commit the decision and show what it came to."""
    proof = Proof(
        name=given["name"],
        statement=given["statement"],
        channel="online",
        address=_address(),
        agent=request.headers.get("User-Agent", "")[:400] or None,
        code=given["code"],
    )
    made = answer.answer(context, token, given["decision"], given["reason"] or None, proof)
    if made.outcome == "unproved":
        errors = {"code": _reader(made.shown).t(f"client.decide.code_{made.proved}")}
        return _page("decide", made.shown, 422, **_asking(token, made.shown, given, errors))
    if made.outcome == "recorded":
        return _page("decided", made.shown, 200, **_receipt(made.shown))
    if made.outcome == "same":
        return _page("decided", made.shown, 200, same=True, **_receipt(made.shown))
    if made.outcome == "conflict":
        return _page("closed", made.shown, 409, kind="differs", decision=_standing(made.shown))
    if made.outcome == "not_asked":
        return nowhere(token)
    return _closed(made.shown)


def _asked_anew(context: Context, token: str, shown: Shown) -> Response:
    """The time to decide is over, and this person wants to: the lead gets a task, once, and sends a new link."""
    if not nonces.is_ours(token, shown.text_sha256, request.form.get("nonce", "")):
        return _page("closed", shown, 400, kind="stale", decision=None)
    workspace, approval = context.rulebook.workspace, shown.approval
    project, person = workspace.projects[approval["project"]], workspace.people[shown.person]
    lead = workspace.people.get(project.lead)
    seen = pages.reader_for(lead) if lead else pages.reader()
    what = words.about(seen, approval, shown.subject)
    title = seen.t("approvals.asks_new_link", name=person.name, project=project.name, what=what)
    task = "tsk_" + digest("new link", approval["id"], shown.person)
    steer.open_task(context, project, task, title, person.email)
    return _page("closed", shown, 200, kind="expired", decision=None, asked=True)


def _code_sent(context: Context, token: str, shown: Shown, given: dict[str, str]) -> Response:
    """A code is on its way to this person; what they filled in stays."""
    seen, person = _reader(shown), context.rulebook.workspace.people.get(shown.person)
    if person is None:
        return nowhere(token)
    what = words.about(seen, shown.approval, shown.subject)
    sent = prove.send_code(context, shown.approval, person, what)
    status = 200 if sent == "sent" else 429
    return _page("decide", shown, status, **{**_asking(token, shown, given, {}), "sent": sent})


def _closed(shown: Shown, token: str | None = None) -> Response:
    """A page on which nothing can be decided: this person has decided, others have, or it is over."""
    own = _given(shown)
    if own is not None:
        return _page("decided", shown, 200, same=True, **_receipt(shown))
    if shown.state == "decided":
        return _page("closed", shown, 200, kind="other", decision=shown.decision)
    nonce = nonces.nonce(token, shown.text_sha256) if token and shown.state == "expired" else None
    return _page("closed", shown, _CLOSED.get(shown.state, 410), kind=shown.state, decision=None, nonce=nonce)


def _asking(token: str, shown: Shown, given: dict[str, str], errors: dict[str, str]) -> dict[str, Any]:
    return {
        "nonce": nonces.nonce(token, shown.text_sha256),
        "given": given,
        "errors": errors,
        "statement": _statement(shown),
        "code": bool(shown.approval.get("_code")),
        "sent": None,
    }


def _read(shown: Shown) -> tuple[dict[str, str], dict[str, str]]:
    """The form as typed, and what is wrong with it."""
    seen = _reader(shown)
    given = {
        "decision": request.form.get("decision", ""),
        "name": " ".join(request.form.get("name", "").split())[:LONGEST_NAME],
        "reason": request.form.get("reason", "").strip()[:LONGEST_REMARK],
        "ticked": request.form.get("statement", ""),
        "code": request.form.get("code", "")[:LONGEST_CODE],
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


# --- what pages show --------------------------------------------------------------------------------------------


def _page(template: str, shown: Shown, status: int, /, **values: Any) -> Response:
    context = pages.context()
    seen = _reader(shown)
    found = context.rulebook.workspace.projects[shown.approval["project"]]
    person = context.rulebook.workspace.people.get(shown.person)
    text = render_template(
        f"client/{template}.html",
        **frame(context, seen, found),
        shown=shown,
        approval=shown.approval,
        subject=shown.subject,
        what=words.about(seen, shown.approval, shown.subject),
        person=person,
        client=context.rulebook.workspace.clients[found.client].name,
        given_count=approvals.given(shown.approval),
        needed=approvals.needed(shown.approval),
        figures=_effects(seen, shown),
        open_until=shown.open_until,
        clause=found.deemed_clause if shown.approval.get("about") == "milestone" else None,
        **values,
    )
    answer = make_response(text, status)
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


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
    key = own_fingerprint(pages.context().settings.var)
    return {"own": _given(shown) or {}, "entry": chain[-1] if chain else None, "key": key}


def nowhere(token: str) -> Response:
    """A link that leads nowhere, or no longer: it says whom to ask, and nothing of what it opened."""
    context = pages.context()
    with context.database.reading() as connection:
        link = links.find(connection, context.settings, token)
        if link is not None and link.kind in PATHS and not link.revoked and link.over(context.now()):
            return _ended(context, connection, link)
    kind = "revoked" if link is not None and link.kind in PATHS else "not_found"
    seen = pages.reader()
    return make_response(
        render_template("client/nowhere.html", **_stranger(context, seen), kind=kind, lead=None), 404
    )


def _ended(context: Context, connection: Connection, link: Link) -> Response:
    """The time of a link is over: since when, and who gives a new one."""
    workspace = context.rulebook.workspace
    about = {} if link.kind == "project" else attention.record(connection, link.kind, link.subject) or {}
    project = workspace.projects.get(str(about.get("project", link.subject)))
    person = workspace.people.get(link.person)
    seen = pages.reader_for(person) if person else pages.reader()
    text = render_template(
        "client/nowhere.html",
        **_stranger(context, seen),
        kind="ended",
        day=link.expires_at,
        lead=workspace.people.get(project.lead) if project else None,
    )
    return make_response(text, 410)


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
    project, person = workspace.projects.get(link.subject), workspace.people.get(link.person)
    return (
        not link.over(context.now())
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
