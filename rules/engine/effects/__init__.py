"""The domain's transitions: an event or an inner action in, written records and the events they cause out.

`apply` does what an event means for the records before any rule is asked; `perform` does what a rule's inner action
means. Both write to the draft alone, know no clock but `state.now`, and give the same ids for the same event.
An event that these transitions caused has had its effect already: it is only shown with its full objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any, Final

from rules.engine.effects import (
    acceptance,
    action_items,
    approvals,
    asking,
    changes,
    closing,
    complaints,
    control,
    delays,
    issues,
    kept,
    ledger,
    meetings,
    messages,
    milestones,
    periods,
    projects,
    quality,
    rebasing,
    reserves,
    retainers,
    returning,
    risks,
    suppliers,
    surveys,
    talk,
    tasks,
    traces,
    versions,
)
from rules.engine.effects.shapes import Act, Applied, EffectError, Performed
from rules.engine.state import Draft, State
from rules.facts.event import Event, Record
from rules.facts.project import Project
from rules.language.model import ActionSpec

__all__ = ["INNER", "Applied", "EffectError", "Performed", "apply", "perform"]

_Apply = Callable[[Act], Applied]
_Also = Callable[[Act], tuple[Event, ...]]
_Perform = Callable[[Act, Project, Mapping[str, Any], Mapping[str, Record]], Performed]

_FAMILIES: Final[Mapping[str, _Apply]] = {
    "issue": issues.tracked,
    "comment": issues.commented,
    "time": ledger.worked,
    "expense": ledger.booked,
    "invoice": ledger.booked,
    "bill": ledger.booked,
    "payment": ledger.booked,
    "ledger": ledger.entered,
    "baseline": projects.rebased,
    "change": changes.stepped,
    "approval": approvals.stepped,
    "milestone": milestones.stepped,
    "action_item": action_items.stepped,
    "delay": delays.logged,
    "project": projects.stepped,
    "message": messages.ended,
    "slot": traces.reminded,
    "risk": risks.stepped,
    "survey": surveys.stepped,
    "complaint": complaints.stepped,
    "finding": control.stepped,
    "audit": control.audited,
    "receipt": control.attached,
    "meeting": meetings.stepped,
    "minutes": meetings.stepped,
    **dict.fromkeys(kept.FAMILIES, kept.told),
    "contact": meetings.logged,
    "reserve": reserves.stepped,
    "supplier": suppliers.stepped,
    "inbox": returning.stepped,
}
_TYPES: Final[Mapping[str, _Apply]] = {
    "project.activated": projects.activated,
    "project.changed": projects.followed,
    "project.closing": closing.stepped,
    "project.closed": closing.stepped,
    "ledger.accepted": ledger.accepted,
    "period.closed": periods.closing,
    "period.reopening": periods.reopening,
    "project.rebasing": rebasing.asked,
    "project.recounted": projects.recounted,
    "retainer.opened": retainers.opening,
    "retainer.closed": retainers.closing,
    "retainer.agreed": retainers.told,
    "quality.measured": quality.measured,
    "expense.reason_added": control.explained,
    "task.opened": tasks.opened,
    "task.done": tasks.done,
    "milestone.checked": milestones.checked,
    "milestone.deemed_accepted": acceptance.deemed,
}
# What an event means for other objects, once its own transition is done: the events that this causes.
_ALSO: Final[Mapping[str, tuple[_Also, ...]]] = {
    "issue": (action_items.tracked, suppliers.tracked),
    "comment.created": (action_items.commented,),
    "contact.logged": (action_items.spoken_with, talk.compared),
    "message": (action_items.written_to,),
    "message.replied": (talk.compared,),
    "meeting.held": (talk.compared,),
    "minutes.sent": (talk.compared,),
    "report.sent": (talk.compared,),
    "quality.measured": (milestones.measured, talk.compared),
    "milestone": (versions.compared,),
}
_ACTIONS: Final[Mapping[str, _Perform]] = {
    "open_change": changes.open_change,
    "open_action_item": action_items.open_item,
    "request_decision": asking.request,
    "apply_change": changes.apply_change,
    "open_risk": risks.open_risk,
    "open_complaint": complaints.open_complaint,
    "record": traces.note,
}
INNER: Final = frozenset(_ACTIONS)


def apply(event: Event, draft: Draft, state: State) -> Applied:
    """What the event means for the records; it comes back with its full objects and former values.

    An event of a type without effect, or of no project, comes back as it is.
    """
    family = event.type.partition(".")[0]
    transition = _TYPES.get(event.type) or _FAMILIES.get(family)
    act = Act(event, draft, state)
    done = transition(act) if transition else Applied(event)
    meetings.noted(act, done.event)
    closing.noted(act, done.event)
    after = Act(done.event, draft, state)
    also = [one(after) for one in (*_ALSO.get(family, ()), *_ALSO.get(event.type, ()))]
    caused = (*done.caused, *chain(*also), *control.watched(act, done.event))
    return replace(done, caused=caused)


def perform(
    spec: ActionSpec,
    keys: Mapping[str, Any],
    event: Event,
    objects: Mapping[str, Record],
    draft: Draft,
    state: State,
    rule_id: str,
) -> Performed:
    """An inner action of a rule (one of INNER), at once. Raises EffectError with the sentence for the verdict.

    keys: the action's own keys, evaluated; `to` as people or their keys. objects: what the event and the actions before
    made known, by name.
    """
    act = Act(event, draft, state, rule_id, spec.id)
    if act.project is None:
        raise EffectError(f"{spec.kind} needs a project, and this event belongs to none")
    return _ACTIONS[spec.kind](act, act.project, keys, objects)
