"""Two runs side by side: what left in each in, what came, went and changed between them out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from rules.scenarios.said import Said

Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Message:
    """Something that leaves in a run. `id` is the key of the action, the same in both runs for the same cause.

    waits: it would have waited for somebody's release.  observed: it would have gone to the lead, marked TEST.
    """

    id: str
    rule: str
    kind: str
    at: datetime
    client: str | None
    project: str | None
    to: str
    client_facing: bool
    subject: str
    text: str
    waits: bool = False
    observed: bool = False


def message(said: Said, at: datetime, *, waits: bool = False) -> Message:
    """What left, with the words that its reader would have got."""
    planned = said.planned
    words = said.words
    return Message(
        id=planned.id,
        rule=planned.rule,
        kind=planned.kind,
        at=at,
        client=planned.client,
        project=planned.project,
        to=said.mail or planned.address or planned.recipient or planned.target or planned.connection or "",
        client_facing=planned.client_facing,
        subject=words.subject or words.short,
        text=words.body or words.short,
        waits=waits,
        observed=planned.observed,
    )


@dataclass(frozen=True, slots=True)
class Change:
    """One message that is not the same in both runs; the side that has none of it is none."""

    old: Message | None
    new: Message | None

    @property
    def kind(self) -> Kind:
        """What became of it."""
        return "added" if self.old is None else "removed" if self.new is None else "changed"

    @property
    def message(self) -> Message:
        """The message as it would be, or as it was where it goes."""
        found = self.new or self.old
        if found is None:
            raise ValueError("a change has at least one side")
        return found

    @property
    def difference(self) -> list[str]:
        """The lines of its text that differ, marked by - and +; a new or lost message as a whole."""
        old, new = (_lines(one) for one in (self.old, self.new))
        return [
            line
            for line in difflib.unified_diff(old, new, n=0, lineterm="")
            if not line.startswith(("---", "+++", "@@"))
        ]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a backtest found.

    events: how many were replayed.  same: messages that both runs have alike.  unasked: answers to decisions that the
    old or the new rules never asked for, by "old" and "new": id of the event -> who decided what.  broken: texts that
    could not be filled in, by run.
    """

    events: int
    since: datetime
    until: datetime
    same: int
    changes: tuple[Change, ...]
    unasked: Mapping[str, tuple[str, ...]]
    broken: Mapping[str, tuple[str, ...]]

    def by_client(self) -> dict[str | None, list[Change]]:
        """The changes of each client, those without one last."""
        found: dict[str | None, list[Change]] = {}
        for change in self.changes:
            found.setdefault(change.message.client, []).append(change)
        return dict(sorted(found.items(), key=lambda item: (item[0] is None, item[0] or "")))


@dataclass(frozen=True, slots=True)
class Told:
    """What one rule set said in the window. `events`, `unasked` and `broken` as in `Outcome`."""

    events: int
    since: datetime
    until: datetime
    messages: tuple[Message, ...]
    unasked: tuple[str, ...]
    broken: tuple[str, ...]


def outcome(old: Told | None, new: Told) -> Outcome:
    """Both side by side; without the old, all that the new say is added."""
    told = {name: one for name, one in (("old", old), ("new", new)) if one is not None}
    same, changes = compared(old.messages if old else (), new.messages)
    return Outcome(
        events=new.events,
        since=new.since,
        until=new.until,
        same=same,
        changes=changes,
        unasked={name: one.unasked for name, one in told.items()},
        broken={name: one.broken for name, one in told.items()},
    )


def compared(old: Iterable[Message], new: Iterable[Message]) -> tuple[int, tuple[Change, ...]]:
    """How many messages are alike, and the changes in the order of their time."""
    before, after = {m.id: m for m in old}, {m.id: m for m in new}
    changes = list(_differing(before, after))
    same = len(before.keys() & after.keys()) - sum(c.kind == "changed" for c in changes)
    return same, tuple(sorted(changes, key=lambda c: (c.message.at, c.message.rule, c.message.id)))


def _differing(before: Mapping[str, Message], after: Mapping[str, Message]) -> Iterator[Change]:
    for id in before.keys() | after.keys():
        old, new = before.get(id), after.get(id)
        if old != new:
            yield Change(old, new)


def _lines(message: Message | None) -> list[str]:
    if message is None:
        return []
    how = [f"at {message.at:%Y-%m-%d %H:%M} UTC, {message.kind} to {message.to}"]
    how += ["waits for release"] if message.waits else []
    return [*how, message.subject, *message.text.splitlines()]
