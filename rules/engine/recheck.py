"""A message that waited, looked at again before it leaves.

In: the planned action, the event it was decided on, the state of the moment, the rule set that decided it. Out: whether
it is still true, in one sentence why not, and the names for its text as of now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from rules.engine import waits
from rules.engine.firing import evaluated
from rules.engine.guard import out_of_scope, unmet
from rules.engine.memory import Unseen, ladder_of, number, see
from rules.engine.names import KEPT, Facts, Names, slot_names
from rules.engine.near import figure, level_figure
from rules.engine.snapshot import for_reader, snapshot
from rules.engine.state import State
from rules.engine.told import next_words
from rules.engine.verdicts import Planned
from rules.facts.approval import OPEN
from rules.facts.event import Event, Record
from rules.facts.ladder import level_key
from rules.language.model import ActionSpec, Rule, RuleSet

_GONE: Final = "its rule is no longer there"


@dataclass(frozen=True, slots=True)
class Recheck:
    """Whether a message may still be sent. `names` are those of the moment; reason is empty while it is still true."""

    still_true: bool
    reason: str
    names: Mapping[str, Any]


def recheck(planned: Planned, event: Event, state: State, rules: RuleSet) -> Recheck:
    """Scope, `if` and memory with the facts of the moment.

    A correction note stays due whatever the figure did since: its text says where the figure stands now.
    """
    rule = rules.rules.get(planned.rule)
    if rule is None:
        return Recheck(False, _GONE, planned.names)
    look = _Look(planned, rule, _names(planned, event, state, rule), state)
    try:
        reason = look.against()
        return Recheck(reason is None, reason or "", look.names_now() if reason is None else planned.names)
    except (ValueError, ArithmeticError) as error:
        return Recheck(False, f"it cannot be checked again: {error}", planned.names)


def object_of(noun: str, event: Event, state: State) -> Record | None:
    """The object of that name on an event, as it is on record by now."""
    return Facts(event, state.book, state, "moment").object(noun)


def with_latest(event: Event, latest: Event, noun: str) -> Event:
    """The event with an object of it as a later event brought it: what `read_first` read is checked, not what was."""
    if noun not in event.objects or noun not in latest.objects:
        return event
    return replace(event, objects={**event.objects, noun: {**event.objects[noun], **latest.objects[noun]}})


def _names(planned: Planned, event: Event, state: State, rule: Rule) -> Names:
    """The names of the moment; objects that the rule's own actions made are among them."""
    facts = Facts(event, state.book, state, "moment")
    made: dict[str, Record] = {}
    for noun in KEPT & planned.names.keys():
        if facts.object(noun) is None:
            made[noun] = state.book.get(noun, str(planned.names[noun]["id"])) or planned.names[noun]
    return Names(facts, rule, {**slot_names(facts), **made})


@dataclass
class _Look:
    """One look at one message. `names` gets the level and the value once they are known."""

    planned: Planned
    rule: Rule
    names: Names
    state: State

    def against(self) -> str | None:
        """What speaks against sending, or none."""
        if (reason := self._nobody_to_reach()) is not None:
            return reason
        if self.planned.corrects is not None:
            return None
        facts = self.names.facts
        status = facts["project.status"] if facts.project else None
        reason = out_of_scope(self.rule, facts.about.type, facts.project, facts.client, status)
        if reason is None and self._asks():
            return self._decision_over()
        return reason or self._condition() or self._wait() or self._level() or self._own_condition()

    def names_now(self) -> Mapping[str, Any]:
        """Everything the text may name, as of now."""
        names = for_reader(
            snapshot(self.names, client_facing=self.planned.client_facing), self.planned.locale
        )
        spec = self._spec
        also = evaluated(spec.keys.get("with") or {}, self.names) if spec else {}
        kept = {"link": self.planned.names["link"]} if "link" in self.planned.names else {}
        if self.planned.corrects is None:
            return {**names, **also, **kept}
        return {**names, "told": self.planned.names["told"], "next": self._next()}

    @property
    def _spec(self) -> ActionSpec | None:
        return next((s for s in self.rule.do if s.id == self.planned.spec), None)

    def _asks(self) -> bool:
        spec = self._spec
        return spec is not None and spec.kind == "request_decision"

    def _nobody_to_reach(self) -> str | None:
        planned, facts = self.planned, self.names.facts
        if planned.client_facing and not planned.observed and facts["project.mode"] == "observe":
            return "the project is observed by now: nothing goes to the client"
        if planned.recipient is None:
            return None
        person = self.state.workspace.people.get(planned.recipient)
        if person is None or (person.until is not None and facts.today > person.until):
            return f"{planned.recipient} is no longer there"
        if person.client is not None and facts.client is not None and person.client != facts.client.id:
            return f"{planned.recipient} is no contact of {facts.client.id}"
        return None

    def _decision_over(self) -> str | None:
        """What was asked is decided by the approval alone: the rule's own request changed what its `if` looked at."""
        status = self.names("approval.status")
        return None if status in OPEN else f"the decision is no longer open: {status}"

    def _condition(self) -> str | None:
        stop = unmet(self.rule.conditions, self.names)
        return None if stop is None else stop.reason

    def _own_condition(self) -> str | None:
        spec = self._spec
        stop = unmet((spec.condition,), self.names) if spec and spec.condition else None
        return None if stop is None else stop.reason

    def _wait(self) -> str | None:
        """Whether what the rule waited for is still what it was when the wait ended."""
        slot = self.names.facts.event.objects.get("slot", {})
        if slot.get("kind") != "wait":
            return None
        return waits.stands(self.state.book.get("wait", str(slot["object"])), slot)

    def _level(self) -> str | None:
        """Whether the level of the alert is still the one that fired, and still reached."""
        crosses, alert = self.rule.crosses, self.planned.alert
        if crosses is None or alert is None:
            return None
        memory, level, epoch = alert
        held = (self.state.book.get("memory", memory) or {}).get("levels", {}).get(level, {})
        value = number(crosses.value.value(self.names))
        ladder = ladder_of(crosses, self.names)
        rung = next((one for one in ladder.rungs if level == level_key(one)), None)
        if value is None or rung is None:
            return (
                f"`{crosses.value.text}` is not known any more"
                if value is None
                else "its level is no longer one"
            )
        if held.get("state") != "fired" or held.get("epoch") != epoch or not ladder.met(rung, value):
            return f"{crosses.value.text} is {figure(crosses, value)}: {level_figure(crosses, rung)} no longer holds"
        self.names = self.names.bind(level=rung, value=value)
        return None

    def _next(self) -> Record:
        """When the next message will come, by the ladder as it stands now."""
        known: Record = self.planned.names["next"]
        crosses = self.rule.crosses
        seen = see(self.rule, crosses, self.names) if crosses else None
        record = self.state.book.get("memory", seen.memory) if seen and not isinstance(seen, Unseen) else None
        if crosses is None or seen is None or isinstance(seen, Unseen) or record is None:
            return known
        after = next_words(record, seen.value, ladder_of(crosses, self.names))
        again = known["again_level"]
        cleared = again is not None and record["levels"].get(level_key(again), {}).get("state") == "cleared"
        # Reached again while the note waited, the cleared level still fires only after a fall.
        kept = {name: known[name] for name in ("again_level", "rearm_below")}
        return {**after, **kept} if cleared and after["again_level"] is None else after
