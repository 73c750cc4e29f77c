"""Objects that are kept as they are told: the fields that an event brings in, the merged record out.

A survey's answer, a risk, a meeting, a contact: what was said last of each field holds, and what is not said stays. Of
two tellings the newer version of the source wins, whichever arrives first. A verb that names a state of its object is
that state, unless the event says another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from rules.engine.effects.issues import remember
from rules.engine.effects.shapes import Act, Applied, shown
from rules.facts.catalogue import EVENTS
from rules.facts.event import Event

FAMILIES: Final = (
    *("action_item", "delay", "risk", "survey", "complaint", "meeting", "minutes", "contact", "contract"),
    *("report", "quality", "kpi", "finding", "reserve", "retainer"),
)
_STATES: Final[Mapping[str, str]] = {
    "action_item.opened": "open",
    "action_item.answered": "answered",
    "action_item.done": "done",
    "action_item.waived": "waived",
    "risk.opened": "open",
    "risk.triggered": "triggered",
    "risk.closed": "closed",
    "complaint.opened": "open",
    "complaint.resolved": "resolved",
    "finding.opened": "open",
    "finding.closed": "closed",
    "survey.sent": "sent",
    "survey.answered": "answered",
    "meeting.held": "held",
}
# When a step was taken, where its event does not say so itself.
_TIMES: Final[Mapping[str, str]] = {
    "action_item.opened": "asked_at",
    "action_item.answered": "answered_at",
    "complaint.opened": "opened_at",
    "complaint.resolved": "resolved_at",
    "survey.sent": "sent_at",
    "survey.answered": "answered_at",
    "minutes.sent": "minutes_sent_at",
    "contact.logged": "at",
    "report.sent": "sent_at",
}


def told(act: Act) -> Applied:
    """The object of the event, merged with what is on record of it; an event that we caused only shows it."""
    noun = EVENTS[act.event.type].object
    given = act.event.objects.get(noun)
    if act.project is None or given is None:
        return Applied(act.event)
    id = str(given.get("id") or act.event.key or act.event.id)
    stored = act.draft.get(noun, id)
    if act.event.cause is not None and stored is not None:
        return Applied(act.seen(**{noun: stored}))
    record, former = remember(act, noun, id, {**given, **_stepped(act.event, given)})
    if stored is not None and not former:
        # A newer telling is on record already.
        return Applied(replace(act.event, objects={**act.event.objects, noun: shown(stored)}, before={}))
    return Applied(act.seen(former, **{noun: record}))


def _stepped(event: Event, given: Mapping[str, object]) -> dict[str, object]:
    """What the verb alone says."""
    said: dict[str, object] = {}
    state, at = _STATES.get(event.type), _TIMES.get(event.type)
    if state is not None and given.get("status") is None:
        said["status"] = state
    if at is not None and given.get(at) is None:
        said[at] = event.at
    return said
