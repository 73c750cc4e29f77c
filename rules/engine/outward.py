"""One entry of `do:` that goes outside -> one planned action for each person, room or issue it reaches.

In: a `Firing` (the rule that fires, on what, with which names) and the entry. Out: `Planned` actions with ids that are
the same whenever the same thing is decided again, held back as mode, review, delay and hours ask.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from rules.engine.attached import attached_keys
from rules.engine.copies import Copy, people_copies
from rules.engine.firing import Firing, Outcome, evaluated, lead_of
from rules.engine.noise import first_hold, together
from rules.engine.parties import calendars_of
from rules.engine.review import count_review, needs_review, with_release
from rules.engine.snapshot import for_reader
from rules.engine.systems import SYSTEMS, document_keys, system_copies, urgent_keys
from rules.engine.verdicts import Planned
from rules.facts.calendar import local_day, shift
from rules.facts.duration import Duration
from rules.language.model import ActionSpec
from rules.language.way_in import names_link

_LINK: Final = re.compile(r"\blink\b")
# Stands where a client's decision page would open: nobody else is ever given a link that decides in their name.
_NO_PAGE: Final = "/a/test"
# What has a page that people outside answer on, and who may.
_PAGES: Final = (("approval", "asked"), ("survey", "contact"), ("meeting", "attendees"))
# Keys of an entry that are used up here; what is left goes with the action, evaluated.
_USED: Final = frozenset(
    {"to", "not_to", "target", "text", "with", "due", "confirms", "connection", "attach"}
)


def plan_outward(firing: Firing, spec: ActionSpec, ordinal: int, done: Outcome) -> None:
    """Plan one outward entry: copies join `done.actions`, what cannot be reached `done.problems`."""
    where = system_copies if spec.kind in SYSTEMS else people_copies
    copies = where(firing, spec, done)
    if not copies:
        return
    keys = {k: evaluated(v, firing.names) for k, v in spec.keys.items() if k not in _USED}
    add_copies(firing, spec, ordinal, copies, keys, done)


def add_copies(
    firing: Firing,
    spec: ActionSpec,
    ordinal: int,
    copies: Iterable[Copy],
    keys: Mapping[str, Any],
    done: Outcome,
) -> None:
    """Plan these copies of one entry; a person who has this text by this rule already is left out."""
    also = {k: evaluated(v, firing.names) for k, v in (spec.keys.get("with") or {}).items()}
    for copy in copies:
        text = copy.text or spec.keys.get("text")
        once = (copy.recipient or "", repr(text), copy.kind == "task")
        if copy.recipient is not None and once in done.reached:
            continue
        done.reached.add(once)
        done.actions.append(_planned(firing, spec, ordinal, copy, (text, also, keys)))


def observed_by_lead(planned: Planned, firing: Firing) -> Planned:
    """The action as the lead sees it in `observe`: by mail, in the words the client would read."""
    lead = lead_of(firing)
    meant = {
        "kind": planned.kind,
        "recipient": planned.recipient,
        "address": planned.address,
        "target": planned.target,
    }
    keys = {k: v for k, v in planned.keys.items() if k != "link"}
    names = {**planned.names, "link": _NO_PAGE} if "link" in planned.keys else planned.names
    return replace(
        planned,
        kind="report" if planned.kind == "report" else "email",
        connection=None,
        recipient=lead.id if lead else None,
        address=lead.email if lead else None,
        target=f"mail/{lead.id}" if lead else planned.target,
        observed=True,
        names=names,
        keys={**keys, "instead_of": meant},
    )


def _planned(
    firing: Firing,
    spec: ActionSpec,
    ordinal: int,
    copy: Copy,
    content: tuple[Any, Mapping[str, Any], Mapping[str, Any]],
) -> Planned:
    text, also, keys = content
    names = firing.for_client if copy.client_facing else firing.for_team
    facts = firing.names.facts
    more, confirms = _more_keys(firing, spec, copy, text), spec.keys.get("confirms") is True
    planned = Planned(
        id=firing.action_id(spec.id, copy.whom),
        event=firing.event.id,
        rule=firing.rule.id,
        kind=copy.kind,
        ordinal=ordinal,
        due=firing.state.now,
        project=facts.event.project,
        client=facts.client.id if facts.client else None,
        connection=copy.connection,
        recipient=copy.recipient,
        address=copy.address,
        target=copy.target,
        client_facing=copy.client_facing,
        text=text,
        locale=copy.locale,
        names={**for_reader(names, copy.locale), **also},
        keys={**keys, **more},
        alert=firing.alert,
        confirms=confirms,
        passes=confirms or "link" in more or spec.kind == "request_decision",
        spec=spec.id,
        depth=firing.event.depth,
    )
    return held(together(planned, firing.rule, firing.names), firing, spec)


def held(planned: Planned, firing: Firing, spec: ActionSpec) -> Planned:
    """The action with what the project's mode, review, delay and hours ask of it."""
    rule, state = firing.rule, firing.state
    if planned.client_facing and firing.mode == "observe":
        return first_hold(observed_by_lead(planned, firing), rule, spec, state, reviewed=False)
    reviewed = (
        planned.client_facing
        and not planned.confirms
        and needs_review(rule, spec, firing.mode, firing.draft, planned.client)
    )
    if reviewed:
        count_review(rule, spec, firing.draft, planned.project, planned.client)
        planned = with_release(planned, rule, state)
    return first_hold(planned, rule, spec, state, reviewed)


def _more_keys(firing: Firing, spec: ActionSpec, copy: Copy, text: Any) -> dict[str, Any]:
    """What the action says besides the entry's own keys: due day, whose link, whom to mention, which document."""
    return {
        **_due(firing, spec, copy),
        **_link(firing, spec, text, copy),
        **urgent_keys(firing, spec, copy),
        **attached_keys(firing, spec, copy),
        **document_keys(firing, copy),
    }


def _link(firing: Firing, spec: ActionSpec, text: Any, copy: Copy) -> dict[str, Any]:
    """Whose page the text's `link` opens, where it has one and the reader is among those who are asked. Who is asked to
    decide gets one in any case.
    """
    asks = spec.kind == "request_decision"
    if copy.recipient is None or not (asks or _mentions_link(firing, text)):
        return {}
    for noun, readers in _PAGES:
        found = firing.names(noun)
        asked = found.get(readers) if isinstance(found, Mapping) else None
        if copy.recipient in (asked if isinstance(asked, list | tuple) else (asked,)):
            return {
                "link": {
                    noun: found["id"],
                    "version": int(found.get("version") or 1),
                    "person": copy.recipient,
                }
            }
    return {}


def _mentions_link(firing: Firing, text: Any) -> bool:
    if isinstance(text, Mapping):
        return _LINK.search(repr(text)) is not None
    variants = firing.texts.get(str(text), {}).values()
    return any(names_link(one) for one in variants)


def _due(firing: Firing, spec: ActionSpec, copy: Copy) -> dict[str, Any]:
    """When a task is due: a day, or so long after now at its owner's, by the rule's calendar."""
    within = evaluated(spec.keys.get("due"), firing.names)
    owner = firing.state.workspace.people.get(copy.recipient or "")
    if owner is None:
        return {}
    if isinstance(within, date):
        return {"due": local_day(within, owner.time_zone) if isinstance(within, datetime) else within}
    if not isinstance(within, Duration):
        return {}
    facts = firing.names.facts
    cals = calendars_of(firing.rule, facts.project, facts.client, firing.state.workspace)
    zone = owner.time_zone
    return {"due": local_day(shift(firing.state.now, within, cals, zone), zone)}
