"""What rules wait for: `stays_true_for` and `if_not_followed_by`, and the timers behind them.

In: a rule that waits, an event, the records. Out: the record of the wait as the event leaves it, and what to say of it.
A timer is pure description: whoever keeps the clock reads the timers of a record, and tells the event of one that is
due; the wait decides then whether it still means anything.

A wait's record has the id "<rule>|<project>|<key>" and, besides the owner:
status: "waiting"; "spent", every length has fired and nothing ended it; "over"; "edited", an edit that was not enough.
since: when it began or was begun anew.  seen: the latest event that it knows of.  last: the event it began with.
timers: [{"id", "elapsed", "due", "day"}], the earliest first.  fired: the lengths that fired, as texts.
ended: why it is over.  _begun: the event that began it, which conditions are about.  _words: as in ladders.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any, Final

from rules.engine.names import Facts, Names
from rules.engine.parties import calendars_of, party_of, zone_named
from rules.engine.sentences import from_stored, joined, say, to_stored
from rules.engine.slots import Slot
from rules.engine.state import Draft
from rules.engine.verdicts import VerdictKind
from rules.facts.calendar import local_day, shift, zone_of
from rules.facts.event import Event, Record, digest
from rules.language.model import UNKNOWN, NotFollowed, Rule, StaysTrue

# What came late waits a little, so that what came with it can be heard first.
GRACE: Final = timedelta(minutes=10)
# A key that stands above projects tells things apart over all of them.
_ABOVE_PROJECTS: Final = ("client", "organisation")


def wait_id(rule: Rule, wait: StaysTrue | NotFollowed, names: Names) -> str | None:
    """The id of the wait that an event is about; none when its key is not known this time."""
    return key_id(rule, wait.key, names)


def key_id(rule: Rule, key: str, names: Names) -> str | None:
    """The id of what a rule remembers about one thing; none when its key is not known this time."""
    value = names(key)
    if value is UNKNOWN or value is None:
        return None
    above = key.partition(".")[0] in _ABOVE_PROJECTS
    return f"{rule.id}|{'' if above else names.facts.event.project or ''}|{value}"


def known(draft: Draft, id: str, rule: Rule) -> Record | None:
    """The record of a wait; one that was made with other words of the rule is forgotten."""
    record = draft.get("wait", id)
    return None if record is None or record["_words"] != rule.memory_hash else record


def begin(rule: Rule, facts: Facts, id: str, former: Record | None, begun: Event) -> Record:
    """A wait that begins with this event. `begun`: the event that its conditions are about, the first of an editing."""
    turn = int(former["turn"]) + 1 if former else 1
    timers = _timers(rule, facts, f"{id}|{turn}")
    return {**_blank(rule, facts, id, former, begun), "status": "waiting", "turn": turn, "timers": timers}


def edited(rule: Rule, facts: Facts, id: str, former: Record | None, begun: Event) -> Record:
    """An edit that did not meet the conditions by itself: with one that follows soon it may."""
    return {**_blank(rule, facts, id, former, begun), "status": "edited"}


def heard(rule: Rule, facts: Facts, id: str, why: str) -> Record:
    """What would have ended a wait that is not known: one that is told of later began before it, and is over."""
    blank = _blank(rule, facts, id, None, facts.event)
    return {**blank, "status": "over", "last": "", "ended": to_stored(why)}


def over(record: Record, event: Event, why: str) -> Record:
    """A wait that an event ended; its timers mean nothing any more."""
    seen = max(record["seen"], event.at)
    return {**record, "seen": seen, "status": "over", "timers": [], "ended": to_stored(why)}


def _blank(rule: Rule, facts: Facts, id: str, former: Record | None, begun: Event) -> Record:
    event = facts.event
    return {
        "id": id,
        "project": event.project,
        "client": facts.client.id if facts.client else None,
        "rule": rule.id,
        "turn": int(former["turn"]) if former else 0,
        "since": event.at,
        "seen": max(event.at, former["seen"]) if former else event.at,
        "last": event.id,
        "timers": [],
        "fired": [],
        "_begun": {f.name: getattr(begun, f.name) for f in fields(begun)},
        "_words": rule.memory_hash,
    }


def fired(record: Record, slot: Mapping[str, Any]) -> Record:
    """A wait of which one length has fired, and every shorter one with it."""
    lengths = [t["elapsed"] for t in record["timers"] if t["elapsed"] <= slot["elapsed"]]
    done = [*record["fired"], *(str(one) for one in lengths if str(one) not in record["fired"])]
    left = [t for t in record["timers"] if str(t["elapsed"]) not in done]
    return {**record, "fired": done, "status": "waiting" if left else "spent"}


def begins_anew(wait: StaysTrue | NotFollowed, record: Record, facts: Facts) -> bool:
    """Whether an event on which the conditions hold begins the wait anew, instead of being a part of it.

    What happened before the latest event that the wait knows of begins nothing, and neither does an event that is
    decided once more.
    """
    event, status = facts.event, record["status"]
    if event.id == record["last"] or event.at < record["seen"]:
        return False
    if isinstance(wait, NotFollowed):
        return bool(status != "waiting")
    if status in ("over", "edited"):
        return True
    is_edit = any(facts[f"changed:{name}"] is True for name in wait.compared)
    return is_edit and bool(record["fired"])


def standing(rule: Rule, facts: Facts, record: Record) -> tuple[VerdictKind, str]:
    """The verdict of an event that begins nothing."""
    if record["status"] == "waiting":
        return "pending", says(rule, facts, record)
    if record["status"] == "spent":
        return "duplicate", says(rule, facts, record)
    return "cancelled", ended(record) or say("later_known")


def ended_well(rule: Rule, facts: Facts, record: Record, slot: Mapping[str, Any]) -> str:
    """Why the rule fires at the end of a wait, in one sentence."""
    since = moment(record["since"], rule, facts)
    if isinstance(rule.wait, NotFollowed):
        events = joined("or", sorted(rule.wait.events))
        return say("not_followed", events=events, length=str(slot["elapsed"]), since=since)
    return say("stayed_true", length=str(slot["elapsed"]), since=since)


# The clock


def slots_of(record: Record) -> Iterator[Slot]:
    """What the clock has to know of a wait: the timers that have not fired."""
    for timer in record["timers"] if record["status"] == "waiting" else ():
        if str(timer["elapsed"]) not in record["fired"]:
            yield Slot(
                id=timer["id"],
                rule=record["rule"],
                kind="wait",
                object=record["id"],
                project=record["project"],
                client=record["client"],
                offset=timer["elapsed"],
                at=timer["due"],
                day=timer["day"],
            )


def recalled(event: Event, draft: Draft) -> Event:
    """The event of a timer with what it is about: how long was waited, and the event that began it all."""
    slot = event.objects.get("slot", {})
    if event.type != "slot.due" or slot.get("kind") != "wait":
        return event
    record = draft.get("wait", str(slot["object"]))
    if record is None:
        return event
    begun = record["_begun"]
    told = {**slot, "elapsed": slot["offset"], "offset": None, "_begun": begun}
    cause, depth = str(begun["id"]), int(begun["depth"]) + 1
    return replace(
        event, objects={"slot": told}, person=begun["person"], cause=cause, rule=record["rule"], depth=depth
    )


def is_end(event: Event) -> bool:
    """Whether an event is the end of a wait."""
    return event.objects.get("slot", {}).get("kind") == "wait"


def lapsed(rule: Rule, record: Record | None, slot: Mapping[str, Any]) -> str | None:
    """Why a timer that is due means nothing any more, or none."""
    if record is None or rule.wait is None or record["_words"] != rule.memory_hash:
        return say("forgotten")
    if not any(t["id"] == slot["id"] for t in record["timers"]):
        return ended(record) or say("began_anew")
    return None


def stands(record: Record | None, slot: Mapping[str, Any]) -> str | None:
    """Why a message of this wait that was held back is no longer true, or none."""
    if record is None or not any(t["id"] == slot["id"] for t in record["timers"]):
        return ended(record or {}) or say("held_began_anew")
    return None


def _timers(rule: Rule, facts: Facts, seed: str) -> list[Record]:
    """The timers of a wait that begins now. Of several that passed already only the last is kept, a little later."""
    zone = zone_of_rule(rule, facts)
    cals = calendars_of(rule, facts.project, facts.client, facts.state.workspace)
    since, now = facts.event.at, facts.state.now
    planned = (
        [(length, shift(since, length, cals, zone)) for length in rule.wait.lengths] if rule.wait else []
    )
    passed = [length for length, due in planned if due <= now]
    return [
        {
            "id": "slt_" + digest(seed, str(length)),
            "elapsed": length,
            "due": max(due, now + GRACE) if due <= now else due,
            "day": local_day(due, zone),
        }
        for length, due in planned
        if length not in passed[:-1]
    ]


def zone_of_rule(rule: Rule, facts: Facts) -> str:
    """The zone that the rule's days are counted in: that of the party whose calendar it keeps to."""
    workspace = facts.state.workspace
    return zone_named(party_of(rule, workspace), facts.project, facts.client, workspace)


# What is said of it


def ended(record: Mapping[str, Any]) -> str | None:
    """Why a wait is over, none where it is not."""
    said: str | None = from_stored(record.get("ended"))
    return said


def says(rule: Rule, facts: Facts, record: Record) -> str:
    """A wait in one sentence: since when, and when it fires."""
    left = [t for t in record["timers"] if str(t["elapsed"]) not in record["fired"]]
    since = moment(record["since"], rule, facts)
    if not left:
        return say("true_and_fired", since=since, lengths=joined("and", record["fired"]))
    due = say("fires_at", due=moment(left[0]["due"], rule, facts), length=str(left[0]["elapsed"]))
    if isinstance(rule.wait, NotFollowed):
        return say("unless_followed", due=due, events=joined("or", sorted(rule.wait.events)))
    return joined("then", [say("true_since", since=since), say("if_it_stays", due=due)])


def moment(at: datetime, rule: Rule, facts: Facts) -> str:
    """A time as a reason writes it, in the zone that the rule counts in."""
    return moment_in(at, zone_of_rule(rule, facts))


def moment_in(at: datetime, zone: str) -> str:
    """A time as a reason writes it."""
    return f"{at.astimezone(zone_of(zone)):%Y-%m-%d %H:%M} {zone}"
