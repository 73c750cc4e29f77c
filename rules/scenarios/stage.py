"""Where a scenario is played: the records in memory, a virtual clock, and what waits to leave.

In: events, and the order to let time go by. Out: the actions that left since they were last collected, those that wait,
the verdicts. What happens to an action (its hold, a second look, its outcome as an event) is as in production; every
message that leaves arrives.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from rules.engine import daily, slots, terms
from rules.engine.caps import Spoken, counts_for_client
from rules.engine.evaluate import evaluate
from rules.engine.messages import Standing, standing
from rules.engine.noise import heap_of, is_gathered, whom
from rules.engine.outcomes import Became, message_event, task_event
from rules.engine.release import MOST_IN_ONE, Message, Release, Waited, as_digest, release, with_items
from rules.engine.review import Unreleased, tell_deputy
from rules.engine.state import MemoryBook, State
from rules.engine.verdicts import Evaluation, Planned, Verdict
from rules.facts.event import Event, Record
from rules.facts.project import Workspace
from rules.language.model import RuleSet
from rules.language.texts import TextError
from rules.scenarios.diary import FAR, Diary
from rules.scenarios.outside import AGAIN_AFTER, Outside
from rules.scenarios.said import Said, worded

# Far more than any scenario does in one step: beyond it something goes round in circles.
MOST_EVENTS: Final = 10_000
# What rules may hear of when a project is measured.
_MEASURED: Final = frozenset({"quality.measured", "kpi.breached"})
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class EndlessStep(ValueError):
    """A step that never comes to an end."""


@dataclass
class Stage:
    """One scenario being played. `verdicts` counts (rule, kind of verdict).

    every_verdict: also those that are stored nowhere, which costs time.  keeping: keep verdicts with their events, for
    whoever wants them explained.  daily: do what the clock of an installation does besides slots; a journal has that
    already.  count: how many events it was told.
    spoken_of: the project of the last of them that had one.
    """

    workspace: Workspace
    rules: RuleSet
    now: datetime
    every_verdict: bool = False
    keeping: bool = False
    daily: bool = False
    book: MemoryBook = field(default_factory=MemoryBook)
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    count: int = 0
    spoken_of: str | None = None
    released: list[Said] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    decided: list[tuple[Event, tuple[Verdict, ...]]] = field(default_factory=list)
    _plans: dict[tuple[str, str], list[Planned]] = field(default_factory=dict)
    _ends: dict[str, tuple[str, str]] = field(default_factory=dict)
    _order: dict[str, int] = field(default_factory=dict)
    # What waits: all of it, what leaves by itself, and what waits for a release that somebody may be late with.
    _held: dict[str, Planned] = field(default_factory=dict)
    _leaving: dict[str, Planned] = field(default_factory=dict)
    _unreleased: dict[str, Planned] = field(default_factory=dict)
    # When the first of them may leave; none when that has to be looked at anew.
    _first: datetime | None = None
    _since: dict[str, datetime] = field(default_factory=dict)
    # When messages left, by what they count for: an entry of a rule, the reader of a client.
    _left: dict[object, list[datetime]] = field(default_factory=dict)
    _outcomes: dict[str, str] = field(default_factory=dict)
    _events: dict[str, Event] = field(default_factory=dict)
    _ticked: datetime = field(init=False)
    _diary: Diary = field(init=False)
    outside: Outside = field(init=False)

    def __post_init__(self) -> None:
        self.outside = Outside(self.rules)
        self._measuring = not _MEASURED.isdisjoint(self.rules.by_type)
        self._ticked = self.now
        self._diary = Diary(self.rules, self.workspace, self.book)
        self._diary.note(self.book.records)

    @property
    def state(self) -> State:
        """The moment as the engine sees it."""
        return State(self.now, self.workspace, self.book)

    @property
    def waiting(self) -> list[Said]:
        """What waits to leave, with the words it would have now; a correction that waits for its alert is not shown."""
        shown = []
        for planned in self._held.values():
            if planned.waits is not None:
                rule = self.rules.rules.get(planned.rule)
                alone = with_items([planned]) if rule and is_gathered(planned, rule) else planned
                try:
                    shown.append(worded(alone, self.rules.texts, self.workspace, self.book))
                except TextError as error:
                    self._tell_broken(planned, error)
        return shown

    def collect(self) -> tuple[list[Said], list[str]]:
        """What left, and the texts that could not be filled in, since the last time."""
        found = self.released, self.broken
        self.released, self.broken = [], []
        return found

    def standing(self, verdict: Verdict) -> list[Standing]:
        """Where the messages of a verdict stand by now; known of those decided while keeping."""
        return [self._stands(p) for p in self._plans.get((verdict.event, verdict.rule), ())]

    def _stands(self, planned: Planned) -> Standing:
        held = self._held.get(planned.id)
        if held is not None:
            return standing(held)
        state, why = self._ends[planned.id]
        return Standing(planned, state, why)

    def tell(self, *events: Event) -> None:
        """Decide events and everything that follows from them now."""
        self.count += len(events)
        self.spoken_of = next((e.project for e in reversed(events) if e.project), self.spoken_of)
        waiting = deque(events)
        count = 0
        while waiting:
            count += 1
            if count > MOST_EVENTS:
                raise EndlessStep(f"over {MOST_EVENTS} events follow from this step")
            self._decide(waiting.popleft())
            if not waiting:
                waiting.extend(self._deliver())

    def begin(self) -> None:
        """What came of setting the stage belongs to no step: it is not counted, and what waits does not leave later."""
        self.verdicts.clear()
        self.decided.clear()
        for kept in (self._held, self._leaving, self._unreleased):
            kept.clear()
        self._first = None
        self.collect()

    def advance(self, until: datetime) -> None:
        """Let time go by: slots fire, decisions run out, what waits leaves, each at its moment."""
        while self.step(until):
            pass

    def step(self, until: datetime) -> bool:
        """Go on to the next moment at which something happens by itself; false when there is none up to `until`."""
        moment = min(
            self._diary.next(self.state, self._ticked, until),
            self._next_owed(until),
            self._first_to_leave(),
            self._first_late(),
        )
        self.now = max(self.now, min(moment, until))
        if moment > until:
            self._ticked = self.now
            return False
        self.tell(*self._clock_events())
        self._tell_deputies()
        self.tell(*self._deliver())
        return True

    def keep(self, kind: str, record: Record) -> None:
        """A record that changed outside of the engine."""
        self._store({(kind, record["id"]): record})

    def latest_approval(self) -> Record | None:
        """The decision that was asked for last, over all projects."""
        return max(
            reversed(self.book.of_kind("approval")), key=lambda a: a.get("sent_at") or _LONG_AGO, default=None
        )

    def _decide(self, event: Event) -> None:
        found = evaluate(event, self.state, self.rules, stored_only=not self.every_verdict)
        self._store(found.puts)
        events = {e.id: e for e in found.events}
        self._events.update((p.event, events[p.event]) for p in found.actions)
        self.outside.hear(found.events)
        self.verdicts.update((v.rule, v.kind) for v in found.verdicts)
        if self.keeping:
            self._keep(found)
        self._take(found.actions)

    def _store(self, puts: Mapping[tuple[str, str], Record]) -> None:
        self.book.store(puts)
        self._diary.note(puts)

    def _keep(self, found: Evaluation) -> None:
        for event in found.events:
            self.decided.append((event, tuple(v for v in found.verdicts if v.event == event.id)))
        for planned in found.actions:
            if planned.id not in self._order:
                self._plans.setdefault((planned.event, planned.rule), []).append(planned)

    def _take(self, planned: Iterable[Planned]) -> None:
        """Keep what is new; what joins a digest leaves with the first that waits in it."""
        for one in planned:
            if one.id not in self._order:
                self._order[one.id] = len(self._order)
                self._since[one.id] = self.now
                self._hold(one)

    def _hold(self, planned: Planned) -> None:
        first = min((p.due for p in self._heap(planned)), default=planned.due)
        held = replace(planned, due=min(first, planned.due)) if planned.waits == "digest" else planned
        self._held[held.id] = held
        if held.waits != "review":
            self._leaving[held.id] = held
        elif held.release_by is not None:
            self._unreleased[held.id] = held
        self._first = None

    def _let_go(self, planned: Planned) -> None:
        del self._held[planned.id], self._leaving[planned.id]
        self._first = None

    def _heap(self, planned: Planned) -> list[Planned]:
        """The others that wait for the same and leave with it as one, oldest first."""
        heap = heap_of(planned)
        if not heap:
            return []
        found = [
            p
            for p in self._leaving.values()
            if p.id != planned.id and p.waits == planned.waits and heap_of(p) == heap
        ]
        return sorted(found, key=lambda p: self._order[p.id])

    def _deliver(self) -> list[Event]:
        """Let everything leave that may; the events that say what became of it."""
        told: list[Event] = []
        # What has to be read first may leave as soon as that is done, unless what was read has to be decided before.
        while not told and self._first_to_leave() <= self.now:
            told += self._deliver_due()
            if not any(p.waits == "read" and self._may_leave(p) for p in self._leaving.values()):
                break
        return told

    def _deliver_due(self) -> list[Event]:
        told: list[Event] = []
        for id in [p.id for p in self._leaving.values() if self._may_leave(p)]:
            if id in self._leaving and self._may_leave(self._leaving[id]):
                told += self._deliver_heap(self._leaving[id])
        return told

    def _may_leave(self, planned: Planned) -> bool:
        return planned.due <= self.now and planned.corrects not in self._held

    def _first_to_leave(self) -> datetime:
        """When the next message may leave, by now known; one that was due before may leave at once."""
        if self._first is None:
            free = (p.due for p in self._leaving.values() if p.corrects not in self._held)
            self._first = min(free, default=FAR)
        return self._first

    def _first_late(self) -> datetime:
        return min((p.release_by for p in self._unreleased.values() if p.release_by), default=FAR)

    def _deliver_heap(self, first: Planned) -> list[Event]:
        heap = sorted([first, *self._heap(first)], key=lambda p: self._order[p.id])[:MOST_IN_ONE]
        for planned in heap:
            self._let_go(planned)
        if unread := [p for p in heap if p.waits == "read" and p.read_at is None]:
            return self._read(heap, unread)
        never = [p for p in heap if p.corrects is not None and self._outcomes.get(p.corrects) != "sent"]
        told = [event for planned in never for event in self._ended(planned, "failed", "cancelled")]
        events = {p.id: self.outside.as_read(p, self._events[p.event]) for p in heap}
        waited = [Waited(p, events[p.id], self.rules) for p in heap if p not in never]
        found = release(waited, self.state, self._spoken)
        for planned in found.held:
            self._hold(planned)
        over = [p for p in heap if p.id in found.over]
        told += [event for p in over for event in self._ended(p, "failed", *found.over[p.id])]
        return told + self._send(found)

    def _read(self, heap: list[Planned], unread: list[Planned]) -> list[Event]:
        """Ask the source once more before a message leaves; what it tells is decided first."""
        if self.outside.answers == "gone":
            whys = [(p, f"the source has no such {self.outside.noun(p)} any more") for p in heap]
            return [event for p, why in whys for event in self._ended(p, "failed", "cancelled", why)]
        silent = self.outside.answers == "nothing"
        for planned in heap:
            due = self.now + AGAIN_AFTER if silent else self.now
            self._hold(replace(planned, due=due, read_at=None if silent else self.now))
        if silent:
            return []
        return self.outside.tell(unread, self._events, self.now)

    def _spoken(self, planned: Planned) -> Spoken:
        """When messages left that count with this one."""
        return Spoken(
            rule=self._left.get(planned.counts, ()) if planned.counts else (),
            client=self._left.get((planned.client, whom(planned)), ()),
            gathering=any(p.waits == "digest" and p.heap == planned.heap for p in self._leaving.values()),
        )

    def _send(self, found: Release) -> list[Event]:
        """What leaves arrives, and everything that it says with it."""
        if not found.messages:
            return []
        message = found.messages[0]
        try:
            if len(found.messages) > 1:
                message = as_digest(
                    found.messages, [self._worded(m).words for m in found.messages], self.rules.texts
                )
            said = self._worded(message)
        except TextError as error:
            self._tell_broken(message.planned, error)
            dead = [p for m in found.messages for p in m.all]
            return [e for p in dead for e in self._ended(p, "failed", why=str(error))]
        self.released.append(said)
        self._count(message)
        opened = (
            [task_event(message.planned, said.words.subject, self.now)]
            if message.planned.kind == "task"
            else []
        )
        said_too = [event for p in message.with_it for event in self._ended(p, "sent")]
        self._ends.update((p.id, ("merged", "")) for p in message.with_it)
        return [*self._ended(message.planned, "sent"), *said_too, *opened]

    def _worded(self, message: Message) -> Said:
        return worded(message.planned, self.rules.texts, self.workspace, self.book)

    def _count(self, message: Message) -> None:
        """A message counts once for its reader, and once for each cap of a rule that it falls under."""
        planned = message.planned
        counting: set[object] = {p.counts for p in (planned, *message.with_it) if p.counts}
        if counts_for_client(planned):
            counting.add((planned.client, whom(planned)))
        for key in counting:
            self._left.setdefault(key, []).append(self.now)

    def _tell_deputies(self) -> None:
        """Whoever stands in for a lead who has not released in time is told what waits, once."""
        late = [p for p in self._unreleased.values() if p.release_by and p.release_by <= self.now]
        for planned in late:
            self._held[planned.id] = replace(planned, release_by=None)
            del self._unreleased[planned.id]
        self._take(tell_deputy([Unreleased(p, self._since[p.id]) for p in late], self.state, self.rules))

    def _ended(self, planned: Planned, became: Became, status: str = "", why: str = "") -> list[Event]:
        """What became of a message; ladders and decisions hang on it."""
        self._outcomes[planned.id] = became
        self._ends[planned.id] = (status or ("sent" if became == "sent" else "dead"), why)
        told = message_event(planned, became, self.now, status=status)
        return [told] if told else []

    def _clock_events(self) -> Iterable[Event]:
        to_fire, _ = self._diary.due(self.state, self._ticked)
        over = terms.ended(self._diary.open_approvals(), self._milestone, self.workspace, self.now)
        owed = daily.owed(self.state, self._ticked) if self.daily else ()
        self._ticked = self.now
        return [*over, *owed, *(slots.slot_event(s, self.now) for s in to_fire)]

    def _next_owed(self, until: datetime) -> datetime:
        """When a period ends that the clock looks after; each day's measuring where a rule hears what comes of it."""
        if not self.daily:
            return FAR
        found = daily.following(self.state, self._ticked, until, measuring=self._measuring)
        return min(found, default=FAR)

    def _milestone(self, id: str) -> Record | None:
        return self.book.get("milestone", id)

    def _tell_broken(self, planned: Planned, error: TextError) -> None:
        self.broken.append(f"the text `{planned.text}` of rule {planned.rule} cannot be filled in: {error}")
