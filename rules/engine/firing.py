"""A rule that fires on an event, and what planning its actions comes to.

In: the rule, the event, the names, the records. Out: `Firing`, which its entries are planned from, and `Outcome`, which
they are collected in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rules.engine.names import Names
from rules.engine.snapshot import snapshot
from rules.engine.state import Draft, State
from rules.engine.verdicts import Planned
from rules.facts.event import Event, Record, digest
from rules.facts.project import Person
from rules.language.model import UNKNOWN, ExpressionError, Rule, Text


@dataclass(frozen=True)
class Firing:
    """A rule that fires on an event: what its actions are planned from.

    alert: (memory id, level, epoch) when a ladder fires; ids of actions hang on it instead of the event.
    """

    rule: Rule
    event: Event
    names: Names
    draft: Draft
    state: State
    texts: Mapping[str, Mapping[str, Text]]
    alert: tuple[str, str, int] | None = None

    @cached_property
    def mode(self) -> str:
        """observe, review or live. What concerns no single project is live once one of the client's projects is."""
        facts = self.names.facts
        if facts.project is not None or facts.client is None:
            return str(self.names("project.mode")) if facts.project else "live"
        own = [p for p in self.state.workspace.projects.values() if p.client == facts.client.id]
        modes = {(self.state.book.get("project", p.id) or {}).get("mode", p.mode) for p in own}
        return next((mode for mode in ("live", "review") if mode in modes), "observe")

    @property
    def objects(self) -> dict[str, Record]:
        """The objects that the event and the entries before made known, by name."""
        made = {k: dict(v) for k, v in self.names.bound.items() if isinstance(v, Mapping)}
        return {**self.names.facts.brought(), **made}

    @cached_property
    def for_team(self) -> Mapping[str, Any]:
        """The names of a text that the team reads."""
        return snapshot(self.names, client_facing=False)

    @cached_property
    def for_client(self) -> Mapping[str, Any]:
        """The names of a text that a client reads."""
        return snapshot(self.names, client_facing=True)

    def action_id(self, spec: str, whom: str) -> str:
        """The same for the same level of the same ladder, else for the same event; one for each recipient or target."""
        base = [self.event.id]
        if self.alert is not None:
            memory, level, epoch = self.alert
            base = [memory, level, str(epoch)]
        return "act_" + digest(*base, self.rule.id, spec, whom)


@dataclass
class Outcome:
    """What planning the entries of a rule came to so far.

    performed: how many inner actions were done.  problems: what could not be carried out.  notes: what was left out on
    purpose.  left_out: entries whose own condition does not hold.  reached: keeps anyone from getting a text twice.
    """

    actions: list[Planned] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    performed: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    reached: set[tuple[str, str, bool]] = field(default_factory=set)


def evaluated(value: Any, names: Names) -> Any:
    """A key of an entry as a value: expressions are evaluated, what is written out stays."""
    if isinstance(value, Mapping):
        return {k: evaluated(v, names) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [evaluated(v, names) for v in value]
    if not hasattr(value, "names"):
        return value
    found = value.value(names)
    if found is UNKNOWN:
        raise ExpressionError(f"`{value.text}` is not known for this event")
    return found


def lead_of(firing: Firing) -> Person | None:
    """Who leads the project today, cover included; the deputy where nobody does."""
    project, workspace = firing.names.facts.project, firing.state.workspace
    if project is None:
        return None
    today = firing.names.facts.today
    held = workspace.holders("lead", project, today) or workspace.holders("deputy", project, today)
    return held[0] if held else None
