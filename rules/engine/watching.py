"""What an event means for waits that are open, whether or not their rules hear it.

In: the rules whose waits the event can concern, its facts, the records. Out: waits that ended or began anew, written to
the draft, and a verdict for each rule of which that is to be said. Conditions are about the event that began a wait,
with the records of the moment; an edit of what `changed` and `before` ask about begins it anew, with the former values
of the first edit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from rules.engine.candidates import Reach
from rules.engine.guard import out_of_scope, traced, unmet
from rules.engine.names import KEPT, Facts, Names, slot_names
from rules.engine.parties import calendars_of
from rules.engine.remembered import of_wait
from rules.engine.sentences import say
from rules.engine.state import Draft
from rules.engine.verdicts import Verdict, VerdictKind
from rules.engine.waits import (
    begin,
    edited,
    heard,
    is_end,
    known,
    moment,
    over,
    says,
    wait_id,
    zone_of_rule,
)
from rules.facts.calendar import shift
from rules.facts.codec import from_fields
from rules.facts.event import Event, Record
from rules.language.model import NotFollowed, Rule, StaysTrue, When


def notice(
    watched: Iterable[tuple[Rule, Reach]], facts: Facts, book: Draft, draft: Draft
) -> dict[str, Verdict]:
    """Verdicts by rule. book: the records as of the event.  draft: where waits are written."""
    if is_end(facts.event):
        return {}
    found: dict[str, Verdict] = {}
    for rule, reach in watched:
        look = _Look(rule, facts, book, draft)
        for verdict in look.all_of_project() if reach == "all" else look.own():
            found[rule.id] = verdict
    return found


@dataclass(frozen=True)
class _Look:
    """One rule and the waits of it that an event concerns."""

    rule: Rule
    facts: Facts
    book: Draft
    draft: Draft

    def own(self) -> Iterator[Verdict]:
        """The wait of the event's own key."""
        wait, names = self.rule.wait, Names(self.facts, self.rule, slot_names(self.facts))
        id = wait_id(self.rule, wait, names) if wait else None
        if wait is None or id is None:
            return
        record = known(self.draft, id, self.rule)
        if isinstance(wait, NotFollowed):
            yield from self._followed(id, record)
        elif record is not None and record["status"] in ("waiting", "spent"):
            yield from self._still_true(wait, record)
        elif self._is_edit(wait):
            yield from self._edit(wait, id, record)

    def all_of_project(self) -> Iterator[Verdict]:
        """Every open wait of the project: what happened concerns the project as a whole."""
        for record in self.draft.find("wait", self.facts.event.project or ""):
            open_one = record["rule"] == self.rule.id and record["status"] in ("waiting", "spent")
            if open_one and record["_words"] == self.rule.memory_hash:
                yield from self._still_true(None, record)

    def _followed(self, id: str, record: Record | None) -> Iterator[Verdict]:
        event = self.facts.event
        why = say("followed_by", event=event.type, at=moment(event.at, self.rule, self.facts))
        if record is None:
            self.draft.put("wait", heard(self.rule, self.facts, id, why))
        elif event.at >= record["since"]:
            self.draft.put("wait", over(record, event, why))
            if record["status"] == "waiting":
                yield self._verdict("cancelled", why, self.facts, over(record, event, why))

    def _still_true(self, wait: StaysTrue | None, record: Record) -> Iterator[Verdict]:
        event = self.facts.event
        if event.id == record["last"]:
            return
        begun = self._refreshed(record)
        about = self._about(begun)
        stop = unmet(self.rule.conditions, self._names(about))
        if stop is not None and stop.kind == "condition_false":
            ended = over(record, event, say("stopped_being_true", why=stop.reason))
            self.draft.put("wait", ended)
            yield self._stopped(record, stop.reason, about, ended)
        elif wait is not None and self._is_edit(wait) and not record["fired"]:
            if stop is None:
                yield from self._anew(record["id"], record, begun, about)
        elif wait is not None and self._is_edit(wait) and record["status"] == "spent":
            yield from self._edit(wait, record["id"], record)
        elif begun.objects != record["_begun"]["objects"]:
            self.draft.put("wait", {**record, "_begun": {**record["_begun"], "objects": begun.objects}})

    def _stopped(self, record: Record, reason: str, about: Facts, ended: Record) -> Verdict:
        since = moment(record["since"], self.rule, self.facts)
        if record["status"] == "spent":
            return self._verdict("cleared", say("can_fire_anew", why=reason, since=since), about, ended)
        return self._verdict("cancelled", say("wait_over", why=reason, since=since), about, ended)

    def _edit(self, wait: StaysTrue, id: str, record: Record | None) -> Iterator[Verdict]:
        """An edit while nothing waits: enough with the edits just before it, or kept for those that may follow."""
        event = self.facts.event
        recent = record is not None and record["status"] == "edited" and self._is_recent(wait, record)
        begun = from_fields(Event, record["_begun"]) if record is not None and recent else event
        if record is not None and event.id == record["last"]:
            return
        about = self._about(begun)
        if recent and unmet(self.rule.conditions, self._names(about), quiet=True) is None:
            yield from self._anew(id, record, begun, about)
            return
        stop = unmet(self.rule.conditions, self._names(self.facts), quiet=True)
        if stop is not None and stop.kind == "condition_false" and self._speaks():
            self.draft.put("wait", edited(self.rule, self.facts, id, record, begun))

    def _anew(self, id: str, record: Record | None, begun: Event, about: Facts) -> Iterator[Verdict]:
        if self._speaks():
            fresh = begin(self.rule, self.facts, id, record, begun)
            self.draft.put("wait", fresh)
            yield self._verdict("pending", says(self.rule, self.facts, fresh), about, fresh)

    def _is_edit(self, wait: StaysTrue) -> bool:
        trigger = self.rule.trigger
        heard_of = isinstance(trigger, When) and self.facts.event.type in trigger.types
        return heard_of and any(self.facts[f"changed:{name}"] is True for name in wait.compared)

    def _is_recent(self, wait: StaysTrue, record: Record) -> bool:
        facts, rule = self.facts, self.rule
        cals = calendars_of(rule, facts.project, facts.client, facts.state.workspace)
        until = shift(record["since"], wait.lengths[0], cals, zone_of_rule(rule, facts))
        return bool(record["since"] <= facts.event.at <= until)

    def _speaks(self) -> bool:
        """Whether the rule speaks about this project at all, and not about its past."""
        facts = self.facts
        status = facts["project.status"] if facts.project else None
        elsewhere = out_of_scope(self.rule, facts.event.type, facts.project, facts.client, status)
        return elsewhere is None and not facts.event.history

    def _refreshed(self, record: Record) -> Event:
        """The event that began the wait, with what this one says of the same thing where no record keeps it."""
        begun = from_fields(Event, record["_begun"])
        noun = self.rule.wait.key.partition(".")[0] if self.rule.wait else ""
        told = self.facts.about.objects.get(noun)
        if told is None or noun in KEPT or noun not in begun.objects:
            return begun
        return replace(begun, objects={**begun.objects, noun: {**begun.objects[noun], **told}})

    def _about(self, begun: Event) -> Facts:
        return Facts(begun, self.book, self.facts.state, "moment")

    def _names(self, facts: Facts) -> Names:
        return Names(facts, self.rule, slot_names(facts))

    def _verdict(self, kind: VerdictKind, reason: str, about: Facts, record: Record) -> Verdict:
        trace = traced(self.rule.conditions, self._names(about))
        memory = of_wait(self.rule, self.facts, record)
        return Verdict(
            self.facts.event.id, self.rule.id, kind, reason, str(self.rule.at), trace, memory=memory
        )
