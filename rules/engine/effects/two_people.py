"""What takes two people: the first one's word in, a request on record out, until a second one says the same.

Both are of the team, and they are not the same person. A request is forgotten after a week.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from rules.engine.effects.shapes import Act, EffectError
from rules.facts.event import Record
from rules.facts.project import Workspace

_WAITS: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody's word comes to.

    first: the request to keep, where a second person is still needed; `ask_whom` is one who could.  refused: it was the
    same person again, or nobody of the team: nothing changes. Neither: two people agree, and it is to be done.
    """

    first: Record | None = None
    ask_whom: str | None = None
    refused: bool = False


def second_of(act: Act, request: Record | None, about: str, who: str | None) -> Asked:
    """Whether this is the second person to ask for the same thing."""
    team = [p.id for p in act.state.workspace.people.values() if p.party == "team"]
    if who not in team:
        return Asked(refused=True)
    now = act.state.now
    standing = _standing(request, about, now)
    if standing is None:
        other = next((p for p in _nearest(act, team) if p != who), None)
        return Asked({"about": about, "by": who, "at": now}, other)
    return Asked(refused=standing["by"] == who)


def check_second(workspace: Workspace, request: Record | None, about: str, who: str, now: datetime) -> None:
    """Raise EffectError with the mend, where this person's word cannot count."""
    person = workspace.people.get(who)
    if person is None or person.party != "team":
        raise EffectError(f"{who} is nobody of the team: name a person of `people`")
    standing = _standing(request, about, now)
    if standing and standing["by"] == who:
        raise EffectError(f"{who} has asked for this already: a second person of the team has to")
    if sum(p.party == "team" for p in workspace.people.values()) < 2:
        raise EffectError("this takes two people of the team, and the workspace has one: add another")


def _standing(request: Record | None, about: str, now: datetime) -> Record | None:
    """The request, where it is about the same and not forgotten."""
    return request if request and request["about"] == about and now - request["at"] < _WAITS else None


def _nearest(act: Act, team: list[str]) -> list[str]:
    """Who is asked to be the second: lead and deputy of the project first."""
    project = act.project
    named = [p for p in (project.lead, project.deputy) if p] if project else []
    return [*named, *(p for p in team if p not in named)]
