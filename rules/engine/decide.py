"""One rule on one event: scope, `if`, memory, `once_per`, then its actions.

In: a rule whose trigger the event is. Out: a `Decision`: its verdict with the reason, the actions it plans, the events
it causes. What the rule writes joins the draft only when it comes to an end without an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

from rules.engine import waits
from rules.engine.corrections import corrections
from rules.engine.counting import Counted, count
from rules.engine.firing import Firing
from rules.engine.guard import Stop, out_of_scope, traced, unmet
from rules.engine.memory import Crossed, Unseen, cross, keep, watching
from rules.engine.names import Facts, Names, slot_names
from rules.engine.near import figure, level_figure, near_level, near_miss, near_rearm
from rules.engine.once import once_id, once_record
from rules.engine.plan import outcome_of, plan
from rules.engine.remembered import of_count, of_ladder, of_once, of_wait
from rules.engine.sentences import Words, joined, say
from rules.engine.state import Draft, State
from rules.engine.told import remember_told, wrongly_told
from rules.engine.verdicts import Planned, Verdict, VerdictKind
from rules.facts.event import Event, Record, event_id
from rules.facts.ladder import Cleared, Fired, NotCrossed, level_key
from rules.language.model import Counts, Crosses, NotFollowed, Operand, Rule, RuleSet, StaysTrue

RESET: Final = say("reset")


@dataclass(frozen=True, slots=True)
class Decision:
    """A rule's outcome. `verdict` is none where nobody wants to read it."""

    verdict: Verdict | None
    actions: tuple[Planned, ...] = ()
    events: tuple[Event, ...] = ()


def decide(
    rule: Rule, facts: Facts, draft: Draft, state: State, rules: RuleSet, *, quiet: bool = False
) -> Decision:
    """Ask one rule. `quiet`: out_of_scope and condition_false are not worded, for nobody stores them.

    A rule that ends in an exception writes nothing at all.
    """
    names = Names(facts, rule, slot_names(facts))
    if waits.is_end(facts.event):
        return _end_of_wait(rule, names, draft, state, rules)
    elsewhere = _elsewhere(rule, facts)
    if elsewhere is not None:
        return Decision(None if quiet else _verdict(facts, rule, "out_of_scope", elsewhere))
    stop = unmet(rule.conditions, names, quiet=quiet)
    if stop is not None:
        return Decision(
            None if quiet and stop.kind == "condition_false" else _stopped(facts, rule, names, stop)
        )
    return _asked(_Asked(rule, names, Draft(draft), state, rules), draft)


def _asked(asked: _Asked, draft: Draft) -> Decision:
    rule, names = asked.rule, asked.names
    try:
        decision = asked.decide()
    except (ValueError, ArithmeticError) as error:
        return Decision(_verdict(names.facts, rule, "error", str(error), traced(rule.conditions, names)))
    draft.puts.update(asked.own.puts)
    return decision


def _elsewhere(rule: Rule, facts: Facts) -> str | None:
    status = facts["project.status"] if facts.project else None
    return out_of_scope(rule, facts.about.type, facts.project, facts.client, status)


def _end_of_wait(rule: Rule, names: Names, draft: Draft, state: State, rules: RuleSet) -> Decision:
    """A length of a wait is over: the rule is asked with the facts of the moment whether that still means anything."""
    facts, slot = names.facts, names.facts.event.objects["slot"]
    record = draft.get("wait", str(slot["object"]))
    over = waits.lapsed(rule, record, slot)
    if over is not None or record is None:
        return Decision(_verdict(facts, rule, "cancelled", over or ""))
    if str(slot["elapsed"]) in record["fired"]:
        told = say("fired_after", length=str(slot["elapsed"]))
        return Decision(_verdict(facts, rule, "duplicate", told, memory=of_wait(rule, facts, record)))
    elsewhere, stop = _elsewhere(rule, facts), unmet(rule.conditions, names)
    if elsewhere is not None or (stop is not None and stop.kind == "condition_false"):
        ending = stop or Stop("out_of_scope", "")
        return _no_longer_true(rule, names, draft, record, replace(ending, reason=elsewhere or ending.reason))
    after = waits.fired(record, slot)
    draft.put("wait", after)
    if stop is not None:
        return Decision(_stopped(facts, rule, names, stop))
    reason = waits.ended_well(rule, facts, record, slot)
    asked = _Asked(rule, names, Draft(draft), state, rules, reason, of_wait(rule, facts, after))
    return _asked(asked, draft)


def _no_longer_true(rule: Rule, names: Names, draft: Draft, record: Record, stop: Stop) -> Decision:
    """The end of a wait finds that what was waited for is no longer so."""
    facts = names.facts
    ended = waits.over(record, facts.event, say("stopped_being_true", why=stop.reason))
    draft.put("wait", ended)
    told = _stopped(facts, rule, names, stop)
    return Decision(replace(told, kind="cancelled", memory=of_wait(rule, facts, ended)))


def _stopped(facts: Facts, rule: Rule, names: Names, stop: Stop) -> Verdict:
    near = near_miss(rule.conditions, names) if stop.kind == "condition_false" else None
    return _verdict(facts, rule, stop.kind, stop.reason, stop.trace, near)


def _verdict(
    facts: Facts,
    rule: Rule,
    kind: VerdictKind,
    reason: str,
    trace: tuple[Operand, ...] = (),
    near: str | None = None,
    memory: Mapping[str, Any] | None = None,
) -> Verdict:
    return Verdict(facts.event.id, rule.id, kind, reason, str(rule.at), trace, near, memory or {})


@dataclass(frozen=True, slots=True)
class _Asked:
    """A rule whose conditions hold, and where it writes.

    remembered: what its memory says, once that is settled.  memory: what is kept of that with the verdict.
    """

    rule: Rule
    names: Names
    own: Draft
    state: State
    rules: RuleSet
    remembered: str = ""
    memory: Mapping[str, Any] = field(default_factory=dict)

    def decide(self) -> Decision:
        """Memory, `once_per`, history, actions."""
        if self.rule.wait is not None and not self.remembered:
            return self._wait(self.rule.wait)
        if self.rule.counts is not None and not self.remembered:
            return self._count(self.rule.counts)
        crossed = self._cross() if self.rule.crosses else None
        if isinstance(crossed, Unseen):
            self._watch(crossed)
            return Decision(self._verdict("unknown", crossed.reason))
        if crossed is not None:
            keep(self.own, crossed.record)
            return self._with_ladder(crossed).past_ladder(crossed)
        return self._go_on(None)

    def _watch(self, unseen: Unseen) -> None:
        begun = watching(self.rule, self.names.facts, unseen.memory, self.own) if unseen.memory else None
        if begun is not None:
            keep(self.own, begun)

    def _with_ladder(self, crossed: Crossed) -> _Asked:
        return replace(self, memory=of_ladder(self.rule, self._crosses, crossed, self.names.facts))

    def past_ladder(self, crossed: Crossed) -> Decision:
        """What the ladder's outcome comes to."""
        if isinstance(crossed.outcome, NotCrossed):
            return Decision(self._not_crossed(crossed, crossed.outcome))
        if isinstance(crossed.outcome, Cleared):
            return self._cleared(crossed, crossed.outcome)
        return self._go_on(crossed)

    def _go_on(self, crossed: Crossed | None) -> Decision:
        if self.rule.once_per and (standing := self._once()) is not None:
            return Decision(standing)
        if self._event.history:
            return self._history(crossed)
        return self._fire(crossed)

    def _wait(self, wait: StaysTrue | NotFollowed) -> Decision:
        """The wait that the event is about: it begins, goes on, or has said what there was to say."""
        facts = self.names.facts
        id = waits.wait_id(self.rule, wait, self.names)
        if id is None:
            return Decision(self._verdict("unknown", say("key_unknown", name=wait.key)))
        record = waits.known(self.own, id, self.rule)
        if record is not None and not waits.begins_anew(wait, record, facts):
            kind, reason = waits.standing(self.rule, facts, record)
            return Decision(self._verdict(kind, reason, memory=of_wait(self.rule, facts, record)))
        if self._event.history:
            return Decision(self._verdict("history", say("nothing_waits")))
        former = self.own.get("wait", id)
        begun = waits.begin(self.rule, facts, id, former, self._event)
        self.own.put("wait", begun)
        said = [waits.says(self.rule, facts, begun)]
        said += [RESET] if record is None and former is not None else []
        memory = of_wait(self.rule, facts, begun)
        return Decision(self._verdict("pending", joined("then", said), memory=memory))

    def _count(self, counts: Counts) -> Decision:
        """One event more in the window; the rule goes on when that reaches its number."""
        counted = count(self.rule, counts, self.names, self.own)
        if counted is None:
            return Decision(self._verdict("unknown", say("key_unknown", name=counts.by)))
        reached = say("counted", count=counted.count, least=counts.at_least, within=str(counts.within))
        said = [reached, *([RESET] if counted.reset else [])]
        memory = of_count(self.rule, counts, counted, self.names.facts)
        if not counted.fires:
            self._remember_count(counted.record)
            return Decision(replace(self, memory=memory).not_enough(counts, counted, said))
        names = self.names.bind(count=counted.count)
        asked = replace(self, names=names, remembered=joined("then", said), memory=memory)
        decision = asked.decide()
        gone = decision.verdict is not None and decision.verdict.kind == "error" and not decision.actions
        self._remember_count(counted.start if gone else counted.record)
        return decision

    def not_enough(self, counts: Counts, counted: Counted, said: list[Words]) -> Verdict:
        """The count has not reached its number, or stands above it since it fired."""
        if counted.record["reached"]:
            return self._verdict("not_crossed", joined("then", [*said, say("after_falling")]))
        known = {"value": counted.count, "operator": ">=", "wanted": counts.at_least}
        near = say("near_count", count=counted.count, least=counts.at_least, **known)
        return self._verdict("not_crossed", joined("then", said), near)

    def _remember_count(self, record: Record) -> None:
        if self.own.get("count", record["id"]) != record:
            self.own.put("count", record)

    @property
    def _event(self) -> Event:
        return self.names.facts.event

    @property
    def _crosses(self) -> Crosses:
        if self.rule.crosses is None:
            raise ValueError(f"{self.rule.id} has no ladder")
        return self.rule.crosses

    def _cross(self) -> Crossed | Unseen:
        facts = Facts(self._event, self.state.book, self.state, "before")
        before = Names(facts, self.rule, self.names.bound)
        return cross(self.rule, self._crosses, self.names, self.own, before)

    def _once(self) -> Verdict | None:
        """Why the rule says nothing more about this key, or none when it is the first time: then it is on record."""
        id = once_id(self.rule, self.names)
        if id is None:
            return self._verdict("unknown", say("once_unknown", names=joined("list", self.rule.once_per)))
        known = self.own.get("once", id)
        if known is not None and not known.get("given_back"):
            key = _key(id, self.rule)
            memory = of_once(self.rule, key, known)
            return self._verdict("duplicate", say("spoken", key=key), memory=memory)
        return None

    def _not_crossed(self, crossed: Crossed, outcome: NotCrossed) -> Verdict:
        crosses = self._crosses
        parts = [say("is", operand=crosses.value.text, have=figure(crosses, crossed.value))]
        if outcome.rearmed:
            parts.append(say("can_fire_again", levels=self._levels(outcome.rearmed)))
        if outcome.next_level is not None:
            parts.append(say("next_level", level=level_figure(crosses, outcome.next_level)))
        if crossed.reset:
            parts.append(RESET)
        return self._verdict("not_crossed", joined("then", parts), self._near(crossed, outcome))

    def _near(self, crossed: Crossed, outcome: NotCrossed) -> Words | None:
        """The next level ahead; where there is none, what arms the last one again."""
        crosses, ladder = self._crosses, crossed.ladder
        if outcome.next_level is not None:
            return near_level(crosses, crossed.value, outcome.next_level)
        last = ladder.rungs[-1]
        return near_rearm(crosses, crossed.value, last, ladder.rearm_at(last))

    def _cleared(self, crossed: Crossed, outcome: Cleared) -> Decision:
        levels = tuple(level for level, _ in outcome.levels)
        have = figure(self._crosses, crossed.value)
        reason = say(
            "no_longer_holds", operand=self._crosses.value.text, have=have, levels=self._levels(levels)
        )
        events = tuple(self._level_event("cleared", crossed, level, epoch) for level, epoch in outcome.levels)
        if self._event.history:
            told = joined("then", [reason, say("nobody_is_told")])
            return Decision(self._verdict("history", told), (), events)
        firing = self._firing(self.names, None)
        notes, problems = corrections(firing, crossed, wrongly_told(crossed.record, outcome))
        many = say("notes_one" if len(notes) == 1 else "notes", count=len(notes))
        sentence = joined("then", [reason, *(problems or [many if notes else say("nobody_told")])])
        return Decision(self._verdict("cleared", sentence), tuple(notes), events)

    def _history(self, crossed: Crossed | None) -> Decision:
        self._remember_once(())
        reason = say("history")
        events = self._crossings(crossed)
        return Decision(self._verdict("history", self._with_memory(crossed, reason)), (), events)

    def _fire(self, crossed: Crossed | None) -> Decision:
        names, alert = self.names, None
        if crossed is not None and isinstance(crossed.outcome, Fired):
            names = names.bind(level=crossed.outcome.level, value=crossed.value)
            alert = (crossed.record["id"], level_key(crossed.outcome.level), crossed.outcome.epoch)
        done = plan(self._firing(names, alert))
        kind, reason = outcome_of(done)
        verdict = self._verdict(kind, self._with_memory(crossed, reason))
        verdict = replace(verdict, left_out=tuple(done.left_out))
        if kind == "error" and not done.actions and not done.performed:
            return self._in_vain(verdict, crossed)
        if crossed is not None and isinstance(crossed.outcome, Fired):
            told = remember_told(crossed.record, crossed.outcome, crossed.value, self._event, done.actions)
            keep(self.own, told)
        self._remember_once(done.actions)
        return Decision(verdict, tuple(done.actions), (*self._crossings(crossed), *done.events))

    def _in_vain(self, verdict: Verdict, crossed: Crossed | None) -> Decision:
        """Nothing could be carried out: the rule may speak again, and a level it reached is still armed."""
        self.own.puts.clear()
        if crossed is not None:
            keep(self.own, crossed.start)
        return Decision(verdict)

    def _firing(self, names: Names, alert: tuple[str, str, int] | None) -> Firing:
        return Firing(self.rule, self._event, names, self.own, self.state, self.rules.texts, alert)

    def _remember_once(self, actions: tuple[Planned, ...] | list[Planned]) -> None:
        id = once_id(self.rule, self.names) if self.rule.once_per else None
        if id is not None:
            self.own.put("once", once_record(id, self.rule, self.names, actions))

    def _crossings(self, crossed: Crossed | None) -> tuple[Event, ...]:
        if crossed is None or not isinstance(crossed.outcome, Fired):
            return ()
        return (self._level_event("crossed", crossed, crossed.outcome.level, crossed.outcome.epoch),)

    def _level_event(self, verb: str, crossed: Crossed, level: Decimal, epoch: int) -> Event:
        event, kind = self._event, f"level.{verb}"
        memory = str(crossed.record["id"])
        return Event(
            id=event_id(event.id, kind, memory, level_key(level), str(epoch)),
            type=kind,
            at=event.at,
            received_at=event.received_at,
            objects={"level": {"rule": self.rule.id, "level": level, "value": crossed.value, "epoch": epoch}},
            project=event.project,
            client=event.client,
            key=memory,
            person=event.person,
            cause=event.id,
            rule=self.rule.id,
            depth=event.depth + 1,
            history=event.history,
        )

    def _with_memory(self, crossed: Crossed | None, reason: str) -> str:
        if self.remembered:
            return joined("then", [self.remembered, reason])
        if crossed is None or not isinstance(crossed.outcome, Fired):
            return reason
        crosses = self._crosses
        figures = {
            "have": figure(crosses, crossed.value),
            "level": level_figure(crosses, crossed.outcome.level),
        }
        return joined("then", [say("reached", operand=crosses.value.text, **figures), reason])

    def _levels(self, levels: tuple[Decimal, ...]) -> str:
        return joined("and", [level_figure(self._crosses, level) for level in levels])

    def _verdict(
        self,
        kind: VerdictKind,
        reason: str,
        near: str | None = None,
        memory: Mapping[str, Any] | None = None,
    ) -> Verdict:
        ladder = (self.rule.crosses.value.trace(self.names),) if self.rule.crosses else ()
        trace = (*ladder, *traced(self.rule.conditions, self.names))
        facts = self.names.facts
        return _verdict(facts, self.rule, kind, reason, trace, near, memory or self.memory)


def _key(id: str, rule: Rule) -> str:
    return id.removeprefix(f"{rule.id}|").replace("|", ", ")
