"""Rules that feed each other: what one does is what the next one hears, and the last one's doing wakes the first.

In: the rules of a load. Out: one warning for each circle that nothing ends. `once_per` and the memories end one, and so
do actions that are done only once about one thing, which is why these are not followed. A condition that reads the
message, the report or the decision of the circle may tell its own apart, and is trusted to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from rules.language.model import ActionSpec, Problem, Rule, When
from rules.language.sources import Findings

# A message that fails leads on only where its alarm fails as well, so failures are not followed.
_SENT: Final = ("message.sent",)
# The events that an action makes every time it is carried out. An item, a risk, a complaint or a change is opened once
# about one thing while it lives, and a change is applied once: these lead nowhere a second time.
CAUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "email": _SENT,
    "chat": _SENT,
    "task": (*_SENT, "task.opened"),
    "report": (*_SENT, "report.sent"),
    "request_decision": (*_SENT, "approval.sent", "change.sent"),
}


def circles(rules: Iterable[Rule], findings: Findings) -> None:
    """Warn of each circle once, at the first of its rules in the order of the files."""
    endless = {rule.id: rule for rule in rules if not rule.disabled and not _ends(rule)}
    heard: dict[str, list[str]] = {}
    for rule in endless.values():
        for name in _heard(rule):
            heard.setdefault(name, []).append(rule.id)
    feeds = {id: tuple(dict.fromkeys(_fed(rule, heard))) for id, rule in endless.items()}
    told: set[str] = set()
    for id in endless:
        way = () if id in told else _way_back(id, feeds)
        if way and told.isdisjoint(way):
            told.update(way)
            _tell([endless[one] for one in way], findings)


def _ends(rule: Rule) -> bool:
    """Whether the rule itself sees to it that it does not go on for ever."""
    remembers = rule.once_per or rule.crosses or rule.wait or rule.counts or rule.at_most
    return bool(remembers) or not isinstance(rule.trigger, When)


def _heard(rule: Rule) -> Iterator[str]:
    """The types that wake the rule, but for those whose object its conditions look at."""
    read = {name.partition(":")[2] or name for c in rule.conditions for name in c.names}
    objects = {name.partition(".")[0] for name in read}
    types = rule.trigger.types if isinstance(rule.trigger, When) else frozenset[str]()
    yield from (name for name in sorted(types) if name.partition(".")[0] not in objects)


def _fed(rule: Rule, heard: Mapping[str, list[str]]) -> Iterator[str]:
    for name in _caused(rule.do):
        yield from heard.get(name, ())


def _caused(do: Iterable[ActionSpec]) -> Iterator[str]:
    for spec in do:
        yield from CAUSES.get(spec.kind, ())


def _way_back(start: str, feeds: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The shortest way from a rule to itself; nothing where there is none."""
    came_from: dict[str, str] = {}
    reached = [start]
    for id in reached:
        for following in feeds[id]:
            if following == start:
                return _back_to(start, id, came_from)
            if following not in came_from:
                came_from[following] = id
                reached.append(following)
    return ()


def _back_to(start: str, last: str, came_from: Mapping[str, str]) -> tuple[str, ...]:
    way = [last]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return tuple(reversed(way))


def _tell(circle: list[Rule], findings: Findings) -> None:
    names = [f"`{rule.id}`" for rule in circle]
    first = circle[0]
    through = sorted(
        {name for rule in circle for name in _caused(rule.do)} & {n for r in circle for n in _heard(r)}
    )
    way = (
        f"rule {names[0]} wakes itself" if len(names) == 1 else f"rules {' and '.join(names)} wake each other"
    )
    hint = "end the circle with once_per, or with a condition that leaves out what these rules did"
    told = f"{way} without end, by {', '.join(through)}"
    findings.add(Problem(first.at, told, hint, "warning"))
