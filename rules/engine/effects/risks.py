"""A risk's states: the project's file, a rule or the console says so, its record and what it asks for out.

open -> mitigating -> triggered -> closed. The register begins with the risks of the project's file; from then on the
record holds them, and a risk that is added to the file later joins it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rules.engine.effects import kept
from rules.engine.effects.shapes import Act, Applied, EffectError, Performed, shown
from rules.facts.event import Event, Record, digest
from rules.facts.project import Project, RiskPlan
from rules.facts.risk import HIGHEST, KINDS, LIVE, LOWEST, needs_plan

_STATES: Final[Mapping[str, Mapping[str, Any]]] = {
    "opened": {},
    "changed": {},
    "triggered": {"status": "triggered"},
    "closed": {"status": "closed"},
}


def stepped(act: Act) -> Applied:
    """`risk.*`: the register says so. What is closed stays closed until it is opened anew."""
    project, given = act.project, act.event.objects.get("risk")
    if project is None or given is None:
        return Applied(act.event)
    verb = act.event.type.partition(".")[2]
    known = act.draft.get("risk", str(given.get("id") or act.event.key or act.event.id))
    if act.event.cause is not None and known is not None:
        return Applied(act.seen(risk=known))
    if known is not None and known["status"] not in LIVE and verb in ("changed", "triggered", "closed"):
        return Applied(act.seen(risk=known))
    step = {**_STATES[verb], **_at(act, verb, known)}
    merged = {
        **_beginning(act, project),
        **(known or {}),
        **{k: v for k, v in given.items() if v is not None},
        **step,
    }
    return kept.told(act, _beginning(act, project), **step, needs_plan=needs_plan(merged, project.risk_limit))


def begun(act: Act, project: Project) -> tuple[Event, ...]:
    """The risks of the project's file that the register has not: each opened, once."""
    missing = [plan for plan in project.risks if act.draft.get("risk", f"{project.id}/{plan.id}") is None]
    return tuple(
        _opened(act, project, f"{project.id}/{plan.id}", _planned(project, plan)) for plan in missing
    )


def open_risk(
    act: Act, project: Project, keys: Mapping[str, Any], objects: Mapping[str, Record]
) -> Performed:
    """A risk that a rule puts into the register, once for the same rule and thing while it lives."""
    about = _about(act, objects)
    risk_id = "rsk_" + digest(project.id, act.rule or "", act.spec or "", about)
    known = act.draft.get("risk", risk_id)
    if known is not None and known["status"] in LIVE:
        return Performed((), {"risk": shown(known)})
    score = keys.get("score")
    if score is not None and not (isinstance(score, int) and LOWEST <= score <= HIGHEST):
        raise EffectError(f"a risk has a score from {LOWEST} to {HIGHEST}, not {score}")
    given = {
        "title": str(keys.get("title") or act.rule or risk_id),
        "kind": keys["kind"] if keys.get("kind") in KINDS else "other",
        "score": score,
        "response": keys.get("response"),
        "plan": keys.get("plan"),
        "owner": keys.get("owner"),
    }
    event = _opened(act, project, risk_id, {k: v for k, v in given.items() if v is not None})
    return Performed((event,), {"risk": event.objects["risk"]})


def _opened(act: Act, project: Project, risk_id: str, given: Record) -> Event:
    record = act.new(project, risk_id, **{**_beginning(act, project), "title": risk_id, **given})
    record = act.draft.put("risk", {**record, "needs_plan": needs_plan(record, project.risk_limit)})
    return act.cause("risk.opened", risk_id, risk=record)


def _planned(project: Project, plan: RiskPlan) -> Record:
    given = {
        "key": plan.id,
        "title": plan.title,
        "kind": plan.kind,
        "response": plan.response,
        "score": plan.score,
        "owner": plan.owner or project.lead,
        "review_on": plan.review_on,
        "plan": plan.plan,
        "amount": plan.amount,
        "status": "mitigating" if plan.plan else "open",
    }
    return {k: v for k, v in given.items() if v is not None}


def _beginning(act: Act, project: Project) -> Record:
    return {
        "title": "",
        "kind": "other",
        "response": None,
        "score": LOWEST,
        "owner": project.lead,
        "status": "open",
        "review_on": None,
        "plan": None,
        "amount": None,
        "opened_at": act.event.at,
        "triggered_at": None,
        "closed_at": None,
        "reason": None,
    }


def _at(act: Act, verb: str, known: Record | None) -> Record:
    """When the step was taken. A plan that is written down makes an open risk one that is worked on."""
    given = act.event.objects.get("risk", {})
    if verb in ("triggered", "closed"):
        return {f"{verb}_at": act.event.at}
    if verb == "opened" and known is not None and known["status"] not in LIVE:
        return {"status": "open", "opened_at": act.event.at, "closed_at": None}
    if given.get("plan") and given.get("status") is None and (known or {}).get("status", "open") == "open":
        return {"status": "mitigating"}
    return {}


def _about(act: Act, objects: Mapping[str, Record]) -> str:
    """What the event is about, so that a rule opens one risk for one thing."""
    main = act.event.objects.get(act.event.type.partition(".")[0]) or {}
    slot = act.event.objects.get("slot", {})
    return (
        str(main.get("id") or slot.get("object") or act.event.key or act.event.id)
        if objects
        else act.event.id
    )
