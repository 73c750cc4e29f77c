"""Pages on which somebody outside answers without an account: a survey (`/s/<token>`), minutes (`/m/<token>`).

In: a token, and the page's own form. Out: pages in the person's language. Looking changes nothing, whoever looks; an
answer is a POST with what the page itself handed out.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, make_response, render_template, request

from rules.facts.survey import SCALES
from service.flow import respond
from service.flow.respond import Asked
from service.links import UnknownLink
from service.web import nonces, pages
from service.web.client import nowhere
from service.web.client_project import frame

asked = Blueprint("asked", __name__)
LONGEST: Final = 4000


@asked.get("/s/<token>")
def survey(token: str) -> Response:
    """One set of questions, with the scales in words."""
    try:
        shown = respond.show(pages.context(), "survey", token)
    except UnknownLink:
        return nowhere(token)
    if shown.state != "open":
        return _over(shown)
    return _survey(token, shown, {}, {}, 200)


@asked.post("/s/<token>")
def answered(token: str) -> Response:
    """An answer: a score for each question, and what else there is to say."""
    context = pages.context()
    try:
        shown = respond.show(context, "survey", token)
        if shown.state != "open":
            return _over(shown)
        given = {kind: request.form.get(kind, "") for kind in shown.record["questions"]}
        remark = request.form.get("remark", "").strip()[:LONGEST]
        seen = pages.reader_for(shown.person)
        scores = {k: int(v) for k, v in given.items() if v.isascii() and v.isdecimal() and len(v) < 3}
        missing = {k: seen.t("ask.need") for k in given if not _on_scale(k, scores.get(k))}
        stale = not nonces.is_ours(token, shown.record["id"], request.form.get("nonce", ""))
        if missing or stale:
            errors = missing or {"remark": seen.t("ask.stale")}
            return _survey(token, shown, {**given, "remark": remark}, errors, 400 if stale else 422)
        done = respond.answer(context, token, scores, remark or None)
    except UnknownLink:
        return nowhere(token)
    return _page("thanks", done, 200, kind="thanks")


@asked.get("/m/<token>")
def minutes(token: str) -> Response:
    """The minutes of a meeting, and until when one can object."""
    try:
        shown = respond.show(pages.context(), "meeting", token)
    except UnknownLink:
        return nowhere(token)
    return _minutes(token, shown, "", {}, 200)


@asked.post("/m/<token>")
def objected(token: str) -> Response:
    """An objection, while there is time for it."""
    context = pages.context()
    try:
        shown = respond.show(context, "meeting", token)
        seen = pages.reader_for(shown.person)
        text = request.form.get("objection", "").strip()[:LONGEST]
        if shown.state != "open":
            return _minutes(token, shown, text, {}, 410)
        if not nonces.is_ours(token, shown.record["id"], request.form.get("nonce", "")):
            return _minutes(token, shown, text, {"objection": seen.t("ask.stale")}, 400)
        if not text:
            return _minutes(token, shown, text, {"objection": seen.t("ask.need_objection")}, 422)
        done = respond.object_to(context, token, text)
    except UnknownLink:
        return nowhere(token)
    return _page("thanks", done, 200, kind="objected")


def _survey(token: str, shown: Asked, given: dict[str, str], errors: dict[str, str], status: int) -> Response:
    kind = "closing" if len(shown.record["questions"]) > 1 else "pulse"
    questions = [
        {"kind": k, "scale": range(SCALES[k][0], SCALES[k][1] + 1)} for k in shown.record["questions"]
    ]
    values: dict[str, Any] = {"questions": questions, "given": given, "errors": errors, "kind": kind}
    return _page("survey", shown, status, nonce=nonces.nonce(token, shown.record["id"]), **values)


def _minutes(token: str, shown: Asked, text: str, errors: dict[str, str], status: int) -> Response:
    nonce = nonces.nonce(token, shown.record["id"])
    return _page("minutes", shown, status, nonce=nonce, given={"objection": text}, errors=errors)


def _over(shown: Asked) -> Response:
    kind = "answered" if shown.state == "answered" else "expired"
    return _page("thanks", shown, 200 if kind == "answered" else 410, kind=kind)


def _on_scale(kind: str, score: int | None) -> bool:
    low, high = SCALES[kind]
    return score is not None and low <= score <= high


def _page(template: str, shown: Asked, status: int, /, **values: Any) -> Response:
    seen = pages.reader_for(shown.person)
    text = render_template(
        f"client/{template}.html",
        **frame(pages.context(), seen, shown.project),
        record=shown.record,
        state=shown.state,
        open_until=shown.open_until,
        **values,
    )
    answer = make_response(text, status)
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer
