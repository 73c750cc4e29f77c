"""Asking for a decision: a rule's request in, an approval with the exact text in every language needed out.

A new request about the same thing ends the one before. Whoever asks is never among those who decide, and a sum needs
somebody whose limit covers it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from rules.engine.effects import acceptance, changes, milestones, reserves
from rules.engine.effects.pending import approvals_of, end_open
from rules.engine.effects.shapes import Act, EffectError, Performed, shown
from rules.facts.approval import approval_id
from rules.facts.calendar import (
    WorkCalendar,
    add_working_days,
    end_of_day,
    local_day,
    shift,
    working_days_between,
)
from rules.facts.change import decision_text
from rules.facts.consent import acceptance_text, budget_text, expense_text, reserve_text, scope_text
from rules.facts.duration import Duration
from rules.facts.event import Record
from rules.facts.evidence import text_hash
from rules.facts.milestone import SETTLED
from rules.facts.money import CurrencyMismatch, Money
from rules.facts.project import Client, Person, Project

DEFAULT_EXPIRY: Final = Duration(10, "wd")
_SHORT: Final = 4
_ASKABLE: Final = frozenset({"assessed", "internally_approved", "sent", "expired"})
_TEXTS: Final[Mapping[str, Callable[[Record, Project, str], str]]] = {
    "change": decision_text,
    "milestone": acceptance_text,
    "budget": budget_text,
    "expense": expense_text,
    "reserve": reserve_text,
    "scope": scope_text,
}
# The name under which rules know what is asked about; a budget is known anyway.
_NAMES: Final = {"change": "change", "milestone": "milestone", "expense": "entry", "reserve": "reserve"}


@dataclass(frozen=True)
class _Question:
    """What is asked: the kind, the record it is about, who asks, and the sum that somebody's limit has to cover."""

    about: str
    subject: Record
    asker: str
    amount: Money | None
    party: str

    @property
    def name(self) -> str:
        return str(self.subject.get("number") or self.subject.get("title") or self.subject["id"])


def request(act: Act, project: Project, keys: Mapping[str, Any], objects: Mapping[str, Record]) -> Performed:
    """Ask for a decision. Raises EffectError when there is nothing to decide on or nobody who may."""
    question = _question(act, project, str(keys.get("about")), objects)
    asked = _asked(act, project, keys.get("to"), question)
    able = _able(project, question, asked)
    need = _need(keys.get("need"), project, asked)
    ended = end_open(act, question.subject["id"], "superseded")
    subject, version = _next_version(act, project, question)
    approval = act.draft.put(
        "approval",
        _record(act, project, question, subject, version)
        | {"asked": [p.id for p in asked], "need": need, "_able": [p.id for p in able]}
        | {"_code": question.party == "client" and _steps_up(project, question.amount)}
        | _until(
            act, act.state.workspace.clients[project.client], keys.get("expires"), subject.get("deemed_on")
        )
        | _texts(question.about, subject, project, asked),
    )
    told = {"approval": approval} | ({_NAMES[question.about]: subject} if question.about in _NAMES else {})
    sent = [act.cause("approval.sent", approval["id"], **told)]
    if question.about == "change":
        sent.append(act.cause("change.sent", subject["id"], shown(question.subject), **told))
    return Performed((*ended, *sent), {name: shown(record) for name, record in told.items()})


def _question(act: Act, project: Project, about: str, objects: Mapping[str, Record]) -> _Question:
    if about == "change":
        return _about_change(act, project, objects)
    if about == "milestone":
        found = milestones.find(act, project, objects.get("milestone", {}))
        if found is None or found["status"] in SETTLED:
            raise EffectError("there is no open milestone to accept: this event knows none")
        return _Question(about, found, project.lead, None, "client")
    if about == "budget":
        baseline = act.draft.get("baseline", project.id)
        if baseline is None:
            raise EffectError(f"{project.id} has no baseline to agree to: activate the project first")
        return _Question(about, baseline, project.lead, baseline["total"], "client")
    if about == "expense":
        entry = act.draft.get("entry", str(objects.get("entry", {}).get("id")))
        if entry is None or not isinstance(entry.get("amount"), Money):
            raise EffectError("there is no expense with an amount to approve: this event knows none")
        asker = str(entry.get("submitter") or entry.get("person") or "")
        return _Question(about, entry, asker, entry.get("base_amount") or entry["amount"], "team")
    if about == "reserve":
        return _about_reserve(act, project, objects)
    if about == "scope":
        return _Question(about, _scope(act, project), project.lead, None, "client")
    known = ", ".join(_TEXTS)
    raise EffectError(f"a decision about {about} has no text to agree to: ask about one of {known}")


def _about_change(act: Act, project: Project, objects: Mapping[str, Record]) -> _Question:
    change = changes.find(act, project, objects.get("change", {}), {})
    if change is None:
        raise EffectError("there is no change to decide on: this event knows none")
    if change["status"] == "draft" or change["amount"] is None or change["days"] is None:
        raise EffectError(f"{change['number']} has no cost and time impact yet: assess it before it is sent")
    if change["status"] not in _ASKABLE:
        raise EffectError(f"{change['number']} is {change['status']}: there is nothing left to decide")
    return _Question("change", change, project.lead, change["amount"], "client")


def _about_reserve(act: Act, project: Project, objects: Mapping[str, Record]) -> _Question:
    """A draw on the reserve: the request that the event knows, or what the risk costs that it knows."""
    draw = act.draft.get("reserve", str(objects.get("reserve", {}).get("id")))
    risk = act.draft.get("risk", str(objects.get("risk", {}).get("id")))
    if (draw is None or draw["status"] != "asked") and risk is not None:
        draw = reserves.for_risk(act, project, risk)
    if draw is None or draw["status"] != "asked":
        raise EffectError("there is no open request to draw on the reserve: this event knows none")
    return _Question("reserve", draw, project.lead, draw["amount"], "client")


def _scope(act: Act, project: Project) -> Record:
    """The scope of the project's file, as it is agreed to; its version rises with every edit."""
    written = {
        "goals": [{"text": g.text, "measure": g.measure, "by": g.by} for g in project.goals],
        "deliverables": list(project.deliverables),
        "excluded": list(project.excluded),
    }
    if not any(written.values()):
        raise EffectError(
            f"{project.id} has no scope to agree to: write goals and deliverables into its file"
        )
    return act.draft.put("scope", act.new(project, f"{project.id}/scope", title=project.name, **written))


def _asked(act: Act, project: Project, to: Any, question: _Question) -> list[Person]:
    """The people asked, each once; those of the side that asks are left out."""
    people = act.state.workspace.people
    words = to if isinstance(to, list | tuple) else [to]
    named = [w if isinstance(w, Person) else people.get(str(w)) for w in words]
    found = {
        p.id: p
        for p in named
        if p is not None and question.party in (p.party, "either") and p.id != question.asker
    }
    right = [p for p in found.values() if p.client in (None, project.client)]
    if not right:
        side = "the client's contacts" if question.party == "client" else "people besides who asks"
        side = "the team besides who asks" if question.party == "team" else side
        raise EffectError(f"nobody is left to decide on {question.name}: only {side} can")
    return right


def _able(project: Project, question: _Question, asked: list[Person]) -> list[Person]:
    """Those whose approval can be final: their limit covers the sum, by their own word where it needs a step up."""
    amount = question.amount
    if amount is None or question.about == "budget":
        return asked
    stepped_up = _steps_up(project, amount)
    able = [p for p in asked if _covers(p, amount, stepped_up)]
    if not able:
        over = f", which is over the step-up of {project.step_up}" if stepped_up else ""
        limits = ", ".join(f"{p.id} {p.approves_up_to or 'no limit written'}" for p in asked)
        raise EffectError(
            f"{question.name} is about {amount}{over}: nobody asked approves that much ({limits}); "
            "ask somebody whose approves_up_to covers it"
        )
    return able


def _steps_up(project: Project, amount: Money | None) -> bool:
    """Whether the sum is so large that more than a link has to tell who decides."""
    return amount is not None and project.step_up is not None and _more(amount, project.step_up)


def _covers(person: Person, amount: Money, stepped_up: bool) -> bool:
    limit = person.approves_up_to
    return not stepped_up if limit is None else not _more(amount, limit)


def _more(amount: Money, limit: Money) -> bool:
    """Whether the amount is over the limit; a limit in another currency is never enough."""
    try:
        return amount > limit
    except CurrencyMismatch:
        return True


def _need(given: Any, project: Project, asked: list[Person]) -> str:
    need = str(given if given is not None else project.need)
    if need in ("any", "all"):
        return need
    if not need.isdecimal() or not 1 <= int(need) <= len(asked):
        raise EffectError(
            f"need: {need} of {len(asked)} asked cannot be met: use any, all or at most {len(asked)}"
        )
    return need


def _next_version(act: Act, project: Project, question: _Question) -> tuple[Record, int]:
    """The record as it is asked about, and the version of the question: each question has a version of its own."""
    subject = question.subject
    asked_before = max((a["version"] for a in approvals_of(act, subject["id"])), default=0)
    version = max(asked_before + 1, subject["version"] if question.about in ("change", "budget") else 1)
    if question.about == "milestone":
        return acceptance.asked(act, project, subject), version
    if question.about != "change":
        return subject, version
    told = {"version": version, "status": "sent", "sent_at": act.state.now, "decided_at": None}
    told["approval"] = approval_id(subject["id"], version)
    return act.draft.put("change", {**subject, **told}), version


def _record(act: Act, project: Project, question: _Question, subject: Record, version: int) -> Record:
    return act.new(
        project,
        approval_id(subject["id"], version),
        about=question.about,
        subject=subject["id"],
        version=version,
        status="sent",
        sent_at=act.state.now,
        opened_at=None,
        decided_at=None,
        reminders=0,
        waiting_days=0,
        requested_by=question.asker,
        decisions=[],
        **({question.about: subject["id"]} if question.about in ("change", "milestone") else {}),
    )


def _until(act: Act, client: Client, expires: Any, at_least: date | None) -> Record:
    """The end of the client's day on which the time to decide is over: the first moment that is too late.

    at_least: where silence counts by a term of the contract, the client can answer as long as it runs.
    """
    term = expires if isinstance(expires, Duration) else DEFAULT_EXPIRY
    cals = (act.state.workspace.calendars[client.calendar],)
    day = local_day(shift(act.state.now, term, cals, client.time_zone), client.time_zone)
    day = max(day, at_least) if at_least else day
    half = _halfway(cals, local_day(act.state.now, client.time_zone), day)
    return {"expires_at": end_of_day(day, client.time_zone), "expires_on": day, "halfway_on": half}


def _halfway(cals: tuple[WorkCalendar, ...], asked: date, last: date) -> date | None:
    """The client's working day in the middle of the time given; none where the day before the last is as good."""
    days = working_days_between(cals, asked, last)
    return add_working_days(cals, asked, days // 2) if days >= _SHORT else None


def _texts(about: str, subject: Record, project: Project, asked: list[Person]) -> Record:
    texts = {}
    for locale in dict.fromkeys(p.locale for p in asked):
        text = _TEXTS[about](subject, project, locale)
        texts[locale] = {"text": text, "sha256": text_hash(text)}
    return {"texts": texts, "text_sha256": next(iter(texts.values()))["sha256"]}
