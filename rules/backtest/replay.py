"""One backtest on its way: events in, one after the other; the `Outcome` at the end.

Both runs begin with empty records at the first event and see every event there ever was, so that ladders and waits
stand as they would at the beginning of the window; only what leaves within the window counts. Events that rules caused
are made anew by each run. So is what the clock says and what becomes of messages. A decision of a person is taken where
the run has asked for it; else it is listed apart, for nobody knows what would have been answered to another question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from rules.backtest.outcome import Message, Outcome, Told, message, outcome
from rules.facts import approval as approvals
from rules.facts.approval import OPEN
from rules.facts.event import Event
from rules.facts.project import Workspace
from rules.language.model import RuleSet
from rules.scenarios.stage import Stage

# The clock and the way of a message are played anew; the same words from the record would come twice.
_PLAYED: Final = (
    "slot.",
    "message.",
    "level.",
    "rules.",
    "connection.",
    "report.sent",
    "approval.expired",
    "task.opened",
)


class Replay:
    """Two rule sets over one journal. Take the events in the order of `moment_of`, then finish.

    since, until: the window whose messages count.  old is none to ask what the new rules alone would have said.
    """

    def __init__(
        self, workspace: Workspace, old: RuleSet | None, new: RuleSet, since: datetime, until: datetime
    ) -> None:
        self._runs = [
            Run(workspace, rules, since, until) if rules is not None else None for rules in (old, new)
        ]

    def take(self, event: Event) -> None:
        """Replay one event of the journal; one that is made anew, or that lies beyond the window, is passed over."""
        for run in self._runs:
            if run is not None:
                run.take(event)

    def finish(self) -> Outcome:
        """Let the clock go on to the end of the window, and compare."""
        old, new = (run.finish() if run is not None else None for run in self._runs)
        if new is None:
            raise ValueError("there is always a new rule set")
        return outcome(old, new)


def moment_of(event: Event) -> datetime:
    """When an event is replayed: as it came in; what was read from the past of a connection, as it happened."""
    return event.at if event.history else event.received_at


class Run:
    """The journal through one rule set. Two of them need not be in one process: what each said is compared after."""

    def __init__(self, workspace: Workspace, rules: RuleSet, since: datetime, until: datetime) -> None:
        self._workspace = workspace
        self._rules = rules
        self._since = since
        self._until = until
        self._stage: Stage | None = None
        self._events = 0
        self._messages: list[Message] = []
        self._unasked: list[str] = []
        self._broken: list[str] = []

    def take(self, event: Event) -> None:
        """Replay one event; one that is made anew, or that lies beyond the window, is passed over."""
        at = moment_of(event)
        if event.cause is not None or event.type.startswith(_PLAYED) or at > self._until:
            return
        self._events += 1
        if self._stage is None:
            self._stage = Stage(self._workspace, self._rules, at)
        stage = self._stage
        self._advance(stage, at)
        # What happened before the window is the past; within it, it is decided as if it happened now.
        told = replace(event, received_at=at, history=event.history and at < self._since)
        if event.type == "approval.answered" and not self._answered(stage, told):
            return
        stage.tell(told)
        self._collect(stage)

    def finish(self) -> Told:
        """Let the clock go on to the end of the window: what was said in it."""
        stage = self._stage
        if stage is not None:
            self._advance(stage, self._until)
            held = [s for s in stage.waiting if s.planned.waits == "review" and s.planned.due >= self._since]
            self._messages += [message(s, max(s.planned.due, self._since), waits=True) for s in held]
        return Told(
            events=self._events,
            since=self._since,
            until=self._until,
            messages=tuple(self._messages),
            unasked=tuple(self._unasked),
            broken=tuple(dict.fromkeys(self._broken)),
        )

    def _advance(self, stage: Stage, until: datetime) -> None:
        """Time goes by; each moment at which something leaves is looked at on its own."""
        while stage.step(until):
            self._collect(stage)

    def _collect(self, stage: Stage) -> None:
        released, broken = stage.collect()
        if stage.now >= self._since:
            self._messages += [message(said, stage.now) for said in released]
            self._broken += broken

    def _answered(self, stage: Stage, event: Event) -> bool:
        """Take a decision that was made, where this run has asked for it; false where it was never asked."""
        approval, decision = event.objects.get("approval") or {}, event.objects.get("decision") or {}
        asked = stage.book.get("approval", str(approval.get("id")))
        who = str(decision.get("by") or event.person or "")
        if asked is None or asked["status"] not in OPEN or who not in asked["asked"]:
            self._unasked.append(f"{event.id}: {decision.get('outcome')} by {who}")
            return False
        given: Mapping[str, object] = {**decision, "name": decision.get("name") or who, "at": stage.now}
        made = approvals.decide(asked, who, dict(given), stage.now)
        if made.outcome == "recorded":
            stage.keep("approval", made.record)
        return made.outcome == "recorded"
