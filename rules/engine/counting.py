"""The memory word `counts`: a sliding window over events.

In: a rule that holds on an event it counts, its names, the records. Out: `Counted`, with the record to keep. The rule
fires when the count reaches what it asks for, and again only after the count fell below. An event that is told again
counts once; one that comes late counts in the windows that it belongs to.

A record has the id "<rule>|<project>|<key>" and, besides the owner:
events: {event id: time}, those of the newest window.  reached: whether the count has reached its number and not fallen
below since.  _words: as in ladders.
"""

from __future__ import annotations

from dataclasses import dataclass

from rules.engine.names import Names
from rules.engine.parties import calendars_of
from rules.engine.state import Draft
from rules.engine.waits import key_id, zone_of_rule
from rules.facts.calendar import shift
from rules.facts.event import Record
from rules.language.model import Counts, Rule


@dataclass(frozen=True, slots=True)
class Counted:
    """The records before and after the event, how many there are in the window, whether the rule fires.

    reset: the memory was made with other words of the rule, and started anew.
    """

    start: Record
    record: Record
    count: int
    fires: bool
    reset: bool = False


def count(rule: Rule, counts: Counts, names: Names, draft: Draft) -> Counted | None:
    """Count the event; none when its key is not known. Nothing is written."""
    id = key_id(rule, counts.by, names)
    if id is None:
        return None
    facts, event = names.facts, names.facts.event
    record = draft.get("count", id)
    reset = record is not None and record["_words"] != rule.memory_hash
    if record is None or record["_words"] != rule.memory_hash:
        client = facts.client.id if facts.client else None
        owner = {"id": id, "project": event.project, "client": client, "rule": rule.id}
        record = {**owner, "events": {}, "reached": False, "_words": rule.memory_hash}
    if event.id in record["events"] or event.type not in counts.of:
        return Counted(record, record, len(record["events"]), False)
    end = max([event.at, *record["events"].values()])
    cals = calendars_of(rule, facts.project, facts.client, facts.state.workspace)
    begin = shift(end, -counts.within, cals, zone_of_rule(rule, facts))
    before = {id: at for id, at in record["events"].items() if at >= begin}
    now = {**before, event.id: event.at} if event.at >= begin else before
    held = record["reached"] and len(before) >= counts.at_least
    reached = len(now) >= counts.at_least
    start = {**record, "events": now, "reached": held}
    return Counted(start, {**start, "reached": reached}, len(now), reached and not held, reset)
