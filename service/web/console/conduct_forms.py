"""The forms of how a project is run: one description each, one page for all.

In: `/projects/<id>/conduct/<form>`, with `of` where the form is about something on record. Out: the form, and on POST
the event that it says. A form is a list of fields; what they say is checked here and nowhere else.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

from flask import Blueprint, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as Answer

from rules.facts.calendar import local_day, local_to_utc
from rules.facts.event import Record
from rules.facts.milestone import SETTLED
from rules.facts.project import Project
from rules.facts.risk import HIGHEST, KINDS, LOWEST, RESPONSES
from service.flow import conduct
from service.store import attention
from service.web import auth, pages, words
from service.web.console.changes import amount_of
from service.web.console.projects import known
from service.web.pages import Reader

room = Blueprint("conduct_forms", __name__)
LONGEST: Final = 2000
CHANNELS: Final = ("phone", "meeting", "chat", "mail")


class _Wrong(ValueError):
    """A field that cannot be read; the message is for the reader."""


@dataclass(frozen=True)
class Field:
    """One field: its name in the record, how it is shown, and whether it has to be filled.

    kind: text, area, date, clock, number, amount, choose, many, person or file.
    """

    name: str
    kind: str = "text"
    required: bool = True
    options: str = ""


@dataclass(frozen=True)
class Form:
    """One form. event: what it says; of: the kind of the record it is about; more: fields that it adds by itself.

    noun: the object of the event where it is not the event's family. back: the page to return to.
    """

    event: str
    fields: tuple[Field, ...] = ()
    of: str | None = None
    more: Callable[[Project, Record], Record] = lambda _project, _given: {}
    noun: str = ""
    back: str = "conduct"


_RISK: Final = (
    Field("title"),
    Field("kind", "choose", options="risk_kinds"),
    Field("score", "number"),
    Field("response", "choose", required=False, options="responses"),
    Field("owner", "person", options="team"),
    Field("review_on", "date", required=False),
    Field("plan", "area", required=False),
    Field("amount", "amount", required=False),
)
FORMS: Final[Mapping[str, Form]] = {
    "contact": Form(
        "contact.logged",
        (
            Field("channel", "choose", options="channels"),
            Field("with", "person", required=False, options="contacts"),
            Field("summary", "area", required=False),
        ),
    ),
    "meeting": Form(
        "meeting.planned",
        (
            Field("title"),
            Field("on", "date"),
            Field("clock", "clock"),
            Field("attendees", "many", options="everyone"),
        ),
        more=lambda project, given: {"at": _moment(project, given)},
    ),
    "held": Form("meeting.held", of="meeting"),
    "minutes": Form("minutes.sent", (Field("minutes", "area"),), of="meeting", noun="meeting"),
    "objection": Form("minutes.objected", (Field("objection", "area"),), of="meeting", noun="meeting"),
    "risk": Form("risk.opened", _RISK),
    "risk-change": Form("risk.changed", _RISK, of="risk"),
    "risk-happened": Form("risk.triggered", of="risk"),
    "risk-close": Form("risk.closed", (Field("reason", "area"),), of="risk"),
    "supplier": Form(
        "supplier.promised",
        (
            Field("name"),
            Field("title"),
            Field("promised", "date"),
            Field("order", required=False),
            Field("blocks", "many", required=False, options="milestones"),
            Field("owner", "person", options="team"),
        ),
    ),
    "supplier-promise": Form(
        "supplier.promised",
        (Field("promised", "date"), Field("remark", "area", required=False)),
        of="supplier",
    ),
    "supplier-delivered": Form("supplier.delivered", (Field("actual", "date"),), of="supplier"),
    "supplier-cancelled": Form("supplier.cancelled", (Field("remark", "area"),), of="supplier"),
    "complaint": Form(
        "complaint.opened",
        (
            Field("contact", "person", required=False, options="contacts"),
            Field("said", "area"),
            Field("owner", "person", options="team"),
        ),
    ),
    "complaint-resolve": Form("complaint.resolved", (Field("resolution", "area"),), of="complaint"),
    "finding-close": Form("finding.closed", (Field("reason", "area"),), of="finding"),
    "reason": Form("expense.reason_added", (Field("reason", "area"),), of="entry", noun="entry"),
    "receipt": Form("receipt.attached", (Field("receipt", "file"),), of="entry", noun="entry"),
    "improvement": Form(
        "action_item.opened",
        (Field("title"), Field("owner", "person", options="team"), Field("due", "date")),
        more=lambda _project, _given: {"kind": "improvement", "party": "team"},
        back="closing",
    ),
    "improvement-done": Form("action_item.done", of="action_item", back="closing"),
}


@room.get("/projects/<id>/conduct/<form>")
@auth.needs("change")
def show(id: str, form: str) -> str:
    """The form, filled with what is on record."""
    project, found = known(id), _form(form)
    record = _record(project, found)
    given = {f.name: _typed(record.get(f.name)) for f in found.fields if record}
    return _page(project, form, found, record, given, {})


@room.post("/projects/<id>/conduct/<form>")
@auth.needs("change")
def save(id: str, form: str) -> Answer | tuple[str, int]:
    """Put it on record."""
    project, found = known(id), _form(form)
    record = _record(project, found)
    given = {f.name: _raw(f) for f in found.fields}
    said, errors = _read(project, found, given)
    if errors:
        return _page(project, form, found, record, given, errors), 422
    thing = {**said, **found.more(project, said)}
    thing = {k: v for k, v in thing.items() if k not in ("on", "clock")}
    if record:
        thing["id"] = record["id"]
    user = auth.signed_in()
    conduct.say(pages.context(), project, found.event, thing, user.email if user else "", found.noun)
    return redirect(f"/projects/{id}/{found.back}?said={form}", 303)


def _form(name: str) -> Form:
    if name not in FORMS:
        raise NotFound
    return FORMS[name]


def _record(project: Project, form: Form) -> Record:
    """What the form is about; nothing for a form of something new."""
    if form.of is None:
        return {}
    with pages.context().database.reading() as connection:
        found = attention.record(connection, form.of, request.values.get("of", "")[:400])
    if found is None or found.get("project") != project.id:
        raise NotFound
    return found


def _page(
    project: Project,
    name: str,
    form: Form,
    record: Record,
    given: Mapping[str, Any],
    errors: Mapping[str, str],
) -> str:
    seen = pages.reader()
    fields = [
        {
            "name": f.name,
            "kind": f.kind,
            "required": f.required,
            "label": seen.t(f"conduct.fields.{f.name}", currency=project.currency),
            "hint": seen.t(f"conduct.hints.{f.name}") if seen.wording.has(f"conduct.hints.{f.name}") else "",
            "options": _options(seen, project, f),
            "value": given.get(f.name) or _usual(project, f, seen),
        }
        for f in form.fields
    ]
    return pages.page(
        "conduct_form",
        "projects",
        project=project.id,
        found=project,
        form=name,
        fields=fields,
        about=words.named(record) if record else "",
        of=record.get("id", "") if record else "",
        errors=errors,
        back=f"/projects/{project.id}/{form.back}",
        files=any(f.kind == "file" for f in form.fields),
    )


def _raw(field: Field) -> Any:
    """What was typed, chosen or sent."""
    if field.kind == "many":
        return [v[:200] for v in request.form.getlist(field.name)][:100]
    if field.kind == "file":
        sent = request.files.get(field.name)
        return sent.read() if sent is not None else b""
    return request.form.get(field.name, "").strip()[: LONGEST + 1]


def _read(project: Project, form: Form, given: Mapping[str, Any]) -> tuple[Record, dict[str, str]]:
    """What the fields say, and what is wrong with them."""
    seen = pages.reader()
    said: Record = {}
    errors: dict[str, str] = {}
    for field in form.fields:
        label = seen.t(f"conduct.fields.{field.name}", currency=project.currency)
        value = given[field.name]
        if not value:
            if field.required:
                errors[field.name] = seen.t("forms.required", field=label)
            continue
        try:
            said[field.name] = _value(seen, project, field, value, label)
        except _Wrong as wrong:
            errors[field.name] = str(wrong)
    return said, errors


def _value(seen: Reader, project: Project, field: Field, given: Any, label: str) -> Any:
    if field.kind == "file":
        return _keep(given)
    if field.kind in ("choose", "person", "many"):
        allowed = {value for value, _ in _options(seen, project, field)}
        chosen = given if isinstance(given, list) else [given]
        if not set(chosen) <= allowed:
            raise _Wrong(seen.t("conduct.choose_one", field=label))
        return given
    if len(given) > LONGEST:
        raise _Wrong(seen.t("forms.too_long", field=label, count=LONGEST))
    readers: dict[str, tuple[Callable[[str], Any], str]] = {
        "date": (_day, "conduct.date_wrong"),
        "clock": (_clock, "conduct.clock_wrong"),
        "number": (_score, "conduct.score_wrong"),
        "amount": (lambda text: amount_of(text, project.currency), "conduct.amount_wrong"),
    }
    if field.kind not in readers:
        return given
    read, wrong = readers[field.kind]
    value = read(given)
    if value is None:
        raise _Wrong(seen.t(wrong, currency=project.currency))
    return value


def _keep(content: bytes) -> str:
    """A receipt as a file of the workspace, named by its hash: the same paper is kept once."""
    digest = hashlib.sha256(content).hexdigest()
    folder = pages.context().settings.var / "attachments"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = folder / digest
    if not place.exists():
        unfinished = folder / f".{digest}.{os.getpid()}"
        unfinished.write_bytes(content)
        unfinished.chmod(0o600)
        unfinished.replace(place)
    return f"sha256:{digest}"


def _options(seen: Reader, project: Project, field: Field) -> list[tuple[str, str]]:
    workspace = pages.context().rulebook.workspace
    people = {
        "team": [p for p in workspace.people.values() if p.party == "team"],
        "contacts": [workspace.people[c] for c in workspace.clients[project.client].contacts],
    }
    people["everyone"] = [*people["contacts"], *people["team"]]
    listed = {
        "milestones": _milestones(project) if field.options == "milestones" else [],
        "channels": [(c, seen.t(f"conduct.channels.{c}")) for c in CHANNELS],
        "risk_kinds": [(k, seen.t(f"conduct.risk_kinds.{k}")) for k in KINDS],
        "responses": [(r, seen.t(f"conduct.responses.{r}")) for r in RESPONSES],
        **{side: [(p.id, p.name) for p in found] for side, found in people.items()},
    }
    found = listed.get(field.options, [])
    return found if field.required or field.kind == "many" else [("", seen.t("words.none")), *found]


def _milestones(project: Project) -> list[tuple[str, str]]:
    with pages.context().database.reading() as connection:
        found = attention.records_of(connection, "milestone", [project.id])
    return [(m["id"], m["title"]) for m in found if m["status"] not in SETTLED]


def _usual(project: Project, field: Field, seen: Reader) -> Any:
    """What a new form begins with, so that two clicks are enough where nothing else is meant."""
    if field.name == "owner":
        return project.lead
    if field.name == "with":
        workspace = pages.context().rulebook.workspace
        return next(iter(workspace.clients[project.client].contacts), "")
    if field.name in ("on", "actual"):
        return local_day(seen.fmt.now, project.time_zone).isoformat()
    return {"channel": "phone", "clock": "10:00", "kind": "other"}.get(field.name, "")


def _typed(value: Any) -> Any:
    """A value of the record as a form shows it."""
    if value is None:
        return ""
    amount = getattr(value, "amount", None)
    return f"{amount:f}" if amount is not None else value if isinstance(value, list) else str(value)


def _moment(project: Project, given: Record) -> datetime:
    return local_to_utc(given["on"], given["clock"], project.time_zone)


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 2000 <= found.year <= 2100 else None


def _clock(text: str) -> time | None:
    try:
        return time.fromisoformat(text)
    except ValueError:
        return None


def _score(text: str) -> int | None:
    found = int(text) if text.isascii() and text.isdecimal() and len(text) <= 2 else 0
    return found if LOWEST <= found <= HIGHEST else None
