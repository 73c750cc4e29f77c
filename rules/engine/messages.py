"""Where the messages of a rule stand: what each waits for and until when, or what became of it, in words.

In: planned actions with the state they are in. Out: a line for each, for whoever asks why somebody has not been told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from rules.engine.sentence_texts import TEXTS
from rules.engine.sentences import Words, say
from rules.engine.verdicts import Planned
from rules.engine.waits import moment_in
from rules.facts.project import Workspace
from rules.language.model import Rule

# States in which a message has not left yet.
OPEN: Final = ("waiting", "ready")


@dataclass(frozen=True, slots=True)
class Standing:
    """One message as it stands. state: "waiting" and "ready" until it leaves, then what became of it (sent, dead,
    unknown, cancelled, suppressed, merged); why: said with a state that needs a reason.
    """

    planned: Planned
    state: str
    why: str = ""


def standing(planned: Planned) -> Standing:
    """A message that was just decided."""
    return Standing(planned, "waiting" if planned.waits else "ready")


def copy_of(planned: Planned) -> Words:
    """A message by its kind and whom it is for."""
    word = f"kind_{planned.kind}"
    kind = say(word) if word in TEXTS else planned.kind
    return say("copy", kind=kind, whom=planned.recipient or planned.target)


def line(one: Standing, rule: Rule | None, workspace: Workspace) -> Words:
    """Where a message stands, in one sentence."""
    planned, copy = one.planned, copy_of(one.planned)
    if one.state not in OPEN:
        return _became(one, rule, copy)
    if planned.waits is None:
        return say("leaves_as_test" if planned.observed else "leaves_now", copy=copy)
    if planned.waits == "review":
        return _unreleased(copy, planned.release_by, workspace.time_zone)
    until = moment_in(planned.due, _zone(planned, workspace))
    return _held(planned, rule, workspace, {"copy": copy, "at": until})


def plain(one: Standing, said: str) -> dict[str, Any]:
    """The same for machines. `said`: the line in the language asked for."""
    planned = one.planned
    waits = planned.waits if one.state in OPEN else None
    return {
        "action": planned.id,
        "kind": planned.kind,
        "to": planned.recipient or planned.target,
        "state": one.state,
        "waits": waits,
        "until": planned.due.isoformat() if waits not in (None, "review", "read") else None,
        "says": said,
        **({"reason": one.why} if one.why else {}),
    }


def _became(one: Standing, rule: Rule | None, copy: Words) -> Words:
    most = rule.at_most if rule else None
    if one.state == "suppressed" and most is not None:
        return say("over_at_most", copy=copy, times=most.times, per=str(most.per))
    word = f"became_{one.state}"
    state = say(word) if word in TEXTS else one.state
    if not one.why:
        return say("became", copy=copy, state=state)
    return say("became_because", copy=copy, state=state, why=one.why)


def _unreleased(copy: Words, release_by: datetime | None, zone: str) -> Words:
    if release_by is None:
        return say("until_released", copy=copy)
    return say("until_released_by", copy=copy, at=moment_in(release_by, zone))


def _held(planned: Planned, rule: Rule | None, workspace: Workspace, said: Mapping[str, str]) -> Words:
    """What holds it besides a release: the digest it joins, the cap it is over, hours, delay, a second reading."""
    if planned.waits == "digest":
        return say("held_by_rule", **said)
    if planned.waits == "cap" and planned.gathered == "client":
        return say("held_in_client_digest", **said)
    if planned.waits == "read":
        return say("held_to_read", copy=said["copy"], noun=rule.read_first if rule else "")
    client = workspace.clients.get(planned.client or "")
    if planned.waits == "cap" and client is not None and client.at_most is not None:
        times, per = client.at_most
        return say("held_by_client", times=times, per=str(per), **said)
    return say("held_until", hold=say(f"hold_{planned.waits}"), **said)


def _zone(planned: Planned, workspace: Workspace) -> str:
    """The zone of whoever reads it."""
    reader = workspace.people.get(planned.recipient or "")
    project = workspace.projects.get(planned.project or "")
    found = reader or project
    return found.time_zone if found else workspace.time_zone
