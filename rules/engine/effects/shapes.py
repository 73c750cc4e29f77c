"""What a transition comes to, and how it makes the events it causes: an event in, derived events out.

Ids of caused events are made from the event behind them, so that deciding an event again gives the same ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rules.engine.state import Draft, State
from rules.facts.calendar import local_day
from rules.facts.event import Event, Record, event_id
from rules.facts.project import Project


class EffectError(ValueError):
    """An action that cannot be performed; the message is one sentence for the verdict, with the mend."""


@dataclass(frozen=True)
class Applied:
    """An event after its transition: with its full objects and former values, and the events it caused, in order.

    unheard: why no rule is asked about it, where what it tells changed nothing that rules are about.
    """

    event: Event
    caused: tuple[Event, ...] = ()
    unheard: str | None = None


@dataclass(frozen=True)
class Performed:
    """What an inner action came to: events for the queue, and the objects that later actions may name."""

    events: tuple[Event, ...] = ()
    objects: Mapping[str, Record] = field(default_factory=dict)


@dataclass(frozen=True)
class Act:
    """The circumstances of one transition. `rule` and `spec` are the rule and its entry, none for the domain's own."""

    event: Event
    draft: Draft
    state: State
    rule: str | None = None
    spec: str | None = None

    @property
    def project(self) -> Project | None:
        """The project's file; none when the event belongs to no project that the workspace has."""
        return self.state.workspace.projects.get(self.event.project or "")

    def for_project(self, project: Project) -> Act:
        """The same for a step that concerns another project of the event's client."""
        return replace(self, event=replace(self.event, project=project.id, client=project.client))

    def cause(
        self, kind: str, key: str, before: Mapping[str, Any] | None = None, /, **objects: Record
    ) -> Event:
        """An event of that type that this one causes, about the records in `objects` and the project of this event."""
        event = self.event
        return Event(
            id=event_id(event.id, kind, key, self.rule or "", self.spec or ""),
            type=kind,
            at=event.at,
            received_at=event.received_at,
            objects={name: shown(record) for name, record in objects.items()},
            project=event.project,
            client=event.client,
            connection=event.connection,
            key=key,
            before=dict(before or {}),
            person=event.person,
            cause=event.id,
            rule=self.rule,
            depth=event.depth + 1,
            history=event.history,
        )

    def seen(self, before: Mapping[str, Any] | None = None, /, **objects: Record | None) -> Event:
        """The event itself with these records in place of what it brought; former values that it brought stay."""
        known = {name: shown(record) for name, record in objects.items() if record is not None}
        former = {**(before or {}), **self.event.before}
        return replace(self.event, objects={**self.event.objects, **known}, before=former)

    def new(self, project: Project, id: str, **fields: Any) -> Record:
        """A record of the project."""
        return {"id": id, "project": project.id, "client": project.client, **fields}


def shown(record: Mapping[str, Any]) -> Record:
    """A record as events carry it: without what the engine keeps for itself."""
    return {k: v for k, v in record.items() if not k.startswith("_") and k != "versions"}


def today(state: State, project: Project) -> Any:
    """The date now in the project's zone."""
    return local_day(state.now, project.time_zone)
