"""What holds a message back before it leaves: review, delay, the reader's working hours.

In: a planned message, its rule, the moment. Out: the same message with `waits` and `due` set. Holds come one after the
other (review, delay, hours): whoever ends one asks `next_hold` for the one after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from rules.engine.names import KEPT
from rules.engine.parties import calendars_of, zone_named
from rules.engine.state import Draft, State
from rules.engine.verdicts import Planned
from rules.facts.calendar import WorkCalendar, next_opening, shift
from rules.facts.event import digest
from rules.facts.project import Client, Project, Workspace
from rules.language.model import ActionSpec, Rule

HOLDS: Final = ("review", "delay", "hours")


def first_hold(planned: Planned, rule: Rule, spec: ActionSpec, state: State, reviewed: bool) -> Planned:
    """The message with its first hold, or none. `reviewed`: it has to be released by the lead.

    `due` is when it may leave at the earliest: under review, what delay asks for counts already.
    """
    after = _delayed(planned, rule, spec, state) if spec.delay else state.now
    if reviewed:
        return replace(planned, waits="review", due=after, recheck=True)
    if after > state.now:
        return replace(planned, waits="delay", due=after, recheck=True)
    return _within_hours(planned, rule, spec, state)


def next_hold(planned: Planned, rule: Rule, state: State) -> Planned:
    """What holds the message after its present hold ended: released by the lead, delay over, hours begun.

    `waits` is none when it may leave now.
    """
    spec = next((s for s in rule.do if s.id == planned.spec), None)
    if planned.waits == "review" and planned.due > state.now:
        return replace(planned, waits="delay")
    return _within_hours(planned, rule, spec, state)


def merges(older: Planned, newer: Planned) -> bool:
    """Whether a later message that waits as well says what the older one would, so that only the later one is sent.

    Both are of one entry of a rule, for one reader, about one thing: the same ladder, else the same objects.
    """
    return _said(older) == _said(newer) and older.id != newer.id


def _said(planned: Planned) -> tuple[object, ...]:
    objects = [
        (n, planned.names[n].get("id")) for n in sorted(KEPT) if isinstance(planned.names.get(n), Mapping)
    ]
    about = (planned.alert[0],) if planned.alert else tuple(objects)
    return planned.rule, planned.spec, planned.kind, planned.target, planned.corrects is None, about


def needs_review(rule: Rule, spec: ActionSpec, mode: str, draft: Draft, client: str | None) -> bool:
    """Whether the lead has to release a client-facing message, by the project's mode or by the rule's own word.

    `review: N` holds the first N of each client, counted anew when the rule changes.
    """
    wanted = spec.review if spec.review is not None else rule.review
    if mode == "review" or wanted == "always":
        return True
    return wanted is not None and _reviewed(rule, draft, client) < int(wanted)


def count_review(rule: Rule, spec: ActionSpec, draft: Draft, project: str | None, client: str | None) -> None:
    """One more message of the rule was held for this client."""
    wanted = spec.review if spec.review is not None else rule.review
    if wanted is None or wanted == "always":
        return
    id = _review_id(rule, client)
    count = _reviewed(rule, draft, client) + 1
    draft.put("review", {"id": id, "project": project, "client": client, "rule": rule.id, "count": count})


def _reviewed(rule: Rule, draft: Draft, client: str | None) -> int:
    record = draft.get("review", _review_id(rule, client))
    return int(record["count"]) if record else 0


def _review_id(rule: Rule, client: str | None) -> str:
    return f"{rule.id}|{client or ''}|{digest(rule.source)}"


def _delayed(planned: Planned, rule: Rule, spec: ActionSpec, state: State) -> datetime:
    workspace = state.workspace
    project, client = _project(planned, workspace), _client(planned, workspace)
    zone = _zone(planned, project, client, workspace)
    cals = calendars_of(rule, project, client, workspace)
    return shift(state.now, spec.delay, cals, zone) if spec.delay else state.now


def _within_hours(planned: Planned, rule: Rule, spec: ActionSpec | None, state: State) -> Planned:
    opens = _opening(planned, (spec and spec.send_in) or rule.send_in, state)
    if opens <= state.now:
        return replace(planned, waits=None, due=state.now)
    return replace(planned, waits="hours", due=opens, recheck=True)


def _opening(planned: Planned, send_in: str | None, state: State) -> datetime:
    """When the message may leave by its hours: now for what a client just asked for and what has none."""
    if planned.confirms or send_in == "anytime" or (send_in is None and not _to_client(planned)):
        return state.now
    party = (send_in or "client.hours").partition(".")[0]
    cals, hours, zone = _hours_of(party, planned, state.workspace)
    return next_opening(cals, hours, zone, state.now) if cals else state.now


def _hours_of(party: str, planned: Planned, workspace: Workspace) -> tuple[Sequence[WorkCalendar], str, str]:
    """Calendar, hours and zone to keep: the reader's own where the reader is of that party, else the party's."""
    reader = workspace.people.get(planned.recipient or "")
    if reader is not None and reader.party == party:
        return _calendar(reader.calendar, workspace), reader.hours, reader.time_zone
    client = _client(planned, workspace)
    if party == "client" and client is not None:
        return _calendar(client.calendar, workspace), client.hours, client.time_zone
    project = _project(planned, workspace)
    if party == "project" and project is not None:
        return _calendar(project.calendar, workspace), workspace.hours, project.time_zone
    return _calendar(workspace.calendar, workspace), workspace.hours, workspace.time_zone


def _to_client(planned: Planned) -> bool:
    """What goes to the lead instead of a client in `observe` keeps nobody's hours."""
    return planned.client_facing and not planned.observed


def _calendar(name: str, workspace: Workspace) -> Sequence[WorkCalendar]:
    found = workspace.calendars.get(name) or workspace.calendars.get(workspace.calendar)
    return (found,) if found else ()


def _zone(planned: Planned, project: Project | None, client: Client | None, workspace: Workspace) -> str:
    reader = workspace.people.get(planned.recipient or "")
    return reader.time_zone if reader else zone_named("project", project, client, workspace)


def _project(planned: Planned, workspace: Workspace) -> Project | None:
    return workspace.projects.get(planned.project or "")


def _client(planned: Planned, workspace: Workspace) -> Client | None:
    return workspace.clients.get(planned.client or "")
