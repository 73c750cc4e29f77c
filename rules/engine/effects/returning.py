"""An assignment of the inbox that is taken back: the records its events made leave the project, and nothing is lost.

The events wait again as they came; given to another project, they make their records anew there.
"""

from __future__ import annotations

from typing import Final

from rules.engine.effects import ledger
from rules.engine.effects.shapes import Act, Applied
from rules.facts.event import Event

_KINDS: Final = ("issue", "bill", "invoice", "payment")


def stepped(act: Act) -> Applied:
    """`inbox.returned`: what `made` lists leaves the project; `inbox.assigned` is only told."""
    project, given = act.project, act.event.objects.get("assignment", {})
    if project is None or act.event.type != "inbox.returned":
        return Applied(act.event)
    made = given.get("made") or {}
    caused: list[Event] = []
    for id in made.get("entry", ()):
        entry = act.draft.get("entry", id)
        if entry is not None and entry["project"] == project.id:
            caused += ledger.withdrawn(act, entry)
    for kind in _KINDS:
        for id in made.get(kind, ()):
            record = act.draft.get(kind, id)
            if record is not None and record.get("project") == project.id:
                act.draft.put(kind, {"id": id, "project": None, "client": None})
    return Applied(act.event, tuple(caused))
