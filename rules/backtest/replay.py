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

from rules.backtest.outcome import Message, Outcome, compared, message
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
        self._since = since
        self._until = until
        self._events = 0
        self._runs = {
            name: _Run(workspace, rules, since, until)
            for name, rules in (("old", old), ("new", new))
            if rules is not None
        }

    def take(self, event: Event) -> None:
        """Replay one event of the journal; one that is made anew, or that lies beyond the window, is passed over."""
        if event.cause is not None or event.type.startswith(_PLAYED):
            return
        at = moment_of(event)
        if at > self._until:
            return
        self._events += 1
        for run in self._runs.values():
            run.take(event, at)

    def finish(self) -> Outcome:
        """Let the clock go on to the end of the window, and compare."""
        for run in self._runs.values():
            run.finish()
        old, new = self._runs.get("old"), self._runs["new"]
        same, changes = compared(old.messages if old else (), new.messages)
        return Outcome(
            events=self._events,
            since=self._since,
            until=self._until,
            same=same,
            changes=changes,
            unasked={name: tuple(run.unasked) for name, run in self._runs.items()},
            broken={name: tuple(dict.fromkeys(run.broken)) for name, run in self._runs.items()},
        )


def moment_of(event: Event) -> datetime:
    """When an event is replayed: as it came in; what was read from the past of a connection, as it happened."""
    return event.at if event.history else event.received_at


class _Run:
    """The journal through one rule set."""

    def __init__(self, workspace: Workspace, rules: RuleSet, since: datetime, until: datetime) -> None:
        self._workspace = workspace
        self._rules = rules
        self._since = since
        self._until = until
        self._stage: Stage | None = None
        self.messages: list[Message] = []
        self.unasked: list[str] = []
        self.broken: list[str] = []

    def take(self, event: Event, at: datetime) -> None:
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

    def finish(self) -> None:
        stage = self._stage
        if stage is None:
            return
        self._advance(stage, self._until)
        held = [s for s in stage.waiting if s.planned.waits == "review" and s.planned.due >= self._since]
        self.messages += [message(s, max(s.planned.due, self._since), waits=True) for s in held]

    def _advance(self, stage: Stage, until: datetime) -> None:
        """Time goes by; each moment at which something leaves is looked at on its own."""
        while stage.step(until):
            self._collect(stage)

    def _collect(self, stage: Stage) -> None:
        released, broken = stage.collect()
        if stage.now >= self._since:
            self.messages += [message(said, stage.now) for said in released]
            self.broken += broken

    def _answered(self, stage: Stage, event: Event) -> bool:
        """Take a decision that was made, where this run has asked for it; false where it was never asked."""
        approval, decision = event.objects.get("approval") or {}, event.objects.get("decision") or {}
        asked = stage.book.get("approval", str(approval.get("id")))
        who = str(decision.get("by") or event.person or "")
        if asked is None or asked["status"] not in OPEN or who not in asked["asked"]:
            self.unasked.append(f"{event.id}: {decision.get('outcome')} by {who}")
            return False
        given: Mapping[str, object] = {**decision, "name": decision.get("name") or who, "at": stage.now}
        made = approvals.decide(asked, who, dict(given), stage.now)
        if made.outcome == "recorded":
            stage.keep("approval", made.record)
        return made.outcome == "recorded"
