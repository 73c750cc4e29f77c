"""The trigger of a rule: exactly one of `when`, `every`, `around`.

In: a rule as written. Out: the trigger and what it makes known: event types, or objects and bound words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from rules.facts.catalogue import OBJECTS, STANDING
from rules.facts.duration import BadDuration, Duration
from rules.facts.project import Workspace
from rules.language.events import event_types
from rules.language.model import Around, Every, When
from rules.language.names import fields_of
from rules.language.nearest import allowed_here
from rules.language.schedules import PARTIES, refused_cron, refused_zone
from rules.language.sources import Source

TRIGGERS: Final = ("when", "every", "around")

# Objects whose dates are on record for each project, and that a rule can be built around.
DATED: Final = (
    "milestone",
    "approval",
    "change",
    "issue",
    "task",
    "invoice",
    "bill",
    "action_item",
    "risk",
    "finding",
    "meeting",
    "complaint",
    "survey",
    "supplier",
)

ForEach = Literal["project", "client", "milestone", "action_item", "invoice", "workspace"]
OnHoliday = Literal["earlier", "later", "skip"]
Trigger = When | Every | Around


@dataclass(frozen=True, slots=True)
class Triggered:
    """A trigger and what it makes known: event types, or objects of a slot; words that bind names; closed values."""

    trigger: Trigger
    types: tuple[str, ...] = ()
    objects: tuple[str, ...] = STANDING
    words: tuple[str, ...] = ()
    values: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


_HOUSE: Final = frozenset({"connection", "rules", "calendar"})


def read_trigger(rule: Source, workspace: Workspace) -> Triggered | None:
    """The trigger of a rule, none with what is wrong told."""
    given = [word for word in TRIGGERS if word in rule.value]
    if not given:
        hint = "write when: [event types], every: {cron: ...} or around: {date: ..., offsets: ...}"
        rule.tell("the rule has no trigger", hint)
        return None
    if len(given) > 1:
        hint = "keep one; two triggers are two rules"
        rule.tell(f"`{given[1]}` stands beside `{given[0]}`", hint, given[1], key=True)
        return None
    if given == ["when"]:
        types = event_types(rule.below("when"))
        # What happens to the house itself belongs to no project and no client.
        house = all(name.partition(".")[0] in _HOUSE for name in types)
        known = ("event", "organisation") if house else STANDING
        return Triggered(When(frozenset(types)), types, known) if types else None
    if given == ["every"]:
        return _every(rule.below("every"), workspace)
    return _around(rule.below("around"))


def read_duration(source: Source) -> Duration | None:
    """A duration, none where nothing stands or with the problem told."""
    if source.value is None:
        return None
    try:
        return Duration.parse(str(source.value))
    except BadDuration as error:
        source.tell(str(error))
        return None


def read_calendars(source: Source, workspace: Workspace) -> tuple[str, ...]:
    """The names of calendars that govern a rule: parties, or calendars of the workspace."""
    places = source.each()
    known = (*PARTIES, *sorted(name for name in workspace.calendars if name))
    for place in places:
        if place.value not in known:
            place.tell(f"there is no calendar `{place.value}`", allowed_here(str(place.value), known))
    return tuple(str(place.value) for place in places if place.value in known)


def read_on_holiday(rule: Source) -> OnHoliday | None:
    """What a slot on a closed day does, wherever the rule says it; it has a meaning for rules of the clock only."""
    places = [
        rule.below("on_holiday"),
        *(rule.below(t, "on_holiday") for t in ("every", "around") if isinstance(rule.get(t), dict)),
    ]
    given = [place for place in places if place.value is not None]
    if len(given) > 1:
        given[1].tell("`on_holiday` stands twice in this rule", "keep one")
    if given and "when" in rule.value:
        given[0].tell(
            "`on_holiday` is for rules of the clock", "a rule with `when` fires whenever the event comes"
        )
    return cast("OnHoliday", given[0].value) if given else None


def _every(source: Source, workspace: Workspace) -> Triggered | None:
    if isinstance(source.value, str):
        return _written(source, workspace)
    for_each: ForEach = source.get("for_each") or "project"
    zone = source.get("zone") or ("team" if for_each == "workspace" else "project")
    line = str(source.get("cron") or "")
    if not line or not _is_fine(source.below("cron"), refused_cron(line)):
        return None
    if not _is_fine(source.below("zone"), refused_zone(zone)):
        return None
    trigger = Every(
        str(source.get("cron")), zone, for_each, None, read_duration(source.below("at_least_apart"))
    )
    objects = {
        "workspace": ("event", "organisation"),
        "client": ("event", "organisation", "client"),
        "project": STANDING,
    }
    return Triggered(trigger, (), objects.get(for_each, (*STANDING, for_each)), ("every",))


def _written(source: Source, workspace: Workspace) -> Triggered | None:
    name = source.value
    head, _, key = name.rpartition(".")
    known = sorted({f"project.reports.{k}" for p in workspace.projects.values() for k in p.reports})
    if head != "project.reports" or not key:
        hint = allowed_here(name, known, "schedules") if known else 'write {cron: "0 16 * * FRI"}'
        source.tell(f"there is no schedule `{name}`", hint)
        return None
    if name not in known:
        hint = (
            allowed_here(name, known, "schedules")
            if known
            else "`reports:` of a project in the workspace name them"
        )
        source.tell(f"no project has the schedule `{name}`: the rule never fires", hint, severity="warning")
    return Triggered(Every(None, "project", "project", name), (), STANDING, ("every",))


def _is_fine(source: Source, refused: tuple[str, str] | None) -> bool:
    if refused is not None:
        source.tell(*refused)
    return refused is None


def _around(source: Source) -> Triggered | None:
    name = source.get("date")
    offsets = [read_duration(place) for place in source.below("offsets").each()]
    if not _is_date(source.below("date"), name) or None in offsets or not offsets:
        return None
    found = tuple(one for one in offsets if one is not None)
    if len(set(found)) < len(found):
        source.tell("an offset stands twice", "keep one of them", "offsets")
    if any(one.unit in ("m", "h") for one in found):
        source.tell("offsets count in days", "write d, wd (working days) or w", "offsets")
        return None
    kind = name.partition(".")[0]
    trigger = Around(name, found, source.get("time"))
    objects = (*STANDING, kind, *(("change", "milestone") if kind == "approval" else ()))
    return Triggered(trigger, (), objects, ("around",), {"offset": found})


def _is_date(source: Source, name: Any) -> bool:
    dates = {n for n, f in fields_of(DATED).items() if f.type in ("date", "time")}
    if name in dates:
        return True
    kind = str(name).partition(".")[0]
    own = sorted(n for n in dates if n.startswith(f"{kind}."))
    if name in fields_of(OBJECTS):
        source.tell(
            f"`{name}` is no date to build a rule around",
            allowed_here(str(name), own or sorted(dates), "dates"),
        )
    else:
        source.tell(f"there is no date `{name}`", allowed_here(str(name), own or sorted(dates), "dates"))
    return False
