"""What holds a message back before it leaves: review, delay, a digest, the reader's working hours.

In: a planned message, its rule, the moment. Out: the same message with `waits` and `due` set. Holds come one after the
other (review, delay, digest, hours): whoever ends one asks `next_hold` for the one after it. What the caps hold back
is said in caps.py, what leaves together in release.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time
from typing import Final

from rules.engine.names import KEPT, Names
from rules.engine.parties import calendars_of, hours_of, reader_hours, zone_named
from rules.engine.state import State
from rules.engine.told import TELLING
from rules.engine.verdicts import Planned
from rules.facts.calendar import next_opening, shift
from rules.facts.event import digest
from rules.facts.project import Client, Project, Workspace
from rules.facts.working_hours import next_clock
from rules.language.model import UNKNOWN, ActionSpec, Rule
from rules.language.noise import GATHERED

HOLDS: Final = ("review", "delay", "digest", "hours", "cap", "read")
_TOGETHER: Final = ("digest", "hours", "cap", "read")


def first_hold(planned: Planned, rule: Rule, spec: ActionSpec, state: State, reviewed: bool) -> Planned:
    """The message with its first hold, or none. `reviewed`: it has to be released by the lead.

    `due` is when it may leave at the earliest: under review, what delay asks for counts already.
    """
    after = _delayed(planned, rule, spec, state) if spec.delay else state.now
    if reviewed:
        return replace(planned, waits="review", due=after, recheck=True)
    if after > state.now:
        return replace(planned, waits="delay", due=after, recheck=True)
    return _gathered(planned, rule, spec, state)


def next_hold(planned: Planned, rule: Rule, state: State) -> Planned:
    """What holds the message after its present hold ended: released by the lead, delay over, the digest's time come,
    hours begun.

    `waits` is none when it may leave now.
    """
    spec = next((s for s in rule.do if s.id == planned.spec), None)
    if planned.waits == "review" and planned.due > state.now:
        return replace(planned, waits="delay")
    if planned.waits in ("review", "delay"):
        return _gathered(planned, rule, spec, state)
    if planned.waits == "read":
        return replace(planned, waits=None, due=state.now)
    return _within_hours(planned, rule, spec, state)


def in_digest(planned: Planned, rule: Rule, state: State) -> Planned:
    """The message in the digest of its rule, until the digest's time."""
    if rule.digest is None:
        raise ValueError(f"{rule.id} has no digest")
    cals, _, zone = reader_hours(planned, state.workspace)
    if rule.digest.after is not None:
        due = shift(state.now, rule.digest.after, cals, zone)
    else:
        spec = next((s for s in rule.do if s.id == planned.spec), None)
        any_day = ((spec and spec.send_in) or rule.send_in) == "anytime"
        due = next_clock(() if any_day else cals, zone, time.fromisoformat(rule.digest.at or ""), state.now)
    return replace(planned, waits="digest", due=due, recheck=True, gathered="rule")


def is_gathered(planned: Planned, rule: Rule) -> bool:
    """Whether the digest of the rule says this message: confirmations, decisions and corrections stand alone."""
    return (
        rule.digest is not None
        and planned.kind in GATHERED
        and planned.corrects is None
        and not planned.passes
    )


def heap_of(planned: Planned) -> str:
    """What the message leaves with as one, should that wait as well; "" while it would leave alone."""
    if planned.waits not in _TOGETHER:
        return ""
    if planned.gathered == "client":
        # A report or what brings a sheet along is no part of another message.
        if planned.kind not in GATHERED or planned.keys.get("attach"):
            return ""
        return "client|" + digest(planned.client or "", planned.kind, whom(planned))
    return planned.heap if planned.kind in TELLING else ""


def together(planned: Planned, rule: Rule, names: Names) -> Planned:
    """The message with what it is gathered and counted with: `heap` and `counts`.

    A digest gathers what one entry says to one reader, for each value of its key; without one, later words about the
    same things (the same ladder, else the same objects) take the place of earlier ones.
    """
    reader = (rule.id, planned.spec, planned.kind, whom(planned))
    if is_gathered(planned, rule) and rule.digest is not None:
        heap = digest("digest", *reader, *_values(rule.digest.key, names))
    else:
        heap = digest("about", *reader, planned.project or "", planned.client or "", *_about(planned))
    capped = rule.at_most is not None and planned.corrects is None and not planned.passes
    counts = digest("at_most", *reader, *_values(rule.at_most.key, names)) if rule.at_most and capped else ""
    return replace(planned, heap=heap, counts=counts if planned.kind in TELLING else "")


def whom(planned: Planned) -> str:
    """The one reader of a message: a person, a room, an issue; for an observed one, whom it was meant for."""
    meant = planned.keys.get("instead_of") or {}
    return str(meant.get("recipient") or meant.get("target") or planned.recipient or planned.target)


def _about(planned: Planned) -> list[str]:
    corrects = [] if planned.corrects is None else ["corrects"]
    if planned.alert is not None:
        return [*corrects, planned.alert[0]]
    objects = {n: planned.names[n] for n in sorted(KEPT) if isinstance(planned.names.get(n), Mapping)}
    return [*corrects, *(f"{noun} {record.get('id')}" for noun, record in objects.items())]


def _values(key: tuple[str, ...], names: Names) -> list[str]:
    """The values that tell one digest from another; one that is not known is a value like others."""
    values = [names(name) for name in key]
    return ["" if v is UNKNOWN else str(v) for v in values]


def _delayed(planned: Planned, rule: Rule, spec: ActionSpec, state: State) -> datetime:
    workspace = state.workspace
    project, client = _project(planned, workspace), _client(planned, workspace)
    zone = _zone(planned, project, client, workspace)
    cals = calendars_of(rule, project, client, workspace)
    return shift(state.now, spec.delay, cals, zone) if spec.delay else state.now


def _gathered(planned: Planned, rule: Rule, spec: ActionSpec | None, state: State) -> Planned:
    """Into the rule's digest; where the rule has `at_most` as well, only what is over it goes there (caps.py)."""
    if is_gathered(planned, rule) and rule.at_most is None:
        return in_digest(planned, rule, state)
    return _within_hours(planned, rule, spec, state)


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
    cals, hours, zone = hours_of(party, planned, state.workspace)
    return next_opening(cals, hours, zone, state.now) if cals else state.now


def _to_client(planned: Planned) -> bool:
    """What goes to the lead instead of a client in `observe` keeps nobody's hours."""
    return planned.client_facing and not planned.observed


def _zone(planned: Planned, project: Project | None, client: Client | None, workspace: Workspace) -> str:
    reader = workspace.people.get(planned.recipient or "")
    return reader.time_zone if reader else zone_named("project", project, client, workspace)


def _project(planned: Planned, workspace: Workspace) -> Project | None:
    return workspace.projects.get(planned.project or "")


def _client(planned: Planned, workspace: Workspace) -> Client | None:
    return workspace.clients.get(planned.client or "")
