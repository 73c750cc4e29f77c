"""What a stage works with: the `Context` of a process, and the `State` it hands to the engine.

In: the opened parts of a process. Out: `Context.state()`, the moment of deciding with a book over one connection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from connectors.base import Connector, Limits
from connectors.base import Settings as ConnectionSettings
from rules.engine.figures import Ground, workloads
from rules.engine.names import Facts
from rules.engine.reports.material import View
from rules.engine.reports.snapshot import report
from rules.engine.state import State
from rules.facts.event import Event, Record
from service.queue import Bells
from service.rulebook import Rulebook
from service.settings import Settings
from service.signing import own_fingerprint
from service.store import evidence
from service.store.database import Connection, Database
from service.store.records import SqlBook


@dataclass(frozen=True, slots=True)
class Figures:
    """A project's state and money: objects of the catalogue, none where there is no ground for them.

    periods: those of its retainer that were closed.  kpis: as measured last.  closed_until: how far books are closed.
    workload: hours of this week and the last, by person.  agreed: terms of its retainer that were agreed on later.
    """

    status: str
    mode: str
    budget: Record | None
    forecast: Record | None
    earned: Record | None = None
    retainer: Record | None = None
    periods: tuple[Record, ...] = ()
    kpis: tuple[Record, ...] = ()
    closed_until: date | None = None
    workload: tuple[Record, ...] = ()
    agreed: tuple[Record, ...] = ()


@dataclass(frozen=True)
class Context:
    """The parts of one process. `now` is the only clock the stages know."""

    settings: Settings
    database: Database
    rulebook: Rulebook
    connectors: dict[str, Connector]
    bells: Bells
    now: Callable[[], datetime]

    def state(self, connection: Connection) -> State:
        """The moment of deciding, over what this connection can see."""
        return State(self.now(), self.rulebook.workspace, SqlBook(connection))

    def figures(self, connection: Connection, project: str) -> Figures:
        """Where a project stands now, as a rule would see it."""
        known = self.rulebook.workspace.projects[project]
        facts = self._facts(connection, project)
        state = facts.state
        kept, owner = facts.kept("project") or {}, state.workspace.retained_by(known)
        retained = state.book.get("retainer", owner.id) if owner else None
        on_record = (facts.kept("period") or {}).get("closed_until")
        closed = (on_record, known.closed_until, state.workspace.closed_until)
        return Figures(
            status=str(kept.get("status", known.status)),
            mode=str(kept.get("mode", known.mode)),
            budget=facts.figures("budget"),
            forecast=facts.figures("forecast"),
            earned=facts.figures("earned"),
            retainer=facts.figures("retainer"),
            periods=tuple(retained["closed"]) if retained else (),
            agreed=tuple(retained.get("agreed") or ()) if retained else (),
            kpis=tuple(state.book.find("kpi", project)),
            closed_until=max((d for d in closed if d is not None), default=None),
            workload=tuple(workloads(Ground(known, state.workspace, state.book, facts.today), 2)),
        )

    def report(self, connection: Connection, project: str, kind: str, view: View) -> Record:
        """The report that a rule would send now. ValueError before the project is activated."""
        facts = self._facts(connection, project)
        made = report(facts, facts.state.book, kind, view, "look")
        key = own_fingerprint(self.settings.var)
        return {**made, "anchor": evidence.anchor_of(connection, project, key)}

    def _facts(self, connection: Connection, project: str) -> Facts:
        """What a rule would see of the project now."""
        state = self.state(connection)
        at, client = state.now, self.rulebook.workspace.projects[project].client
        looking = Event("", "project.activated", at, at, {"project": {"id": project}}, project, client)
        return Facts(looking, state.book, state)

    def connection(self, name: str) -> tuple[Connector, ConnectionSettings] | None:
        """The connector and settings of a connection, or none when the workspace has none of that name."""
        settings = self.rulebook.connections.get(name)
        if settings is None:
            return None
        known = self.rulebook.workspace.connections.get(name)
        # Settings without an entry in the files are the mails written to files while no mail server is configured.
        connector = self.connectors.get(known.connector if known else "email")
        return (connector, settings) if connector else None

    def polled(self) -> dict[str, str]:
        """What is asked for news, each under the name that its state is kept by -> the connection. An inbox has a state
        of its own, `mail.inbox`: while it is away, mail still leaves.
        """
        found: dict[str, str] = {}
        for name, known in self.rulebook.workspace.connections.items():
            there = self.connection(name)
            word = there[0].polled_by if there else None
            if known.receive == "poll":
                found[name] = name
            elif there and word and there[1].get(word):
                found[f"{name}.{word}"] = name
        return found

    def limits(self, name: str) -> Limits:
        """How much a connection may be asked; nothing limits one that the workspace does not have."""
        settings = self.rulebook.connections.get(name)
        return settings.limits if settings else Limits()
