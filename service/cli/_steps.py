"""A scenario as a table to watch: its steps in, for each what happened, what left, and what it changed out.

A line about a figure, a level or a finding stands only at the step that changed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from service.cli._figures import budget_lines, figure, retainer_lines, share

if TYPE_CHECKING:
    from rules.scenarios.trace import Shown

_NAMES = ("id", "number", "key", "title", "amount", "total", "hours", "duration", "status", "period")


def explained_lines(steps: Iterable[Shown]) -> Iterator[str]:
    """What rules made of the events of each step, as `accord explain` writes it."""
    for shown in steps:
        for one in shown.explained:
            yield f"{shown.number:>3}  {one.event.type}  {one.event.id}"
            for told in one.rules:
                yield from (f"       {line}" for line in told.text().splitlines())


def explained_plain(steps: Iterable[Shown]) -> list[dict[str, Any]]:
    """The same as JSON values: step, event, and a verdict for each rule."""
    return [
        {
            "step": shown.number,
            "event": one.event.id,
            "type": one.event.type,
            "at": one.event.at.isoformat(),
            "verdicts": [told.plain() for told in one.rules],
        }
        for shown in steps
        for one in shown.explained
    ]


def step_lines(steps: Iterable[Shown]) -> Iterator[str]:
    """The lines of all steps."""
    known: set[str] = set()
    for shown in steps:
        at = shown.at.astimezone(ZoneInfo(shown.zone))
        yield f"{shown.number:>3}  {at:%Y-%m-%d %H:%M}  {_happened(shown)}"
        yield from (f"       {said.summary}" for said in shown.said)
        now = list(_standing(shown))
        yield from (f"       {line}" for line in now if line not in known)
        known = set(now)


def _happened(shown: Shown) -> str:
    given = shown.step.given.value
    if shown.step.kind == "payload":
        return f"{given['connection']}: {str(given.get('file')).rpartition('/')[2]}"
    if shown.step.kind == "answer":
        return f"{given.get('by')}: {given.get('decision') or 'answered'}"
    if shown.step.kind != "event":
        return f"{shown.step.kind} {given}"
    told = given.get("data") or {}
    return " ".join([str(given["type"]), *(str(told[name]) for name in _NAMES if name in told)])


def _standing(shown: Shown) -> Iterator[str]:
    if shown.budget is not None:
        yield from budget_lines(shown.budget, {})
    yield from retainer_lines(shown.retainer, shown.periods)
    for memory, levels in sorted(shown.levels.items()):
        told = [
            _level(level, held) for level, held in sorted(levels.items(), key=lambda one: Decimal(one[0]))
        ]
        yield f"{memory.split('|')[0]}  {', '.join(told)}"
    for finding in shown.findings:
        yield f"finding     {_finding(finding)}"


def _level(level: str, held: Any) -> str:
    again = f" (epoch {held['epoch']})" if held["epoch"] > 1 else ""
    return f"{share(Decimal(level))} {held['state']}{again}"


def _finding(finding: Any) -> str:
    said = [finding["kind"], finding.get("paper"), finding.get("paid_to"), finding.get("line")]
    said += [figure(finding["sum"])] if finding.get("sum") else []
    owner = f"{finding['owner']} by {finding['due']}" if finding["status"] == "open" else finding["status"]
    return "  ".join(str(word) for word in (*said, owner) if word)
