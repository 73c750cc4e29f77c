"""The snapshot that a mail is made of, or that it brings as a file: one on record for each report of a firing rule."""

from __future__ import annotations

from typing import Any

from rules.engine.copies import Copy
from rules.engine.firing import Firing
from rules.engine.reports.material import View
from rules.engine.reports.snapshot import report
from rules.facts.event import Record
from rules.language.model import ActionSpec


def report_for(firing: Firing, spec: ActionSpec, period: str, view: View, copy: Copy) -> Record:
    """The report of this entry, made once and put on record; the copy's reader joins those it goes to."""
    to = [copy.recipient] if copy.recipient is not None else []
    made = report(firing.names.facts, firing.draft, period, view, firing.rule.id, spec.id, to=to)
    known = firing.draft.get("report", made["id"])
    if known is not None:
        made = {**known, "to": list(dict.fromkeys([*known["to"], *to]))}
    return firing.draft.put("report", made)


def attached_keys(firing: Firing, spec: ActionSpec, copy: Copy) -> dict[str, Any]:
    """What a mail brings as a file (`attach: {report: week}`): the client's view for a client, else the team's."""
    wanted = spec.keys.get("attach")
    if not isinstance(wanted, dict) or copy.kind != "email":
        return {}
    view: View = "client" if copy.client_facing else "team"
    made = report_for(firing, spec, str(wanted["report"]), view, copy)
    return {"report": made["id"], "attach": ["xlsx"]}
