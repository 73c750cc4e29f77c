"""The workspace as a rule sees it: organisation, people, clients, projects and connections.

In: nothing but values (rules.language.workspace builds them from YAML). Out: frozen shapes with the few
questions that many ask: who holds a role, who covers for whom, which project tracks an issue.
Secrets are not here: a connection's settings are kept apart by the service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from rules.facts.calendar import WorkCalendar
from rules.facts.duration import Duration
from rules.facts.earned_value import Credit, EarnedPlan
from rules.facts.money import Money
from rules.facts.retainer import Terms

TEAM_ROLES = ("lead", "deputy", "finance", "member")
CLIENT_ROLES = ("sponsor", "approver", "billing", "user")


@dataclass(frozen=True, slots=True)
class Absence:
    """Away from `start` to `end`, both included; `delegate` is a person's key or none."""

    start: date
    end: date
    delegate: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Someone of the team (`client` is none) or a client's contact. `capacity`: the hours of a full week."""

    id: str
    name: str
    email: str
    roles: tuple[str, ...]
    locale: str
    time_zone: str
    calendar: str
    hours: str
    client: str | None = None
    channel: str | None = None
    approves_up_to: Money | None = None
    accounts: Mapping[str, str] = field(default_factory=dict)
    cost_rates: tuple[tuple[date, Money], ...] = ()
    bill_rates: tuple[tuple[date, Money], ...] = ()
    away: tuple[Absence, ...] = ()
    until: date | None = None
    successor: str | None = None
    capacity: Duration | None = None

    @property
    def party(self) -> Literal["team", "client"]:
        """Which side the person stands on."""
        return "client" if self.client else "team"


@dataclass(frozen=True, slots=True)
class Client:
    """A client and the defaults its contacts share. `vars` are typed values of packs.

    at_most: how many messages reach one contact within a length of time, over all rules together.  digest: the time of
    the contact's day ("17:00") at which what that holds back leaves as one.
    """

    id: str
    name: str
    locale: str
    time_zone: str
    calendar: str
    hours: str
    contacts: tuple[str, ...]
    tags: tuple[str, ...] = ()
    at_most: tuple[int, Duration] | None = None
    digest: str | None = None
    vars: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tracking:
    """Where a project's issues live: `tracked_by` of the workspace."""

    connection: str
    project: str
    home: str | None = None
    main: bool = False
    done: tuple[str, ...] = ()
    waits_for_client: tuple[str, ...] = ()
    change_labels: tuple[str, ...] = ()
    change_types: tuple[str, ...] = ()
    client_can_read: bool = False
    client_text: Literal["none", "titles", "marked_comments"] = "none"


@dataclass(frozen=True, slots=True)
class Booking:
    """Which documents of an accounting connection belong to the project: every given word must match."""

    connection: str
    customer: str | None = None
    tag: str | None = None
    match: str | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """What must be true for a milestone to be accepted: a field of `quality`, an item of a list, the client's word."""

    kind: Literal["metric", "approval", "checklist"]
    text: str
    at_least: Decimal | None = None
    at_most: Decimal | None = None


@dataclass(frozen=True, slots=True)
class MilestonePlan:
    """A milestone of the first baseline. `version`: what trackers call it, where that is not its title."""

    id: str
    title: str
    due: date
    weight: Decimal = Decimal(0)
    payment: str | None = None
    after: tuple[str, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    credit: Credit | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class RiskPlan:
    """A risk that the project's file begins its register with. `amount` is what it would cost."""

    id: str
    title: str
    kind: str = "other"
    response: str | None = None
    score: int = 1
    owner: str | None = None
    review_on: date | None = None
    plan: str | None = None
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class SupplierPlan:
    """A delivery by a supplier, as the project's file has it. `issue`: the ticket that follows it in a tracker."""

    id: str
    name: str
    title: str
    promised: date
    blocks: tuple[str, ...] = ()
    order: str | None = None
    owner: str | None = None
    issue: str | None = None


@dataclass(frozen=True, slots=True)
class Goal:
    """What the project is for, and how and when one can tell that it is reached."""

    text: str
    measure: str | None = None
    by: date | None = None


@dataclass(frozen=True, slots=True)
class Talk:
    """One line of the communication plan: what is said, to whom, by which channel, how often."""

    what: str
    to: tuple[str, ...] = ()
    channel: str = "mail"
    every: Duration | None = None


@dataclass(frozen=True, slots=True)
class BudgetPlan:
    """The first baseline's money. `opening` counts as spent before Accord was connected."""

    total: Money
    measure: Literal["incurred", "committed", "billed"] = "incurred"
    at: Literal["bill_rate", "cost_rate"] = "bill_rate"
    lines: Mapping[str, Money] = field(default_factory=dict)
    reserve: Money | None = None
    opening_spent: Money | None = None
    opening_as_of: date | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What a KPI should be: at least, or at most, this much. Percentages are shares: 0.9 for 90 %."""

    value: Decimal
    at_least: bool

    def met(self, value: Decimal) -> bool:
        """Whether a measured value is good enough."""
        return value >= self.value if self.at_least else value <= self.value


@dataclass(frozen=True, slots=True)
class Project:
    """A client project as its file says. The record wins over budget and milestones once activated."""

    id: str
    name: str
    client: str
    currency: str
    lead: str
    budget: BudgetPlan
    status: str = "draft"
    mode: Literal["observe", "review", "live"] = "observe"
    live_since: date | None = None
    deputy: str | None = None
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    billing_kind: str = "time_and_materials"
    client_sees: Literal["spend", "progress", "nothing"] = "spend"
    rounding: Literal["half_up", "half_even"] = "half_up"
    need: str = "any"
    step_up: Money | None = None
    tracked_by: tuple[Tracking, ...] = ()
    booked_in: tuple[Booking, ...] = ()
    milestones: tuple[MilestonePlan, ...] = ()
    reports: Mapping[str, Any] = field(default_factory=dict)
    deemed_clause: str | None = None
    deemed_days: int | None = None
    goals: tuple[Goal, ...] = ()
    deliverables: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    scope_file: str | None = None
    contract_signed: date | None = None
    contract_file: str | None = None
    clauses: Mapping[str, str] = field(default_factory=dict)
    risks: tuple[RiskPlan, ...] = ()
    risk_limit: int = 12
    suppliers: tuple[SupplierPlan, ...] = ()
    communication: tuple[Talk, ...] = ()
    needs_to_begin: tuple[str, ...] = ()
    audit: Literal["quarterly", "monthly", "never"] = "quarterly"
    pulse: Literal["quarterly", "monthly", "never"] = "never"
    team_pulse: Literal["quarterly", "monthly", "never"] = "never"
    closing_survey: bool = True
    survey_to: tuple[str, ...] = ("sponsor", "approver")
    time_zone: str = "UTC"
    calendar: str = ""
    vars: Mapping[str, Any] = field(default_factory=dict)
    earned: EarnedPlan = field(default_factory=EarnedPlan)
    retainer: Terms | None = None
    kpi: Mapping[str, Target] = field(default_factory=dict)
    closed_until: date | None = None
    workload: Mapping[str, Duration] = field(default_factory=dict)

    @property
    def versions(self) -> dict[str, str]:
        """What trackers call the milestones of the plan, of those that the file gives another name than their title."""
        return {plan.id: plan.version for plan in self.milestones if plan.version}

    @property
    def home(self) -> tuple[str, str] | None:
        """(connection, issue key) of the tracker's home issue, the main tracker first."""
        ordered = sorted(self.tracked_by, key=lambda t: not t.main)
        return next(((t.connection, t.home) for t in ordered if t.home), None)


@dataclass(frozen=True, slots=True)
class Connection:
    """An outside system by name. Its settings and secrets are the service's business."""

    name: str
    connector: str
    owner: str | None = None
    receive: Literal["hooks", "poll"] = "hooks"
    quiet_after: str | None = None


@dataclass(frozen=True, slots=True)
class Tell:
    """Whom the service tells what it cannot keep: people of the team by key, a chat connection. `organisation.tell`."""

    to: tuple[str, ...] = ()
    chat: str | None = None


LINKS_LAST: Final = "90d"
# How long is kept what is only looked up: a duration, or none for good.
RETENTION: Mapping[str, str | None] = {
    "deliveries": "400d",
    "attempts": "800d",
    "verdicts": "800d",
    "addresses": "800d",
}


@dataclass(frozen=True, slots=True)
class Workspace:
    """Everything the files of a workspace say, checked; `version` is the hash of its content.

    links_last: how long an address that opens a page for somebody outside is good for, from when it was last sent.
    operations: connector -> what it can do outside, as the connectors of this installation declare it.
    renamed: "people", "clients", "projects" -> key in the files -> the key that the record knows the object by.
    """

    version: str
    name: str
    time_zone: str
    locale: str
    calendar: str
    sender: str
    calendars: Mapping[str, WorkCalendar]
    people: Mapping[str, Person]
    clients: Mapping[str, Client]
    projects: Mapping[str, Project]
    connections: Mapping[str, Connection]
    hours: str = "09:00-18:00"
    vars: Mapping[str, Any] = field(default_factory=dict)
    tell: Tell = Tell()
    retention: Mapping[str, str | None] = field(default_factory=lambda: RETENTION)
    links_last: str = LINKS_LAST
    operations: Mapping[str, frozenset[str]] = field(default_factory=dict)
    closed_until: date | None = None
    renamed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def can(self, connection: str, operation: str) -> bool:
        """Whether the connector of that connection declares the operation; true where no connector is known at all."""
        known = self.connections.get(connection)
        return known is None or not self.operations or operation in self.operations.get(known.connector, ())

    def able(self, operation: str) -> list[str]:
        """The connectors that declare the operation, by name."""
        return sorted(name for name, declared in self.operations.items() if operation in declared)

    def retained_by(self, project: Project) -> Project | None:
        """The project whose retainer this one draws on: its own, or the one whose pool it is in; none without."""
        if project.retainer is not None:
            return project
        return next((p for p in self.projects.values() if p.retainer and project.id in p.retainer.pool), None)

    def holders(self, role: str, project: Project, on: date) -> list[Person]:
        """Everyone who holds `client.ROLE` or `project.ROLE` for this project on that day, cover included.

        `role` is the bare role name; client roles look at the project's `roles`, then at the client's contacts.
        """
        if role in ("lead", "deputy"):
            named = [k for k in (project.lead if role == "lead" else project.deputy,) if k]
        elif role in project.roles:
            named = list(project.roles[role])
        elif role in CLIENT_ROLES:
            named = [k for k in self.clients[project.client].contacts if role in self.people[k].roles]
        else:
            named = [k for k, p in self.people.items() if p.party == "team" and role in p.roles]
        covered = [self.cover(k, on) for k in named]
        return list({p.id: p for p in covered if p is not None}.values())

    def cover(self, person: str, on: date) -> Person | None:
        """The person, or who stands in: the successor after `until`, the delegate while away."""
        seen: set[str] = set()
        while person in self.people and person not in seen:
            seen.add(person)
            found = self.people[person]
            if found.until and on > found.until and found.successor:
                person = found.successor
                continue
            away = next((a for a in found.away if a.start <= on <= a.end and a.delegate), None)
            if away is None or away.delegate is None:
                return found
            person = away.delegate
        return self.people.get(person)

    def vars_for(self, project: Project) -> dict[str, Any]:
        """`vars.` as a rule sees them: organisation, then client, then project; the nearest wins."""
        return {**self.vars, **self.clients[project.client].vars, **project.vars}
