"""Asking for a decision: a rule's request in, an approval with the exact text in every language needed out.

A new request about the same thing ends the one before. Whoever asks is never among those who decide, and a sum needs
somebody whose limit covers it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from rules.engine.effects import acceptance, changes, milestones, reserves
from rules.engine.effects.pending import end_open
from rules.engine.effects.questions import Question, next_version, put
from rules.engine.effects.shapes import Act, EffectError, Performed, shown
from rules.facts.approval import Party, approval_id
from rules.facts.event import Record
from rules.facts.milestone import SETTLED
from rules.facts.money import CurrencyMismatch, Money
from rules.facts.project import Person, Project

_ASKABLE: Final = frozenset({"assessed", "internally_approved", "sent", "expired"})
_ASKED_ABOUT: Final = ("change", "milestone", "budget", "expense", "reserve", "scope")
# The name under which rules know what is asked about; a budget is known anyway.
_NAMES: Final = {"change": "change", "milestone": "milestone", "expense": "entry", "reserve": "reserve"}


def request(act: Act, project: Project, keys: Mapping[str, Any], objects: Mapping[str, Record]) -> Performed:
    """Ask for a decision. Raises EffectError when there is nothing to decide on or nobody who may."""
    question = _question(act, project, str(keys.get("about")), objects, keys.get("to"))
    asked = _asked(act, project, keys.get("to"), question)
    able = _able(project, question, asked)
    need = _need(keys.get("need"), project, asked)
    ended = end_open(act, question.subject["id"], "superseded")
    subject, version = _next_version(act, project, question)
    approval = put(
        act,
        project,
        replace(question, subject=subject),
        asked,
        version,
        need=need,
        expires=keys.get("expires"),
        at_least=subject.get("deemed_on"),
        _able=[p.id for p in able],
        _code=question.party == "client" and _steps_up(project, question.amount),
    )
    told = {"approval": approval} | ({_NAMES[question.about]: subject} if question.about in _NAMES else {})
    sent = [act.cause("approval.sent", approval["id"], **told)]
    if question.about == "change":
        sent.append(act.cause("change.sent", subject["id"], shown(question.subject), **told))
    return Performed((*ended, *sent), {name: shown(record) for name, record in told.items()})


def _question(act: Act, project: Project, about: str, objects: Mapping[str, Record], to: Any) -> Question:
    if about == "change":
        return _about_change(act, project, objects)
    if about == "milestone":
        found = milestones.find(act, project, objects.get("milestone", {}))
        if found is None or found["status"] in SETTLED:
            raise EffectError("there is no open milestone to accept: this event knows none")
        return Question(about, found, project.lead, None, "client")
    if about == "budget":
        baseline = act.draft.get("baseline", project.id)
        if baseline is None:
            raise EffectError(f"{project.id} has no baseline to agree to: activate the project first")
        return Question(about, baseline, project.lead, baseline["total"], "client")
    if about == "expense":
        entry = act.draft.get("entry", str(objects.get("entry", {}).get("id")))
        if entry is None or not isinstance(entry.get("amount"), Money):
            raise EffectError("there is no expense with an amount to approve: this event knows none")
        asker = str(entry.get("submitter") or entry.get("person") or "")
        return Question(about, entry, asker, entry.get("base_amount") or entry["amount"], "team")
    if about == "reserve":
        return _about_reserve(act, project, objects, _side_of(act, to))
    if about == "scope":
        return Question(about, _scope(act, project), project.lead, None, "client")
    known = ", ".join(_ASKED_ABOUT)
    raise EffectError(f"a decision about {about} has no text to agree to: ask about one of {known}")


def _about_change(act: Act, project: Project, objects: Mapping[str, Record]) -> Question:
    change = changes.find(act, project, objects.get("change", {}), {})
    if change is None:
        raise EffectError("there is no change to decide on: this event knows none")
    if change["status"] == "draft" or change["amount"] is None or change["days"] is None:
        raise EffectError(f"{change['number']} has no cost and time impact yet: assess it before it is sent")
    if change["status"] not in _ASKABLE:
        raise EffectError(f"{change['number']} is {change['status']}: there is nothing left to decide")
    return Question("change", change, project.lead, change["amount"], "client")


def _about_reserve(act: Act, project: Project, objects: Mapping[str, Record], party: Party) -> Question:
    """A draw on the reserve: the request that the event knows, or what the risk costs that it knows."""
    draw = act.draft.get("reserve", str(objects.get("reserve", {}).get("id")))
    risk = act.draft.get("risk", str(objects.get("risk", {}).get("id")))
    if (draw is None or draw["status"] != "asked") and risk is not None:
        draw = reserves.for_risk(act, project, risk)
    if draw is None or draw["status"] != "asked":
        raise EffectError("there is no open request to draw on the reserve: this event knows none")
    return Question("reserve", draw, str(draw.get("by") or project.lead), draw["amount"], party)


def _side_of(act: Act, to: Any) -> Party:
    """Whom these words name: the client's contacts, or the team where there is none of them."""
    named = (w if isinstance(w, Person) else act.state.workspace.people.get(str(w)) for w in _words(to))
    return "client" if any(p is not None and p.party == "client" for p in named) else "team"


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


def _asked(act: Act, project: Project, to: Any, question: Question) -> list[Person]:
    """The people asked, each once; those of the side that asks are left out."""
    people = act.state.workspace.people
    named = [w if isinstance(w, Person) else people.get(str(w)) for w in _words(to)]
    found = {p.id: p for p in named if p is not None and question.party == p.party and p.id != question.asker}
    right = [p for p in found.values() if p.client in (None, project.client)]
    if not right:
        side = "the client's contacts" if question.party == "client" else "the team besides who asks"
        raise EffectError(f"nobody is left to decide on {question.name}: only {side} can")
    return right


def _words(to: Any) -> list[Any]:
    return list(to) if isinstance(to, list | tuple) else [to]


def _able(project: Project, question: Question, asked: list[Person]) -> list[Person]:
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


def _next_version(act: Act, project: Project, question: Question) -> tuple[Record, int]:
    """The record as it is asked about, and the version of the question: each question has a version of its own."""
    subject, version = question.subject, next_version(act, question)
    if question.about == "milestone":
        return acceptance.asked(act, project, subject), version
    if question.about != "change":
        return subject, version
    told = {"version": version, "status": "sent", "sent_at": act.state.now, "decided_at": None}
    told["approval"] = approval_id(subject["id"], version)
    return act.draft.put("change", {**subject, **told}), version
