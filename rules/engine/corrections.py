"""Correction notes: whoever was told of a level that no longer holds is told so, once, and nobody else is.

In: a rule whose ladder cleared levels, the copies of those alerts. Out: one planned note for each person, room or issue
that was told; `corrects` names the copy it takes back, and the note leaves only when that one left or may have left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from rules.engine.firing import Firing
from rules.engine.memory import Crossed
from rules.engine.noise import together
from rules.engine.outward import held
from rules.engine.told import Copied, next_words
from rules.engine.verdicts import Planned
from rules.facts.calendar import local_day
from rules.facts.event import Record, digest
from rules.language.model import ActionSpec


def corrections(
    firing: Firing, crossed: Crossed, copies: Iterable[Copied]
) -> tuple[list[Planned], list[str]]:
    """The notes to send, and a sentence for each copy that no text can take back.

    The text is the alert's own ("level" -> "level_corrected") or else `corrected`; besides the names of the event it
    knows `told` (value, day) and `next` (level, again_level, rearm_below).
    """
    after = next_words(crossed.record, crossed.value, crossed.ladder)
    notes: list[Planned] = []
    problems: list[str] = []
    for copy in _one_each(copies):
        text = _text(firing, copy.told.get("text"))
        if text is None:
            problems.append(f"no text `corrected` can take back {copy.told.get('text')}")
        else:
            notes.append(_note(firing, copy, text, after, len(notes)))
    return notes, problems


def _one_each(copies: Iterable[Copied]) -> list[Copied]:
    """One copy for each reader. A message comes before a task, one that left before one that may yet be cancelled."""
    ordered = sorted(copies, key=lambda c: (c.told["kind"] == "task", c.told["state"] == "planned"))
    first: dict[str, Copied] = {}
    for copy in ordered:
        first.setdefault(copy.told["recipient"] or copy.told["target"], copy)
    return list(first.values())


def _text(firing: Firing, told: Any) -> str | None:
    pack = firing.rule.pack
    wanted = [f"{told}_corrected"] if isinstance(told, str) else []
    wanted += [f"{pack}/corrected"] if pack else []
    return next((key for key in (*wanted, "corrected") if key in firing.texts), None)


def _note(firing: Firing, copy: Copied, text: str, after: Record, ordinal: int) -> Planned:
    told, facts = copy.told, firing.names.facts
    names = firing.for_client if told["client_facing"] else firing.for_team
    note = Planned(
        id="act_" + digest("corrects", copy.action),
        event=firing.event.id,
        rule=firing.rule.id,
        kind=told["kind"],
        ordinal=ordinal,
        due=firing.state.now,
        project=facts.event.project,
        client=facts.client.id if facts.client else None,
        connection=told["connection"],
        recipient=told["recipient"],
        address=told["address"],
        target=told["target"],
        client_facing=told["client_facing"],
        text=text,
        locale=told["locale"],
        names={**names, "told": _told(firing, copy), "next": after},
        corrects=copy.action,
        observed=told["observed"],
        spec=told["spec"],
        depth=firing.event.depth,
    )
    note = together(_by_mail(note, firing) if note.kind == "task" else note, firing.rule, firing.names)
    # What went to the lead alone is taken back from the lead alone, whatever the project's mode is by now.
    return note if note.observed else held(note, firing, _entry(firing, told))


def _told(firing: Firing, copy: Copied) -> Mapping[str, Any]:
    at = copy.said.get("at", firing.event.at)
    reader = firing.state.workspace.people.get(copy.told["recipient"] or "")
    # A room or a tracker is read in the team's zone, as the alert itself was there.
    zone = reader.time_zone if reader else firing.state.workspace.time_zone
    return {"value": copy.said.get("value"), "day": local_day(at, zone)}


def _by_mail(note: Planned, firing: Firing) -> Planned:
    """A task is not taken back by another task: its owner gets a mail."""
    owner = firing.state.workspace.people.get(note.recipient or "")
    return replace(
        note, kind="email", address=owner.email if owner else None, target=f"mail/{note.recipient}"
    )


def _entry(firing: Firing, told: Mapping[str, Any]) -> ActionSpec:
    """The entry behind the alert, for its review and hours; a note is never delayed further."""
    found = next((s for s in firing.rule.do if s.id == told["spec"]), None)
    entry = found or ActionSpec(kind=told["kind"], id=told["spec"], keys={}, at=firing.rule.at)
    return replace(entry, delay=None)
