"""Acceptance of a milestone, in rounds: a question and its outcome in, the milestone's record and events out.

handed_over -> in_acceptance -> accepted | rejected (with the reason, and the next round) | deemed_accepted. How it was
accepted (online, offline, by the contract's term) stands on the record for good and is never said to be another way.
"""

from __future__ import annotations

from typing import Any, Final

from rules.engine.derived import milestone_today
from rules.engine.effects.shapes import Act, Applied, shown
from rules.facts import criteria
from rules.facts.approval import OFFLINE, OPEN
from rules.facts.calendar import add_working_days, end_of_day, local_day
from rules.facts.event import Event, Record
from rules.facts.project import Project

_TERM: Final = "deemed_on"


def asked(act: Act, project: Project, milestone: Record) -> Record:
    """The milestone once the client is asked to accept it; where the contract has a term, with the day it ends on.

    The day stands in the text that the client is asked with, so that it is announced wherever that text goes.
    """
    told = {"status": "in_acceptance", "handed_over_at": milestone.get("handed_over_at") or act.state.now}
    return act.draft.put(
        "milestone", {**milestone, **told, "waiting_on": "client", _TERM: _term(act, project)}
    )


def settle(act: Act, milestone: Record, verb: str, decision: Record) -> Event:
    """The milestone after a decision, and the event of it."""
    record = act.draft.put("milestone", settled(act, milestone, verb, decision))
    objects = {"milestone": milestone_today(record, act.draft, act.state), "decision": decision}
    return act.cause(f"milestone.{verb}", milestone["id"], shown(milestone), **objects)


def settled(act: Act, milestone: Record, verb: str, decision: Record, kind: str | None = None) -> Record:
    """The record of a milestone that was accepted or rejected; the round is kept with who, how, when and why.

    kind: how it was accepted, where not by the decision's channel.
    """
    rounds = [*(milestone.get("rounds") or ()), _round(act, milestone, verb, decision)]
    if verb == "rejected":
        again = {"round": milestone["round"] + 1, "handed_over_at": None, "waiting_on": "team", _TERM: None}
        reason = decision.get("remark")
        return {**milestone, "status": "rejected", "reason": reason, "rounds": rounds, **again}
    how = kind or ("offline" if decision.get("channel") in (*OFFLINE, None) else "online")
    return {
        **milestone,
        **criteria.counted(criteria.accepted(milestone["criteria"])),
        "status": verb,
        "accepted_at": decision.get("at") or act.event.at,
        "acceptance": how,
        "waiting_on": None,
        "rounds": rounds,
        "reason": None,
    }


def given_up(act: Act, approval: Record) -> None:
    """Nobody decided, or the team took the question back: what was handed over waits to be asked about again."""
    milestone = act.draft.get("milestone", str(approval.get("subject")))
    if milestone is not None and milestone["status"] == "in_acceptance":
        act.draft.put("milestone", {**milestone, "status": "handed_over", _TERM: None})


def deemed(act: Act) -> Applied:
    """`milestone.deemed_accepted`: the term is over, it was announced, and the question is known to have arrived."""
    project, given = act.project, act.event.objects.get("milestone", {})
    milestone = act.draft.get("milestone", str(given.get("id")))
    if project is None or milestone is None:
        return Applied(act.event)
    approval = question(act, milestone)
    if act.event.cause is not None or approval is None or not runs_out(milestone, approval, project, act):
        return Applied(act.seen(milestone=milestone_today(milestone, act.draft, act.state)))
    decision = deemed_decision(project, act)
    ended = {"status": "deemed_accepted", "decided_at": act.event.at, "_effect": act.event.id}
    decisions = [*approval["decisions"], decision]
    record = act.draft.put("approval", {**approval, **ended, "decisions": decisions})
    done = act.draft.put("milestone", settled(act, milestone, "deemed_accepted", decision, "deemed"))
    objects = {"milestone": milestone_today(done, act.draft, act.state)}
    return Applied(act.seen(shown(milestone), **objects, approval=record, decision=decision))


def runs_out(milestone: Record, approval: Record, project: Project, act: Act) -> bool:
    """Whether silence counts as acceptance by now: a clause, its day past, and proof that the question arrived."""
    zone = act.state.workspace.clients[project.client].time_zone
    day = milestone.get(_TERM)
    if milestone["status"] != "in_acceptance" or day is None or not project.deemed_clause:
        return False
    return end_of_day(day, zone) <= act.state.now and bool(proof(approval))


def proof(approval: Record) -> list[Record]:
    """The messages with this question that are known to have left and did not come back."""
    return [m for m in approval.get("messages") or () if m["status"] == "sent"]


def question(act: Act, milestone: Record) -> Record | None:
    """The open question about the milestone."""
    found = act.draft.find("approval", str(milestone["project"]))
    return next((a for a in found if a.get("subject") == milestone["id"] and a["status"] in OPEN), None)


def deemed_decision(project: Project, act: Act) -> Record:
    """The decision that nobody took: by which clause, and when."""
    return {
        "outcome": "approved",
        "channel": "deemed",
        "at": act.event.at,
        "person": None,
        "by": None,
        "name": None,
        "remark": None,
        "clause": project.deemed_clause,
    }


def _term(act: Act, project: Project) -> Any:
    if not project.deemed_clause or not project.deemed_days:
        return None
    client = act.state.workspace.clients[project.client]
    day = local_day(act.state.now, client.time_zone)
    return add_working_days((act.state.workspace.calendars[client.calendar],), day, project.deemed_days)


def _round(act: Act, milestone: Record, verb: str, decision: Record) -> Record:
    return {
        "round": milestone["round"],
        "outcome": verb,
        "at": decision.get("at") or act.event.at,
        "by": decision.get("by") or decision.get("person"),
        "channel": decision.get("channel"),
        "remark": decision.get("remark"),
    }
