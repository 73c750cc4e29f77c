"""A workspace in miniature with a clock of its own, for tests of what the engine decides.

In: what differs from the example (Northwind Studio works for Acme on Apollo), rules and texts as YAML. Out: a `World`
that takes events one after the other and remembers records, verdicts and actions, as the service would.

    world = World(rules=LADDER, workspace={"projects": {"apollo": {"mode": "observe"}}})
    world.spend("B1", 45_000)
    assert world.told() == []
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from rules.engine.effects.projects import activation
from rules.engine.evaluate import evaluate
from rules.engine.state import MemoryBook, State
from rules.engine.verdicts import Evaluation, Planned, Verdict
from rules.facts.event import Event, event_id
from rules.facts.money import Money
from rules.facts.project import Project, Workspace
from rules.language.documents import read
from rules.language.loader import load_rules
from rules.language.model import RuleSet
from rules.language.texts import Rendered, render
from rules.language.wording import choose
from rules.language.workspace import build
from rules.packs import read_pack

MONDAY = "2026-09-21 10:00 America/New_York"

AGENCY: Mapping[str, Any] = yaml.safe_load("""
organisation:
  name: Northwind Studio
  time_zone: Asia/Shanghai
  locale: zh-CN
  calendar: CN
  from: "Northwind <projects@northwind.example>"
connections:
  tracker: {connector: jira}
  books: {connector: xero}
  room: {connector: slack}
people:
  lin: {name: Lin Hao, email: lin@northwind.example, roles: [lead], accounts: {tracker: acc-lin}}
  wang: {name: Wang, email: wang@northwind.example, roles: [finance]}
clients:
  acme:
    name: Acme Ltd
    locale: en
    time_zone: America/New_York
    calendar: US
    hours: "09:00-18:00"
    contacts:
      ann: {name: Ann Lee, email: ann@acme.example, roles: [sponsor, approver], approves_up_to: 50000 USD}
      bob: {name: Bob Ray, email: bob@acme.example, roles: [billing], locale: zh-CN}
projects:
  apollo:
    client: acme
    name: Apollo
    status: active
    mode: live
    lead: lin
    currency: USD
    budget: {total: 100000}
    tracked_by:
      - {connection: tracker, project: APO, home: APO-1, main: true, changes: {label: change-request}}
    booked_in: [{connection: books, customer: "42"}]
    milestones:
      - {id: m1, title: Prototype, due: "2026-10-12", weight: 30}
      - {id: m2, title: Launch, due: "2026-12-04", weight: 70, after: [m1]}
""")

TEXTS: Mapping[str, Mapping[str, Any]] = {
    "en": {
        "alert": {
            "subject": "{{ project.name }}: {{ budget.used | percent }}",
            "body": "Level {{ level | percent(0) }}",
        },
        "alert_corrected": {
            "subject": "{{ project.name }}: corrected to {{ budget.used | percent }}",
            "body": (
                "Told {{ told.value | percent }} on {{ told.day | day }}; next at {{ next.level | percent(0) }}, or at "
                "{{ next.again_level | percent(0) }} again after a fall below {{ next.rearm_below | percent(0) }}."
            ),
        },
        "note": {"subject": "{{ project.name }}", "body": "A note.", "short": "A note."},
        "decide": {"subject": "Please decide", "body": "[See it]({{ link }})"},
    },
    "zh-CN": {
        "alert": {
            "subject": "{{ project.name }}：{{ budget.used | percent }}",
            "body": "档位 {{ level | percent(0) }}",
        },
        "alert_corrected": {
            "subject": "{{ project.name }}：更正为 {{ budget.used | percent }}",
            "body": "原 {{ told.value | percent }}，{{ told.day | day }}",
        },
        "note": {"subject": "{{ project.name }}", "body": "说明。", "short": "说明。"},
        "decide": {"subject": "请确认", "body": "[查看]({{ link }})"},
    },
}


def moment(text: str) -> datetime:
    """The aware UTC time of "2026-09-21 10:00 America/New_York"; without a zone it is UTC."""
    day, clock, *zone = text.split()
    local = datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=ZoneInfo(zone[0]) if zone else UTC)
    return local.astimezone(UTC)


def workspace_of(changes: Mapping[str, Any] | None = None) -> Workspace:
    """The example workspace with some keys replaced (mappings are merged, all else is replaced)."""
    text = yaml.safe_dump({"version": 1, **merged(AGENCY, changes or {})}, allow_unicode=True)
    document, problems = read(text, "accord.yaml")
    found, more = build([document]) if document else (None, [])
    wrong = [*problems, *more]
    if found is None:
        raise AssertionError("the workspace is not understood:\n" + "\n".join(map(str, wrong)))
    return found


def rules_of(
    rules: str,
    workspace: Workspace,
    texts: Mapping[str, Mapping[str, Any]] | None = None,
    use: Sequence[str] = (),
) -> RuleSet:
    """The rule set of the entries of `rules:` written as YAML, with `TEXTS` and more texts by locale and key.

    use: shipped packs that are in force as well.
    """
    source = "version: 1\n"
    if rules.strip():
        source += f"rules:\n{textwrap.indent(textwrap.dedent(rules), '  ')}"
    if use:
        source += f"\nuse: [{', '.join(use)}]\n"
    written = merged(TEXTS, texts or {})
    files = [
        (
            f"texts/{locale}.yaml",
            locale,
            yaml.safe_dump({"version": 1, "texts": dict(of)}, allow_unicode=True),
        )
        for locale, of in written.items()
    ]
    found, problems = load_rules([("rules/test.yaml", source)], files, workspace, read_pack)
    if found is None:
        raise AssertionError("the rules are not understood:\n" + "\n".join(map(str, problems)))
    return found


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings merged key by key; a change to none removes the key."""
    found = dict(base)
    for key, value in changes.items():
        inner = base.get(key)
        both = isinstance(inner, Mapping) and isinstance(value, Mapping)
        found[key] = merged(inner, value) if both else value
    return {k: v for k, v in found.items() if v is not None}


@dataclass
class World:
    """A workspace, its rules, its records and a clock. Projects whose file says `active` are activated at `began`."""

    rules: str | RuleSet = ""
    workspace: Workspace | Mapping[str, Any] | None = None
    texts: Mapping[str, Mapping[str, Any]] | None = None
    use: Sequence[str] = ()
    now: datetime | str = MONDAY
    began: datetime | str = "2026-09-01 01:00"
    book: MemoryBook = field(default_factory=MemoryBook)
    evaluations: list[Evaluation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.now = moment(self.now) if isinstance(self.now, str) else self.now
        if not isinstance(self.workspace, Workspace):
            self.workspace = workspace_of(self.workspace)
        given = self.rules
        self.ruleset = (
            given if isinstance(given, RuleSet) else rules_of(given, self.workspace, self.texts, self.use)
        )
        self._serial = 0
        began = moment(self.began) if isinstance(self.began, str) else self.began
        for project in self.workspace.projects.values():
            if project.status == "active":
                self.decide(activation(project, began), at=began)
        self.evaluations.clear()

    # -- the state of things

    @property
    def state(self) -> State:
        """The state as of the world's clock."""
        assert isinstance(self.workspace, Workspace)
        assert isinstance(self.now, datetime)
        return State(self.now, self.workspace, self.book)

    def clock(self, text: str) -> World:
        """Set the clock: "2026-09-22 10:00 America/New_York"."""
        self.now = moment(text)
        return self

    def record(self, kind: str, id: str) -> dict[str, Any]:
        """A record that must be there."""
        found = self.book.get(kind, id)
        assert found is not None, (
            f"no {kind} {id}; there are {[i for k, i in self.book.records if k == kind]}"
        )
        return found

    # -- making things happen

    def decide(self, event: Event, *, at: datetime | None = None, stored_only: bool = False) -> Evaluation:
        """Decide an event and keep what it comes to."""
        state = self.state if at is None else State(at, self.state.workspace, self.book)
        found = evaluate(event, state, self.ruleset, stored_only=stored_only)
        self.book.store(found.puts)
        self.evaluations.append(found)
        return found

    def event(self, kind: str, project: str | None = "apollo", /, **given: Any) -> Event:
        """An event of now. Keywords that are not fields of `Event` are fields of its objects: entry={...}."""
        self._serial += 1
        own = {k: given.pop(k) for k in list(given) if k in Event.__slots__}
        found: Project | None = self.state.workspace.projects.get(project or "")
        key = own.pop("key", f"{kind}/{self._serial}")
        return Event(
            **{
                "id": event_id("test", kind, key, str(self._serial)),
                "type": kind,
                "at": self.state.now,
                "received_at": self.state.now,
                "objects": given,
                "project": project,
                "client": found.client if found else None,
                "key": key,
                **own,
            }
        )

    def happen(self, kind: str, project: str | None = "apollo", /, **given: Any) -> Evaluation:
        """Decide an event made as by `event`."""
        return self.decide(self.event(kind, project, **given))

    def spend(self, key: str, amount: int | str, verb: str = "posted", **given: Any) -> Evaluation:
        """An entry of the ledger is posted, corrected or voided; the amount is in the project's currency.

        Further keywords: `project`, `work_date`, fields of the entry in `entry`, fields of the event (`history`).
        """
        return self.decide(self.entry(key, amount, verb, **given))

    def entry(self, key: str, amount: int | str, verb: str = "posted", **given: Any) -> Event:
        """The event that `spend` decides."""
        project = given.pop("project", "apollo")
        currency = self.state.workspace.projects[project].currency
        fields = {
            "id": key,
            "kind": "bill",
            "measure": "incurred",
            "class": "other",
            "amount": Money(Decimal(str(amount)), currency),
            "currency": currency,
            "work_date": given.pop("work_date", date(2026, 9, 21)),
            **given.pop("entry", {}),
        }
        return self.event(f"ledger.{verb}", project, key=key, entry=fields, **given)

    def slot(
        self, rule: str, about: str, record: str, project: str | None = "apollo", **given: Any
    ) -> Evaluation:
        """A slot of the clock fires for one record of the kind `about`; `given` are fields of the slot."""
        place = {
            "id": f"slt_{rule}_{record}_{given.get('offset')}",
            "rule": rule,
            "kind": about,
            "object": record,
        }
        return self.happen("slot.due", project, slot={**place, "offset": None, "at": self.state.now, **given})

    def leave(self, action: Planned, outcome: str = "sent") -> Evaluation:
        """What became of an action: sent, failed or unknown."""
        message = {"id": action.id, "to": action.recipient, "status": outcome, "alert": action.alert}
        return self.happen(f"message.{outcome}", action.project, message=message)

    # -- looking at what came of it

    @property
    def last(self) -> Evaluation:
        """The latest evaluation."""
        return self.evaluations[-1]

    def actions(self, kind: str | None = None, of: Iterable[Evaluation] | None = None) -> list[Planned]:
        """Actions of the latest evaluation (or of those given), of one kind or all."""
        found = [a for e in (of or self.evaluations[-1:]) for a in e.actions]
        return [a for a in found if kind is None or a.kind == kind]

    def told(self) -> list[str]:
        """Who is reached by the latest evaluation: "email bob", "comment tracker/APO-1", in order."""
        return [f"{a.kind} {a.recipient or a.target}" for a in self.actions()]

    def verdict(self, rule: str, evaluation: Evaluation | None = None) -> Verdict:
        """The rule's first verdict in the latest evaluation."""
        found = [v for v in (evaluation or self.last).verdicts if v.rule == rule]
        assert found, (
            f"no verdict of {rule}; there are {[(v.rule, v.kind) for v in (evaluation or self.last).verdicts]}"
        )
        return found[0]

    def text(self, action: Planned) -> Rendered:
        """The action's text as its reader gets it."""
        by_locale = self.ruleset.texts[action.text]
        text = choose(by_locale, action.locale)
        assert text is not None
        person = self.state.workspace.people.get(action.recipient or "")
        names = {
            **action.names,
            **({"link": "https://accord.example/a/token"} if "link" in action.keys else {}),
        }
        return render(text, names, action.locale, person.time_zone if person else "UTC")
