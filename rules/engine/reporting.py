"""Entries that send a report: a firing rule in, one snapshot on record and a copy for each reader out."""

from __future__ import annotations

from rules.engine.attached import report_for
from rules.engine.copies import people_copies
from rules.engine.firing import Firing, Outcome
from rules.engine.outward import add_copies
from rules.language.model import ActionSpec


def plan_report(firing: Firing, spec: ActionSpec, ordinal: int, done: Outcome) -> None:
    """Plan one `report`: every reader gets the same figures, each in their own language."""
    period, view = str(spec.keys["period"]), spec.keys.get("view", "client")
    also = {"attach": [spec.keys["attach"]]} if spec.keys.get("attach") else {}
    for copy in people_copies(firing, spec, done):
        keys = {}
        if copy.kind == "report":
            made = report_for(firing, spec, period, view, copy)
            keys = {"report": made["id"], "period": period, "view": view, **also}
        add_copies(firing, spec, ordinal, [copy], keys, done)
