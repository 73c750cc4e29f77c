"""Objects that are kept as they are told: the fields that an event brings in, the merged record out.

A contact, a report, a measurement: what was said last of each field holds, and what is not said stays. Of two tellings
the newer version of the source wins, whichever arrives first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from rules.engine.effects.issues import remember
from rules.engine.effects.shapes import Act, Applied, shown
from rules.facts.catalogue import EVENTS
from rules.facts.event import Event

FAMILIES: Final = ("contact", "contract", "report", "kpi")
# When a step was taken, where its event does not say so itself.
_TIMES: Final[Mapping[str, str]] = {
    "contact.logged": "at",
    "report.sent": "sent_at",
}


def told(act: Act, beginning: Mapping[str, object] | None = None, **step: object) -> Applied:
    """The object of the event, merged with what is on record of it; an event that we caused only shows it.

    beginning: fields of a new object, where its event leaves them out. step: what the verb makes of it.
    """
    noun = EVENTS[act.event.type].object
    given = act.event.objects.get(noun)
    if act.project is None or given is None:
        return Applied(act.event)
    id = str(given.get("id") or act.event.key or act.event.id)
    stored = act.draft.get(noun, id)
    if act.event.cause is not None and stored is not None:
        return Applied(act.seen(**{noun: stored}))
    known = stored if stored is not None else dict(beginning or {})
    # What an event leaves out is none in it: that fills what nobody knows, and takes nothing away.
    said = {k: v for k, v in given.items() if v is not None or k not in known}
    new = {} if stored is not None else known
    record, former = remember(act, noun, id, {**new, **said, **_stepped(act.event, given), **step})
    if stored is not None and not former:
        # A newer telling is on record already.
        return Applied(replace(act.event, objects={**act.event.objects, noun: shown(stored)}, before={}))
    return Applied(act.seen(former, **{noun: record}))


def _stepped(event: Event, given: Mapping[str, object]) -> dict[str, object]:
    """What the verb alone says."""
    at = _TIMES.get(event.type)
    return {at: event.at} if at is not None and given.get(at) is None else {}
