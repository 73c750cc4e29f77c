"""A small world to tell events to: the Northwind Studio, its client Acme, and the project Apollo.

`World.tell` applies an event and everything it causes, as deciding does, and stores what was written.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from rules.engine import effects
from rules.engine.effects import projects
from rules.engine.state import Draft, MemoryBook, State
from rules.facts import approval
from rules.facts.calendar import make_calendar
from rules.facts.event import Event, Record, event_id
from rules.facts.ledger import total
from rules.facts.money import Money
from rules.facts.project import (
    BudgetPlan,
    Client,
    Connection,
    MilestonePlan,
    Person,
    Project,
    Tracking,
    Workspace,
)
from rules.language.model import ActionSpec, Position

MONDAY = datetime(2026, 9, 21, 14, 0, tzinfo=UTC)
"""Monday 21 September 2026, 10:00 in New York and 22:00 in Shanghai."""


def usd(amount: str | int) -> Money:
    return Money(Decimal(amount), "USD")


def person(key: str, name: str, client: str | None = None, **more: Any) -> Person:
    """Someone with the defaults of their side."""
    zone, calendar, locale = ("America/New_York", "US", "en") if client else ("Asia/Shanghai", "CN", "zh-CN")
    fields: dict[str, Any] = {
        "email": f"{key}@acme.example" if client else f"{key}@northwind.example",
        "roles": (),
        "locale": locale,
        "time_zone": zone,
        "calendar": calendar,
        "hours": "09:00-18:00",
        "client": client,
    }
    return Person(id=key, name=name, **{**fields, **more})


LIN = person(
    "lin",
    "Lin Hao",
    roles=("lead",),
    locale="en",
    bill_rates=((date(2026, 1, 1), usd(150)), (date(2026, 9, 1), usd("160.00"))),
    cost_rates=((date(2026, 1, 1), usd(60)),),
)
WANG = person("wang", "Wang", roles=("finance",))
ANN = person("ann", "Ann Lee", "acme", roles=("sponsor", "approver"), approves_up_to=usd(20_000))
BOB = person("bob", "Bob Ray", "acme", roles=("billing",), locale="zh-CN")

APOLLO = Project(
    id="apollo",
    name="Apollo",
    client="acme",
    currency="USD",
    lead="lin",
    budget=BudgetPlan(
        total=usd(100_000),
        lines={"staff": usd(80_000), "material": usd(8_000), "equipment": usd(5_000), "other": usd(2_000)},
        reserve=usd(5_000),
    ),
    status="active",
    mode="live",
    roles={"approver": ("ann",)},
    step_up=usd(20_000),
    tracked_by=(
        Tracking(
            "tracker",
            "APO",
            home="APO-1",
            main=True,
            done=("Done", "已完成"),
            waits_for_client=("Waiting for client",),
            change_labels=("change-request",),
            client_text="titles",
        ),
    ),
    milestones=(
        MilestonePlan("m1", "Prototype", date(2026, 10, 12), Decimal(30)),
        MilestonePlan("m2", "Launch", date(2026, 12, 4), Decimal(70), after=("m1",)),
    ),
    time_zone="America/New_York",
    calendar="US",
)


def workspace(project: Project = APOLLO, *people: Person) -> Workspace:
    """The workspace with one project; `people` replace those of the same key or join them."""
    everyone = {p.id: p for p in (LIN, WANG, ANN, BOB, *people)}
    contacts = tuple(k for k, p in everyone.items() if p.client == "acme")
    return Workspace(
        version="v1",
        name="Northwind Studio",
        time_zone="Asia/Shanghai",
        locale="en",
        calendar="CN",
        sender="projects@northwind.example",
        calendars={name: make_calendar(name, name) for name in ("CN", "US")},
        people=everyone,
        clients={"acme": Client("acme", "Acme Ltd", "en", "America/New_York", "US", "09:00-18:00", contacts)},
        projects={project.id: project},
        connections={
            n: Connection(n, c) for n, c in (("tracker", "jira"), ("books", "xero"), ("mail", "email"))
        },
    )


class World:
    """Records in memory, a clock that is set by hand, and the events decided so far."""

    def __init__(
        self, project: Project = APOLLO, *people: Person, now: datetime = MONDAY, active: bool = True
    ) -> None:
        self.workspace = workspace(project, *people)
        self.project = project
        self.book = MemoryBook()
        self.now = now
        self.count = 0
        if active:
            self.decide(projects.activation(project, now))

    @property
    def state(self) -> State:
        return State(self.now, self.workspace, self.book)

    def mend(self, *people: Person, project: Project | None = None) -> None:
        """The files are edited: people replaced, or the project."""
        self.project = project or self.project
        kept = [p for p in self.workspace.people.values() if p.id not in {m.id for m in people}]
        self.workspace = workspace(self.project, *kept, *people)

    def event(self, type: str, key: str | None = None, /, **more: Any) -> Event:  # noqa: A002
        """An event of the project; objects by name, `version`, `connection`, `at` and `before` as they are."""
        self.count += 1
        fields = {
            "version",
            "connection",
            "at",
            "before",
            "own",
            "history",
            "person",
            "project",
            "id",
            "cause",
        }
        given = {k: v for k, v in more.items() if k in fields}
        objects = {k: v for k, v in more.items() if k not in fields}
        at = given.pop("at", self.now)
        made = event_id("test", str(self.count))
        project, client = given.pop("project", self.project.id), self.project.client
        base = Event(given.pop("id", made), type, at, at, objects, project=project, client=client, key=key)
        return replace(base, **given)

    def tell(self, type: str, key: str | None = None, /, **more: Any) -> list[Event]:  # noqa: A002
        """Make an event and decide it: itself first, then what it caused, in order."""
        return self.decide(self.event(type, key, **more))

    def decide(self, *events: Event) -> list[Event]:
        """Apply events and all that they cause; stores what was written."""
        draft, queue, decided = Draft(self.book), deque(events), []
        while queue:
            applied = effects.apply(queue.popleft(), draft, self.state)
            decided.append(applied.event)
            queue.extend(applied.caused)
        self.book.store(draft.puts)
        return decided

    def answer(self, person: str, outcome: str = "approved", remark: str | None = None) -> list[Event]:
        """Somebody's answer to the newest question that is open, as signed in; nothing where it is not theirs."""
        found = max(
            (a for a in self.all("approval") if a["status"] == "sent"), key=lambda a: int(a["version"])
        )
        decision = {"outcome": outcome, "channel": "online", "at": self.now, "name": person, "remark": remark}
        made = approval.decide(found, person, decision, self.now)
        if made.outcome != "recorded":
            return []
        self.book.store({("approval", found["id"]): made.record})
        return self.tell("approval.answered", person=person, approval=made.record, decision=decision)

    def act(
        self, kind: str, event: Event | None = None, /, **keys: Any
    ) -> tuple[list[Event], Mapping[str, Record]]:
        """A rule's inner action on an event, with everything it causes decided."""
        event = event or self.event("slot.due")
        spec = ActionSpec(kind, f"{kind}:1", keys, Position("rules/test.yaml", 1, 1))
        draft = Draft(self.book)
        done = effects.perform(spec, keys, event, event.objects, draft, self.state, "test-rule")
        self.book.store(draft.puts)
        return self.decide(*done.events), done.objects

    def get(self, kind: str, id: str = "apollo") -> Record:
        found = self.book.get(kind, id)
        assert found is not None, f"no {kind} {id}"
        return found

    def all(self, kind: str) -> list[Record]:
        return self.book.find(kind, self.project.id)

    @property
    def spent(self) -> Money:
        """What the ledger sums to, in the measure of the budget."""
        return total(self.get("sums"), self.project.budget.measure)


def types(events: list[Event]) -> list[str]:
    return [e.type for e in events]
