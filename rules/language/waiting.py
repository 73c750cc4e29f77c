"""The memory words that wait and count: `stays_true_for`, `if_not_followed_by`, `counts`.

In: their words in the file, the trigger, the conditions. Out: a `StaysTrue`, a `NotFollowed` or a `Counts`, checked:
durations from short to long, and a name that tells one thing from another on every event that matters.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rules.facts.catalogue import EVENTS, STANDING
from rules.facts.duration import Duration, DurationMismatch
from rules.language.conditions import name_at
from rules.language.events import event_types
from rules.language.expressions import Compiled
from rules.language.model import Around, Counts, Every, NotFollowed, StaysTrue
from rules.language.names import TypeEnv, environment
from rules.language.nearest import allowed_here
from rules.language.sources import Source
from rules.language.syntax import Call, Name, Node
from rules.language.triggers import Trigger, Triggered, read_duration

MEMORY: Final = ("crosses", "stays_true_for", "if_not_followed_by", "counts")
"""The words of which a rule has at most one."""

# Every event has these, and so they tell no two things apart.
_TOO_MUCH: Final = ("event.id", "organisation.id")
_FORMERS: Final = frozenset({"changed", "before"})
# Names that are known whatever happened, and so say nothing about the thing that an event is about.
_ALWAYS: Final = frozenset({*STANDING, "vars", "now", "today", "offset", "slot"})


def one_memory(rule: Source) -> None:
    """A rule remembers in one way."""
    given = [word for word in rule.value if word in MEMORY]
    if len(given) > 1:
        hint = "keep one; two memories are two rules"
        rule.tell(f"`{given[1]}` stands beside `{given[0]}`", hint, given[1], key=True)


def read_wait(
    rule: Source, trigger: Triggered, conditions: tuple[Compiled, ...], env: TypeEnv
) -> StaysTrue | NotFollowed | None:
    """What the rule waits for before it fires, none where it has no such word or with what is wrong told."""
    if "stays_true_for" in rule.value:
        return _stays_true(rule, trigger.trigger, conditions, env)
    if "if_not_followed_by" in rule.value:
        return _not_followed(rule.below("if_not_followed_by"), env)
    return None


def read_counts(rule: Source, trigger: Triggered, env: TypeEnv) -> Counts | None:
    """The window of a rule that counts, or none with what is wrong told."""
    source = rule.below("counts")
    if source.value is None:
        return None
    if not trigger.types:
        hint = "write when: with the event types that are counted"
        source.tell("`counts` counts events, and this is a rule of the clock", hint, key=True)
        return None
    counted = event_types(source.below("of"))
    unheard = next((one for one in counted if one not in trigger.types), None)
    if unheard is not None:
        hint = f"`when` has: {', '.join(trigger.types[:6])}"
        source.tell(f"`{unheard}` is not among the events of `when`, so it is never counted", hint, "of")
    by, within = name_at(source.below("by"), env), _length(source.below("within"))
    if not counted or unheard or by is None or within is None:
        return None
    return Counts(frozenset(counted), by, int(source.get("at_least")), within)


def _stays_true(
    rule: Source, trigger: Trigger, conditions: tuple[Compiled, ...], env: TypeEnv
) -> StaysTrue | None:
    source = rule.below("stays_true_for")
    written_out = isinstance(source.value, dict)
    lengths = _lengths(source.below("for") if written_out else source)
    if rule.get("if") is None:
        source.tell("nothing is said that has to stay true", "write it below `if`", key=True)
        return None
    if written_out and source.get("key") is not None:
        key = name_at(source.below("key"), env)
    else:
        given = rule.get("if")
        understood = len(conditions) == (len(given) if isinstance(given, list) else 1)
        key = _object_of(source, trigger, conditions if understood else (), env)
    if key is None or not lengths:
        return None
    return StaysTrue(lengths, key, frozenset(_compared(c.root for c in conditions)))


def _object_of(
    source: Source, trigger: Trigger, conditions: tuple[Compiled, ...], env: TypeEnv
) -> str | None:
    """The identity of the thing that the trigger is about; told where that could be several."""
    hint = f"say what stays true on its own: {{for: {_written(source)}, key: project.id}}"
    nouns = _nouns(trigger)
    if len(nouns) > 1:
        source.tell(
            f"the events of this rule are about different things: {' and '.join(nouns)}", hint, key=True
        )
        return None
    (noun,) = nouns
    heads = {name.partition(".")[0] for condition in conditions for name in condition.names}
    if conditions and noun not in STANDING and heads <= _ALWAYS:
        source.tell(f"`if` says nothing about the {noun} that the event is about", hint, key=True)
        return None
    if f"{noun}.id" not in env.names:
        source.tell(f"a {noun} has no id to tell it from another", hint, key=True)
        return None
    return f"{noun}.id"


def _nouns(trigger: Trigger) -> list[str]:
    if isinstance(trigger, Every):
        return ["organisation" if trigger.for_each == "workspace" else trigger.for_each]
    if isinstance(trigger, Around):
        return [trigger.date.partition(".")[0]]
    return sorted({EVENTS[name].object for name in trigger.types})


def _written(source: Source) -> str:
    given = source.get("for") if isinstance(source.value, dict) else source.value
    return f"[{', '.join(map(str, given))}]" if isinstance(given, list) else str(given)


def _compared(nodes: Iterable[Node]) -> Iterable[str]:
    """The names inside `changed(...)` and `before(...)`."""
    for node in nodes:
        if isinstance(node, Call) and node.function in _FORMERS:
            yield from (part.name for part in node.arguments if isinstance(part, Name))
        else:
            yield from _compared(node.parts)


def _not_followed(source: Source, env: TypeEnv) -> NotFollowed | None:
    ending = event_types(source.below("event"))
    lengths = _lengths(source.below("within"))
    same = name_at(source.below("same"), env) if source.get("same") is not None else None
    if same is None or not ending or not lengths:
        return None
    for name in ending:
        there = environment([name])
        if same not in there.names:
            shared = [n for n in there.names if n.endswith(".id") and n in env.names and n not in _TOO_MUCH]
            source.tell(
                f"`{same}` is not known on `{name}`", allowed_here(same, shared, "known on both"), "same"
            )
            return None
    return NotFollowed(lengths, same, frozenset(ending))


def _lengths(source: Source) -> tuple[Duration, ...]:
    """One duration or several, from short to long; none of them when something is wrong."""
    given = source.value
    places = [source.below(i) for i in range(len(given))] if isinstance(given, list) else [source]
    found = [length for place in places if (length := _length(place)) is not None]
    if len(found) < len(places):
        return ()
    try:
        ordered = sorted(set(found))
    except DurationMismatch:
        source.tell(
            "working days and fixed times cannot be told apart in length", "write all of them in one unit"
        )
        return ()
    if ordered != found:
        hint = f"write [{', '.join(map(str, ordered))}]"
        source.tell("durations stand from short to long, each once", hint)
        return ()
    return tuple(found)


def _length(source: Source) -> Duration | None:
    found = read_duration(source)
    if found is not None and found.amount <= 0:
        source.tell(f"`{found}` is no time to wait", "write a duration such as 3wd")
        return None
    return found
