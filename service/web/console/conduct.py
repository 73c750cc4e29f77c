"""How a project is run: health, risks, suppliers, talk, complaints, findings, surveys, and the closing, on two pages.

In: `/projects/<id>/conduct` and `/projects/<id>/closing`. Out: the pages; what people say on them goes through the
forms of `conduct_forms`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from flask import Blueprint, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as Answer

from rules.engine import condition
from rules.engine.derived import item_today, supplier_today
from rules.engine.effects import closing as ends
from rules.engine.findings import findings
from rules.engine.state import State
from rules.facts import audit
from rules.facts.action_item import OVER
from rules.facts.calendar import local_day
from rules.facts.duration import Duration
from rules.facts.event import Record
from rules.facts.health import Reason
from rules.facts.project import Project
from rules.facts.readiness import missing
from rules.facts.survey import FEWEST_OF_TEAM, satisfaction, team_pulse
from service.flow import conduct
from service.store import attention, records
from service.store.database import Connection
from service.web import auth, pages, words
from service.web.console.projects import known
from service.web.pages import Reader

room = Blueprint("conduct", __name__)
SHOWN: Final = 50
_HASH: Final = re.compile(r"sha256:([0-9a-f]{64})")
# How the files begin that people keep as receipts, and the ending that opens them.
_KINDS: Final = {b"%PDF": "pdf", b"\x89PNG": "png", b"\xff\xd8\xff": "jpg"}


@room.get("/projects/<id>/conduct")
def one(id: str) -> str:
    """What keeps the project from being well, and what was said about it."""
    context, seen = pages.context(), pages.reader()
    project, workspace = known(id), context.rulebook.workspace
    today = local_day(seen.fmt.now, project.time_zone)
    with context.database.reading() as connection:
        figures = context.figures(connection, id)
        state = context.state(connection)
        kept = state.book.get("project", id) or {}
        colour, reasons = condition.health_of(
            project, state.book, workspace, today, (figures.budget, figures.forecast)
        )
        surveys = attention.records_of(connection, "survey", [id])
        gaps = missing(project, approver=bool(workspace.holders("approver", project, today)))
        values = _on_record(connection, project, state)
    return pages.page(
        "conduct",
        "projects",
        project=id,
        found=project,
        status=figures.status,
        weeks=figures.workload,
        hours=lambda length: _hours(seen, length),
        colour=colour,
        reasons=[_worded(seen, r) for r in reasons],
        since=condition.days_since_contact(project, kept, today),
        silent=condition.contact_overdue(project, kept, workspace, today),
        gaps=[g.says for g in gaps],
        unplanned=[i.rpartition("/")[2] for i in kept.get("_unplanned") or ()],
        satisfaction=satisfaction(surveys),
        pulse=team_pulse(surveys),
        fewest=FEWEST_OF_TEAM,
        answers=_answers(surveys),
        name=lambda key: words.person(workspace, key),
        entry=_papers(project),
        apart=lambda finding: words.apart(seen, finding),
        said=request.args.get("said"),
        **values,
    )


@room.get("/projects/<id>/closing")
def closing(id: str) -> str:
    """How the project went, by numbers; before it is being closed as of now."""
    context = pages.context()
    project, workspace = known(id), context.rulebook.workspace
    with context.database.reading() as connection:
        kept = attention.record(connection, "closing", id)
        state = context.state(connection)
        figures = kept or ends.figures(project, state.book, workspace)
        items = [i for i in state.book.find("action_item", id) if i.get("kind") == "improvement"]
        improvements = [item_today(i, state.book, state) for i in items]
    return pages.page(
        "closing",
        "projects",
        project=id,
        found=project,
        kept=kept,
        card=figures["scorecard"],
        retro=figures["retrospective"],
        pulse=figures["team_pulse"],
        fewest=FEWEST_OF_TEAM,
        improvements=sorted(improvements, key=lambda i: (i["status"] in OVER, str(i.get("due")))),
        name=lambda key: words.person(workspace, key),
        said=request.args.get("said"),
    )


@room.post("/projects/<id>/audit")
@auth.needs("change")
def look_through(id: str) -> Answer:
    """An audit of a period, now."""
    project = known(id)
    try:
        conduct.run_audit(pages.context(), project, request.form.get("period") or None, _email())
    except audit.BadPeriod:
        return redirect(f"/projects/{id}/conduct?said=period#findings", 303)
    return redirect(f"/projects/{id}/conduct?said=audit#findings", 303)


@room.post("/projects/<id>/surveys")
@auth.needs("send")
def ask(id: str) -> Answer:
    """Ask the client or the team how it goes."""
    project = known(id)
    party = "team" if request.form.get("party") == "team" else "client"
    kind = "closing" if request.form.get("kind") == "closing" and party == "client" else "pulse"
    conduct.send_surveys(pages.context(), project, kind, party, _email())
    return redirect(f"/projects/{id}/conduct?said=asked#surveys", 303)


@room.get("/projects/<id>/receipts/<path:entry>")
def receipt(id: str, entry: str) -> Answer:
    """The receipt of an entry of the project as a file to keep: never shown in place, whatever it holds."""
    project = known(id)
    with pages.context().database.reading() as connection:
        found = attention.record(connection, "entry", entry[:400])
    if found is None or found.get("project") != project.id:
        raise NotFound
    named = _HASH.fullmatch(str(found.get("receipt") or ""))
    place = pages.context().settings.var / "attachments" / named[1] if named else None
    if place is None or not place.is_file():
        raise NotFound
    content = place.read_bytes()
    ending = next((end for start, end in _KINDS.items() if content.startswith(start)), "bin")
    name = f"{project.id}-{place.name[:12]}.{ending}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
    }
    return Answer(content, mimetype="application/octet-stream", headers=headers)


def _on_record(connection: Connection, project: Project, state: State) -> dict[str, Any]:
    """What was said about the project, each kind in the order in which it is read."""
    of = _Rows(connection, project)
    return {
        "suppliers": [
            supplier_today(s, state.book, state)
            for s in sorted(
                of.rows("supplier"), key=lambda s: (s["status"] != "promised", str(s["promised"]))
            )
        ],
        "risks": sorted(of.rows("risk"), key=lambda r: (r["status"] == "closed", -int(r.get("score") or 0))),
        "complaints": of.rows("complaint"),
        "findings": [*({**_BARE, **f} for f in findings(project, state.book)), *of.rows("finding")],
        "meetings": sorted(of.rows("meeting"), key=lambda m: m["at"], reverse=True),
        "contacts": sorted(of.rows("contact"), key=lambda c: c["at"], reverse=True)[:20],
        "audits": records.page(connection, "audit", project=project.id, limit=4),
    }


# What a finding about two truths has not: papers, a day, a reason.
_BARE: Final = dict.fromkeys(("paper", "line", "paid_to", "limit", "sum", "due", "reason"))


class _Rows:
    """Records of the project by kind, the latest touched first."""

    def __init__(self, connection: Connection, project: Project) -> None:
        self._connection, self._project = connection, project

    def rows(self, kind: str) -> list[Record]:
        return records.page(self._connection, kind, project=self._project.id, limit=SHOWN)


def _hours(seen: Reader, length: Duration) -> str:
    return seen.t("retainer.hours", figure=seen.fmt.number(Decimal(length.seconds) / 3600, 1))


def _worded(seen: Reader, reason: Reason) -> dict[str, str]:
    return {"says": seen.t(f"conduct.reasons.{reason.what}", of=reason.of), "colour": reason.colour}


def _answers(surveys: list[Record]) -> list[Record]:
    """The client's answers, the latest first; those of the team are shown to nobody one by one."""
    given = [s for s in surveys if s.get("score") is not None and s.get("party", "client") == "client"]
    return sorted(given, key=lambda s: s["answered_at"], reverse=True)[:20]


def _papers(project: Project) -> Any:
    """Gives the name of an entry of a finding."""
    context = pages.context()

    def name(id: str) -> str:
        with context.database.reading() as connection:
            found: Mapping[str, Any] | None = attention.record(connection, "entry", id)
        return words.named(found) or id if found and found.get("project") == project.id else id

    return name


def _email() -> str:
    user = auth.signed_in()
    return user.email if user else ""
