"""Versions of the rules: what was in force when, what each edit changed, what was refused, and the way back.

In: `/rules/versions`, `/rules/versions/<version>`, `/rules/versions/<version>/back`. Out: the turns, newest first; one
version held against the one before it; and going back, after a look at what that changes, with a reason, on record.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from flask import Blueprint, current_app, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as Answer

from rules.cards import Edit, edits
from rules.language.model import Problem, RuleSet
from service.rulebook import Sources
from service.versions import (
    DoesNotFit,
    NoSuchVersion,
    Turn,
    before,
    fitting,
    in_force,
    roll_back,
    sources_of,
    turns,
)
from service.web import auth, pages

room = Blueprint("rule_versions", __name__)
LONGEST: Final = 500
MOST: Final = 50
MOST_EDITS: Final = 60


@room.get("/rules/versions")
def index() -> str:
    """What was in force since when, newest first, and the edits that were refused."""
    context = pages.context()
    with context.database.reading() as connection:
        found = turns(connection, MOST)
    live = _live(found)
    rows = [_row(turn, turn is live) for turn in found]
    return pages.page("rule_versions", "rules", rows=rows, done=request.args.get("done"))


@room.get("/rules/versions/<version>")
def one(version: str) -> str:
    """One version: what it changed in the one before it."""
    context, seen = pages.context(), pages.reader()
    with context.database.reading() as connection:
        name, sources = _kept(version)
        found = turns(connection, MOST)
    turn = next((t for t in found if t.version == name and t.kind != "refused"), None)
    if turn is None:
        raise NotFound
    here, problems = _compiled(sources)
    former = before(found, turn)
    old = context.rulebook.of(former) if former else None
    made = list(edits(old, here, context.rulebook.workspace, seen.locale)) if old and here else []
    return pages.page(
        "rule_version",
        "rules",
        row=_row(turn, turn is _live(found)),
        former=former,
        edits=made[:MOST_EDITS],
        hidden=max(0, len(made) - MOST_EDITS),
        count=len(here.rules) if here else 0,
        problems=problems,
        live=name == context.rulebook.rules.version,
    )


@room.get("/rules/versions/<version>/back")
@auth.needs("send")
def back(version: str) -> str:
    """What going back would change, before it is done."""
    return _asking(version)


@room.post("/rules/versions/<version>/back")
@auth.needs("send")
def go_back(version: str) -> Answer | str | tuple[str, int]:
    """Write the files of that version back, with who and why on record."""
    context, seen = pages.context(), pages.reader()
    name, sources = _kept(version)
    reason = request.form.get("reason", "").strip()[:LONGEST]
    if not reason:
        return _asking(version, wrong={"reason": seen.t("rules.versions.need_reason")}), 422
    if _compiled(sources)[0] is None:
        return _asking(version), 422
    user = auth.signed_in()
    with context.database.reading() as connection:
        former = in_force(connection)
    turn = Turn("rolled_back", name, context.now(), by=user.email if user else "", reason=reason)
    place = (context.settings.home, context.settings.var)
    try:
        roll_back(context.database, place, sources, turn, former)
    except OSError as error:
        where = str(error.filename or context.settings.home)
        said = seen.t("rules.versions.not_written", where=where, why=error.strerror or "")
        return _asking(version, wrong={"reason": said}, reason=reason), 409
    current_app.extensions["accord"].context.rulebook.refresh()
    return redirect("/rules/versions?done=1", 303)


def _asking(version: str, wrong: dict[str, str] | None = None, reason: str = "") -> str:
    context, seen = pages.context(), pages.reader()
    name, sources = _kept(version)
    there, problems = _compiled(sources)
    now = context.rulebook.rules
    made = list(edits(now, there, context.rulebook.workspace, seen.locale)) if there else []
    return pages.page(
        "rule_version_back",
        "rules",
        version=name,
        edits=made[:MOST_EDITS],
        hidden=max(0, len(made) - MOST_EDITS),
        counts=_counts(made),
        files=len(sources.rules) + len(sources.texts),
        problems=problems,
        same=there is not None and there.version == now.version and not context.rulebook.refused,
        wrong=wrong or {},
        reason=reason,
    )


def _kept(version: str) -> tuple[str, Sources]:
    try:
        with pages.context().database.reading() as connection:
            return sources_of(connection, version)
    except NoSuchVersion:
        raise NotFound from None


def _compiled(sources: Sources) -> tuple[RuleSet | None, list[Problem]]:
    """The rule set of these texts today, or what keeps it from being one."""
    try:
        return fitting(sources, pages.context().rulebook), []
    except DoesNotFit as broken:
        return None, broken.problems


def _live(found: list[Turn]) -> Turn | None:
    """The turn that put in force what is in force now."""
    version = pages.context().rulebook.rules.version
    return next((turn for turn in found if turn.version == version and turn.kind != "refused"), None)


def _row(turn: Turn, live: bool) -> dict[str, Any]:
    """A turn as a row: what it did in a sentence, when, by whom and why."""
    return {
        "says": _says(turn),
        "href": "/rules" if turn.kind == "refused" else f"/rules/versions/{turn.version}",
        "turn": turn,
        "live": live,
        "reset": ", ".join(turn.changes.get("reset", ())),
    }


def _says(turn: Turn) -> str:
    seen = pages.reader()
    if turn.kind == "refused":
        return seen.t("rules.versions.refused", count=len(turn.problems))
    if turn.kind == "first":
        return seen.t("rules.versions.first")
    counts = [
        seen.t(f"rules.versions.{word}", count=len(ids))
        for word in ("changed", "added", "removed")
        if (ids := turn.changes.get(word))
    ]
    said = seen.t("words.and_then").join(counts)
    if turn.kind == "rolled_back":
        back = seen.t("rules.versions.went_back", version=turn.version[:8])
        return f"{back}{seen.t('words.aside', text=said)}" if said else back
    return said or seen.t("rules.versions.nothing_said")


def _counts(made: Iterable[Edit]) -> dict[str, int]:
    """How many rules each of it touches."""
    found = {"changed": 0, "added": 0, "removed": 0, "reset": 0}
    for edit in made:
        found[edit.kind] += 1
        found["reset"] += edit.reset
    return found
