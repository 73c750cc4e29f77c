"""The clock's slots: rules, records and a window of time in, the moments at which rules of the clock fire out.

Pure: the same rules, records and window give the same slots, with the same ids. Whoever keeps the clock stores which
slots have fired and asks `due` what is to be done now; dates that move take their unfired offsets with them, because
nothing is remembered here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final

from rules.engine.guard import out_of_scope
from rules.engine.parties import calendars_of, opening, party_of, zone_named
from rules.engine.schedule import occurrences
from rules.engine.state import State
from rules.facts.calendar import local_day, local_to_utc
from rules.facts.duration import Duration
from rules.facts.event import Event, Record, digest, event_id
from rules.facts.milestone import reminder_days
from rules.facts.project import Client, Project, Workspace
from rules.language.model import Around, Every, Rule, RuleSet

# A project that is being closed still has dates to keep.
RUNNING: Final = frozenset({"active", "closing"})
# What is over has no date to keep any more, in the words of its own status.
_OVER: Final = (
    frozenset({"accepted", "deemed_accepted", "cancelled", "approved", "rejected", "changes_requested"})
    | {"expired", "withdrawn", "superseded", "applied", "done", "closed", "paid", "void", "voided", "deleted"}
    | {"answered", "waived", "resolved", "minuted", "approved_offline", "delivered"}
)
# How long the clock may have been away without whoever keeps it saying so.
CATCH_UP: Final = timedelta(hours=1)
_LAST_YEAR: Final = 9990
_EVER: Final = datetime.min.replace(tzinfo=UTC)
# The clock asks for the same days at every tick.
_reminders = lru_cache(maxsize=16384)(reminder_days)
# A deadline is the first moment after its day, so the day is kept beside it.
_DAY_FIELD: Final = {"approval.expires_at": "expires_on"}


@dataclass(frozen=True, slots=True)
class Slot:
    """One moment at which one rule fires for one object.

    kind and object: "project", "milestone", "approval", "client" or "workspace", and the id of its record; "wait" for
        the end of one, with the id of the wait.
    offset: of an `around` rule; of a wait, how long was waited.  at: UTC.  day: on the wall of the party that the rule
        keeps to.
    merged: times of a schedule, as written, that came too close to this one or onto it and do not fire of their own.
    """

    id: str
    rule: str
    kind: str
    object: str
    project: str | None
    client: str | None
    offset: Duration | None
    at: datetime
    day: date
    merged: tuple[datetime, ...] = ()


def plan(
    rules: RuleSet, state: State, until: datetime, *, since: datetime | None = None, of: str | None = None
) -> list[Slot]:
    """Every slot after `since` up to and with `until`, in the order of time.

    since: up to when the clock has done its work; what lies between it and now was missed and is to be caught up.
        Without it the last hour counts as missed. What lies before a project's activation never does.
    of: one project: its slots, and those of its client and of the workspace. All slots are those of all projects.
    """
    after = since or state.now - CATCH_UP
    everyone = state.workspace.projects
    asked = everyone.values() if of is None else (everyone[of],) if of in everyone else ()
    begun = {p.id: start for p in asked if (start := _begun(state, p)) is not None}
    running = [state.workspace.projects[p] for p in begun]
    found = [
        slot
        for rule in rules.scheduled
        for slot in _slots(rule, _in_scope(rule, running, state.workspace), state, (after, until))
        if max(after, begun.get(slot.project or "", after)) < slot.at <= until
    ]
    return sorted(found, key=lambda s: (s.at, s.rule, s.id))


def due(
    slots: Iterable[Slot], fired: frozenset[str] | set[str], now: datetime
) -> tuple[list[Slot], list[Slot]]:
    """What is to fire now, and what is to be skipped on record: of several missed slots only the latest fires.

    fired: ids of slots that fired or were skipped before. Slots of one rule and object are one sequence.
    """
    reached = sorted((s for s in slots if s.at <= now), key=lambda s: (s.at, s.id))
    latest = {(s.rule, s.object): s for s in reached}
    waiting = [s for s in reached if s.id not in fired]
    to_fire = [s for s in waiting if latest.get((s.rule, s.object)) is s]
    return to_fire, [s for s in waiting if s not in to_fire]


def slot_event(slot: Slot, now: datetime) -> Event:
    """The event that fires a slot: the same slot gives the same event id, whoever keeps the clock."""
    fields = {
        "rule": slot.rule,
        "kind": slot.kind,
        "object": slot.object,
        "offset": slot.offset,
        "at": slot.at,
    }
    return Event(
        id=event_id("slot", slot.id),
        type="slot.due",
        at=slot.at,
        received_at=now,
        objects={"slot": {"id": slot.id, **fields}},
        project=slot.project,
        client=slot.client,
    )


def _begun(state: State, project: Project) -> datetime | None:
    """When a running project began here; none for one that does not run."""
    record = state.book.get("project", project.id)
    if record is None or record.get("status") not in RUNNING:
        return None
    begun: datetime | None = record.get("activated_at")
    return begun or _EVER


def _in_scope(rule: Rule, projects: list[Project], workspace: Workspace) -> list[Project]:
    return [
        p
        for p in projects
        if out_of_scope(rule, "slot.due", p, workspace.clients[p.client], "active") is None
    ]


def _slots(
    rule: Rule, projects: list[Project], state: State, window: tuple[datetime, datetime]
) -> Iterator[Slot]:
    trigger = rule.trigger
    if isinstance(trigger, Around):
        for project in projects:
            yield from _around(rule, trigger, project, state, window)
    elif isinstance(trigger, Every):
        for target in _targets(trigger.for_each, projects, state):
            yield from _every(rule, trigger, target, state.workspace, window)


def _around(
    rule: Rule, trigger: Around, project: Project, state: State, window: tuple[datetime, datetime]
) -> Iterator[Slot]:
    kind, _, field = trigger.date.partition(".")
    workspace, client = state.workspace, state.workspace.clients[project.client]
    party = party_of(rule, workspace)
    cals, zone = calendars_of(rule, project, client, workspace), zone_named(party, project, client, workspace)
    clock = time.fromisoformat(trigger.time) if trigger.time else opening(party, client, workspace)
    first, last = (local_day(at, zone) for at in window)
    for record in _open(kind, project.id, state):
        base = _date(record, kind, field, zone)
        for offset, day in _reminders(base, trigger.offsets, cals, rule.on_holiday).items() if base else ():
            if first <= day <= last:
                slot_id = "slt_" + digest(rule.id, record["id"], str(offset))
                at = local_to_utc(day, clock, zone)
                yield Slot(slot_id, rule.id, kind, record["id"], project.id, project.client, offset, at, day)


@dataclass(frozen=True, slots=True)
class _Target:
    kind: str
    id: str
    project: Project | None

    def client(self, workspace: Workspace) -> Client | None:
        if self.kind == "client":
            return workspace.clients[self.id]
        return workspace.clients[self.project.client] if self.project else None


def _every(
    rule: Rule, trigger: Every, target: _Target, workspace: Workspace, window: tuple[datetime, datetime]
) -> Iterator[Slot]:
    cron, zone_name = _schedule(trigger, target.project)
    if cron is None:
        return
    client = target.client(workspace)
    zone = zone_named(zone_name, target.project, client, workspace)
    cals = calendars_of(rule, target.project, client, workspace)
    first, last = (local_day(at, zone) for at in window)
    for o in occurrences(cron, cals, rule.on_holiday or "earlier", trigger.at_least_apart, first, last):
        # By the written time, not the moved one: a calendar edited later must not fire a slot a second time.
        yield Slot(
            id="slt_" + digest(rule.id, target.kind, target.id, o.written.isoformat()),
            rule=rule.id,
            kind=target.kind,
            object=target.id,
            project=target.project.id if target.project else None,
            client=client.id if client else None,
            offset=None,
            at=local_to_utc(o.day, o.clock, zone),
            day=o.day,
            merged=tuple(local_to_utc(w.date(), w.time(), zone) for w in o.merged),
        )


def _schedule(trigger: Every, project: Project | None) -> tuple[str | None, str]:
    """The cron line and its zone: the rule's own, or those that the project's file has under that name."""
    if trigger.written is None:
        return trigger.cron, trigger.zone
    found = project.reports.get(trigger.written.rpartition(".")[2]) if project else None
    if not isinstance(found, Mapping) or not found.get("cron"):
        return None, trigger.zone
    return str(found["cron"]), str(found.get("zone") or trigger.zone)


def _targets(for_each: str, projects: list[Project], state: State) -> Iterator[_Target]:
    if for_each == "project":
        yield from (_Target("project", p.id, p) for p in projects)
    elif for_each == "client":
        yield from (_Target("client", c, None) for c in dict.fromkeys(p.client for p in projects))
    elif for_each == "workspace":
        yield _Target("workspace", state.workspace.name, None)
    else:
        yield from (_Target(for_each, r["id"], p) for p in projects for r in _open(for_each, p.id, state))


def _open(kind: str, project: str, state: State) -> list[Record]:
    return [r for r in state.book.find(kind, project) if not _is_over(kind, r)]


def _is_over(kind: str, record: Record) -> bool:
    # A tracker's status is in its team's words; the group says what it means.
    status = str(record.get("status_group", record.get("status"))).lower()
    # A milestone that was not accepted goes into another round, with its date.
    goes_on = (kind, status) == ("milestone", "rejected")
    return (status in _OVER and not goes_on) or bool(record.get("deleted"))


def _date(record: Record, kind: str, field: str, zone: str) -> date | None:
    value: Any = record.get(_DAY_FIELD.get(f"{kind}.{field}", field))
    day = local_day(value, zone) if isinstance(value, datetime) else value
    # A day at the end of the calendar is mistyped: no offset of it can be reckoned, and none is kept.
    return day if isinstance(day, date) and day.year < _LAST_YEAR else None
