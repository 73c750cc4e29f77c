"""Deciding an event: the only way into the engine.

In: an event, the state of things, a rule set. Out: an `Evaluation`: the event and all that it caused, a verdict of
each candidate rule, the actions planned, the records to store. No clock, no randomness, no I/O: the same input gives
the same output, ids included.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from rules.engine import effects
from rules.engine.candidates import index_of, triggered
from rules.engine.decide import Decision, decide
from rules.engine.memory import rebase_ladders
from rules.engine.names import Facts
from rules.engine.once import settle_once
from rules.engine.sentences import say
from rules.engine.state import Draft, State
from rules.engine.verdicts import NOT_STORED, Evaluation, Planned, Verdict, VerdictKind
from rules.engine.waits import recalled
from rules.engine.watching import notice
from rules.facts.event import MAX_DEPTH, Event
from rules.language.model import Rule, RuleSet


def evaluate(event: Event, state: State, rules: RuleSet, *, stored_only: bool = False) -> Evaluation:
    """Decide one event and everything it causes.

    stored_only: leave out verdicts that are recomputed on demand (out_of_scope, condition_false); rules that an index
    can rule out are then not asked at all.
    """
    cascade = _Cascade(state, rules, stored_only)
    queue = deque([event])
    while queue:
        queue.extend(cascade.take(queue.popleft()))
    return Evaluation(
        tuple(cascade.events), tuple(cascade.verdicts), tuple(cascade.actions), cascade.draft.puts
    )


# States of a message that never left because nobody wanted it to.
_CALLED_OFF: Final = ("cancelled", "suppressed", "merged")


class _Cascade:
    """One evaluation on its way: what was decided so far, and the records as it leaves them."""

    def __init__(self, state: State, rules: RuleSet, stored_only: bool) -> None:
        self.state = state
        self.rules = rules
        self.stored_only = stored_only
        self.index = index_of(rules)
        self.draft = Draft(state.book)
        self.events: list[Event] = []
        self.verdicts: list[Verdict] = []
        self.actions: list[Planned] = []

    def take(self, event: Event) -> list[Event]:
        """Apply one event and ask its rules; gives the events that it caused."""
        event = recalled(event, self.draft)
        applied = effects.apply(event, self.draft, self.state)
        event = applied.event
        self.events.append(event)
        settle_once(event, self.draft)
        if event.depth > MAX_DEPTH:
            # What is so is kept, whoever caused it; no rule is asked about it any more.
            self._stop(event, "loop", say("chain_ends", count=MAX_DEPTH))
            return list(applied.caused)
        if event.own and event.type.startswith("comment."):
            self._stop(event, "suppressed", say("own_comment"))
            return list(applied.caused)
        if applied.unheard is not None:
            self._stop(event, "suppressed", applied.unheard)
            return list(applied.caused)
        if event.type == "message.failed" and event.objects["message"].get("status") in _CALLED_OFF:
            self._stop(event, "suppressed", say("called_off"))
            return list(applied.caused)
        return [*applied.caused, *self._decide(event)]

    def _decide(self, event: Event) -> list[Event]:
        # As of this event: what one rule does at once is not what another one decides on.
        known = Draft(self.draft.base, dict(self.draft.puts))
        facts = Facts(event, known, self.state)
        rebase_ladders(self.index.rebased(event.type), facts, self.draft)
        noticed = notice(self.index.watching(event.type), facts, known, self.draft)
        caused: list[Event] = []
        for rule in self.index.asked(facts) if self.stored_only else self._triggered(event):
            decision = decide(rule, facts, self.draft, self.state, self.rules, quiet=self.stored_only)
            self._keep(decision, noticed)
            caused += decision.events
        self.verdicts += noticed.values()
        return caused

    def _keep(self, decision: Decision, noticed: dict[str, Verdict]) -> None:
        """One verdict for each rule: what the event meant for its wait is said where the rule says nothing more."""
        verdict = decision.verdict
        if verdict is not None and not (verdict.kind in NOT_STORED and verdict.rule in noticed):
            noticed.pop(verdict.rule, None)
            self.verdicts.append(verdict)
        self.actions += decision.actions

    def _triggered(self, event: Event) -> list[Rule]:
        return triggered(self.rules, event.type, event.objects.get("slot"))

    def _stop(self, event: Event, kind: VerdictKind, reason: str) -> None:
        """The same verdict for each rule that would have been asked."""
        self.verdicts += [Verdict(event.id, r.id, kind, reason, str(r.at)) for r in self._triggered(event)]
