"""What the names in expressions and texts stand for when an event is decided.

In: the event with its full objects, the records, the moment. Out: `Facts`, every name of the event found when it is
first asked for and each once; and `Names`, the same with what one rule binds on top, which is what expressions resolve
with. A name that is not there this time is UNKNOWN; nothing here raises for data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal

from rules.engine import condition
from rules.engine.derived import with_derived
from rules.engine.figures import Figure, Ground, figures, workload_of
from rules.engine.parties import calendars_of
from rules.engine.standing import (
    client_record,
    event_record,
    organisation_record,
    person_record,
    project_record,
)
from rules.engine.state import Book, State
from rules.facts.calendar import local_day
from rules.facts.catalogue import EVENTS, STANDING
from rules.facts.event import Event, Record, spoken_of
from rules.facts.milestone import named
from rules.facts.money import EXACT, Money, quantize
from rules.facts.workload import week_of
from rules.language.model import UNKNOWN, Rule

View = Literal["event", "before", "moment"]
"""event: objects as the event brought them. before: as the book has them from before it, if it has them at all.
moment: as their records are by now."""

# Objects that are kept as records under their own name: what waits is checked with the record of the moment.
KEPT: Final = frozenset(
    [
        "milestone",
        "change",
        "approval",
        "issue",
        "entry",
        "task",
        "action_item",
        "risk",
        "finding",
        "complaint",
        "survey",
        "meeting",
        "supplier",
    ]
)

# Where the id of an object stands when the event does not bring the object itself; the first one that is known.
_RELATED: Final[Mapping[str, tuple[str, ...]]] = {
    "issue": ("entry.issue", "comment.on", "change.issues"),
    "change": ("approval.subject",),
    "milestone": (
        "approval.subject",
        "entry.milestone",
        "issue.milestone",
        "change.milestones",
        "delay.milestone",
        "action_item.blocks",
        "finding.milestone",
        "supplier.blocks",
    ),
    "action_item": ("delay.action_item", "message.action_item", "contact.action_item"),
    "approval": ("change.id", "milestone.id", "reserve.id", "entry.id"),
    "risk": ("reserve.risk", "approval.subject"),
    "supplier": ("delay.supplier",),
}


# Events that tell of a decision, whether or not anybody was asked here.
_DECIDED: Final = frozenset({"change", "milestone"})
_OUTCOMES: Final = frozenset({"approved", "accepted", "rejected", "changes_requested"})


class Facts(dict[str, Any]):
    """Path -> value for one event, filled as it is asked: `facts["budget.used"]`.

    book: the records to read: the draft of the evaluation, or the book as it was before.  about: the event that names
    speak of. At the end of a wait that is the one which began it, with its objects as their records are by now.
    """

    def __init__(self, event: Event, book: Book, state: State, view: View = "event") -> None:
        super().__init__()
        self.event = event
        self.about = spoken_of(event)
        self.state = state
        self.project = state.workspace.projects.get(event.project) if event.project else None
        client = self.project.client if self.project else event.client
        self.client = state.workspace.clients.get(client) if client else None
        self._book = book
        self._view = "moment" if self.about is not event and view == "event" else view
        self._objects: dict[str, Record | None] = {}
        # By whether a client reads it: objects as messages may name them.
        self.taken_down: dict[bool, dict[str, Any]] = {}
        self._condition: Record | None = None

    def __missing__(self, name: str) -> Any:
        value = self[name] = self._find(name)
        return value

    def object(self, noun: str) -> Record | None:
        """The object of that name with its fields (dotted keys), or none when this event knows none."""
        if noun not in self._objects:
            self._objects[noun] = self._make(noun)
        return self._objects[noun]

    def nouns(self) -> Iterator[str]:
        """The names of all objects this event can know."""
        kind = EVENTS.get(self.about.type)
        own = (kind.object, *kind.also) if kind else ()
        yield from dict.fromkeys((*STANDING, *own, *self.about.objects, *_RELATED, "decision"))

    def brought(self) -> dict[str, Record]:
        """The event's own objects and those they name, without the standing ones."""
        nouns = [n for n in self.nouns() if n not in _STANDING]
        return {n: found for n in nouns if (found := self.object(n)) is not None}

    @property
    def zone(self) -> str:
        """The project's zone, the organisation's where there is no project."""
        return self.project.time_zone if self.project else self.state.workspace.time_zone

    @property
    def today(self) -> date:
        """The date on the wall in `zone`."""
        return local_day(self.state.now, self.zone)

    def _find(self, name: str) -> Any:
        if ":" in name:
            question, _, asked = name.partition(":")
            return self._changed(asked) if question == "changed" else self._former(asked)
        noun, _, path = name.partition(".")
        if not path and noun in ("now", "today"):
            return self.state.now if noun == "now" else self.today
        if name == "level":
            return (self.object("level") or {}).get("level", UNKNOWN)
        if noun == "project" and path in condition.FIELDS and self.project is not None:
            return self.condition()[path]
        found = self.object(noun)
        if found is None or path.startswith("_"):
            return UNKNOWN
        return found.get(path, UNKNOWN) if path else found

    def _former(self, name: str) -> Any:
        """The value before the event: what the event says it was, else it did not change then."""
        noun, _, path = name.partition(".")
        if noun == self._main and path in self.about.before:
            return self.about.before[path]
        if noun == self._main and self._view == "moment" and noun in self.about.objects:
            return self.about.objects[noun].get(path, UNKNOWN)
        return self[name]

    def _changed(self, name: str) -> Any:
        former, present = self._former(name), self[name]
        if former is UNKNOWN or present is UNKNOWN:
            return UNKNOWN
        return former != present

    @property
    def _main(self) -> str | None:
        kind = EVENTS.get(self.about.type)
        return kind.object if kind else None

    def _make(self, noun: str) -> Record | None:
        standing = _STANDING.get(noun)
        if standing is not None:
            return standing(self)
        found = self._brought(noun) if noun in self.about.objects else self._related(noun)
        return None if found is None else with_derived(noun, found, self._book, self.state)

    def _brought(self, noun: str) -> Record | None:
        found = self.about.objects[noun]
        if self._view == "event" or noun not in KEPT:
            return found
        kept = self._book.get(noun, str(found.get("id")))
        return kept if self._view == "before" else {**found, **(kept or {})}

    def _related(self, noun: str) -> Record | None:
        """An object that the event's own objects name by id, or the one that a slot of the clock is about."""
        slot = self.about.objects.get("slot")
        if slot is not None and slot.get("kind") == noun:
            return self._book.get(noun, str(slot["object"]))
        if noun == "workload":
            return self._workload()
        if noun in ("person", "decision"):
            return self._person() if noun == "person" else self._decision()
        self._objects[noun] = None  # Objects name each other: what is being looked for is not asked again.
        for path in _RELATED.get(noun, ()):
            owner, _, attribute = path.partition(".")
            ids = (self.object(owner) or {}).get(attribute)
            for id in ids if isinstance(ids, list | tuple) else (ids,):
                found = self._by_id(noun, id) if isinstance(id, str) else None
                if found is not None:
                    return found
        return None

    def _by_id(self, noun: str, id: str) -> Record | None:
        if noun == "approval":
            asked = self._book.find("approval", self.project.id) if self.project else ()
            return max((a for a in asked if a.get("subject") == id), key=_version, default=None)
        found = self._book.get(noun, id)
        if found is None and noun == "milestone" and self.project:
            return named(self._book.find(noun, self.project.id), self.project.versions, id)
        return found

    def _person(self) -> Record | None:
        named = (self.about.objects.get("entry") or {}).get("person") or self.about.person
        person = self.state.workspace.people.get(named) if isinstance(named, str) else None
        return person_record(person, self.today) if person else None

    def _workload(self) -> Record | None:
        """The week of whoever worked, on the day that the event's entry is of."""
        entry = self.about.objects.get("entry") or {}
        who, day = entry.get("person"), entry.get("work_date")
        if self.project is None or not isinstance(who, str) or not isinstance(day, date):
            return None
        return workload_of(
            who, week_of(day), Ground(self.project, self.state.workspace, self._book, self.today)
        )

    def _decision(self) -> Record | None:
        """The latest answer to the approval that the event knows, else what the event itself tells of one."""
        decisions = (self.object("approval") or {}).get("decisions") or ()
        return dict(decisions[-1]) if decisions else self._told_decision()

    def _told_decision(self) -> Record | None:
        """Of an event that says that something was decided and not by whom: whoever it names, else the client."""
        noun, _, outcome = self.about.type.partition(".")
        if noun not in _DECIDED or outcome not in _OUTCOMES:
            return None
        told = {"outcome": outcome, "channel": None, "by": self.about.person, "at": self.about.at}
        return {**told, "name": self.client.name if self.client else None}

    def figures(self, what: Figure) -> Record | None:
        """Derived figures of the project's money; none where there is no ground for them."""
        if self.project is None:
            return None
        return figures(what, Ground(self.project, self.state.workspace, self._book, self.today))

    def own_project(self) -> Record | None:
        """The project's file with what is on record about it."""
        if self.project is None:
            return None
        lead = self.state.workspace.people.get(self.project.lead)
        return project_record(self.project, self.kept("project"), lead)

    def condition(self) -> Record:
        """What is worked out of many records about the project; nothing without one."""
        if self._condition is None and self.project is not None:
            figures = (self.figures("budget"), self.figures("forecast"))
            self._condition = condition.fields_of(
                self.project, self._book, self.state.workspace, self.today, figures
            )
        return self._condition or {}

    def kept(self, kind: str) -> Record | None:
        """The one record of that kind that the project has under its own id."""
        return self._book.get(kind, self.project.id) if self.project else None


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one rule on one event; calling it resolves one. `bound` wins over everything else."""

    facts: Facts
    rule: Rule
    bound: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, name: str) -> Any:
        if name in self.bound:
            return self.bound[name]
        if name in self.facts and not self.bound:
            return self.facts[name]
        head, _, path = name.partition(".")
        if head in self.bound:
            return _within(self.bound[head], path)
        if head == "vars":
            return self.variables.get(path, UNKNOWN)
        if head.startswith("$"):
            return self._calendars() if name == "$calendar" else self._rates
        return self.facts[name]

    def bind(self, **more: Any) -> Names:
        """The same with further names bound: a value, or an object with its fields."""
        return Names(self.facts, self.rule, {**self.bound, **more})

    @property
    def variables(self) -> dict[str, Any]:
        """`vars.`: the pack's own defaults, then organisation, client and project; the nearest wins."""
        workspace, project, client = self.facts.state.workspace, self.facts.project, self.facts.client
        nearest = (
            workspace.vars_for(project) if project else {**workspace.vars, **(client.vars if client else {})}
        )
        return {**self.rule.vars, **nearest}

    def _calendars(self) -> Any:
        return calendars_of(self.rule, self.facts.project, self.facts.client, self.facts.state.workspace)

    def _rates(self, amount: Money, currency: str) -> Any:
        """An amount in another currency, at the rate that is frozen on the event's entry; UNKNOWN without one."""
        entry = self.facts.object("entry") or {}
        rate, own, base = entry.get("rate"), entry.get("amount"), entry.get("base_amount")
        if not rate or own is None or base is None:
            return UNKNOWN
        if (amount.currency, currency) == (own.currency, base.currency):
            return quantize(Money(EXACT.multiply(amount.amount, rate), currency))
        if (amount.currency, currency) == (base.currency, own.currency):
            return quantize(Money(EXACT.divide(amount.amount, rate), currency))
        return UNKNOWN


def slot_names(facts: Facts) -> Mapping[str, Any]:
    """What a slot of the clock binds: its time, its offset where it has one; at the end of a wait what has elapsed."""
    waited = {} if facts.about is facts.event else {"elapsed": facts.event.objects["slot"]["elapsed"]}
    slot = facts.about.objects.get("slot") if facts.about.type == "slot.due" else None
    if slot is None:
        return waited
    offset = {} if slot.get("offset") is None else {"offset": slot["offset"]}
    return {"slot": slot["at"], **offset, **waited}


def _version(approval: Record) -> int:
    return int(approval.get("version") or 0)


def _within(value: Any, path: str) -> Any:
    if not isinstance(value, Mapping) or path.startswith("_"):
        return UNKNOWN
    return value.get(path, UNKNOWN)


_STANDING: Final[Mapping[str, Callable[[Facts], Record | None]]] = {
    "event": lambda f: event_record(f.about),
    "organisation": lambda f: organisation_record(f.state.workspace),
    "client": lambda f: client_record(f.client) if f.client else None,
    "project": lambda f: f.own_project(),
    "budget": lambda f: f.figures("budget"),
    "forecast": lambda f: f.figures("forecast"),
    "earned": lambda f: f.figures("earned"),
    # An event about one of its periods brings that period.
    "retainer": lambda f: f.event.objects.get("retainer") or f.figures("retainer"),
}
